#include "quant/fit.h"

#include <math.h>
#include <string.h>

#include "base/clones.h"
#include "numeric/ordered.h"

void ht__fit_init(ht_fit *fit, const ht_allocator *allocator, const ht_scheme *scheme) {
    *fit = (ht_fit){.allocator = allocator, .scheme = scheme};
}

void ht__fit_free(ht_fit *fit) {
    ht__free(fit->allocator, fit->sorted);
    ht__free(fit->allocator, fit->sort_scratch);
    ht__free(fit->allocator, fit->table);
    ht__free(fit->allocator, fit->starts);
}

HT_CLONES
static void extremes(const float *restrict values, size_t count, int32_t *smallest, int32_t *largest) {
    int32_t low = INT32_MAX, high = INT32_MIN;
    for (size_t i = 0; i < count; ++i) {
        int32_t key = ht__ordered(values[i]);
        low = key < low ? key : low;
        high = key > high ? key : high;
    }
    *smallest = low;
    *largest = high;
}

bool ht__extremes(const float *values, size_t count, float *smallest, float *largest) {
    int32_t low, high;
    extremes(values, count, &low, &high);
    *smallest = ht__unordered(low) + 0.0f;
    *largest = ht__unordered(high) + 0.0f;
    return low > ht__ordered(-INFINITY) && high < ht__ordered(INFINITY);
}

ht_status ht__fit_group(ht_fit *fit, const float *values, size_t count, const char *tensor, size_t first,
                        ht_error *err) {
    fit->values = values;
    fit->stream = NULL;
    fit->count = count;
    fit->is_sorted = false;
    float low, high;
    if (!ht__extremes(values, count, &low, &high)) {
        size_t bad = 0;
        while (isfinite(values[bad])) {
            ++bad;
        }
        return ht__fail_at(err, HT_ERROR_NUMERIC, tensor, "Value %zu of tensor %s is %s, which has no quantized form.",
                           first + bad, tensor, isnan(values[bad]) ? "NaN" : "infinite");
    }
    fit->smallest = fit->low = low;
    fit->largest = fit->high = high;
    return HT_OK;
}

void ht__fit_stream(ht_fit *fit, const ht_histogram *stream) {
    fit->values = NULL;
    fit->stream = stream;
    fit->count = (size_t)stream->total;
    fit->smallest = fit->low = stream->smallest;
    fit->largest = fit->high = stream->largest;
}

static void insertion_sort(float *values, size_t count) {
    for (size_t i = 1; i < count; ++i) {
        float value = values[i];
        size_t j = i;
        for (; j > 0 && values[j - 1] > value; --j) {
            values[j] = values[j - 1];
        }
        values[j] = value;
    }
}

void ht__sort_floats(const float *values, size_t count, float *sorted, uint32_t *scratch) {
    enum { DIGIT = 11, BUCKETS = 1 << DIGIT, PASSES = 3 };
    if (count < 256) {
        memcpy(sorted, values, count * sizeof *values);
        insertion_sort(sorted, count);
        return;
    }
    uint32_t totals[PASSES][BUCKETS] = {{0}};
    uint32_t *from = scratch, *to = scratch + count;
    for (size_t i = 0; i < count; ++i) {
        uint32_t key = (uint32_t)ht__ordered(values[i] + 0.0f) ^ 0x80000000u;
        from[i] = key;
        for (int pass = 0; pass < PASSES; ++pass) {
            ++totals[pass][key >> (pass * DIGIT) & (BUCKETS - 1)];
        }
    }
    for (int pass = 0; pass < PASSES; ++pass) {
        uint32_t start = 0;
        for (int bucket = 0; bucket < BUCKETS; ++bucket) {
            uint32_t size = totals[pass][bucket];
            totals[pass][bucket] = start;
            start += size;
        }
        for (size_t i = 0; i < count; ++i) {
            to[totals[pass][from[i] >> (pass * DIGIT) & (BUCKETS - 1)]++] = from[i];
        }
        uint32_t *swap = from;
        from = to;
        to = swap;
    }
    for (size_t i = 0; i < count; ++i) {
        sorted[i] = ht__unordered((int32_t)(from[i] ^ 0x80000000u));
    }
}

static ht_status reserve_sorted(ht_fit *fit, ht_error *err) {
    if (fit->capacity >= fit->count) {
        return HT_OK;
    }
    size_t bytes = 0, wanted = fit->count;
    if (!ht__mul(wanted, 2 * sizeof(uint32_t), &bytes) || wanted > UINT32_MAX) {
        return ht__fail(err, HT_ERROR_LIMIT, "%zu values are more than can be sorted (2^32 - 1).", wanted);
    }
    ht__free(fit->allocator, fit->sorted);
    ht__free(fit->allocator, fit->sort_scratch);
    fit->capacity = 0;
    fit->sorted = ht__alloc(fit->allocator, wanted * sizeof *fit->sorted);
    fit->sort_scratch = ht__alloc(fit->allocator, bytes);
    if (fit->sorted == NULL || fit->sort_scratch == NULL) {
        return ht__fail_memory(err, bytes);
    }
    fit->capacity = wanted;
    return HT_OK;
}

ht_status ht__fit_sorted(ht_fit *fit, const float **out, ht_error *err) {
    if (!fit->is_sorted) {
        HT_TRY(reserve_sorted(fit, err));
        ht__sort_floats(fit->values, fit->count, fit->sorted, fit->sort_scratch);
        fit->is_sorted = true;
    }
    *out = fit->sorted;
    return HT_OK;
}

ht_status ht__fit_at(ht_fit *fit, double position, double *out, ht_error *err) {
    if (fit->stream != NULL) {
        *out = ht__histogram_at(fit->stream, position);
        return HT_OK;
    }
    const float *sorted;
    HT_TRY(ht__fit_sorted(fit, &sorted, err));
    size_t below = (size_t)floor(position);
    size_t above = below + 1 < fit->count ? below + 1 : below;
    double part = position - floor(position);
    *out = sorted[below] * (1.0 - part) + sorted[above] * part;
    return HT_OK;
}

/* Sums of (values[i] - centre) and of their squares, in LANES lanes of fixed order. */
enum { LANES = 16 };

HT_CLONES
static void centred_sums(const float *restrict values, size_t count, double centre, double *sum, double *squares) {
    double sums[LANES] = {0}, squared[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        for (size_t k = 0; k < LANES; ++k) {
            double difference = values[i + k] - centre;
            sums[k] += difference;
            squared[k] += difference * difference;
        }
    }
    for (size_t k = 0; i < count; ++i, ++k) {
        double difference = values[i] - centre;
        sums[k] += difference;
        squared[k] += difference * difference;
    }
    *sum = *squares = 0.0;
    for (size_t k = 0; k < LANES; ++k) {
        *sum += sums[k];
        *squares += squared[k];
    }
}

/* The middle of a stream's bin. */
static double bin_centre(const ht_histogram *h, int64_t bin) {
    return ((double)(h->first + bin) + 0.5) * ht__histogram_width(h);
}

static ht_moments stream_moments(const ht_histogram *h) {
    double n = (double)h->total, sum = 0.0, squares = 0.0;
    for (int64_t bin = 0; bin < HT_HISTOGRAM_BINS; ++bin) {
        sum += (double)h->counts[bin] * bin_centre(h, bin);
    }
    double mean = sum / n;
    for (int64_t bin = 0; bin < HT_HISTOGRAM_BINS; ++bin) {
        double difference = bin_centre(h, bin) - mean;
        squares += (double)h->counts[bin] * difference * difference;
    }
    squares += (double)h->zeros * mean * mean;
    return (ht_moments){.mean = mean, .deviation = h->total > 1 ? sqrt(squares / (n - 1.0)) : 0.0};
}

ht_moments ht__fit_moments(const ht_fit *fit) {
    if (fit->stream != NULL) {
        return stream_moments(fit->stream);
    }
    /* Both sums in one reading, about a value: the squares lose no digits that matter. */
    double n = (double)fit->count, centre = fit->values[fit->count / 2], sum, squares;
    centred_sums(fit->values, fit->count, centre, &sum, &squares);
    double variance = fit->count > 1 ? (squares - sum * sum / n) / (n - 1.0) : 0.0;
    return (ht_moments){.mean = centre + sum / n, .deviation = variance > 0.0 ? sqrt(variance) : 0.0};
}

static ht_middle stream_middle(const ht_histogram *h) {
    ht_middle middle = {.median = ht__histogram_at(h, 0.5 * (double)(h->total - 1))};
    double sum = (double)h->zeros * fabs(middle.median);
    for (int64_t bin = 0; bin < HT_HISTOGRAM_BINS; ++bin) {
        sum += (double)h->counts[bin] * fabs(bin_centre(h, bin) - middle.median);
    }
    middle.deviation = sum / (double)h->total;
    return middle;
}

ht_status ht__fit_middle(ht_fit *fit, ht_middle *out, ht_error *err) {
    if (fit->stream != NULL) {
        *out = stream_middle(fit->stream);
        return HT_OK;
    }
    const float *sorted;
    HT_TRY(ht__fit_sorted(fit, &sorted, err));
    size_t n = fit->count, half = n / 2;
    out->median = 0.5 * ((double)sorted[(n - 1) / 2] + (double)sorted[half]);
    /* Distances below the median count negative, those above positive. */
    double below, above, squares;
    centred_sums(sorted, half, out->median, &below, &squares);
    centred_sums(sorted + half, n - half, out->median, &above, &squares);
    out->deviation = (above - below) / (double)n;
    return HT_OK;
}

/* Divides `count` values that lie evenly in [from, to) among the bins, in units of bins. */
static void spread(double count, double from, double to, double counts[HT_FIT_BINS]) {
    from = fmin(fmax(from, 0.0), HT_FIT_BINS);
    to = fmin(fmax(to, 0.0), HT_FIT_BINS);
    int first = from < HT_FIT_BINS ? (int)from : HT_FIT_BINS - 1, last = (int)ceil(to) - 1;
    if (last <= first) {
        counts[first] += count;
        return;
    }
    for (int bin = first; bin <= last; ++bin) {
        counts[bin] += count * (fmin(to, bin + 1.0) - fmax(from, bin)) / (to - from);
    }
}

/* A stream's bins in bins of `unit` from `origin` on; negative ones mirrored first when `magnitudes` are wanted. */
static void spread_stream(const ht_histogram *h, double origin, double unit, bool magnitudes,
                          double counts[HT_FIT_BINS]) {
    double width = ht__histogram_width(h);
    for (int64_t bin = 0; bin < HT_HISTOGRAM_BINS; ++bin) {
        if (h->counts[bin] != 0) {
            int64_t place = h->first + bin;
            double from = (double)(magnitudes && place < 0 ? -place - 1 : place) * width;
            spread((double)h->counts[bin], (from - origin) / unit, (from + width - origin) / unit, counts);
        }
    }
}

void ht__fit_histogram(const ht_fit *fit, double counts[HT_FIT_BINS]) {
    memset(counts, 0, HT_FIT_BINS * sizeof *counts);
    double span = fit->largest - fit->smallest;
    if (fit->stream != NULL && span > 0.0) {
        spread_stream(fit->stream, fit->smallest, span / HT_FIT_BINS, false, counts);
        return;
    }
    double inverse = span > 0.0 ? HT_FIT_BINS / span : 0.0;
    for (size_t i = 0; i < fit->count && fit->values != NULL; ++i) {
        int bin = (int)((fit->values[i] - fit->smallest) * inverse);
        counts[bin < HT_FIT_BINS ? bin : HT_FIT_BINS - 1] += 1.0;
    }
}

void ht__fit_magnitudes(const ht_fit *fit, double counts[HT_FIT_BINS]) {
    memset(counts, 0, HT_FIT_BINS * sizeof *counts);
    double largest = fmax(fabs(fit->smallest), fabs(fit->largest));
    if (fit->stream != NULL) {
        spread_stream(fit->stream, 0.0, largest / HT_FIT_BINS, true, counts);
        return;
    }
    for (size_t i = 0; i < fit->count; ++i) {
        int bin = (int)(fabs(fit->values[i]) / largest * HT_FIT_BINS);
        counts[bin < HT_FIT_BINS ? bin : HT_FIT_BINS - 1] += 1.0;
    }
}

ht_status ht__fit_table(ht_fit *fit, float **out, ht_error *err) {
    if (fit->table == NULL) {
        fit->table = ht__alloc(fit->allocator, ((size_t)2 << HT_BITS_MAX) * sizeof *fit->table);
        fit->starts = ht__alloc(fit->allocator, HT_LOOKUP_BUCKETS * sizeof *fit->starts);
        if (fit->table == NULL || fit->starts == NULL) {
            return ht__fail_memory(err, HT_LOOKUP_BUCKETS * sizeof *fit->starts);
        }
    }
    *out = fit->table;
    return HT_OK;
}

ht_status ht__fit_table_levels(ht_fit *fit, uint32_t count, ht_levels *out, ht_error *err) {
    float *table = fit->table;
    bool ascending = true;
    for (uint32_t i = 1; i < count; ++i) {
        ascending = ascending && table[i - 1] <= table[i];
    }
    if (!ascending) {
        uint32_t *scratch = ht__alloc(fit->allocator, (size_t)count * 2 * sizeof *scratch);
        if (scratch == NULL) {
            return ht__fail_memory(err, (size_t)count * 2 * sizeof *scratch);
        }
        ht__sort_floats(table, count, table, scratch);
        ht__free(fit->allocator, scratch);
    }
    /* Adding 0 makes 0 of -0, which the lookup relies on. */
    table[0] += 0.0f;
    uint32_t distinct = 1;
    for (uint32_t i = 1; i < count; ++i) {
        if (table[i] != table[distinct - 1]) {
            table[distinct++] = table[i] + 0.0f;
        }
    }
    *out = (ht_levels){.kind = HT_LEVELS_TABLE, .high = (int32_t)distinct - 1, .scale = 1.0f};
    bool nearest = strcmp(fit->scheme->round, "nearest") == 0, up = fit->scheme->quirks & HT_QUIRK_TIES_UP;
    ht_lookup_kind kind = !nearest ? HT_LOOKUP_BELOW : up ? HT_LOOKUP_NEAREST_UP : HT_LOOKUP_NEAREST;
    float *edges = table + ((size_t)1 << HT_BITS_MAX);
    ht__lookup_build(&out->lookup, kind, table, (int32_t)distinct, edges, fit->starts);
    return HT_OK;
}
