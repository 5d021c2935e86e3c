/* min(max(x, low), high) as a table.
 * Rule `fixed`: zero_y + M(q - zero_x), M by s_x / s_y, computed in f32, between zero_y + round(low / s_y) and
 * zero_y + round(high / s_y), ties away from zero (LiteRT's QuantizedReluX). */
#include <math.h>

#include "kernels/fixed_point.h"
#include "ops/lookup/lookup.h"

static float within(float x, float low, float high) { return x < low ? low : x > high ? high : x; }

static int64_t entry(const ht_lookup *lookup, int32_t q) {
    const ht_codes *x = &lookup->x, *y = &lookup->y;
    if (!lookup->fixed) {
        return ht__lookup_code(lookup, within(ht__lookup_real(lookup, q), lookup->a, lookup->b));
    }
    int32_t multiplier, shift;
    ht__fixed_multiplier((double)(x->scale / y->scale), &multiplier, &shift);
    float steps = (float)ht__fixed_multiply(q - x->zero, multiplier, shift);
    float limit = 1e9f; /* far outside every code */
    float low = within(roundf(lookup->a / y->scale), -limit, limit);
    float high = within(roundf(lookup->b / y->scale), -limit, limit);
    return (int64_t)within(steps, low, high) + y->zero;
}

ht_status ht__integer_Clip(ht_integer *integer, const ht_node *node, ht_error *err) {
    float low, high;
    for (uint32_t i = 1; i < 3; ++i) {
        if (ht__has_input(node, i) && node->inputs[i]->data == NULL) {
            return HT_OK;
        }
    }
    HT_TRY(ht__constant_float(node, 1, -INFINITY, &low, err));
    HT_TRY(ht__constant_float(node, 2, INFINITY, &high, err));
    return ht__lookup_give(integer, node, low, high, entry, err);
}
