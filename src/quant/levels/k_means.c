/* k-means: the levels that Lloyd's iteration finds for the least squared error (Lloyd 1957/1982, Max 1960).
 * In one dimension clusters are runs of the sorted values, so that an iteration needs only the runs' ends and prefix
 * sums. It starts from the high-rate optimum, levels as dense as the cube root of the values' density (Panter and Dite
 * 1951), which for many levels is close to the end already.
 */
#include <math.h>
#include <string.h>

#include "quant/fit.h"
#include "quant/levels/list.h"

enum { MOST_ROUNDS = 300, START_BINS = 4096 };
/* Ends when a round improves the squared error by less than this share. */
#define LEAST_GAIN 1e-5

typedef struct clusters {
    const float *sorted;
    const double *sums; /* sums[i]: of the first i values */
    size_t count;
    uint32_t levels;
    float *centres;
    uint32_t *ends; /* run i is ends[i - 1] .. ends[i] - 1 */
} clusters;

/* The distinct values, when there are no more than levels. */
static uint32_t distinct_values(const float *sorted, size_t count, uint32_t most, float *table) {
    uint32_t distinct = 0;
    for (size_t i = 0; i < count; ++i) {
        if (distinct == 0 || sorted[i] != table[distinct - 1]) {
            if (distinct == most) {
                return 0;
            }
            table[distinct++] = sorted[i];
        }
    }
    return distinct;
}

/* Levels at equal shares of the integral of density^(1/3). */
static void start(const ht_fit *fit, const float *sorted, clusters *work, double bins[START_BINS]) {
    double low = sorted[0], span = (double)sorted[work->count - 1] - low, total = 0.0;
    memset(bins, 0, START_BINS * sizeof *bins);
    for (size_t i = 0; i < fit->count; ++i) {
        int bin = (int)((fit->values[i] - low) / span * START_BINS);
        bins[bin < START_BINS ? (bin > 0 ? bin : 0) : START_BINS - 1] += 1.0;
    }
    for (int i = 0; i < START_BINS; ++i) {
        bins[i] = cbrt(bins[i]);
        total += bins[i];
    }
    double below = 0.0;
    int bin = 0;
    for (uint32_t i = 0; i < work->levels; ++i) {
        double wanted = (i + 0.5) / work->levels * total;
        while (bin + 1 < START_BINS && below + bins[bin] < wanted) {
            below += bins[bin++];
        }
        double part = bins[bin] > 0.0 ? (wanted - below) / bins[bin] : 0.5;
        work->centres[i] = (float)(low + (bin + part) / START_BINS * span);
    }
}

/* The first position from which sorted values lie above `limit`, sought outwards from `guess`. */
static uint32_t seek(const clusters *work, double limit, uint32_t guess) {
    size_t low = guess, high = guess, stride = 1;
    while (low > 0 && (double)work->sorted[low - 1] > limit) {
        high = low;
        low = low > stride ? low - stride : 0;
        stride *= 2;
    }
    stride = 1;
    while (high < work->count && (double)work->sorted[high] <= limit) {
        low = high + 1;
        high = high + stride < work->count ? high + stride : work->count;
        stride *= 2;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if ((double)work->sorted[middle] <= limit) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return (uint32_t)low;
}

static void assign(clusters *work) {
    uint32_t previous = 0;
    for (uint32_t i = 0; i + 1 < work->levels; ++i) {
        double middle = 0.5 * ((double)work->centres[i] + (double)work->centres[i + 1]);
        uint32_t end = seek(work, middle, work->ends[i] > previous ? work->ends[i] : previous);
        previous = work->ends[i] = end > previous ? end : previous;
    }
    work->ends[work->levels - 1] = (uint32_t)work->count;
}

/* Moves each centre to its run's mean; an empty run's stays. Returns by how much that lowers the squared error:
 * sum over runs of size * (mean - centre)^2. */
static double move_centres(clusters *work) {
    double gain = 0.0;
    uint32_t begin = 0;
    for (uint32_t i = 0; i < work->levels; ++i) {
        uint32_t end = work->ends[i];
        if (end > begin) {
            double mean = (work->sums[end] - work->sums[begin]) / (end - begin);
            double shift = mean - work->centres[i];
            gain += shift * shift * (end - begin);
            work->centres[i] = (float)mean;
        }
        begin = end;
    }
    return gain;
}

static double squared_error(const clusters *work) {
    double error = 0.0;
    uint32_t begin = 0;
    for (uint32_t i = 0; i < work->levels; ++i) {
        for (uint32_t k = begin; k < work->ends[i]; ++k) {
            double difference = (double)work->sorted[k] - work->centres[i];
            error += difference * difference;
        }
        begin = work->ends[i];
    }
    return error;
}

static void iterate(clusters *work) {
    assign(work);
    double error = squared_error(work);
    for (int round = 0; round < MOST_ROUNDS; ++round) {
        double gain = move_centres(work);
        error -= gain;
        if (!(gain > LEAST_GAIN * error)) {
            return;
        }
        assign(work);
    }
}

static ht_status cluster(ht_fit *fit, const float *sorted, float *table, ht_error *err) {
    uint32_t levels = 1u << fit->scheme->bits;
    size_t sums_bytes = (fit->count + 1) * sizeof(double), bins_bytes = START_BINS * sizeof(double);
    char *memory = ht__alloc(fit->allocator, sums_bytes + bins_bytes + levels * sizeof(uint32_t));
    if (memory == NULL) {
        return ht__fail_memory(err, sums_bytes);
    }
    double *sums = (double *)memory, *bins = sums + fit->count + 1;
    clusters work = {.sorted = sorted,
                     .sums = sums,
                     .count = fit->count,
                     .levels = levels,
                     .centres = table,
                     .ends = (uint32_t *)(bins + START_BINS)};
    sums[0] = 0.0;
    for (size_t i = 0; i < fit->count; ++i) {
        sums[i + 1] = sums[i] + sorted[i];
    }
    start(fit, sorted, &work, bins);
    for (uint32_t i = 0; i < levels; ++i) {
        work.ends[i] = (uint32_t)((double)(i + 1) / levels * (double)fit->count);
    }
    iterate(&work);
    ht__free(fit->allocator, memory);
    return HT_OK;
}

static ht_status make(ht_fit *fit, ht_levels *out, ht_error *err) {
    float *table;
    const float *sorted;
    HT_TRY(ht__fit_table(fit, &table, err));
    HT_TRY(ht__fit_sorted(fit, &sorted, err));
    uint32_t levels = 1u << fit->scheme->bits, distinct = distinct_values(sorted, fit->count, levels, table);
    if (distinct == 0) {
        HT_TRY(cluster(fit, sorted, table, err));
        distinct = levels;
    }
    return ht__fit_table_levels(fit, distinct, out, err);
}

const ht_level_method ht__levels_k_means = {
    .name = "k-means",
    .summary = "the levels of least squared error (Lloyd-Max); the range plays no part",
    .smallest_bits = 1,
    .fitted_table = true,
    .make = make,
};
