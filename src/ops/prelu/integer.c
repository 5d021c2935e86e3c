/* Rule `fixed`: y = clamp(zero_y + (a >= 0 ? M_1(a) : M_2(a b))), M_1 by s_x / s_y and M_2 by s_x s_z / s_y, computed
 * in f32 (LiteRT's reference_ops::Prelu). */
#include "ops/integer_binary/integer_binary.h"

static bool fixed(const float scale[3], ht_type type, ht_integer_binary_parameters *out) {
    (void)type;
    return ht__fixed_multiplier((double)(scale[0] / scale[2]), &out->multiplier[0], &out->shift[0]) &&
           ht__fixed_multiplier((double)(scale[0] * scale[1] / scale[2]), &out->multiplier[2], &out->shift[2]);
}

ht_status ht__integer_PRelu(ht_integer *integer, const ht_node *node, ht_error *err) {
    return ht__integer_binary_give(integer, node, HT_INTEGER_PRELU, fixed, err);
}
