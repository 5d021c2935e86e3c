/* The constants of a graph that quantization may touch, and what each is for. */
#ifndef HT_QUANT_TARGETS_H
#define HT_QUANT_TARGETS_H

#include "graph/graph.h"

typedef enum ht_target_role {
    HT_TARGET_OTHER, /* stays as it is: running means, constants of the arithmetic */
    HT_TARGET_WEIGHT,
    HT_TARGET_BIAS,
    HT_TARGET_NORM /* scale or shift of a normalisation */
} ht_target_role;

#define HT_NO_TARGET SIZE_MAX

typedef struct ht_target {
    ht_value *value;
    const ht_node *node; /* the first that reads it; says the role */
    ht_target_role role;
    int32_t channel_axis; /* of a weight of rank 2 and more; -1: none */
    size_t companion;     /* a weight's bias and the other way round, a norm's scale and shift; or HT_NO_TARGET */
} ht_target;

/* All f32 constants with at least one element that some node reads, in the order in which nodes first read them.
 * Ownership of *out passes to the caller: ht__free. Errors: HT_ERROR_MEMORY. */
ht_status ht__quantization_targets(const ht_graph *graph, ht_target **out, size_t *count, ht_error *err);

#endif
