/* Sums, differences and products of 8-bit codes with AVX-512, 64 at a time. */
#include "kernels/integer_binary/variants.h"

#if defined(__x86_64__)
#include <math.h>

#include "kernels/byte_codes_avx512.h"
#include "kernels/walk.h"

#define GRAIN 16384 /* elements; below, a second thread costs more than it brings */

typedef struct vector_state {
    ht_walk walk; /* result y, operands x and z */
    ht_integer_binary_parameters parameters;
    ht_type x_type, z_type;
    bool near;           /* may ties be looked for with an error far below 1/2? */
    float error;         /* of near values, in codes */
    ht_byte_terms terms; /* only what packing reads */
} vector_state;

/* Every real result must be a number whose code fits i32, and 1 / scale one without loss. */
static bool scales_are_tame(const ht_integer_binary_parameters *p) {
    float sum = 255.0f * (fabsf(p->scale[0]) + fabsf(p->scale[1]));
    float product = 255.0f * 255.0f * fabsf(p->scale[0]) * fabsf(p->scale[1]);
    float most = p->function == HT_INTEGER_MUL ? product : sum, y = fabsf(p->scale[2]);
    return y > 1e-30f && y < 1e30f && most / y < 1e9f;
}

/* Near values and those of the definition go through some rounded f32 steps each, whose operands stay below this sum.
 */
static float near_error(const ht_integer_binary_parameters *p) {
    return 512.0f * (fabsf(p->scale[0]) + fabsf(p->scale[1])) / fabsf(p->scale[2]) / 1048576.0f;
}

static void make_walk(const ht_kernel_call *call, ht_walk *out) {
    ht__walk_broadcast(&call->outputs[0], &call->inputs[0], &call->inputs[1], out);
}

static bool accept(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason) {
    const ht_integer_binary_parameters *p = HT_PARAMETERS(ht_integer_binary_parameters, call);
    if (!ht__kernel_cpu_has(env, HT_VNNI_NEEDS, reason)) {
        return false;
    }
    *reason = "takes sums, differences and products of 8-bit codes that lie densely";
    if (ht_type_bytes(call->inputs[0].type) != 1 || ht_type_bytes(call->inputs[1].type) != 1 ||
        ht_type_bytes(call->outputs[0].type) != 1 || p->function == HT_INTEGER_PRELU ||
        (p->requantize.rule == HT_REQUANTIZE_FLOAT && !scales_are_tame(p))) {
        return false;
    }
    ht_walk walk;
    make_walk(call, &walk);
    for (int t = 0; t < 3; ++t) {
        if (walk.rank > 0 && walk.strides[t][walk.rank - 1] != 1) {
            return false;
        }
    }
    return walk.rank > 0;
}

static void layout(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_sizes *out) {
    (void)call;
    (void)env;
    out->state_bytes = sizeof(vector_state);
}

static void bind(const ht_kernel_call *call, const void *packed, void *memory) {
    (void)packed;
    vector_state *own = memory;
    *own = (vector_state){.parameters = *HT_PARAMETERS(ht_integer_binary_parameters, call),
                          .x_type = call->inputs[0].type,
                          .z_type = call->inputs[1].type};
    const ht_integer_binary_parameters *p = &own->parameters;
    make_walk(call, &own->walk);
    own->error = 0.0001f + near_error(p);
    own->near = p->function != HT_INTEGER_MUL && p->requantize.rule == HT_REQUANTIZE_FLOAT && own->error < 0.01f;
    own->terms = (ht_byte_terms){.zero = p->zero[2],
                                 .low = p->requantize.low,
                                 .high = p->requantize.high,
                                 .is_signed = call->outputs[0].type == HT_I8};
}

/* Sixteen codes minus their zero point. */
HT_VNNI_INLINE __m512i load(ht_type type, const void *codes, int64_t i, __mmask16 mask, int32_t zero) {
    __m128i bytes = _mm_maskz_loadu_epi8(mask, (const uint8_t *)codes + i);
    __m512i wide = type == HT_I8 ? _mm512_cvtepi8_epi32(bytes) : _mm512_cvtepu8_epi32(bytes);
    return _mm512_sub_epi32(wide, _mm512_set1_epi32(zero));
}

/* What the loop over elements needs, in registers. */
typedef struct real_factors {
    __m512 x, z, term; /* y / s_y is near x code_x + z code_z + term */
} real_factors;

HT_VNNI_INLINE __m512 as_real(ht_type type, const void *codes, int64_t i, __mmask16 mask) {
    return _mm512_cvtepi32_ps(load(type, codes, i, mask, 0));
}

/* The codes as the definition has them: each step in f32, with a division. */
HT_VNNI_INLINE __m512i divided(const ht_integer_binary_parameters *p, __m512 x, __m512 z) {
    __m512 a = _mm512_mul_ps(_mm512_sub_ps(x, _mm512_set1_ps((float)p->zero[0])), _mm512_set1_ps(p->scale[0]));
    __m512 b = _mm512_mul_ps(_mm512_sub_ps(z, _mm512_set1_ps((float)p->zero[1])), _mm512_set1_ps(p->scale[1]));
    __m512 real = p->function == HT_INTEGER_MUL   ? _mm512_mul_ps(a, b)
                  : p->function == HT_INTEGER_SUB ? _mm512_sub_ps(a, b)
                                                  : _mm512_add_ps(a, b);
    return _mm512_cvtps_epi32(_mm512_div_ps(real, _mm512_set1_ps(p->scale[2])));
}

/* 64 sums or differences. The near values err by less than s->error; the division decides where one is that close to a
 * tie. Adding 1.5 * 2^23 rounds to a whole number, whose bits then follow those of the constant. */
HT_VNNI_INLINE void near_codes(const vector_state *s, const real_factors *f, ht_type x_type, ht_type z_type,
                               const uint8_t *x, const uint8_t *z, int64_t i, __mmask64 mask, __m512i codes[4]) {
    const __m512 magic = _mm512_set1_ps(12582912.0f);
    __m512 farthest = _mm512_setzero_ps();
#pragma GCC unroll 4
    for (int v = 0; v < 4; ++v) {
        __mmask16 some = (__mmask16)(mask >> (16 * v));
        __m512 b = _mm512_fmadd_ps(as_real(z_type, z, i + 16 * v, some), f->z, f->term);
        __m512 q = _mm512_fmadd_ps(as_real(x_type, x, i + 16 * v, some), f->x, b);
        __m512 whole = _mm512_add_ps(q, magic);
        codes[v] = _mm512_sub_epi32(_mm512_castps_si512(whole), _mm512_castps_si512(magic));
        farthest = _mm512_range_ps(farthest, _mm512_sub_ps(q, _mm512_sub_ps(whole, magic)), 0xB); /* largest |.| */
    }
    if (_mm512_cmp_ps_mask(farthest, _mm512_set1_ps(0.5f - s->error), _CMP_GT_OQ) != 0) {
#pragma GCC unroll 1
        for (int v = 0; v < 4; ++v) {
            __mmask16 some = (__mmask16)(mask >> (16 * v));
            codes[v] =
                divided(&s->parameters, as_real(x_type, x, i + 16 * v, some), as_real(z_type, z, i + 16 * v, some));
        }
    }
}

HT_VNNI_INLINE __m512i scaled(const ht_integer_binary_parameters *p, int operand, __m512i value) {
    return ht__scale_fixed(value, _mm512_set1_epi32(p->multiplier[operand]), _mm512_set1_epi32(p->shift[operand]));
}

HT_VNNI_INLINE __m512i fixed_codes(const vector_state *s, __m512i x, __m512i z) {
    const ht_integer_binary_parameters *p = &s->parameters;
    if (p->function == HT_INTEGER_MUL) {
        return scaled(p, 2, _mm512_mullo_epi32(x, z));
    }
    __m512i left = _mm512_set1_epi32(p->left);
    __m512i a = scaled(p, 0, _mm512_sllv_epi32(x, left)), b = scaled(p, 1, _mm512_sllv_epi32(z, left));
    return scaled(p, 2, p->function == HT_INTEGER_SUB ? _mm512_sub_epi32(a, b) : _mm512_add_epi32(a, b));
}

typedef struct vector_job {
    const vector_state *state;
    const uint8_t *x, *z;
    uint8_t *y;
} vector_job;

HT_VNNI_INLINE void store(const vector_state *s, const __m512i codes[4], __mmask64 mask, uint8_t *y) {
    __m512i bytes = ht__pack_codes(&s->terms, codes[0], codes[1], codes[2], codes[3]);
    _mm512_mask_storeu_epi8(y, mask, ht__order_codes(bytes));
}

HT_VNNI_INLINE void near_segment(const vector_state *s, ht_type x_type, ht_type z_type, const uint8_t *x,
                                 const uint8_t *z, uint8_t *y, int64_t count) {
    const vector_state own = *s; /* y may alias *s as far as the compiler knows */
    const ht_integer_binary_parameters *p = &own.parameters;
    float a = p->scale[0] / p->scale[2], b = p->scale[1] / p->scale[2] * (p->function == HT_INTEGER_SUB ? -1.0f : 1.0f);
    const real_factors f = {_mm512_set1_ps(a), _mm512_set1_ps(b),
                            _mm512_set1_ps(-a * (float)p->zero[0] - b * (float)p->zero[1])};
    __m512i codes[4];
    int64_t whole = count / 64 * 64;
    for (int64_t i = 0; i < whole; i += 64) {
        near_codes(&own, &f, x_type, z_type, x, z, i, ~(__mmask64)0, codes);
        store(&own, codes, ~(__mmask64)0, y + i);
    }
    if (whole < count) {
        __mmask64 mask = ht__low_bits(count - whole);
        near_codes(&own, &f, x_type, z_type, x, z, whole, mask, codes);
        store(&own, codes, mask, y + whole);
    }
}

/* Any function and rule. */
HT_VNNI static void segment_by_definition(const vector_state *s, const uint8_t *x, const uint8_t *z, uint8_t *y,
                                          int64_t count) {
    const ht_integer_binary_parameters *p = &s->parameters;
    for (int64_t i = 0; i < count; i += 64) {
        __mmask64 mask = ht__low_bits(count - i);
        __m512i codes[4];
#pragma GCC unroll 4
        for (int v = 0; v < 4; ++v) {
            __mmask16 some = (__mmask16)(mask >> (16 * v));
            if (p->requantize.rule == HT_REQUANTIZE_FIXED) {
                codes[v] = fixed_codes(s, load(s->x_type, x, i + 16 * v, some, p->zero[0]),
                                       load(s->z_type, z, i + 16 * v, some, p->zero[1]));
            } else {
                codes[v] = divided(p, as_real(s->x_type, x, i + 16 * v, some), as_real(s->z_type, z, i + 16 * v, some));
            }
        }
        store(s, codes, mask, y + i);
    }
}

HT_VNNI static void segment(void *argument, const int64_t offsets[HT_WALK_TENSORS], int64_t count) {
    const vector_job *job = argument;
    const vector_state *s = job->state;
    const uint8_t *x = job->x + offsets[1], *z = job->z + offsets[2];
    uint8_t *y = job->y + offsets[0];
    if (!s->near) {
        segment_by_definition(s, x, z, y, count);
    } else if (s->x_type == HT_I8) {
        s->z_type == HT_I8 ? near_segment(s, HT_I8, HT_I8, x, z, y, count)
                           : near_segment(s, HT_I8, HT_U8, x, z, y, count);
    } else {
        s->z_type == HT_I8 ? near_segment(s, HT_U8, HT_I8, x, z, y, count)
                           : near_segment(s, HT_U8, HT_U8, x, z, y, count);
    }
}

static ht_status run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                     ht_pool *pool) {
    (void)scratch;
    const vector_state *own = state->data;
    vector_job job = {own, inputs[0], inputs[1], outputs[0]};
    ht__walk_run(&own->walk, pool, GRAIN, segment, &job);
    return HT_OK;
}

const ht_kernel_variant ht__integer_binary_avx512 = {.name = "integer_binary_avx512",
                                                     .family = &ht__integer_binary_family,
                                                     .accept = accept,
                                                     .layout = layout,
                                                     .bind = bind,
                                                     .run = run};
#endif
