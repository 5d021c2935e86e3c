#include "kernels/fixed_point.h"

/* The 128-bit product of two 64-bit numbers. */
typedef struct product {
    uint64_t high, low;
} product;

static product multiply(uint64_t a, uint64_t b) {
    uint64_t a_low = a & UINT32_MAX, a_high = a >> 32, b_low = b & UINT32_MAX, b_high = b >> 32;
    uint64_t low = a_low * b_low, middle = a_high * b_low + (low >> 32), other = a_low * b_high + (middle & UINT32_MAX);
    return (product){a_high * b_high + (middle >> 32) + (other >> 32), other << 32 | (low & UINT32_MAX)};
}

static int bit_length(product p) {
    return p.high != 0 ? 128 - __builtin_clzll(p.high) : p.low != 0 ? 64 - __builtin_clzll(p.low) : 0;
}

/* The 53 highest bits, rounded to even; *dropped bits are gone. */
static uint64_t round_to_double(product p, int *dropped) {
    int drop = bit_length(p) - 53;
    *dropped = drop > 0 ? drop : 0;
    if (drop <= 0) {
        return p.low;
    }
    uint64_t kept = drop < 64 ? p.high << (64 - drop) | p.low >> drop : p.high >> (drop - 64);
    int half = drop - 1; /* the highest bit that goes */
    bool above = half < 64 ? p.low >> half & 1 : p.high >> (half - 64) & 1;
    bool rest = half < 64 ? (p.low & (((uint64_t)1 << half) - 1)) != 0
                          : p.low != 0 || (p.high & (((uint64_t)1 << (half - 64)) - 1)) != 0;
    return kept + (above && (rest || (kept & 1) != 0) ? 1 : 0);
}

int32_t ht__fixed_multiply_exact(int64_t x, int64_t multiplier, int shift) {
    int dropped;
    uint64_t size = x < 0 ? 0 - (uint64_t)x : (uint64_t)x;
    uint64_t value = round_to_double(multiply(size, (uint64_t)multiplier), &dropped);
    int down = -(shift + dropped); /* the result is value / 2^down */
    uint64_t result = UINT64_MAX;
    if (value == 0 || down > 55) {
        result = 0;
    } else if (down > 0) {
        result = (value + ((uint64_t)1 << (down - 1))) >> down;
    } else if (down > -10) {
        result = value << -down;
    }
    result = result < (uint64_t)1 << 31 ? result : ((uint64_t)1 << 31) - (x < 0 ? 0 : 1);
    return (int32_t)(x < 0 ? -(int64_t)result : (int64_t)result);
}
