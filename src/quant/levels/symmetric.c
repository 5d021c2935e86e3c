/* symmetric: equal steps on both sides of zero, 2^bits - 1 codes. */
#include <float.h>
#include <math.h>

#include "quant/affine.h"
#include "quant/fit.h"
#include "quant/levels/list.h"

/* One bit has no room for zero: the two levels are -s and s with s the mean magnitude, which minimises the squared
 * error (Rastegari et al. 2016, "XNOR-Net", equation 6). */
static ht_levels signs(const ht_fit *fit) {
    double sum = 0.0;
    for (size_t i = 0; i < fit->count; ++i) {
        sum += fabs(fit->values[i]);
    }
    double magnitude = fmin(sum / (double)fit->count, fmax(fabs(fit->low), fabs(fit->high)));
    if (magnitude == 0.0) {
        return (ht_levels){.kind = HT_LEVELS_GRID, .scale = 1.0f};
    }
    double step = fmin(fmax(2.0 * magnitude, FLT_MIN), FLT_MAX);
    return (ht_levels){.kind = HT_LEVELS_GRID, .scale = (float)step, .low = -1, .high = 0, .half = 0.5f};
}

static ht_status make(ht_fit *fit, ht_levels *out, ht_error *err) {
    (void)err;
    if (fit->scheme->bits == 1) {
        *out = signs(fit);
        return HT_OK;
    }
    ht_affine affine = ht__symmetric(fit->low, fit->high, fit->scheme->bits);
    *out = (ht_levels){.kind = HT_LEVELS_GRID, .scale = affine.scale, .low = affine.code_min, .high = affine.code_max};
    return HT_OK;
}

const ht_level_method ht__levels_symmetric = {
    .name = "symmetric",
    .summary = "equal steps on both sides of an exact zero; 2^bits - 1 codes, no zero point",
    .smallest_bits = 1,
    .symmetric = true,
    .through_zero = true,
    .parameter_bits = 32,
    .make = make,
};
