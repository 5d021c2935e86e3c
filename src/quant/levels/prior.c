/* prior-*: a distribution is fitted to the values; the levels are its quantiles at the interior ones of 2^bits equally
 * spaced probabilities, and both ends of the range. Source: the Edge capstone (2020), there for the normal.
 */
#include <math.h>
#include <string.h>

#include "numeric/normal_float.h"
#include "quant/fit.h"
#include "quant/levels/list.h"

typedef struct prior {
    double (*quantile)(const ht_moments *moments, const ht_fit *fit, double probability);
    /* Log likelihood per value at the fitted parameters, which depends on the spread alone. */
    double (*likelihood)(const ht_moments *moments, const ht_fit *fit);
} prior;

static double normal_quantile(const ht_moments *moments, const ht_fit *fit, double probability) {
    (void)fit;
    return moments->mean + moments->deviation * ht__normal_quantile(probability);
}
static double normal_likelihood(const ht_moments *moments, const ht_fit *fit) {
    (void)fit;
    return -0.5 * log(2.0 * 3.141592653589793 * 2.718281828459045) - log(moments->deviation);
}

static double laplace_quantile(const ht_moments *moments, const ht_fit *fit, double probability) {
    (void)fit;
    double scale = moments->absolute_deviation;
    return probability < 0.5 ? moments->median + scale * log(2.0 * probability)
                             : moments->median - scale * log(2.0 * (1.0 - probability));
}
static double laplace_likelihood(const ht_moments *moments, const ht_fit *fit) {
    (void)fit;
    return -1.0 - log(2.0 * moments->absolute_deviation);
}

static double uniform_quantile(const ht_moments *moments, const ht_fit *fit, double probability) {
    (void)moments;
    return fit->smallest + (fit->largest - fit->smallest) * probability;
}
static double uniform_likelihood(const ht_moments *moments, const ht_fit *fit) {
    (void)moments;
    return -log(fit->largest - fit->smallest);
}

static const prior normal = {normal_quantile, normal_likelihood};
static const prior laplace = {laplace_quantile, laplace_likelihood};
static const prior uniform = {uniform_quantile, uniform_likelihood};

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
    ht_moments moments;
    HT_TRY(ht__fit_table(fit, &table, err));
    HT_TRY(ht__fit_moments(fit, &moments, err));
    uint32_t count = 1u << fit->scheme->bits;
    table[0] = (float)fit->low;
    table[count - 1] = (float)fit->high;
    bool capstone = fit->scheme->quirks & HT_QUIRK_UNSORTED;
    for (uint32_t i = 1; i + 1 < count; ++i) {
        double quantile = distribution->quantile(&moments, fit, (double)i / (count - 1));
        /* Quantiles beyond the values would be levels that nothing needs. */
        table[i] = (float)(capstone ? quantile : fmin(fmax(quantile, fit->low), fit->high));
    }
    float first_interior = table[1];
    HT_TRY(ht__fit_table_levels(fit, count, out, err));
    out->first = capstone && count > 2 ? first_of_unsorted(out, first_interior) : 0;
    return HT_OK;
}

static ht_status make_normal(ht_fit *fit, ht_levels *out, ht_error *err) { return make_from(&normal, fit, out, err); }
static ht_status make_laplace(ht_fit *fit, ht_levels *out, ht_error *err) { return make_from(&laplace, fit, out, err); }
static ht_status make_uniform(ht_fit *fit, ht_levels *out, ht_error *err) { return make_from(&uniform, fit, out, err); }

static ht_status make_best(ht_fit *fit, ht_levels *out, ht_error *err) {
    ht_moments moments;
    HT_TRY(ht__fit_moments(fit, &moments, err));
    const prior *const candidates[] = {&normal, &laplace, &uniform};
    const prior *best = &normal;
    for (size_t i = 1; i < sizeof candidates / sizeof candidates[0]; ++i) {
        bool better = candidates[i]->likelihood(&moments, fit) > best->likelihood(&moments, fit);
        best = better ? candidates[i] : best;
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
