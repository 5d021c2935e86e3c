/* mse: the range whose 2^bits equally spaced points give the least squared error, clipping included.
 * Values are counted in a histogram and taken as evenly spread inside a bin, so that a bin's error under given points
 * is an integral with a closed form. The ends are moved in turns: each is tried at shares of its distance from the
 * mean.
 */
#include <math.h>

#include "quant/range.h"

enum { CANDIDATES = 48, TURNS = 3 };

typedef struct search {
    double counts[HT_FIT_BINS];
    double smallest, width; /* of the histogram, of a bin */
    uint32_t levels;
    bool mirrored;
} search;

/* Integral from 0 to t of the squared distance to the nearest of the points 0, 1, 2, ... (t >= 0). */
static double rounding_integral(double t) {
    double nearest = floor(t + 0.5), rest = t - nearest;
    return nearest / 12.0 + rest * rest * rest / 3.0;
}

static double cube(double x) { return x * x * x; }

/* Integral over [a, b] of the squared distance to the nearest of `levels` points from low on, `step` apart. */
static double error_between(double a, double b, double low, double step, uint32_t levels) {
    double high = low + step * (levels - 1), sum = 0.0;
    if (a < low) {
        double end = fmin(b, low);
        sum += (cube(low - a) - cube(low - end)) / 3.0;
        a = end;
    }
    if (b > high) {
        double begin = fmax(a, high);
        sum += (cube(b - high) - cube(begin - high)) / 3.0;
        b = begin;
    }
    if (a < b) {
        double from = (a - low) / step, to = (b - low) / step;
        sum += (rounding_integral(to) - rounding_integral(from)) * step * step * step;
    }
    return sum;
}

static double squared_error(const search *work, double low, double high) {
    double step = (high - low) / (work->levels - 1), sum = 0.0;
    for (int bin = 0; bin < HT_FIT_BINS; ++bin) {
        if (work->counts[bin] > 0.0) {
            double a = work->smallest + bin * work->width;
            double density = work->counts[bin] / work->width;
            sum += density * error_between(a, a + work->width, low, step, work->levels);
        }
    }
    return sum;
}

/* Moves one end, or both in step when mirrored, to its best share of the distance from `centre`. */
static void improve(const search *work, double centre, bool upper, double *low, double *high) {
    double low_now = *low, high_now = *high, best = INFINITY, from = 0.0, to = 1.0;
    double full_low = work->smallest, full_high = work->smallest + work->width * HT_FIT_BINS;
    if (work->mirrored) {
        full_high = fmax(fabs(full_low), fabs(full_high));
        full_low = -full_high;
    }
    /* Coarsely over the whole distance, then finely around the best. */
    for (int pass = 0; pass < 2; ++pass) {
        double best_share = 1.0;
        for (int i = 1; i <= CANDIDATES; ++i) {
            double share = from + (to - from) * i / CANDIDATES;
            double candidate_low = upper && !work->mirrored ? low_now : centre + (full_low - centre) * share;
            double candidate_high = !upper && !work->mirrored ? high_now : centre + (full_high - centre) * share;
            double error =
                candidate_high > candidate_low ? squared_error(work, candidate_low, candidate_high) : INFINITY;
            if (error <= best) {
                best = error;
                best_share = share;
                *low = candidate_low;
                *high = candidate_high;
            }
        }
        double span = (to - from) / CANDIDATES;
        from = fmax(best_share - span, 0.0);
        to = fmin(best_share + span, 1.0);
    }
}

static ht_status choose(ht_fit *fit, const ht_level_method *method, ht_error *err) {
    (void)err;
    ht_moments moments = ht__fit_moments(fit);
    search work = {.smallest = fit->smallest,
                   .width = (fit->largest - fit->smallest) / HT_FIT_BINS,
                   .levels = fit->scheme->bits == 1 ? 2 : (1u << fit->scheme->bits) - (method->symmetric ? 1 : 0),
                   .mirrored = method->symmetric};
    double low = fit->smallest, high = fit->largest;
    if (work.width == 0.0) {
        ht__range_set(fit, low, high);
        return HT_OK;
    }
    ht__fit_histogram(fit, work.counts);
    for (int turn = 0; turn < (work.mirrored ? 1 : TURNS); ++turn) {
        improve(&work, work.mirrored ? 0.0 : moments.mean, true, &low, &high);
        if (!work.mirrored) {
            improve(&work, moments.mean, false, &low, &high);
        }
    }
    fit->low = work.mirrored ? low : fmax(low, fit->smallest);
    fit->high = work.mirrored ? high : fmin(high, fit->largest);
    return HT_OK;
}

const ht_range_method ht__range_mse = {
    .name = "mse",
    .summary = "the range of least squared error, clipping included",
    .choose = choose,
};
