/* Codes from sums in AVX-512 vectors, for the byte products. */
#ifndef HT_KERNELS_BYTE_CODES_AVX512_H
#define HT_KERNELS_BYTE_CODES_AVX512_H

#include <immintrin.h>

#include "cpu/features.h"
#include "kernels/byte_product.h"

/* What the functions of this file, and those that call them, need. */
#define HT_VNNI_NEEDS (HT_CPU_BIT(HT_CPU_AVX512) | HT_CPU_BIT(HT_CPU_AVX512_VNNI))
#define HT_VNNI __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))
#define HT_VNNI_INLINE \
    static inline __attribute__((always_inline, target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))

/* round_half_even(f32(sum) * scale). */
HT_VNNI_INLINE __m512i ht__scale_float(__m512i sums, __m512 scales) {
    return _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_cvtepi32_ps(sums), scales));
}

/* ht__fixed_multiply: both of its roundings. (For a multiplier >= 0, ht__fixed_high is (a b + 2^30) >> 31.) */
HT_VNNI_INLINE __m512i ht__scale_fixed(__m512i sums, __m512i multipliers, __m512i shifts) {
    const __m512i half = _mm512_set1_epi64(1 << 30), zero = _mm512_setzero_si512();
    __m512i x = _mm512_sllv_epi32(sums, _mm512_max_epi32(shifts, zero));
    __m512i right = _mm512_max_epi32(_mm512_sub_epi32(zero, shifts), zero);
    __m512i even = _mm512_add_epi64(_mm512_mul_epi32(x, multipliers), half);
    __m512i odd = _mm512_mul_epi32(_mm512_srli_epi64(x, 32), _mm512_srli_epi64(multipliers, 32));
    odd = _mm512_slli_epi64(_mm512_add_epi64(odd, half), 1); /* >> 31, then << 32 */
    __m512i high = _mm512_mask_blend_epi32(0xAAAA, _mm512_srai_epi64(even, 31), odd);
    __m512i mask = _mm512_sub_epi32(_mm512_sllv_epi32(_mm512_set1_epi32(1), right), _mm512_set1_epi32(1));
    __m512i limit = _mm512_sub_epi32(_mm512_srli_epi32(mask, 1), _mm512_srai_epi32(high, 31));
    __mmask16 up = _mm512_cmpgt_epi32_mask(_mm512_and_si512(high, mask), limit);
    __m512i down = _mm512_srav_epi32(high, right);
    return _mm512_mask_add_epi32(down, up, down, _mm512_set1_epi32(1));
}

/* The scaled sums of vector v of the columns. */
HT_VNNI_INLINE __m512i ht__scale(const ht_byte_terms *t, bool fixed, __m512i sums, int v) {
    if (fixed) {
        return ht__scale_fixed(sums, _mm512_loadu_si512((const int32_t *)t->scales + v * HT_BYTE_LANES),
                               _mm512_loadu_si512(t->shifts + v * HT_BYTE_LANES));
    }
    return ht__scale_float(sums, _mm512_loadu_ps((const float *)t->scales + v * HT_BYTE_LANES));
}

/* Four vectors of scaled sums to 64 codes, in each 128-bit lane four of every vector: saturation to i16, the zero
 * point, saturation to 8 bits, the limits of a fused activation. The same as one clamp, since the limits lie in y's
 * range. */
HT_VNNI_INLINE __m512i ht__pack_codes(const ht_byte_terms *t, __m512i a, __m512i b, __m512i c, __m512i d) {
    __m512i zero = _mm512_set1_epi16((int16_t)t->zero);
    __m512i low = _mm512_adds_epi16(_mm512_packs_epi32(a, b), zero);
    __m512i high = _mm512_adds_epi16(_mm512_packs_epi32(c, d), zero);
    if (t->is_signed) {
        __m512i codes = _mm512_max_epi8(_mm512_packs_epi16(low, high), _mm512_set1_epi8((char)t->low));
        return _mm512_min_epi8(codes, _mm512_set1_epi8((char)t->high));
    }
    __m512i codes = _mm512_max_epu8(_mm512_packus_epi16(low, high), _mm512_set1_epi8((char)t->low));
    return _mm512_min_epu8(codes, _mm512_set1_epi8((char)t->high));
}

/* Packed codes in order: sixteen of a, then those of b, c and d. */
HT_VNNI_INLINE __m512i ht__order_codes(__m512i codes) {
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    return _mm512_permutexvar_epi32(order, codes);
}

/* A mask of the lowest `count` bits, 0 .. 64 and more. */
static inline __mmask64 ht__low_bits(int64_t count) {
    return count >= 64 ? ~(__mmask64)0 : ((__mmask64)1 << count) - 1;
}

/* `columns` <= 64 codes of four vectors of scaled sums. */
HT_VNNI_INLINE void ht__store_codes(const ht_byte_terms *t, const __m512i *part, int64_t columns, uint8_t *y) {
    __m512i codes = ht__pack_codes(t, part[0], part[1], part[2], part[3]);
    _mm512_mask_storeu_epi8(y, ht__low_bits(columns), ht__order_codes(codes));
}

/* ht_byte_engine.copy. */
void ht__byte_copy_avx512(const ht_byte_copy *c, uint8_t *to, const uint8_t *from);

#endif
