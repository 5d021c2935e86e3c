/* x max(0, min(1, x / 6 + 1/2)) as a table.
 *
 * Rule `fixed` (LiteRT's reference_ops::HardSwish), in 16 bits, v = q - zero_x:
 *     h = 128 v                                   x on the scale s_x / 128
 *     o = h m_o / 2^15, rounded                   m_o: the 16-bit fraction of s_x / 128 / s_y
 *     r = h brought to the scale 3 / 32768        by the 16-bit fraction and the power of two of s_x / 128 / that scale
 *     y = zero_y + ((r + 32768) / 2) o / 2^15     shifted down by the power of two of s_x / 128 / s_y */
#include "kernels/fixed_point.h"
#include "ops/lookup/lookup.h"

static int32_t saturated(int32_t x) { return x > INT16_MAX ? INT16_MAX : x < INT16_MIN ? INT16_MIN : x; }

/* a b / 2^15, rounded to nearest as ht__fixed_high; (-2^15)^2 saturates. */
static int32_t high_rounded(int32_t a, int32_t b) {
    int32_t product = a * b;
    return saturated((product + (product >= 0 ? 1 << 14 : 1 - (1 << 14))) / (1 << 15));
}

/* The fixed-point form of m with a fraction of 16 bits. */
static void narrow_multiplier(float m, int32_t *multiplier, int32_t *shift) {
    int32_t wide;
    ht__fixed_multiplier((double)m, &wide, shift);
    *multiplier = wide >= INT32_MAX - (1 << 15) ? INT16_MAX : (wide + (1 << 15)) >> 16;
}

static int32_t shift_up(int32_t x, int bits) {
    int64_t result = (int64_t)x * ((int64_t)1 << bits);
    return result > INT16_MAX ? INT16_MAX : result < INT16_MIN ? INT16_MIN : (int32_t)result;
}

/* h on the scale 3 / 32768, saturated. */
static int32_t relative(int32_t h, float fine_scale) {
    int32_t multiplier, shift;
    narrow_multiplier(fine_scale / (3.0f / 32768.0f), &multiplier, &shift);
    int32_t r = shift > 0 ? shift_up(h, shift - 1) : h;
    r = high_rounded(r, multiplier);
    return shift > 0 ? shift_up(r, 1) : shift < 0 ? ht__fixed_shift(r, -shift) : r;
}

static int64_t entry(const ht_lookup *lookup, int32_t q) {
    if (!lookup->fixed) {
        float x = ht__lookup_real(lookup, q), share = x / 6.0f + 0.5f;
        return ht__lookup_code(lookup, x * (share < 0.0f ? 0.0f : share > 1.0f ? 1.0f : share));
    }
    float fine_scale = 1.0f / 128.0f * lookup->x.scale;
    int32_t h = (q - lookup->x.zero) * 128, multiplier, shift;
    narrow_multiplier(fine_scale / lookup->y.scale, &multiplier, &shift);
    int32_t share = (relative(h, fine_scale) + (1 << 15)) >> 1;
    int32_t product = saturated(share * high_rounded(h, multiplier) / (1 << 15));
    return (int64_t)ht__fixed_shift(product, shift < 0 ? -shift : 0) + lookup->y.zero;
}

ht_status ht__integer_HardSwish(ht_integer *integer, const ht_node *node, ht_error *err) {
    bool narrow = ht__integer_usable(node->inputs[0]->quantization, true) && node->inputs[0]->quantization->bits <= 8;
    return integer->graph->requant == HT_REQUANT_FIXED && !narrow
               ? HT_OK
               : ht__lookup_give(integer, node, 0.0f, 0.0f, entry, err);
}
