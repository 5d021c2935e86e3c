/* prior-*: a distribution is fitted to the values; the levels are its quantiles at the interior ones of 2^bits equally
 * spaced probabilities, and both ends of the range. Source: the Edge capstone (2020), there for the normal.
 */
#include <math.h>
#include <string.h>

#include "numeric/normal_float.h"
#include "quant/fit.h"
#include "quant/levels/list.h"

/* A distribution of one family: location and spread as the family wants them. */
typedef struct prior {
    double (*quantile)(const struct prior *prior, double probability);
    double centre, spread;
    double likelihood; /* logarithm, per value, at the fitted parameters: depends on the spread alone */
} prior;

static double normal_quantile(const prior *p, double probability) {
    return p->centre + p->spread * ht__normal_quantile(probability);
}

static double laplace_quantile(const prior *p, double probability) {
    double distance = p->spread * log(2.0 * (probability < 0.5 ? probability : 1.0 - probability));
    return probability < 0.5 ? p->centre + distance : p->centre - distance;
}

static double uniform_quantile(const prior *p, double probability) {
    return p->centre + p->spread * (probability - 0.5);
}

static ht_status fit_normal(ht_fit *fit, prior *out, ht_error *err) {
    (void)err;
    ht_moments moments = ht__fit_moments(fit);
    double constant = 0.5 * log(2.0 * 3.141592653589793 * 2.718281828459045);
    *out = (prior){normal_quantile, moments.mean, moments.deviation, -constant - log(moments.deviation)};
    return HT_OK;
}

static ht_status fit_laplace(ht_fit *fit, prior *out, ht_error *err) {
    ht_middle middle;
    HT_TRY(ht__fit_middle(fit, &middle, err));
    *out = (prior){laplace_quantile, middle.median, middle.deviation, -1.0 - log(2.0 * middle.deviation)};
    return HT_OK;
}

static ht_status fit_uniform(ht_fit *fit, prior *out, ht_error *err) {
    (void)err;
    double span = fit->largest - fit->smallest;
    *out = (prior){uniform_quantile, fit->smallest + 0.5 * span, span, -log(span)};
    return HT_OK;
}

/* The capstone's unsorted set: the interior quantiles first, then both ends; its smallest weights get set[0]. */
static int32_t first_of_unsorted(const ht_levels *levels, float first_interior) {
    int32_t index = 0;
    while (index < levels->high && levels->lookup.levels[index] < first_interior) {
        ++index;
    }
    return index;
}

static ht_status make_from(const prior *distribution, ht_fit *fit, ht_levels *out, ht_error *err) {
    float *table;
    HT_TRY(ht__fit_table(fit, &table, err));
    uint32_t count = 1u << fit->scheme->bits;
    table[0] = (float)fit->low;
    table[count - 1] = (float)fit->high;
    bool capstone = fit->scheme->quirks & HT_QUIRK_UNSORTED;
    for (uint32_t i = 1; i + 1 < count; ++i) {
        double quantile = distribution->quantile(distribution, (double)i / (count - 1));
        /* Quantiles beyond the values would be levels that nothing needs. */
        table[i] = (float)(capstone ? quantile : fmin(fmax(quantile, fit->low), fit->high));
    }
    float first_interior = table[1];
    HT_TRY(ht__fit_table_levels(fit, count, out, err));
    out->first = capstone && count > 2 ? first_of_unsorted(out, first_interior) : 0;
    return HT_OK;
}

static ht_status make_normal(ht_fit *fit, ht_levels *out, ht_error *err) {
    prior distribution;
    HT_TRY(fit_normal(fit, &distribution, err));
    return make_from(&distribution, fit, out, err);
}

static ht_status make_laplace(ht_fit *fit, ht_levels *out, ht_error *err) {
    prior distribution;
    HT_TRY(fit_laplace(fit, &distribution, err));
    return make_from(&distribution, fit, out, err);
}

static ht_status make_uniform(ht_fit *fit, ht_levels *out, ht_error *err) {
    prior distribution;
    HT_TRY(fit_uniform(fit, &distribution, err));
    return make_from(&distribution, fit, out, err);
}

static ht_status make_best(ht_fit *fit, ht_levels *out, ht_error *err) {
    prior candidates[3];
    HT_TRY(fit_normal(fit, &candidates[0], err));
    HT_TRY(fit_laplace(fit, &candidates[1], err));
    HT_TRY(fit_uniform(fit, &candidates[2], err));
    const prior *best = &candidates[0];
    for (size_t i = 1; i < 3; ++i) {
        best = candidates[i].likelihood > best->likelihood ? &candidates[i] : best;
    }
    return make_from(best, fit, out, err);
}

const ht_level_method ht__levels_prior_normal = {
    .name = "prior-normal",
    .summary = "quantiles of a normal distribution fitted to the values, and both ends",
    .smallest_bits = 1,
    .parameter_bits = 4 * 32,
    .make = make_normal,
};
const ht_level_method ht__levels_prior_laplace = {
    .name = "prior-laplace",
    .summary = "quantiles of a Laplace distribution fitted to the values, and both ends",
    .smallest_bits = 1,
    .parameter_bits = 4 * 32,
    .make = make_laplace,
};
const ht_level_method ht__levels_prior_uniform = {
    .name = "prior-uniform",
    .summary = "quantiles of a uniform distribution fitted to the values, and both ends",
    .smallest_bits = 1,
    .parameter_bits = 4 * 32,
    .make = make_uniform,
};
const ht_level_method ht__levels_prior_best = {
    .name = "prior-best",
    .summary = "the most likely of the three priors",
    .smallest_bits = 1,
    .parameter_bits = 4 * 32,
    .make = make_best,
};
