/* What elementwise operators of two tensors share when they become integer. */
#ifndef HT_OPS_INTEGER_BINARY_H
#define HT_OPS_INTEGER_BINARY_H

#include "kernels/integer_binary/integer_binary.h"
#include "ops/integer.h"

/* Gives the result of a node of two inputs as an IntegerBinary; nothing when an input has no codes. `fixed` fills the
 * left shift, multipliers and shifts of the rule `fixed` from the scales of x, z and y; false when they cannot be had.
 */
typedef bool ht_integer_binary_fixed(const float scale[3], ht_type type, ht_integer_binary_parameters *out);
ht_status ht__integer_binary_give(ht_integer *integer, const ht_node *node, ht_integer_binary function,
                                  ht_integer_binary_fixed *fixed, ht_error *err);
/* Of Add and Sub: x and z are shifted up by 20 bits (15 for 16-bit codes) and brought to twice the larger scale, s =
 * 2 max(s_x, s_z): multipliers s_x / s, s_z / s and s / (2^left s_y). */
ht_integer_binary_fixed ht__integer_sum_fixed;

#endif
