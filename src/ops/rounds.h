/* What Loop and Scan share: values carried from round to round, and what each round gives, stacked along an axis. */
#ifndef HT_OPS_ROUNDS_H
#define HT_OPS_ROUNDS_H

#include "ops/host.h"

/* One output that every round adds a piece to. */
typedef struct ht_stack {
    ht_tensor_desc piece; /* type and shape of all pieces; type HT_NONE: there was none yet */
    unsigned char *data;  /* the pieces one after another; owned */
    size_t capacity;      /* bytes */
    int64_t count;
} ht_stack;

/* A run of rounds. All memory is from the context's allocator; release frees it. */
typedef struct ht_rounds {
    ht_host_call *call;
    const ht_graph *body;
    ht_tensor_view *inputs;   /* of the body */
    ht_tensor_owned *outputs; /* of the body, of the last round */
    ht_tensor_owned *carried; /* values that the next round reads, [carried_count] */
    ht_stack *stacks;         /* [stack_count] */
    size_t carried_count, stack_count;
} ht_rounds;

/* Makes room for a body with `carried_count` carried values and `stack_count` stacked ones. The last inputs of the body
 * are set to what it captures. Errors: HT_ERROR_MEMORY. Release in any case. */
ht_status ht__rounds_begin(ht_rounds *rounds, ht_host_call *call, const ht_graph *body, size_t carried_count,
                           size_t stack_count, ht_error *err);
void ht__rounds_release(ht_rounds *rounds);
/* Runs the body on `inputs`. Its outputs are, after `first` that the caller reads, the carried values, which replace
 * the ones before, then a piece for each stack. Errors: HT_ERROR_MISMATCH (pieces that differ), what the body reports,
 * HT_ERROR_INTERRUPTED. */
ht_status ht__rounds_run(ht_rounds *rounds, size_t first, ht_error *err);
/* Writes the stacks as outputs from `index` on: axes[k] is where output k has its rounds (NULL: 0), reversed[k] whether
 * the first round comes last (NULL: no). */
ht_status ht__rounds_finish(ht_rounds *rounds, uint32_t index, const int64_t *axes, const int64_t *reversed,
                            ht_error *err);
/* Gives output `index` a copy of a tensor. */
ht_status ht__host_copy(ht_host_call *call, uint32_t index, const ht_tensor_desc *desc, const void *data,
                        ht_error *err);

#endif
