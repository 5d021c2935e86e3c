/* normal-float: quantiles of a standard normal distribution with an exact zero, scaled to the largest magnitude. */
#include <assert.h>
#include <math.h>

#include "numeric/normal_float.h"
#include "quant/fit.h"
#include "quant/levels/list.h"

/* Keeps the products of neighbouring levels apart. */
#define SMALLEST_SCALE 0x1p-100

static ht_status make(ht_fit *fit, ht_levels *out, ht_error *err) {
    float *table, *unit;
    uint32_t bits = fit->scheme->bits, count = 1u << bits;
    HT_TRY(ht__fit_table(fit, &table, err));
    HT_TRY(ht__fit_unit_table(fit, bits, ht__normal_float_table, &unit, err));
    double largest = fmax(fabs(fit->low), fabs(fit->high));
    float scale = largest == 0.0 ? 1.0f : (float)fmax(largest, SMALLEST_SCALE);
    for (uint32_t i = 0; i < count; ++i) {
        table[i] = unit[i] * scale;
    }
    HT_TRY(ht__fit_table_levels(fit, count, out, err));
    assert(out->lookup.count == (int32_t)count);
    out->scale = scale;
    out->unit = unit;
    return HT_OK;
}

const ht_level_method ht__levels_normal_float = {
    .name = "normal-float",
    .summary = "NormalFloat: quantiles of a normal distribution with an exact zero, scaled to the largest magnitude",
    .smallest_bits = 1,
    .symmetric = true,
    .parameter_bits = 32,
    .make = make,
};
