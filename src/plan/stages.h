/* Running any graph on given tensors. Where every shape follows from those of the inputs, the graph is compiled to one
 * program and run. Otherwise it runs in stages: the part whose shapes are known is compiled and run; its results make
 * more shapes known, or are what an operator without a kernel (If, Loop, NonZero) is evaluated on; and so on. */
#ifndef HT_PLAN_STAGES_H
#define HT_PLAN_STAGES_H

#include "graph/op.h"

typedef struct ht_stage_options {
    bool reference_only; /* only reference kernels: the oracle */
    bool simulate;       /* quantized tensors are rounded in float; otherwise what is quantized runs in integers, where
                            the shapes of all tensors are known before the run */
    void (*visit)(void *user, const char *node, const char *kernel); /* as ht_run_options'; may be NULL */
    void *user;
} ht_stage_options;

/* Runs `graph`, which is not changed, on one tensor per graph input (type and dimensions as the inputs'; a copy takes
 * over the shapes). `outputs` has one place per graph output; each that is filled belongs to the caller (ht__free),
 * also after a failure. `options` may be NULL. Errors: HT_ERROR_MISMATCH (tensors that do not fit together),
 * HT_ERROR_UNSUPPORTED (naming operator and node), HT_ERROR_LIMIT (graphs within graphs too deep),
 * HT_ERROR_INTERRUPTED, HT_ERROR_MEMORY, what a kernel reports. */
ht_status ht__run_graph(const ht_graph *graph, const ht_tensor_view *inputs, ht_tensor_owned *outputs,
                        const ht_stage_options *options, ht_error *err);

#endif
