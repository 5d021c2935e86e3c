/* Functions of one tensor of codes as tables, and what operators need to make them. */
#ifndef HT_OPS_LOOKUP_H
#define HT_OPS_LOOKUP_H

#include "ops/integer.h"

/* What a table's entries are computed from. */
typedef struct ht_lookup {
    ht_codes x, y;
    int32_t low, high; /* codes that may come out */
    bool fixed;        /* the graph's rule */
    float a, b;        /* the operator's parameters */
} ht_lookup;

/* Gives the node's result as a Lookup whose entry for the code q is entry(lookup, q), clamped to low .. high; `a` and
 * `b` go into the lookup. Nothing is given when input 0 has no codes. */
typedef int64_t ht_lookup_entry(const ht_lookup *lookup, int32_t q);
ht_status ht__lookup_give(ht_integer *integer, const ht_node *node, float a, float b, ht_lookup_entry *entry,
                          ht_error *err);

/* The real number that a code stands for, in f32. */
static inline float ht__lookup_real(const ht_lookup *lookup, int32_t q) {
    return (float)(q - lookup->x.zero) * lookup->x.scale;
}
/* The code of a real number: float: round_half_even(x / s_y) + zero_y; fixed: x * (1 / s_y) in f32, ties away from zero
 * (LiteRT's LUTPopulate). NaN becomes zero_y. */
int64_t ht__lookup_code(const ht_lookup *lookup, float real);

/* Does LiteRT have integer formulas for the function, and not a table: rule `fixed`, codes of 16 bits around zero, a
 * result in 32768ths? */
bool ht__lookup_is_wide(const ht_lookup *lookup);
/* The result's codes by these formulas (reference_integer_ops::Logistic and Tanh for int16_t). With v the input in
 * 12288ths and T[i] about 65536 / (1 + exp(-i / 24)), lines between the entries:
 *
 *     logistic   T at |v| / 512, 17 bits for 1, mirrored for v < 0, rounded to 15 bits
 *     tanh       2 T at |v| / 256, less 1, likewise */
int64_t ht__lookup_wide_logistic(const ht_lookup *lookup, int32_t q);
int64_t ht__lookup_wide_tanh(const ht_lookup *lookup, int32_t q);

/* Gives `made` as the node's result: as it is, or brought to the result's scale, zero point and range. */
ht_status ht__lookup_finish(ht_integer *integer, const ht_node *node, const ht_codes *made, ht_error *err);

/* Brings the codes of input 0 to the result's scale and zero point; the same codes when they agree.
 * fixed: y = zero_y + M(q - zero_x), M by s_x / s_y in double (LiteRT's Requantize). */
ht_status ht__integer_requantize(ht_integer *integer, const ht_node *node, ht_error *err);
/* Table, nodes and all for codes that are not a node's input: *out is `x` brought to `y`'s scale and zero point (only
 * type, scale and zero count of it), or x.value itself. */
ht_status ht__lookup_requantize(ht_integer *integer, const ht_node *source, const ht_codes *x, const ht_codes *y,
                                ht_value **out, ht_error *err);

/* The operator of a moving node on codes: the same operator and attributes on the codes of input 0, the other inputs as
 * they are; then brought to the result's scale. */
ht_status ht__integer_move(ht_integer *integer, const ht_node *node, ht_error *err);

/* The operator of a node that selects among all its inputs, or joins them, on codes: every input brought to the
 * result's scale first, which rounds the same numbers as rounding behind the operator would. Rule `fixed` knows this
 * with one scale for all only. */
ht_status ht__integer_join(ht_integer *integer, const ht_node *node, ht_error *err);

#endif
