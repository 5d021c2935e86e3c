/* f16 and bf16 (no scale), minifloat:eXmY (one scale per group), mx:eXmY (a power of two per group). */
#include <float.h>
#include <math.h>

#include "numeric/block_scale.h"
#include "numeric/minifloat.h"
#include "quant/fit.h"
#include "quant/levels/list.h"

static void set_format(const ht_number_format *format, float scale, ht_levels *out) {
    int32_t largest = (int32_t)format->largest;
    *out = (ht_levels){.kind = HT_LEVELS_FORMAT, .scale = scale, .low = -largest, .high = largest, .format = *format};
}

static ht_status make_f16(ht_fit *fit, ht_levels *out, ht_error *err) {
    (void)fit;
    (void)err;
    set_format(ht__number_format("f16"), 1.0f, out);
    return HT_OK;
}

static ht_status make_bf16(ht_fit *fit, ht_levels *out, ht_error *err) {
    (void)fit;
    (void)err;
    set_format(ht__number_format("bf16"), 1.0f, out);
    return HT_OK;
}

/* Exponent bits by total width: the OCP formats at 4, 6 and 8 bits, f16's field at 16, and between them. */
static void choose_element(const ht_scheme *scheme, ht_number_format *format) {
    static const uint8_t exponent_bits[HT_BITS_MAX + 1] = {0, 0, 1, 2, 2, 2, 3, 3, 4, 4, 5, 5, 5, 5, 5, 5, 5};
    uint32_t exponent = scheme->exponent_bits, mantissa = scheme->mantissa_bits;
    if (exponent == 0) {
        exponent = exponent_bits[scheme->bits];
        mantissa = scheme->bits - 1 - exponent;
    }
    ht__minifloat(format, "minifloat", exponent, mantissa);
    if (exponent == 4 && mantissa == 3) {
        *format = *ht__number_format("f8e4m3");
    } else if (exponent == 5 && mantissa == 2) {
        *format = *ht__number_format("f8e5m2");
    }
}

static ht_status make_minifloat(ht_fit *fit, ht_levels *out, ht_error *err) {
    (void)err;
    ht_number_format format;
    choose_element(fit->scheme, &format);
    double top = (double)format.decode(&format, format.largest);
    double scale = fmax(fabs(fit->low), fabs(fit->high)) / top;
    set_format(&format, scale > 0.0 ? (float)fmin(fmax(scale, FLT_MIN), FLT_MAX) : 1.0f, out);
    return HT_OK;
}

static ht_status make_mx(ht_fit *fit, ht_levels *out, ht_error *err) {
    (void)err;
    ht_number_format format;
    choose_element(fit->scheme, &format);
    set_format(&format, ht__block_scale(&format, fmax(fabs(fit->low), fabs(fit->high))), out);
    return HT_OK;
}

const ht_level_method ht__levels_f16 = {
    .name = "f16",
    .summary = "IEEE half precision, no scale",
    .fixed_bits = 16,
    .smallest_bits = 16,
    .make = make_f16,
};
const ht_level_method ht__levels_bf16 = {
    .name = "bf16",
    .summary = "the upper half of an f32, no scale",
    .fixed_bits = 16,
    .smallest_bits = 16,
    .make = make_bf16,
};
const ht_level_method ht__levels_minifloat = {
    .name = "minifloat",
    .summary = "a small float such as minifloat:e4m3, scaled so that the largest magnitude is the format's",
    .smallest_bits = 2,
    .symmetric = true,
    .parameter_bits = 32,
    .make = make_minifloat,
};
const ht_level_method ht__levels_mx = {
    .name = "mx",
    .summary = "block-scaled small floats (OCP MX) such as mx:e2m1: a power of two as each block's scale",
    .smallest_bits = 2,
    .symmetric = true,
    .parameter_bits = HT_BLOCK_SCALE_BITS,
    .make = make_mx,
};
