/* Quantization schemes: which few numbers may stand for a tensor's many, and how each value finds its place.
 *
 * A scheme combines four choices, each with its own list: levels, rounding, granularity and range. It is plain data:
 * make one by name or from text, change fields, print it. The same scheme, seed and tensor give the same result for
 * any number of threads.
 */
#ifndef HALFTONE_QUANTIZE_H
#define HALFTONE_QUANTIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "halftone/context.h"
#include "halftone/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HT_BITS_MAX 16
/* Room that ht_scheme_print needs at most, with the terminating NUL. */
#define HT_SCHEME_TEXT 320

/* Deviations of the capstone study (2020) from what its methods say, for comparing with its numbers. */
typedef enum ht_quirk {
    HT_QUIRK_JOINT_BIAS = 1,  /* one level set from a layer's weight and bias together (granularity tensor) */
    HT_QUIRK_UNSORTED = 2,    /* the prior's level set is not sorted: the smallest weight gets the first quantile */
    HT_QUIRK_OPEN_FENCE = 4,  /* the IQR fence is not cut at the smallest and the largest value */
    HT_QUIRK_UNCLIPPED = 8,   /* mid-rise uses as many cells as the values reach, also more than 2^bits */
    HT_QUIRK_SINGLE_ROW = 16, /* mid-rise: a tensor whose first dimension is 1 takes each value / 2^bits as step */
    HT_QUIRK_TIES_UP = 32     /* a value halfway between two levels goes to the upper one */
} ht_quirk;
#define HT_QUIRKS_CAPSTONE                                                                                      \
    (HT_QUIRK_JOINT_BIAS | HT_QUIRK_UNSORTED | HT_QUIRK_OPEN_FENCE | HT_QUIRK_UNCLIPPED | HT_QUIRK_SINGLE_ROW | \
     HT_QUIRK_TIES_UP)

typedef struct ht_scheme {
    char name[40];            /* the preset it came from; empty when made from text */
    char levels[24];          /* a name of HT_CHOICE_LEVELS */
    char round[24];           /* a name of HT_CHOICE_ROUND */
    char granularity[24];     /* a name of HT_CHOICE_GRANULARITY: "tensor", "channel" or "block" */
    char range[24];           /* a name of HT_CHOICE_RANGE */
    uint32_t bits;            /* width of a weight, 1..16 */
    uint32_t activation_bits; /* width of an activation, 2..16; 0: activations stay float */
    uint32_t block;           /* values in a block, 1..2^20; used by granularity "block" */
    uint32_t exponent_bits;   /* of "minifloat" and "mx": 1..8; with mantissa_bits makes up bits - 1; 0: by width */
    uint32_t mantissa_bits;   /* of "minifloat" and "mx": 0..10 */
    double percentile;        /* range "percentile": per cent of the values that lie inside, in (0, 100] */
    double fence;             /* range "iqr": multiples of the interquartile range beyond the quartiles, >= 0 */
    double momentum;          /* range "moving-average": weight of the past, in [0, 1) */
    uint64_t seed;            /* of the random roundings */
    uint32_t quirks;          /* ht_quirk, or'ed */
} ht_scheme;

/* The four lists of choices, and the list of presets. */
typedef enum ht_choice {
    HT_CHOICE_LEVELS,
    HT_CHOICE_ROUND,
    HT_CHOICE_GRANULARITY,
    HT_CHOICE_RANGE,
    HT_CHOICE_PRESET
} ht_choice;
/* The `index`-th name of a list and one line about it, in *name and *summary (either may be NULL); false past the end.
 * The texts live as long as the library. */
HT_API bool ht_choice_at(ht_choice choice, size_t index, const char **name, const char **summary);

/* 8-bit affine levels, nearest, one range per tensor from minimum to maximum, activations float. */
HT_API void ht_scheme_init(ht_scheme *scheme);
/* Fills *scheme from the preset `name` ("mid-rise", "nearest/uniform", "int8", "nf4", ...), or from a text such as
 * "levels=mid-rise,round=nearest,granularity=block:32,range=percentile:99.9,bits=4/8,seed=1,quirks=joint-bias", where
 * each part may be missing, or from both: "nf4,granularity=block:128". bits=W/A gives weights and activations.
 * Errors: HT_ERROR_NOT_FOUND (unknown name; the message says the nearest one), HT_ERROR_ARGUMENT. */
HT_API ht_status ht_scheme_parse(const char *text, ht_scheme *scheme, ht_error *err);
/* Writes the stable text form, which ht_scheme_parse reads back, to text[HT_SCHEME_TEXT]. Defaults that do not matter
 * to the chosen methods are left out. */
HT_API void ht_scheme_print(const ht_scheme *scheme, char *text);
/* Checks every field. Errors: HT_ERROR_NOT_FOUND, HT_ERROR_ARGUMENT with what is allowed. */
HT_API ht_status ht_scheme_check(const ht_scheme *scheme, ht_error *err);
/* The width that the levels force (f16: 16, bf16: 16), or 0 when every width in 1..16 is free. */
HT_API uint32_t ht_scheme_fixed_bits(const ht_scheme *scheme);
/* True when the rounding draws random numbers, so that different seeds give different results. */
HT_API bool ht_scheme_is_random(const ht_scheme *scheme);

#ifdef __cplusplus
}
#endif
#endif
