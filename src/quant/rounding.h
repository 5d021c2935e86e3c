/* Roundings: which of the levels around a value it becomes. One file each in rounding/; the list is in rounding.c. */
#ifndef HT_QUANT_ROUNDING_H
#define HT_QUANT_ROUNDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A piece of a tensor, located between its levels. */
typedef struct ht_rounding_input {
    size_t count;
    const int32_t *lower;  /* the level at or below each value */
    const float *fraction; /* the part of the way to the next, in [0, 1] */
    const float *noise;    /* uniform in [0, 1); `draws` arrays of `count`, one after the other */
    int32_t low, high;     /* the end levels */
    bool ties_up;
} ht_rounding_input;

typedef struct ht_rounding {
    const char *name, *summary;
    int draws;        /* random numbers for each value, 0..2 */
    bool subtractive; /* the decoder subtracts offset[] steps again */
    bool adaptive;    /* a start: calibration samples decide afterwards (adapt.h); needs even levels that have codes */
    /* Chooses a level in low .. high for each value; fills offset[] in [-1/2, 1/2) only when subtractive. */
    void (*choose)(const ht_rounding_input *input, int32_t *chosen, float *offset);
} ht_rounding;

const ht_rounding *ht__rounding(const char *name);
const ht_rounding *ht__rounding_at(size_t index);

extern const ht_rounding ht__round_nearest, ht__round_stochastic, ht__round_dithered, ht__round_dithered_subtractive,
    ht__round_adaptive;

#endif
