/* Cast: reads every element as a double or a 64-bit integer, and writes it as the wanted type. */
#include "kernels/move/variants.h"
#include "numeric/formats.h"

/* Exactly one of the two is meant. u64 travels as the bits of an i64 that is marked unsigned. */
typedef struct scalar {
    enum { SCALAR_REAL, SCALAR_SIGNED, SCALAR_UNSIGNED } kind;
    double real;
    int64_t integer;
} scalar;

static scalar real_scalar(double value) { return (scalar){SCALAR_REAL, value, 0}; }
static scalar integer_scalar(int64_t value) { return (scalar){SCALAR_SIGNED, 0.0, value}; }

static scalar read_scalar(ht_type type, const void *x, int64_t i) {
    switch (type) {
    case HT_F32: return real_scalar((double)((const float *)x)[i]);
    case HT_F64: return real_scalar(((const double *)x)[i]);
    case HT_U8: return integer_scalar(((const uint8_t *)x)[i]);
    case HT_I8: return integer_scalar(((const int8_t *)x)[i]);
    case HT_U16: return integer_scalar(((const uint16_t *)x)[i]);
    case HT_I16: return integer_scalar(((const int16_t *)x)[i]);
    case HT_I32: return integer_scalar(((const int32_t *)x)[i]);
    case HT_U32: return integer_scalar(((const uint32_t *)x)[i]);
    case HT_I64: return integer_scalar(((const int64_t *)x)[i]);
    case HT_U64: return (scalar){SCALAR_UNSIGNED, 0.0, (int64_t)((const uint64_t *)x)[i]};
    case HT_BOOL: return integer_scalar(((const uint8_t *)x)[i] != 0);
    case HT_F16: return real_scalar((double)ht__f16.decode(&ht__f16, ((const uint16_t *)x)[i]));
    case HT_BF16: return real_scalar((double)ht__bf16.decode(&ht__bf16, ((const uint16_t *)x)[i]));
    default: return integer_scalar(0);
    }
}

/* Truncation towards zero, saturated to low .. high (given as the doubles next to the limits); NaN gives 0. */
static int64_t truncated(double value, int64_t low, int64_t high) {
    if (value != value) {
        return 0;
    }
    if (value <= (double)low) {
        return low;
    }
    return value >= (double)high ? high : (int64_t)value;
}

static uint64_t truncated_unsigned(double value) {
    return !(value > 0.0) ? 0 : value >= 0x1p64 ? UINT64_MAX : (uint64_t)value;
}

static int64_t as_integer(scalar s, int64_t low, int64_t high) {
    return s.kind == SCALAR_REAL ? truncated(s.real, low, high) : s.integer; /* integers wrap, as in C and NumPy */
}

static double as_real(scalar s) {
    switch (s.kind) {
    case SCALAR_REAL: return s.real;
    case SCALAR_SIGNED: return (double)s.integer;
    case SCALAR_UNSIGNED: break;
    }
    return (double)(uint64_t)s.integer;
}

/* To f32 in one rounding (through double, large integers would be rounded twice). */
static float as_float(scalar s) {
    switch (s.kind) {
    case SCALAR_REAL: return (float)s.real;
    case SCALAR_SIGNED: return (float)s.integer;
    case SCALAR_UNSIGNED: break;
    }
    return (float)(uint64_t)s.integer;
}

static void write_scalar(ht_type type, void *y, int64_t i, scalar s) {
    switch (type) {
    case HT_F32: ((float *)y)[i] = as_float(s); break;
    case HT_F64: ((double *)y)[i] = as_real(s); break;
    case HT_U8: ((uint8_t *)y)[i] = (uint8_t)as_integer(s, 0, UINT8_MAX); break;
    case HT_I8: ((int8_t *)y)[i] = (int8_t)as_integer(s, INT8_MIN, INT8_MAX); break;
    case HT_U16: ((uint16_t *)y)[i] = (uint16_t)as_integer(s, 0, UINT16_MAX); break;
    case HT_I16: ((int16_t *)y)[i] = (int16_t)as_integer(s, INT16_MIN, INT16_MAX); break;
    case HT_I32: ((int32_t *)y)[i] = (int32_t)as_integer(s, INT32_MIN, INT32_MAX); break;
    case HT_U32: ((uint32_t *)y)[i] = (uint32_t)as_integer(s, 0, UINT32_MAX); break;
    case HT_I64: ((int64_t *)y)[i] = as_integer(s, INT64_MIN, INT64_MAX); break;
    case HT_U64: ((uint64_t *)y)[i] = s.kind == SCALAR_REAL ? truncated_unsigned(s.real) : (uint64_t)s.integer; break;
    case HT_F16: ((uint16_t *)y)[i] = (uint16_t)ht__f16.encode(&ht__f16, as_float(s)); break;
    case HT_BF16: ((uint16_t *)y)[i] = (uint16_t)ht__bf16.encode(&ht__bf16, as_float(s)); break;
    case HT_BOOL: ((uint8_t *)y)[i] = s.kind == SCALAR_REAL ? s.real != 0.0 : s.integer != 0; break;
    default: break;
    }
}

static ht_status run_cast(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                          ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    int64_t elements = ht__desc_elements(&call->outputs[0]);
    for (int64_t i = 0; i < elements; ++i) {
        write_scalar(call->outputs[0].type, outputs[0], i, read_scalar(call->inputs[0].type, inputs[0], i));
    }
    return HT_OK;
}

static bool accept_cast(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason) {
    (void)call;
    (void)env;
    (void)reason;
    return true;
}

const ht_kernel_variant ht__cast_reference = {.name = "cast_reference",
                                              .family = &ht__cast_family,
                                              .accept = accept_cast,
                                              .prepare = ht__kernel_keep_call,
                                              .run = run_cast};
