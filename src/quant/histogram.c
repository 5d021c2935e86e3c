#include "quant/histogram.h"

#include <math.h>
#include <string.h>

#include "base/clones.h"

enum {
    SMALLEST_EXPONENT = -100, /* 2^100 is a float, so that values are scaled without rounding */
    FINEST = 24,              /* bins finer than the spacing of floats would stay empty, and their numbers grow */
    CHUNK = 1024,
    GRAIN = 1 << 16 /* values that are worth a thread and the adding up of its counts */
};

ht_status ht__histogram_init(ht_histogram *histogram, const ht_allocator *allocator, ht_error *err) {
    *histogram = (ht_histogram){.counts = ht__calloc(allocator, HT_HISTOGRAM_BINS, sizeof *histogram->counts)};
    return histogram->counts != NULL ? HT_OK : ht__fail_memory(err, HT_HISTOGRAM_BINS * sizeof *histogram->counts);
}

void ht__histogram_free(ht_histogram *histogram, const ht_allocator *allocator) {
    ht__free(allocator, histogram->counts);
    *histogram = (ht_histogram){0};
}

double ht__histogram_width(const ht_histogram *histogram) { return ldexp(1.0, histogram->exponent); }

static int64_t bin_of(double value, int32_t exponent) { return (int64_t)floor(ldexp(value, -exponent)); }

/* The least exponent whose bins hold the range; a wider range never has a lesser one. */
static int32_t exponent_for(float smallest, float largest) {
    double magnitude = fmax(fabs((double)smallest), fabs((double)largest));
    int32_t exponent = magnitude > 0.0 ? (int32_t)ilogb(magnitude) - FINEST : SMALLEST_EXPONENT;
    exponent = exponent > SMALLEST_EXPONENT ? exponent : SMALLEST_EXPONENT;
    while (bin_of(largest, exponent) - bin_of(smallest, exponent) >= HT_HISTOGRAM_BINS) {
        ++exponent;
    }
    return exponent;
}

/* Adds up neighbours until the width is 2^exponent. In place: no count moves upwards. */
static void merge_bins(ht_histogram *h, int32_t exponent) {
    int32_t shift = exponent - h->exponent < 62 ? exponent - h->exponent : 62; /* all that is left is the sign */
    for (int64_t i = 0; i < HT_HISTOGRAM_BINS && shift > 0; ++i) {
        uint64_t count = h->counts[i];
        h->counts[i] = 0;
        h->counts[((h->first + i) >> shift) - (h->first >> shift)] += count;
    }
    h->first >>= shift;
    h->exponent = exponent;
}

/* Makes `first` the lowest bin; it is not above the present one, and the filled bins still fit. */
static void lower_first(ht_histogram *h, int64_t first) {
    size_t up = (size_t)(h->first - first);
    if (up != 0) {
        memmove(h->counts + up, h->counts, (HT_HISTOGRAM_BINS - up) * sizeof *h->counts);
        memset(h->counts, 0, up * sizeof *h->counts);
        h->first = first;
    }
}

/* Brings the bins to a range that holds smallest .. largest as well. */
static void include(ht_histogram *h, float smallest, float largest) {
    bool empty = h->total == 0;
    h->smallest = (empty || smallest < h->smallest ? smallest : h->smallest) + 0.0f;
    h->largest = (empty || largest > h->largest ? largest : h->largest) + 0.0f;
    int32_t exponent = exponent_for(h->smallest, h->largest);
    int64_t first = bin_of(h->smallest, exponent);
    if (empty) {
        h->exponent = exponent;
        h->first = first;
        return;
    }
    merge_bins(h, exponent);
    lower_first(h, first);
}

/* ---- counting ---- */

/* bins[i] = floor(values[i] * inverse) - first, and how many values are zero. */
HT_CLONES
static uint32_t find_bins(const float *restrict values, size_t count, float inverse, int32_t first,
                          int32_t *restrict bins) {
    uint32_t zeros = 0;
    for (size_t i = 0; i < count; ++i) {
        float scaled = values[i] * inverse;
        int32_t whole = (int32_t)scaled; /* towards zero */
        bins[i] = whole - ((float)whole > scaled) - first;
        zeros += values[i] == 0.0f;
    }
    return zeros;
}

/* Zeros are counted in their bin, too; how many they are is returned. */
static uint32_t count_bins(const float *values, size_t count, float inverse, int32_t first, uint32_t *counts) {
    int32_t bins[CHUNK];
    uint32_t zeros = 0;
    for (size_t begin = 0; begin < count; begin += CHUNK) {
        size_t length = count - begin < CHUNK ? count - begin : CHUNK;
        zeros += find_bins(values + begin, length, inverse, first, bins);
        for (size_t i = 0; i < length; ++i) {
            ++counts[bins[i]];
        }
    }
    return zeros;
}

typedef struct counting {
    const float *values;
    float inverse;
    int32_t first;
    uint32_t *scratch;
    uint32_t zeros[256]; /* by part; a pool has at most 256 threads */
} counting;

static void count_part(void *argument, size_t begin, size_t end, unsigned part) {
    counting *c = argument;
    uint32_t *counts = c->scratch + (size_t)part * HT_HISTOGRAM_BINS;
    c->zeros[part] = count_bins(c->values + begin, end - begin, c->inverse, c->first, counts);
}

void ht__histogram_add(ht_histogram *h, const float *values, size_t count, float smallest, float largest, ht_pool *pool,
                       uint32_t *scratch) {
    include(h, smallest, largest);
    counting c = {
        .values = values, .inverse = ldexpf(1.0f, -h->exponent), .first = (int32_t)h->first, .scratch = scratch};
    unsigned parts = count > GRAIN ? ht__pool_threads(pool) : 1;
    memset(scratch, 0, HT_HISTOGRAM_SCRATCH(parts) * sizeof *scratch);
    ht__pool_run(parts > 1 ? pool : NULL, count, GRAIN, count_part, &c);
    uint64_t zeros = 0;
    for (unsigned part = 0; part < parts; ++part) {
        const uint32_t *counts = scratch + (size_t)part * HT_HISTOGRAM_BINS;
        for (int i = 0; i < HT_HISTOGRAM_BINS; ++i) {
            h->counts[i] += counts[i];
        }
        zeros += c.zeros[part];
    }
    if (zeros != 0) {
        h->counts[-h->first] -= zeros;
    }
    h->zeros += zeros;
    h->total += count;
}

/* ---- asking ---- */

/* The value at `rank` (0 .. count) of the way through a bin's values. */
static double inside_bin(const ht_histogram *h, int64_t bin, double rank) {
    double width = ht__histogram_width(h);
    double value = ((double)(h->first + bin) + (rank + 0.5) / (double)h->counts[bin]) * width;
    return fmin(fmax(value, h->smallest), h->largest);
}

double ht__histogram_at(const ht_histogram *h, double position) {
    if (position <= 0.0) {
        return h->smallest;
    }
    if (position >= (double)(h->total - 1)) {
        return h->largest;
    }
    double before = 0.0;
    for (int64_t bin = 0; bin < HT_HISTOGRAM_BINS; ++bin) {
        if (h->first + bin == 0) { /* zeros stand below the positive values that share their bin */
            if (position < before + (double)h->zeros) {
                return 0.0;
            }
            before += (double)h->zeros;
        }
        double here = (double)h->counts[bin];
        if (here > 0.0 && position < before + here) {
            return inside_bin(h, bin, position - before);
        }
        before += here;
    }
    return h->largest;
}
