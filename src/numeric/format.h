/* Number formats: what a code of a few bits means. One file each; format.c holds the list.
 *
 * A format is a bijection between codes 0 .. 2^bits - 1 and values, given without any scale. Bit layout from the most
 * significant bit down: sign, exponent, mantissa (integers: two's complement or plain; codebooks: an index).
 */
#ifndef HT_NUMERIC_FORMAT_H
#define HT_NUMERIC_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ht_number_format ht_number_format;
struct ht_number_format {
    const char *name;    /* "f8e4m3" */
    const char *summary; /* one line */
    /* Widths of the three fields; integers and codebooks have exponent_bits 0 and count their digits as mantissa. */
    uint8_t bits, sign_bits, exponent_bits, mantissa_bits;
    int16_t bias;      /* of the exponent */
    uint32_t largest;  /* code of the largest finite value */
    bool has_infinity; /* the codes after `largest` are infinity and NaN (IEEE 754); else NaN only, or none */
    float (*decode)(const ht_number_format *format, uint32_t code);
    /* The nearest value's code, ties to the even code. Out of range: see `beyond`. NaN has no code unless stated. */
    uint32_t (*encode)(const ht_number_format *format, float value);
    const char *error_bound;         /* of encode, for values within range */
    const char *zero, *nan, *beyond; /* what zero, NaN, and values beyond the largest (also infinities) give */
};

/* The format called `name`, or NULL. */
const ht_number_format *ht__number_format(const char *name);
/* The `index`-th format, or NULL past the end. */
const ht_number_format *ht__number_format_at(size_t index);

#endif
