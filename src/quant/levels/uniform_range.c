/* uniform-range: 2^bits points from the lower to the upper end of the range, both included. */
#include "quant/fit.h"
#include "quant/levels/list.h"

static ht_status make(ht_fit *fit, ht_levels *out, ht_error *err) {
    float *table;
    HT_TRY(ht__fit_table(fit, &table, err));
    uint32_t count = 1u << fit->scheme->bits;
    for (uint32_t i = 0; i < count; ++i) {
        double share = (double)i / (count - 1);
        table[i] = (float)(fit->low * (1.0 - share) + fit->high * share);
    }
    return ht__fit_table_levels(fit, count, out, err);
}

const ht_level_method ht__levels_uniform_range = {
    .name = "uniform-range",
    .summary = "2^bits equally spaced points, both ends of the range included",
    .smallest_bits = 1,
    .parameter_bits = 64,
    .make = make,
};
