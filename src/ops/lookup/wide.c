/* Sigmoid and Tanh of 16-bit codes, bit for bit as LiteRT's reference kernels. */
#include <math.h>

#include "numeric/elementary.h"
#include "ops/lookup/lookup.h"

bool ht__lookup_is_wide(const ht_lookup *lookup) {
    return lookup->fixed && lookup->x.type == HT_I16 && lookup->y.type == HT_I16 && lookup->x.zero == 0 &&
           lookup->y.zero == 0 && lookup->y.scale == 1.0f / 32768.0f;
}

static double curve(double i) { return 65536.0 * ht__sigmoid(i / 24.0); }

/* The curve, moved by half of what the line to the next entry misses in the middle; the last entry is the most. */
static uint32_t table(uint32_t i) {
    double here = curve(i), missed = (here + curve(i + 1.0)) / 2.0 - curve(i + 0.5);
    return i < 255 ? (uint32_t)floor(here - missed / 2.0 + 0.5) : 65535;
}

/* T at a place with `bits` bits behind the point, in 2^(16 + bits)ths; saturated from entry 255 on. */
static int32_t interpolate(uint32_t place, unsigned bits, int32_t saturated) {
    uint32_t i = place >> bits, rest = place & ((1u << bits) - 1);
    return i >= 255 ? saturated : (int32_t)((table(i) << bits) + rest * (table(i + 1) - table(i)));
}

/* The power of two that a scale is, or almost is; false when it is none. LiteRT asks for less than a thousandth between
 * the logarithm and an integer. */
static bool is_power(float scale, int *exponent) {
    const double almost = 1.000693387;                /* 2^0.001 */
    double fraction = frexp((double)scale, exponent); /* 0.5 .. 1 */
    if (fraction < 0.5 * almost) {
        --*exponent;
        return true;
    }
    return fraction * almost > 1.0;
}

/* The code in 12288ths. Scales from 2^-12 to 2^-12 * 2^doublings are multiplied without rounding. */
static int64_t in_steps(float scale, int32_t q, int doublings) {
    int exponent, shift = 0;
    if (is_power(scale, &exponent) && exponent >= -12 && exponent <= -12 + doublings) {
        return (int64_t)q * (3 << (exponent + 12));
    }
    double multiplier = (double)scale * 12288.0;
    for (; multiplier <= 32767.0 / 2.0 && shift <= 30; ++shift) {
        multiplier *= 2.0;
    }
    int64_t round = shift > 0 ? (int64_t)1 << (shift - 1) : 0;
    return ((int64_t)q * (int64_t)multiplier + round) >> shift;
}

/* Beyond entry 255 the place does not matter. */
static uint32_t magnitude(int64_t v) {
    int64_t size = v < 0 ? -v : v;
    return size < (1 << 30) ? (uint32_t)size : 1u << 30;
}

int64_t ht__lookup_wide_logistic(const ht_lookup *lookup, int32_t q) {
    int64_t v = in_steps(lookup->x.scale, q, 0);
    int32_t y = interpolate(magnitude(v), 9, 0x7FFF << 10);
    return (v >= 0 ? y + 512 : (1 << 25) - y + 511) >> 10;
}

int64_t ht__lookup_wide_tanh(const ht_lookup *lookup, int32_t q) {
    int64_t v = in_steps(lookup->x.scale, q, 1);
    int32_t y = interpolate(magnitude(v), 8, 0xFFFF << 8);
    return (v >= 0 ? y - (1 << 23) + 128 : -y + (1 << 23) + 127) >> 8;
}
