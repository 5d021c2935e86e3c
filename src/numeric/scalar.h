/* One element of a tensor of any type as a number: what references that take every type are written with. */
#ifndef HT_NUMERIC_SCALAR_H
#define HT_NUMERIC_SCALAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "halftone/types.h"

typedef enum ht_scalar_kind { HT_SCALAR_REAL, HT_SCALAR_SIGNED, HT_SCALAR_UNSIGNED } ht_scalar_kind;

/* A number: `real` of floating-point types, else `integer` (of unsigned ones its bits as they stand). Both hold every
 * value of every type exactly. */
typedef struct ht_scalar {
    ht_scalar_kind kind;
    double real;
    int64_t integer;
} ht_scalar;

/* How a number that a narrow float (8 bits and fewer) cannot hold is stored. */
typedef enum ht_scalar_rounding { HT_SCALAR_NEAREST, HT_SCALAR_UP, HT_SCALAR_DOWN } ht_scalar_rounding;
typedef struct ht_scalar_storing {
    bool overflows; /* beyond the largest value: infinity or NaN, where the type has one, not the largest */
    ht_scalar_rounding rounding; /* of f8e8m0, whose values are the powers of two; the others round to nearest even */
} ht_scalar_storing;

/* What numbers of a type are read as. */
ht_scalar_kind ht__scalar_kind(ht_type type);
bool ht__type_is_float(ht_type type);
/* Is it an integer with a sign? */
bool ht__type_is_signed(ht_type type);
/* Bits of an element where it is packed: 2, 4, 6 of the narrow types, else 8 times its bytes. */
unsigned ht__type_bits(ht_type type);

/* Element `index` of `data`. */
ht_scalar ht__scalar_load(ht_type type, const void *data, int64_t index);
/* Stores a number. Integers wrap to the type's low bits. Real numbers are truncated towards zero, NaN gives 0; those
 * out of range saturate, but wrap in integers of less than 8 bits. Floats round to nearest, ties to even. bool is "not
 * zero". `storing` NULL: narrow floats saturate, to nearest. */
void ht__scalar_store(ht_type type, void *data, int64_t index, ht_scalar value, const ht_scalar_storing *storing);

static inline ht_scalar ht__scalar_of_real(double value) { return (ht_scalar){HT_SCALAR_REAL, value, 0}; }
static inline ht_scalar ht__scalar_of_integer(int64_t value) { return (ht_scalar){HT_SCALAR_SIGNED, 0.0, value}; }
/* The number as a double, rounded where it is a large integer. */
double ht__scalar_real(ht_scalar value);

/* The elements of a floating-point type: `bits` as a double, and a double as bits. */
double ht__float_decode(ht_type type, uint32_t bits);
uint32_t ht__float_encode(ht_type type, double value, const ht_scalar_storing *storing);

#endif
