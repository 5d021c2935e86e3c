/* A mergeable histogram of a stream of numbers: what calibration keeps of an activation, whatever the number of
 * samples.
 *
 * Bin i counts the values in [(first + i) w, (first + i + 1) w) for a width w = 2^exponent: bins begin at multiples of
 * a power of two. When a value falls outside, the width doubles and neighbours are added up in pairs, so that no count
 * is ever split. What a histogram holds therefore depends on the values that were seen and on nothing else: not on
 * their order, nor on how they were divided among batches and threads.
 *
 * Error bound: w < 2 (largest - smallest) / (HT_HISTOGRAM_BINS - 1), a sixteenth of the step of 8-bit codes over the
 * same range; a quantile is off by less than w. Smallest and largest value are exact. Values of magnitude below 2^-100
 * share a bin with their neighbours of the same sign.
 */
#ifndef HT_QUANT_HISTOGRAM_H
#define HT_QUANT_HISTOGRAM_H

#include "base/memory.h"
#include "base/pool.h"

enum { HT_HISTOGRAM_BINS = 8192 };

typedef struct ht_histogram {
    uint64_t *counts; /* [HT_HISTOGRAM_BINS], without the zeros; owned */
    int64_t first;
    int32_t exponent;
    uint64_t total, zeros; /* all values; those that are exactly 0, as behind a ReLU: no width rounds them */
    float smallest, largest;
} ht_histogram;

/* An empty histogram. Errors: HT_ERROR_MEMORY. */
ht_status ht__histogram_init(ht_histogram *histogram, const ht_allocator *allocator, ht_error *err);
void ht__histogram_free(ht_histogram *histogram, const ht_allocator *allocator);

/* Room that counting in several threads needs: uint32_t[threads][HT_HISTOGRAM_BINS]. */
#define HT_HISTOGRAM_SCRATCH(threads) ((size_t)(threads)*HT_HISTOGRAM_BINS)

/* Counts `count` finite values whose smallest and largest are given. `scratch` as above for the pool's threads; `pool`
 * may be NULL. count: 1 .. 2^32 - 1. */
void ht__histogram_add(ht_histogram *histogram, const float *values, size_t count, float smallest, float largest,
                       ht_pool *pool, uint32_t *scratch);

/* The width of a bin. */
double ht__histogram_width(const ht_histogram *histogram);
/* The value at the real position `position` (0 .. total - 1) among all values in ascending order, taking those of a bin
 * as evenly spread. The histogram must not be empty. */
double ht__histogram_at(const ht_histogram *histogram, double position);

#endif
