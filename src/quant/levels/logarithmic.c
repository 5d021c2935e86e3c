/* logarithmic: zero and plus or minus powers of two, so that a product is a shift.
 * Source: Zhou et al. 2017, "Incremental Network Quantization", section 2.1: with s the largest magnitude the highest
 * exponent is floor(log2(4 s / 3)), and 2^(bits-1) - 1 exponents follow downwards.
 */
#include <math.h>

#include "quant/fit.h"
#include "quant/levels/list.h"

static ht_status make(ht_fit *fit, ht_levels *out, ht_error *err) {
    float *table;
    HT_TRY(ht__fit_table(fit, &table, err));
    double largest = fmax(fabs(fit->low), fabs(fit->high));
    uint32_t count = 0;
    table[count++] = 0.0f;
    int top = largest > 0.0 ? ilogb(4.0 * largest / 3.0) : 0;
    top = top > 127 ? 127 : top;
    int powers = (1 << (fit->scheme->bits - 1)) - 1;
    /* Below 2^-149 there is no float. */
    for (int power = top; power > top - powers && power >= -149 && largest > 0.0; --power) {
        table[count++] = ldexpf(1.0f, power);
        table[count++] = -ldexpf(1.0f, power);
    }
    return ht__fit_table_levels(fit, count, out, err);
}

const ht_level_method ht__levels_logarithmic = {
    .name = "logarithmic",
    .summary = "zero and plus or minus powers of two: products are shifts",
    .smallest_bits = 2,
    .symmetric = true,
    .parameter_bits = 8,
    .make = make,
};
