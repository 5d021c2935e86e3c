/* Codes from sums in AVX2 vectors, for the byte products: sixteen columns are two vectors. */
#ifndef HT_KERNELS_BYTE_CODES_AVX2_H
#define HT_KERNELS_BYTE_CODES_AVX2_H

#include <immintrin.h>
#include <string.h>

#include "kernels/byte_product.h"

#define HT_AVX2 __attribute__((target("avx2")))
#define HT_AVX2_INLINE static inline __attribute__((always_inline, target("avx2")))

/* round_half_even(f32(sum) * scale). */
HT_AVX2_INLINE __m256i ht__avx2_scale_float(__m256i sums, __m256 scales) {
    return _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_cvtepi32_ps(sums), scales));
}

/* ht__fixed_multiply: both of its roundings. (For a multiplier >= 0, ht__fixed_high is (a b + 2^30) >> 31, of which
 * the low 32 bits count.) */
HT_AVX2_INLINE __m256i ht__avx2_scale_fixed(__m256i sums, __m256i multipliers, __m256i shifts) {
    const __m256i half = _mm256_set1_epi64x(1 << 30), zero = _mm256_setzero_si256(), one = _mm256_set1_epi32(1);
    __m256i x = _mm256_sllv_epi32(sums, _mm256_max_epi32(shifts, zero));
    __m256i right = _mm256_max_epi32(_mm256_sub_epi32(zero, shifts), zero);
    __m256i even = _mm256_add_epi64(_mm256_mul_epi32(x, multipliers), half);
    __m256i odd = _mm256_mul_epi32(_mm256_srli_epi64(x, 32), _mm256_srli_epi64(multipliers, 32));
    odd = _mm256_slli_epi64(_mm256_add_epi64(odd, half), 1); /* >> 31, then << 32 */
    __m256i high = _mm256_blend_epi32(_mm256_srli_epi64(even, 31), odd, 0xAA);
    __m256i mask = _mm256_sub_epi32(_mm256_sllv_epi32(one, right), one);
    __m256i limit = _mm256_sub_epi32(_mm256_srli_epi32(mask, 1), _mm256_srai_epi32(high, 31));
    __m256i up = _mm256_cmpgt_epi32(_mm256_and_si256(high, mask), limit); /* -1 where it is to be rounded up */
    return _mm256_sub_epi32(_mm256_srav_epi32(high, right), up);
}

/* The scaled sums of eight columns from `column` on. */
HT_AVX2_INLINE __m256i ht__avx2_scale(const ht_byte_terms *t, __m256i sums, int64_t column) {
    __m256i scales = _mm256_loadu_si256((const void *)((const int32_t *)t->scales + column));
    if (t->ending == HT_BYTE_FIXED) {
        return ht__avx2_scale_fixed(sums, scales, _mm256_loadu_si256((const void *)(t->shifts + column)));
    }
    return ht__avx2_scale_float(sums, _mm256_castsi256_ps(scales));
}

/* Sixteen scaled sums to codes: saturation to i16, the zero point, saturation to 8 bits, the limits of a fused
 * activation. The same as one clamp, since the limits lie in y's range. */
HT_AVX2_INLINE __m128i ht__avx2_pack(const ht_byte_terms *t, __m256i a, __m256i b) {
    __m256i wide = _mm256_adds_epi16(_mm256_packs_epi32(a, b), _mm256_set1_epi16((int16_t)t->zero));
    wide = _mm256_permute4x64_epi64(wide, 0xD8); /* a and b were packed by 128-bit lanes */
    __m128i first = _mm256_castsi256_si128(wide), second = _mm256_extracti128_si256(wide, 1);
    __m128i low = _mm_set1_epi8((char)t->low), high = _mm_set1_epi8((char)t->high);
    if (t->is_signed) {
        return _mm_min_epi8(_mm_max_epi8(_mm_packs_epi16(first, second), low), high);
    }
    return _mm_min_epu8(_mm_max_epu8(_mm_packus_epi16(first, second), low), high);
}

/* What a tile leaves of row `row` for the sixteen columns from `column` on: codes, or sums. */
HT_AVX2_INLINE void ht__avx2_finish(const ht_byte_tile *t, int64_t row, int64_t column, __m256i a, __m256i b) {
    int64_t at = row * t->y_row + column, left = t->columns - column;
    if (t->terms.ending == HT_BYTE_SUMS) {
        _mm256_storeu_si256((void *)((int32_t *)t->y + at), a);
        _mm256_storeu_si256((void *)((int32_t *)t->y + at + 8), b);
        return;
    }
    a = ht__avx2_scale(&t->terms, a, column);
    b = ht__avx2_scale(&t->terms, b, column + 8);
    __m128i codes = ht__avx2_pack(&t->terms, a, b);
    uint8_t *y = (uint8_t *)t->y + at;
    if (left >= HT_BYTE_LANES) {
        _mm_storeu_si128((void *)y, codes);
    } else {
        memcpy(y, &codes, (size_t)left);
    }
}

#endif
