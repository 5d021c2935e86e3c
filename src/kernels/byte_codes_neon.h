/* Codes from sums in NEON vectors of 64-bit Arm, for the byte products: sixteen columns are four vectors. */
#ifndef HT_KERNELS_BYTE_CODES_NEON_H
#define HT_KERNELS_BYTE_CODES_NEON_H

#include <arm_neon.h>
#include <string.h>

#include "kernels/byte_product.h"

#define HT_NEON_INLINE static inline __attribute__((always_inline))

/* Loads of weights stay behind this, next to their use: the compiler would gather them early, and store sums away for
 * want of registers. */
#define HT_NEON_KEEP_ORDER() __asm__ volatile("" : : : "memory")

/* round_half_even(f32(sum) * scale). */
HT_NEON_INLINE int32x4_t ht__neon_scale_float(int32x4_t sums, float32x4_t scales) {
    return vcvtnq_s32_f32(vmulq_f32(vcvtq_f32_s32(sums), scales));
}

/* ht__fixed_multiply: both of its roundings. vqrdmulh is ht__fixed_high; vrshl rounds ties up, so 1 is taken from
 * negative numbers that are shifted. */
HT_NEON_INLINE int32x4_t ht__neon_scale_fixed(int32x4_t sums, int32x4_t multipliers, int32x4_t shifts) {
    const int32x4_t zero = vdupq_n_s32(0);
    int32x4_t high = vqrdmulhq_s32(vshlq_s32(sums, vmaxq_s32(shifts, zero)), multipliers);
    int32x4_t right = vminq_s32(shifts, zero);
    return vrshlq_s32(vqaddq_s32(high, vshrq_n_s32(vandq_s32(high, right), 31)), right);
}

/* The scaled sums of four columns from `column` on. */
HT_NEON_INLINE int32x4_t ht__neon_scale(const ht_byte_terms *t, int32x4_t sums, int64_t column) {
    int32x4_t scales = vld1q_s32((const int32_t *)t->scales + column);
    if (t->ending == HT_BYTE_FIXED) {
        return ht__neon_scale_fixed(sums, scales, vld1q_s32(t->shifts + column));
    }
    return ht__neon_scale_float(sums, vreinterpretq_f32_s32(scales));
}

/* Sixteen scaled sums to codes: saturation to i16, the zero point, saturation to 8 bits, the limits of a fused
 * activation. The same as one clamp, since the limits lie in y's range. */
HT_NEON_INLINE uint8x16_t ht__neon_pack(const ht_byte_terms *t, const int32x4_t scaled[4]) {
    int16x8_t zero = vdupq_n_s16((int16_t)t->zero);
    int16x8_t first = vqaddq_s16(vcombine_s16(vqmovn_s32(scaled[0]), vqmovn_s32(scaled[1])), zero);
    int16x8_t second = vqaddq_s16(vcombine_s16(vqmovn_s32(scaled[2]), vqmovn_s32(scaled[3])), zero);
    if (t->is_signed) {
        int8x16_t codes = vcombine_s8(vqmovn_s16(first), vqmovn_s16(second));
        codes = vminq_s8(vmaxq_s8(codes, vdupq_n_s8((int8_t)t->low)), vdupq_n_s8((int8_t)t->high));
        return vreinterpretq_u8_s8(codes);
    }
    uint8x16_t codes = vcombine_u8(vqmovun_s16(first), vqmovun_s16(second));
    return vminq_u8(vmaxq_u8(codes, vdupq_n_u8((uint8_t)t->low)), vdupq_n_u8((uint8_t)t->high));
}

/* What a tile leaves of row `row` for the sixteen columns from `column` on: codes, or sums. */
HT_NEON_INLINE void ht__neon_finish(const ht_byte_tile *t, int64_t row, int64_t column, const int32x4_t sums[4]) {
    int64_t at = row * t->y_row + column, left = t->columns - column;
    if (t->terms.ending == HT_BYTE_SUMS) {
        for (int v = 0; v < 4; ++v) {
            vst1q_s32((int32_t *)t->y + at + 4 * v, sums[v]);
        }
        return;
    }
    int32x4_t scaled[4];
    for (int v = 0; v < 4; ++v) {
        scaled[v] = ht__neon_scale(&t->terms, sums[v], column + 4 * v);
    }
    uint8x16_t codes = ht__neon_pack(&t->terms, scaled);
    uint8_t *y = (uint8_t *)t->y + at;
    if (left >= HT_BYTE_LANES) {
        vst1q_u8(y, codes);
    } else {
        memcpy(y, &codes, (size_t)left);
    }
}

#endif
