/* max(0, x) as a table.
 * Rule `fixed`: y = max(zero_y + M(q - zero_x), zero_y), M by s_x / s_y, computed in f32 (LiteRT's QuantizedReluX). */
#include "kernels/fixed_point.h"
#include "ops/lookup/lookup.h"

static int64_t entry(const ht_lookup *lookup, int32_t q) {
    if (!lookup->fixed) {
        float x = ht__lookup_real(lookup, q);
        return ht__lookup_code(lookup, x < 0.0f ? 0.0f : x);
    }
    int32_t multiplier, shift;
    ht__fixed_multiplier((double)(lookup->x.scale / lookup->y.scale), &multiplier, &shift);
    int32_t steps = ht__fixed_multiply(q - lookup->x.zero, multiplier, shift);
    return (steps > 0 ? (int64_t)steps : 0) + lookup->y.zero;
}

ht_status ht__integer_Relu(ht_integer *integer, const ht_node *node, ht_error *err) {
    return ht__lookup_give(integer, node, 0.0f, 0.0f, entry, err);
}
