/* histogram: the centres of 2^bits equal bins over the range. */
#include "quant/fit.h"
#include "quant/levels/list.h"

static ht_status make(ht_fit *fit, ht_levels *out, ht_error *err) {
    float *table;
    HT_TRY(ht__fit_table(fit, &table, err));
    uint32_t count = 1u << fit->scheme->bits;
    for (uint32_t i = 0; i < count; ++i) {
        double share = (i + 0.5) / count;
        table[i] = (float)(fit->low * (1.0 - share) + fit->high * share);
    }
    return ht__fit_table_levels(fit, count, out, err);
}

const ht_level_method ht__levels_histogram = {
    .name = "histogram",
    .summary = "the centres of 2^bits equal bins over the range",
    .smallest_bits = 1,
    .parameter_bits = 64,
    .make = make,
};
