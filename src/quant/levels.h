/* Levels: the values that a group of weights may take, fitted to the group.
 *
 * A level set is a grid (equal steps), a table (sorted values) or a number format with a scale. Each locates a value
 * between two neighbouring levels; a rounding then picks one of them. Levels are counted by an integer in ascending
 * order of value, low .. high; a code is that integer minus `low`.
 */
#ifndef HT_QUANT_LEVELS_H
#define HT_QUANT_LEVELS_H

#include "base/context.h"
#include "halftone/quantize.h"
#include "numeric/format.h"
#include "quant/lookup.h"

typedef enum ht_levels_kind { HT_LEVELS_GRID, HT_LEVELS_TABLE, HT_LEVELS_FORMAT } ht_levels_kind;

typedef struct ht_levels {
    ht_levels_kind kind;
    int32_t low, high;       /* the levels' integers, at most 2^22 in magnitude */
    float scale;             /* > 0; tables fitted to the group have 1 */
    float half;              /* grid: value = (integer + half) * scale, half 0 or 1/2; ties go up when it is 1/2 */
    ht_lookup lookup;        /* table: the values and their index */
    bool shared;             /* table: the same for every group, scaled to each */
    int32_t first;           /* table: the level that values at or below the lowest one get; low, but for a quirk */
    ht_number_format format; /* format: value = decode(code) * scale */
    uint32_t bits;
} ht_levels;

/* For `count` finite values: integers of the levels at or below each (values outside: the end levels) and the part of
 * the way to the next level, in [0, 1]; tables made for rounding to nearest give the nearest level and 0 at once. */
void ht__levels_locate(const ht_levels *levels, const float *values, size_t count, int32_t *lower, float *fraction);
/* The values of the levels. */
void ht__levels_decode(const ht_levels *levels, const int32_t *chosen, size_t count, float *values);
/* The value `offset` levels above each chosen one, by interpolation between neighbouring levels, by the outermost
 * step beyond the ends; |offset| <= 1. For subtractive dither. */
void ht__levels_decode_offset(const ht_levels *levels, const int32_t *chosen, const float *offset, size_t count,
                              float *values);

/* The grid's part of the three functions above (grid.c). */
void ht__grid_locate(const ht_levels *levels, const float *values, size_t count, int32_t *lower, float *fraction);
void ht__grid_decode(const ht_levels *levels, const int32_t *chosen, size_t count, float *values);

typedef struct ht_fit ht_fit;
typedef struct ht_level_method {
    const char *name, *summary;
    uint32_t fixed_bits;     /* the only width, or 0 */
    uint32_t smallest_bits;  /* the smallest width */
    bool symmetric;          /* the levels reach equally far on both sides: the range should too */
    bool through_zero;       /* the range is widened to contain zero */
    uint32_t parameter_bits; /* what a decoder needs for each group beside the codes, for all but fitted tables */
    bool fitted_table;       /* the table itself is such a parameter: 32 bits for each level */
    /* Fills *out from the group's range fit->low .. fit->high and values. */
    ht_status (*make)(ht_fit *fit, ht_levels *out, ht_error *err);
} ht_level_method;

const ht_level_method *ht__level_method(const char *name);
const ht_level_method *ht__level_method_at(size_t index);

#endif
