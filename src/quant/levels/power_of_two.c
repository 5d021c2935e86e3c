/* power-of-two: symmetric, with the scale rounded up to a power of two, so that rescaling is a shift. */
#include <math.h>

#include "quant/affine.h"
#include "quant/fit.h"
#include "quant/levels/list.h"

static ht_status make(ht_fit *fit, ht_levels *out, ht_error *err) {
    (void)err;
    ht_affine affine = ht__symmetric(fit->low, fit->high, fit->scheme->bits);
    int power;
    float mantissa = frexpf(affine.scale, &power);
    power = mantissa == 0.5f ? power - 1 : power;
    *out = (ht_levels){.kind = HT_LEVELS_GRID,
                       .scale = ldexpf(1.0f, power > 127 ? 127 : power),
                       .low = affine.code_min,
                       .high = affine.code_max};
    return HT_OK;
}

const ht_level_method ht__levels_power_of_two = {
    .name = "power-of-two",
    .summary = "symmetric with a power of two as the scale: rescaling is a shift",
    .smallest_bits = 2,
    .symmetric = true,
    .through_zero = true,
    .parameter_bits = 8,
    .make = make,
};
