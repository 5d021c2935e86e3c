/* Quantizing one array by a scheme: the heart of src/quant.
 *
 * The array is cut into groups (the whole, one per channel, or blocks within a channel); each group gets a range, then
 * levels, then every value a level. Random roundings draw element i's numbers from position i of the stream that the
 * tensor's name and the seed select, so the result depends on nothing else.
 */
#ifndef HT_QUANT_ARRAY_H
#define HT_QUANT_ARRAY_H

#include "base/context.h"
#include "halftone/quantize.h"
#include "quant/levels.h"

/* What to quantize. */
typedef struct ht_array {
    const char *name; /* for errors and for the random stream */
    const float *values;
    size_t rank; /* 0..8; 0: one value */
    const size_t *dims;
    int channel_axis; /* in 0..rank-1; -1: no channels, granularity channel means tensor */
    /* Joint level sets: the levels are fitted to these values together with the array's; granularity tensor only. */
    const float *companion;
    size_t companion_count;
} ht_array;

typedef struct ht_quantize_outputs {
    float *values;   /* [count] dequantized, may be the input; NULL: not wanted */
    uint32_t *codes; /* [count] in 0 .. 2^bits - 1 (more with the quirk "unclipped"); NULL: not wanted */
    bool parameters; /* whether the groups' parameters are wanted */
} ht_quantize_outputs;

/* How far the dequantized values are from the values. */
typedef struct ht_quantize_error {
    double signal;  /* sum of squares of the values */
    double noise;   /* sum of squares of the differences */
    double largest; /* largest magnitude of a difference */
} ht_quantize_error;

/* The result. Group of the element at (outer, channel, inner) of a tensor seen as [outer][channels][inner] around the
 * channel axis: channel * blocks + (outer * inner_count + inner) / block_length.
 *   grid:   value = (code - zero_points[g]) * scales[g]; zero points are integers but for mid-rise (an integer less
 * 1/2) table:  value = tables[table_starts[g] + code] (* scales[g] when the table is shared: table_starts all 0)
 *   format: value = decode(code) * scales[g], see `format`; a code counts from the most negative value upwards,
 *           as in: signed magnitude = code - code_offset */
typedef struct ht_quantized {
    ht_levels_kind kind;
    uint32_t bits;
    size_t count, channels, blocks, block_length; /* groups = channels * blocks */
    float *scales;                                /* [groups]; NULL for tables without a scale */
    float *zero_points;                           /* [groups]; grid only */
    bool symmetric;                               /* grid: every zero point is the middle code */
    bool shared_table;
    float *tables;        /* all tables, one after the other; [2^bits] or less when shared */
    size_t *table_starts; /* [groups + 1] */
    ht_number_format format;
    int32_t code_offset;
    ht_quantize_error error;
    double ideal_bits; /* codes and the parameters that a decoder needs, in bits */
} ht_quantized;

/* Quantizes. *out is filled for the caller to free with ht__quantized_free. No threads are used: callers run arrays
 * side by side. Errors: those of ht_scheme_check; HT_ERROR_NUMERIC (NaN or infinity: tensor and index);
 * HT_ERROR_LIMIT; HT_ERROR_MEMORY. */
ht_status ht__quantize_array(const ht_context *ctx, const ht_scheme *scheme, const ht_array *array,
                             const ht_quantize_outputs *outputs, ht_quantized *out, ht_error *err);
void ht__quantized_free(const ht_context *ctx, ht_quantized *quantized);

/* Signal-to-quantization-noise ratio, 10 log10(signal / noise); INFINITY when there is no noise. */
double ht__sqnr_db(const ht_quantize_error *error);

#endif
