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
    float inverse;       /* of y's scale */
    ht_byte_terms terms; /* only what packing reads */
} vector_state;

/* Every real result must be a number whose code fits i32, and 1 / scale one without loss. */
static bool scales_are_tame(const ht_integer_binary_parameters *p) {
    float sum = 255.0f * (fabsf(p->scale[0]) + fabsf(p->scale[1]));
    float product = 255.0f * 255.0f * fabsf(p->scale[0]) * fabsf(p->scale[1]);
    float most = p->function == HT_INTEGER_MUL ? product : sum, y = fabsf(p->scale[2]);
    return y > 1e-30f && y < 1e30f && most / y < 1e9f;
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

static ht_status prepare(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_state *state, ht_error *err) {
    vector_state *own = ht__alloc(env->allocator, sizeof *own);
    if (own == NULL) {
        return ht__fail_memory(err, sizeof *own);
    }
    *own = (vector_state){.parameters = *HT_PARAMETERS(ht_integer_binary_parameters, call),
                          .x_type = call->inputs[0].type,
                          .z_type = call->inputs[1].type};
    const ht_integer_binary_parameters *p = &own->parameters;
    make_walk(call, &own->walk);
    own->inverse = 1.0f / p->scale[2];
    own->terms = (ht_byte_terms){.zero = p->zero[2],
                                 .low = p->requantize.low,
                                 .high = p->requantize.high,
                                 .is_signed = call->outputs[0].type == HT_I8};
    *state = (ht_kernel_state){own, sizeof *own, 0};
    return HT_OK;
}

/* Sixteen codes minus their zero point. */
HT_VNNI_INLINE __m512i load(ht_type type, const void *codes, int64_t i, __mmask16 mask, int32_t zero) {
    __m128i bytes = _mm_maskz_loadu_epi8(mask, (const uint8_t *)codes + i);
    __m512i wide = type == HT_I8 ? _mm512_cvtepi8_epi32(bytes) : _mm512_cvtepu8_epi32(bytes);
    return _mm512_sub_epi32(wide, _mm512_set1_epi32(zero));
}

/* round_half_even(real / scale). The quotient comes from the reciprocal, which errs by less than 2e-4 below 512 (where
 * codes saturate): only close to a tie must it be divided. */
HT_VNNI_INLINE __m512i quotient(const vector_state *s, __m512 real) {
    __m512 q = _mm512_mul_ps(real, _mm512_set1_ps(s->inverse));
    __m512 whole = _mm512_roundscale_ps(q, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    __m512 off = _mm512_abs_ps(_mm512_sub_ps(q, whole));
    if (_mm512_cmp_ps_mask(off, _mm512_set1_ps(0.4998f), _CMP_GT_OQ) != 0) {
        q = _mm512_div_ps(real, _mm512_set1_ps(s->parameters.scale[2]));
    }
    return _mm512_cvtps_epi32(q);
}

HT_VNNI_INLINE __m512i real_codes(const vector_state *s, __m512i x, __m512i z) {
    const ht_integer_binary_parameters *p = &s->parameters;
    __m512 a = _mm512_mul_ps(_mm512_cvtepi32_ps(x), _mm512_set1_ps(p->scale[0]));
    __m512 b = _mm512_mul_ps(_mm512_cvtepi32_ps(z), _mm512_set1_ps(p->scale[1]));
    switch (p->function) {
    case HT_INTEGER_SUB: return quotient(s, _mm512_sub_ps(a, b));
    case HT_INTEGER_MUL: return quotient(s, _mm512_mul_ps(a, b));
    default: return quotient(s, _mm512_add_ps(a, b));
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

HT_VNNI static void segment(void *argument, const int64_t offsets[HT_WALK_TENSORS], int64_t count) {
    const vector_job *job = argument;
    const vector_state *s = job->state;
    const ht_integer_binary_parameters *p = &s->parameters;
    const uint8_t *x = job->x + offsets[1], *z = job->z + offsets[2];
    bool fixed = p->requantize.rule == HT_REQUANTIZE_FIXED;
    for (int64_t i = 0; i < count; i += 64) {
        __mmask64 mask = ht__low_bits(count - i);
        __m512i codes[4];
#pragma GCC unroll 4
        for (int v = 0; v < 4; ++v) {
            __mmask16 some = (__mmask16)(mask >> (16 * v));
            __m512i a = load(s->x_type, x, i + 16 * v, some, p->zero[0]);
            __m512i b = load(s->z_type, z, i + 16 * v, some, p->zero[1]);
            codes[v] = fixed ? fixed_codes(s, a, b) : real_codes(s, a, b);
        }
        __m512i bytes = ht__pack_codes(&s->terms, codes[0], codes[1], codes[2], codes[3]);
        _mm512_mask_storeu_epi8(job->y + offsets[0] + i, mask, ht__order_codes(bytes));
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
                                                     .prepare = prepare,
                                                     .run = run};
#endif
