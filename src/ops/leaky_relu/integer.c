/* x < 0 ? alpha x : x as a table.
 * Rule `fixed`: y = zero_y + (v >= 0 ? M_1(v) : M_2(v)), v = q - zero_x, M_1 by s_x / s_y and M_2 by s_x alpha / s_y,
 * computed in f32 (LiteRT's reference_ops::QuantizeLeakyRelu). */
#include "kernels/fixed_point.h"
#include "ops/lookup/lookup.h"

/* v m rounded, for m as fixed point; m >= 0 here. */
static int64_t scaled(int32_t v, double m) {
    int32_t multiplier, shift;
    ht__fixed_multiplier(m, &multiplier, &shift);
    return ht__fixed_multiply(v, multiplier, shift);
}

static int64_t entry(const ht_lookup *lookup, int32_t q) {
    const ht_lookup *l = lookup;
    if (!l->fixed) {
        float x = ht__lookup_real(l, q);
        return ht__lookup_code(l, x < 0.0f ? l->a * x : x);
    }
    int32_t v = q - l->x.zero;
    float size = l->a < 0.0f ? -l->a : l->a;
    int64_t steep = scaled(v, (double)(l->x.scale / l->y.scale));
    int64_t flat = scaled(v, (double)(l->x.scale * size / l->y.scale));
    return l->y.zero + (v >= 0 ? steep : l->a < 0.0f ? -flat : flat);
}

ht_status ht__integer_LeakyRelu(ht_integer *integer, const ht_node *node, ht_error *err) {
    return ht__lookup_give(integer, node, ht__node_float(node, "alpha", 0.01f), 0.0f, entry, err);
}
