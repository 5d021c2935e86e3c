/* The compiler: graph in, flat program out.
 *
 * layout: activations of rank >= 3 become channels-last between operators that want it, changes of layout are
 *         steps of their own;
 * kernels: each node is one call of a family (or an alias, when nothing moves), the first variant that accepts it is
 * taken; memory: tensors get arena offsets so that those alive together do not overlap.
 */
#ifndef HT_PLAN_COMPILE_H
#define HT_PLAN_COMPILE_H

#include "graph/graph.h"
#include "run/program.h"

typedef struct ht_compile_options {
    unsigned threads;     /* 0: the context's; kernels may choose their blocking by it */
    bool allow_bf16;      /* see ht_kernel_env */
    bool reference_only;  /* only reference kernels: the oracle */
    bool plain_layout;    /* no channels-last */
    bool keep_all;        /* every value keeps its memory to the end (debugging; observers do not need it) */
    bool mutable_weights; /* f32 constants stay replaceable: kernels read them at each run instead of packing them, and
                             ht__program_set_constant may exchange them (weight-only studies) */
    bool for_file;        /* only the runtime's kernels, on a processor with the features `cpu`; calls are kept */
    uint32_t cpu;         /* see for_file */
} ht_compile_options;

/* Compiles a graph whose shapes are all known (ht__graph_set_batch). The program borrows constant data from the graph,
 * which must outlive it. Ownership of *out passes to the caller: ht__program_destroy. Errors: HT_ERROR_UNSUPPORTED
 * naming operator and node; HT_ERROR_MISMATCH naming a value without a known shape. */
ht_status ht__compile(ht_graph *graph, const ht_compile_options *options, ht_program **out, ht_error *err);
/* The kernels beside the runtime's that programs are compiled with, in the order in which they are tried. */
size_t ht__extra_kernels(const ht_kernel_variant *const **out);
/* Points every use of the constant `value_id` at other data of the same type and shape; only for mutable_weights
 * programs. */
void ht__program_set_constant(ht_program *program, uint32_t value_id, const void *data);

#endif
