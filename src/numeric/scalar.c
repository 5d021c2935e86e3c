#include "numeric/scalar.h"

#include <math.h>
#include <string.h>

/* A binary float of at most 16 bits: sign, exponent field, fraction. Codes count magnitudes upwards. */
typedef struct small_float {
    ht_type type;
    uint8_t bits, exponent_bits, fraction_bits;
    int16_t bias;
    uint32_t largest; /* magnitude code of the largest finite value */
    /* Magnitude codes of infinity and NaN, 0: none. Without a NaN of its own magnitude the formats "uz" use the code of
     * a negative zero, which they have not. */
    uint32_t infinity, nan;
    bool no_negative_zero;
    bool saturates; /* unless `overflows` is asked for; f16 and bf16 never do */
} small_float;

/* OCP 8-bit Floating Point Specification 1.0 (f8e4m3fn, f8e5m2); Noune et al. 2022, arXiv:2206.02915 (the formats
 * "uz"); OCP Microscaling Formats 1.0 (f4e2m1, f6e2m3, f6e3m2). */
static const small_float small_floats[] = {
    {HT_F16, 16, 5, 10, 15, 0x7bff, 0x7c00, 0x7e00, false, false},
    {HT_BF16, 16, 8, 7, 127, 0x7f7f, 0x7f80, 0x7fc0, false, false},
    {HT_F8E4M3FN, 8, 4, 3, 7, 0x7e, 0, 0x7f, false, true},
    {HT_F8E4M3FNUZ, 8, 4, 3, 8, 0x7f, 0, 0, true, true},
    {HT_F8E5M2, 8, 5, 2, 15, 0x7b, 0x7c, 0x7e, false, true},
    {HT_F8E5M2FNUZ, 8, 5, 2, 16, 0x7f, 0, 0, true, true},
    {HT_F4E2M1, 4, 2, 1, 1, 0x7, 0, 0, false, true},
    {HT_F6E2M3, 6, 2, 3, 1, 0x1f, 0, 0, false, true},
    {HT_F6E3M2, 6, 3, 2, 3, 0x1f, 0, 0, false, true},
};

static const small_float *find(ht_type type) {
    for (size_t i = 0; i < sizeof small_floats / sizeof small_floats[0]; ++i) {
        if (small_floats[i].type == type) {
            return &small_floats[i];
        }
    }
    return NULL;
}

/* f8e8m0: 2^(code - 127), 255 is NaN (OCP Microscaling Formats 1.0, 5.4.1). */
enum { E8M0_NAN = 255, E8M0_LARGEST = 254, E8M0_BIAS = 127 };

static double decode(const small_float *f, uint32_t bits) {
    uint32_t sign = bits >> (f->bits - 1) & 1, magnitude = bits & ((1u << (f->bits - 1)) - 1);
    double direction = sign != 0 ? -1.0 : 1.0;
    if (f->no_negative_zero && sign != 0 && magnitude == 0) {
        return NAN;
    }
    if (magnitude > f->largest) {
        return magnitude == f->infinity ? direction * (double)INFINITY : (double)NAN;
    }
    uint32_t exponent = magnitude >> f->fraction_bits, fraction = magnitude & ((1u << f->fraction_bits) - 1);
    fraction += exponent > 0 ? 1u << f->fraction_bits : 0;
    return direction * ldexp((double)fraction, (int)(exponent > 0 ? exponent : 1) - f->bias - f->fraction_bits);
}

/* What NaN gives: a NaN; a format without one has a negative zero, as in ml_dtypes, with which ONNX defines them. */
static uint32_t encode_nan(const small_float *f, uint32_t sign) {
    return f->nan != 0 ? sign | f->nan : 1u << (f->bits - 1);
}

static uint32_t encode(const small_float *f, double value, bool overflows) {
    uint32_t sign = signbit(value) ? 1u << (f->bits - 1) : 0;
    if (isnan(value)) {
        return encode_nan(f, sign);
    }
    double magnitude = fabs(value);
    uint64_t code = (uint64_t)f->largest + 1;
    if (magnitude < ldexp(1.0, 130)) {
        int exponent = magnitude > 0.0 ? ilogb(magnitude) : 1 - f->bias;
        exponent = exponent < 1 - f->bias ? 1 - f->bias : exponent;
        /* The significand as an integer of fraction_bits + 1 bits. The implicit one carries into the exponent field, as
         * does rounding up to the next power of two. */
        double significand = rint(ldexp(magnitude, f->fraction_bits - exponent));
        code = ((uint64_t)(exponent + f->bias - 1) << f->fraction_bits) + (uint64_t)significand;
    }
    if (code > f->largest) {
        bool special = !f->saturates || overflows;
        if (special && f->infinity == 0 && (f->nan != 0 || f->no_negative_zero)) {
            return encode_nan(f, sign);
        }
        code = special && f->infinity != 0 ? f->infinity : f->largest;
    }
    return f->no_negative_zero && code == 0 ? 0 : sign | (uint32_t)code;
}

static uint32_t encode_power(double value, const ht_scalar_storing *storing) {
    bool overflows = storing != NULL && storing->overflows;
    ht_scalar_rounding rounding = storing != NULL ? storing->rounding : HT_SCALAR_NEAREST;
    if (isnan(value) || value < 0.0 || (overflows && (isinf(value) || value == 0.0))) {
        return E8M0_NAN;
    }
    if (isinf(value)) {
        return E8M0_LARGEST;
    }
    if (value == 0.0) {
        return 0;
    }
    int exponent = ilogb(value);
    double part = value / ldexp(1.0, exponent); /* 1 .. 2 */
    bool up = rounding == HT_SCALAR_UP ? part > 1.0 : rounding == HT_SCALAR_NEAREST && part >= 1.5;
    int code = exponent + E8M0_BIAS + (up ? 1 : 0);
    if (code > E8M0_LARGEST) {
        return overflows ? E8M0_NAN : E8M0_LARGEST;
    }
    return code < 0 ? 0 : (uint32_t)code;
}

double ht__float_decode(ht_type type, uint32_t bits) {
    const small_float *f = find(type);
    if (type == HT_F8E8M0) {
        return bits == E8M0_NAN ? (double)NAN : ldexp(1.0, (int)bits - E8M0_BIAS);
    }
    return f != NULL ? decode(f, bits) : 0.0;
}

uint32_t ht__float_encode(ht_type type, double value, const ht_scalar_storing *storing) {
    const small_float *f = find(type);
    if (type == HT_F8E8M0) {
        return encode_power(value, storing);
    }
    return f != NULL ? encode(f, value, storing != NULL && storing->overflows) : 0;
}

bool ht__type_is_float(ht_type type) {
    return type == HT_F32 || type == HT_F64 || type == HT_F8E8M0 || find(type) != NULL;
}

bool ht__type_is_signed(ht_type type) {
    return type == HT_I2 || type == HT_I4 || type == HT_I8 || type == HT_I16 || type == HT_I32 || type == HT_I64;
}

ht_scalar_kind ht__scalar_kind(ht_type type) {
    if (ht__type_is_float(type)) {
        return HT_SCALAR_REAL;
    }
    return type == HT_U64 ? HT_SCALAR_UNSIGNED : HT_SCALAR_SIGNED;
}

unsigned ht__type_bits(ht_type type) {
    const small_float *f = find(type);
    switch (type) {
    case HT_I2:
    case HT_U2: return 2;
    case HT_I4:
    case HT_U4: return 4;
    default: return f != NULL ? f->bits : 8 * (unsigned)ht_type_bytes(type);
    }
}

ht_scalar ht__scalar_load(ht_type type, const void *data, int64_t i) {
    switch (type) {
    case HT_F32: return ht__scalar_of_real((double)((const float *)data)[i]);
    case HT_F64: return ht__scalar_of_real(((const double *)data)[i]);
    case HT_U8:
    case HT_U4:
    case HT_U2: return ht__scalar_of_integer(((const uint8_t *)data)[i]);
    case HT_I8:
    case HT_I4:
    case HT_I2: return ht__scalar_of_integer(((const int8_t *)data)[i]);
    case HT_U16: return ht__scalar_of_integer(((const uint16_t *)data)[i]);
    case HT_I16: return ht__scalar_of_integer(((const int16_t *)data)[i]);
    case HT_I32: return ht__scalar_of_integer(((const int32_t *)data)[i]);
    case HT_U32: return ht__scalar_of_integer(((const uint32_t *)data)[i]);
    case HT_I64: return ht__scalar_of_integer(((const int64_t *)data)[i]);
    case HT_U64: return (ht_scalar){HT_SCALAR_UNSIGNED, 0.0, (int64_t)((const uint64_t *)data)[i]};
    case HT_BOOL: return ht__scalar_of_integer(((const uint8_t *)data)[i] != 0);
    case HT_F16:
    case HT_BF16: return ht__scalar_of_real(ht__float_decode(type, ((const uint16_t *)data)[i]));
    case HT_NONE: break;
    default: return ht__scalar_of_real(ht__float_decode(type, ((const uint8_t *)data)[i]));
    }
    return ht__scalar_of_integer(0);
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

static int64_t as_integer(ht_scalar s, int64_t low, int64_t high) {
    return s.kind == HT_SCALAR_REAL ? truncated(s.real, low, high) : s.integer; /* integers wrap, as in C and NumPy */
}

double ht__scalar_real(ht_scalar s) {
    switch (s.kind) {
    case HT_SCALAR_REAL: return s.real;
    case HT_SCALAR_SIGNED: return (double)s.integer;
    case HT_SCALAR_UNSIGNED: break;
    }
    return (double)(uint64_t)s.integer;
}

/* To f32 in one rounding (through double, large integers would be rounded twice). */
static float as_float(ht_scalar s) {
    switch (s.kind) {
    case HT_SCALAR_REAL: return (float)s.real;
    case HT_SCALAR_SIGNED: return (float)s.integer;
    case HT_SCALAR_UNSIGNED: break;
    }
    return (float)(uint64_t)s.integer;
}

/* Of integers with less than 8 bits ONNX's tests want the low bits of what truncation gives, also of real numbers. */
static int64_t low_bits(ht_scalar s) { return as_integer(s, INT64_MIN, INT64_MAX); }

/* The low `bits` bits, sign extended. */
static int8_t low_signed(int64_t value, unsigned bits) {
    int64_t half = (int64_t)1 << (bits - 1);
    return (int8_t)(((value & (2 * half - 1)) ^ half) - half);
}

void ht__scalar_store(ht_type type, void *y, int64_t i, ht_scalar s, const ht_scalar_storing *storing) {
    switch (type) {
    case HT_F32: ((float *)y)[i] = as_float(s); break;
    case HT_F64: ((double *)y)[i] = ht__scalar_real(s); break;
    case HT_U8: ((uint8_t *)y)[i] = (uint8_t)as_integer(s, 0, UINT8_MAX); break;
    case HT_I8: ((int8_t *)y)[i] = (int8_t)as_integer(s, INT8_MIN, INT8_MAX); break;
    case HT_U16: ((uint16_t *)y)[i] = (uint16_t)as_integer(s, 0, UINT16_MAX); break;
    case HT_I16: ((int16_t *)y)[i] = (int16_t)as_integer(s, INT16_MIN, INT16_MAX); break;
    case HT_I32: ((int32_t *)y)[i] = (int32_t)as_integer(s, INT32_MIN, INT32_MAX); break;
    case HT_U32: ((uint32_t *)y)[i] = (uint32_t)as_integer(s, 0, UINT32_MAX); break;
    case HT_I64: ((int64_t *)y)[i] = as_integer(s, INT64_MIN, INT64_MAX); break;
    case HT_U64:
        ((uint64_t *)y)[i] = s.kind == HT_SCALAR_REAL ? truncated_unsigned(s.real) : (uint64_t)s.integer;
        break;
    case HT_U4: ((uint8_t *)y)[i] = (uint8_t)(low_bits(s) & 15); break;
    case HT_U2: ((uint8_t *)y)[i] = (uint8_t)(low_bits(s) & 3); break;
    case HT_I4: ((int8_t *)y)[i] = low_signed(low_bits(s), 4); break;
    case HT_I2: ((int8_t *)y)[i] = low_signed(low_bits(s), 2); break;
    case HT_BOOL: ((uint8_t *)y)[i] = s.kind == HT_SCALAR_REAL ? s.real != 0.0 : s.integer != 0; break;
    case HT_F16:
    case HT_BF16: ((uint16_t *)y)[i] = (uint16_t)ht__float_encode(type, ht__scalar_real(s), storing); break;
    case HT_NONE: break;
    default: ((uint8_t *)y)[i] = (uint8_t)ht__float_encode(type, ht__scalar_real(s), storing); break;
    }
}
