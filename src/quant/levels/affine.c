/* affine: 2^bits equal steps over the range, one of them exactly at zero (zero point). */
#include "quant/affine.h"

#include "quant/fit.h"
#include "quant/levels/list.h"

static ht_status make(ht_fit *fit, ht_levels *out, ht_error *err) {
    (void)err;
    ht_affine affine = ht__affine(fit->low, fit->high, fit->scheme->bits);
    *out = (ht_levels){.kind = HT_LEVELS_GRID,
                       .scale = affine.scale,
                       .low = affine.code_min - affine.zero_point,
                       .high = affine.code_max - affine.zero_point};
    return HT_OK;
}

const ht_level_method ht__levels_affine = {
    .name = "affine",
    .summary = "equal steps with a zero point; 2^bits codes, zero is exact",
    .smallest_bits = 1,
    .through_zero = true,
    .parameter_bits = 32 + 16,
    .make = make,
};
