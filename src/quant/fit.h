/* What fitting a range or levels may ask about a group of values. Each answer is computed once per group, when asked;
 * the memory is kept from group to group. A group is an array, or a stream of which a histogram was kept: ranges may be
 * chosen for both, levels are fitted to arrays only.
 */
#ifndef HT_QUANT_FIT_H
#define HT_QUANT_FIT_H

#include "base/context.h"
#include "halftone/quantize.h"
#include "quant/histogram.h"
#include "quant/levels.h"

enum { HT_FIT_BINS = 2048 };

typedef struct ht_moments {
    double mean, deviation; /* with n - 1 in the denominator; 0 for one value */
} ht_moments;

typedef struct ht_middle {
    double median, deviation; /* mean of |x - median| */
} ht_middle;

struct ht_fit {
    const ht_allocator *allocator;
    const ht_scheme *scheme;
    const float *values;        /* all finite; NULL: a stream */
    const ht_histogram *stream; /* NULL: an array */
    size_t count;               /* >= 1 */
    double smallest, largest;   /* of the values */
    double low, high;           /* the chosen range; low <= high */
    /* Private: filled on demand. */
    float *sorted;
    uint32_t *sort_scratch;
    size_t capacity;
    bool is_sorted;
    float *table; /* 2^16 levels, and as many edges between them */
    int32_t *starts;
    ht_levels shared; /* levels that every group shares but for the scale; made by the method */
    bool has_shared;
};

void ht__fit_init(ht_fit *fit, const ht_allocator *allocator, const ht_scheme *scheme);
void ht__fit_free(ht_fit *fit);
/* Starts a group. Errors (where names `tensor`): HT_ERROR_NUMERIC with the position of the first NaN or infinity,
 * counted from `first`. */
ht_status ht__fit_group(ht_fit *fit, const float *values, size_t count, const char *tensor, size_t first,
                        ht_error *err);

/* Starts a group that is a stream; the histogram is not empty. */
void ht__fit_stream(ht_fit *fit, const ht_histogram *stream);

/* Smallest and largest of count >= 1 values; false when one is NaN or infinite. */
bool ht__extremes(const float *values, size_t count, float *smallest, float *largest);

/* The values in ascending order; arrays only. Errors: HT_ERROR_MEMORY. */
ht_status ht__fit_sorted(ht_fit *fit, const float **out, ht_error *err);
/* The value at a real position 0 .. count - 1 in ascending order, by linear interpolation. Errors: HT_ERROR_MEMORY. */
ht_status ht__fit_at(ht_fit *fit, double position, double *out, ht_error *err);
ht_moments ht__fit_moments(const ht_fit *fit);
/* Errors: HT_ERROR_MEMORY. */
ht_status ht__fit_middle(ht_fit *fit, ht_middle *out, ht_error *err);
/* Counts of the values in HT_FIT_BINS equal bins from smallest to largest; all in bin 0 when they are equal. Zeros of a
 * stream are left out: every width has a code for them. */
void ht__fit_histogram(const ht_fit *fit, double counts[HT_FIT_BINS]);
/* The same for the magnitudes, from 0 to the largest one, which is not 0. */
void ht__fit_magnitudes(const ht_fit *fit, double counts[HT_FIT_BINS]);
/* Room for a table of 2^16 levels. Errors: HT_ERROR_MEMORY. */
ht_status ht__fit_table(ht_fit *fit, float **out, ht_error *err);

/* Makes table levels from `count` values in the fit's table: sorts them if need be, drops equal ones, builds the
 * index. Errors: HT_ERROR_MEMORY. */
ht_status ht__fit_table_levels(ht_fit *fit, uint32_t count, ht_levels *out, ht_error *err);

/* Ascending order by radix; `scratch` has room for 2 x count words. -0 counts as 0. */
void ht__sort_floats(const float *values, size_t count, float *sorted, uint32_t *scratch);

#endif
