/* aciq: the clipping that is best for a fitted normal or Laplace distribution, whichever is more likely.
 * Source: Banner, Nahshan and Soudry 2019, "Post training 4-bit quantization of convolutional networks for
 * rapid-deployment", section 3: the threshold a minimises clipping error + rounding error a^2 / (3 * 4^bits). Its
 * tables for 2 to 8 bits are the zeros of the derivatives solved here, so that every width has one.
 */
#include <math.h>

#include "quant/range.h"

/* Both derivatives, halved, for unit spread; they rise from below zero through one zero. */
static double laplace_slope(double a, double four_to_bits) { return a / (3.0 * four_to_bits) - exp(-a); }
static double normal_slope(double a, double four_to_bits) {
    double density = exp(-a * a / 2.0) / 2.5066282746310002;
    double tail = 0.5 * erfc(a / 1.4142135623730951);
    return a / (3.0 * four_to_bits) - 2.0 * (density - a * tail);
}

static double best_threshold(double (*slope)(double, double), uint32_t bits) {
    double four_to_bits = ldexp(1.0, 2 * (int)bits), low = 0.0, high = 64.0;
    for (int i = 0; i < 60; ++i) {
        double middle = 0.5 * (low + high);
        if (slope(middle, four_to_bits) > 0.0) {
            high = middle;
        } else {
            low = middle;
        }
    }
    return high;
}

static ht_status choose(ht_fit *fit, const ht_level_method *method, ht_error *err) {
    ht_moments moments = ht__fit_moments(fit);
    ht_middle middle;
    HT_TRY(ht__fit_middle(fit, &middle, err));
    uint32_t bits = fit->scheme->bits;
    /* Log likelihoods per value: -log(deviation) - 1.419 and -log(2 b) - 1. */
    bool laplace = moments.deviation * 4.132731354122493 > 2.0 * middle.deviation * 2.718281828459045;
    double threshold = laplace ? best_threshold(laplace_slope, bits) * middle.deviation
                               : best_threshold(normal_slope, bits) * moments.deviation;
    double centre = method->symmetric ? 0.0 : laplace ? middle.median : moments.mean;
    ht__range_set(fit, centre - threshold, centre + threshold);
    return HT_OK;
}

const ht_range_method ht__range_aciq = {
    .name = "aciq",
    .summary = "the best clipping for a fitted normal or Laplace distribution (ACIQ)",
    .choose = choose,
};
