/* mid-rise: step = (high - low) / 2^bits, value -> step * (floor(value / step) + 1/2). No level at zero.
 * Source: the Edge capstone (2020). */
#include <float.h>
#include <math.h>

#include "quant/fit.h"
#include "quant/levels/list.h"

/* A float counts cells from zero exactly up to 2^22; a narrow range far from zero gets larger cells instead. */
#define MOST_CELLS_FROM_ZERO 0x1p21

static double farthest(double low, double high) { return fmax(fabs(low), fabs(high)); }

static ht_status make(ht_fit *fit, ht_levels *out, ht_error *err) {
    (void)err;
    uint32_t bits = fit->scheme->bits;
    double step = (fit->high - fit->low) / (1 << bits);
    if (step == 0.0) {
        /* All equal: two cells that meet at zero hold the value in the middle of one; zeros need a level at zero. */
        step = 2.0 * fabs(fit->low);
        bool zero = step == 0.0;
        *out = (ht_levels){.kind = HT_LEVELS_GRID,
                           .scale = zero ? 1.0f : (float)fmin(fmax(step, FLT_MIN), FLT_MAX),
                           .low = zero ? 0 : -1,
                           .high = 0,
                           .half = zero ? 0.0f : 0.5f};
        return HT_OK;
    }
    bool unclipped = fit->scheme->quirks & HT_QUIRK_UNCLIPPED;
    double reach = unclipped ? farthest(fit->smallest, fit->largest) : farthest(fit->low, fit->high);
    step = fmax(step, reach / MOST_CELLS_FROM_ZERO);
    float scale = (float)fmin(fmax(step, FLT_MIN), FLT_MAX);
    /* Cells start at multiples of the step, not at `low`: 2^bits of them cover the range but for at most half a step
     * at one end. */
    int32_t first = (int32_t)floor(fit->low / scale + 0.5);
    int32_t last = first + (1 << bits) - 1;
    if (unclipped) {
        first = (int32_t)floor(fit->smallest / scale);
        last = (int32_t)floor(fit->largest / scale);
    }
    *out = (ht_levels){.kind = HT_LEVELS_GRID, .scale = scale, .low = first, .high = last, .half = 0.5f};
    return HT_OK;
}

const ht_level_method ht__levels_mid_rise = {
    .name = "mid-rise",
    .summary = "the middles of 2^bits equal cells that meet at zero; no level at zero",
    .smallest_bits = 1,
    .parameter_bits = 32 + 32,
    .make = make,
};
