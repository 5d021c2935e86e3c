/* What operators share when they become integer: the operands of products, requantization attributes. */
#ifndef HT_OPS_INTEGER_H
#define HT_OPS_INTEGER_H

#include "graph/integer.h"
#include "kernels/requantize.h"
#include "ops/common.h"

/* The attributes requantize ("none", "float", "fixed"), low, high and wide of an integer node. */
ht_status ht__integer_set_requantize(ht_integer *integer, ht_node *node, ht_error *err);
ht_status ht__integer_read_requantize(const ht_node *node, ht_requantize_parameters *out, ht_error *err);
/* The type of a product's codes: that of its zero point; i32 without one. */
ht_type ht__integer_product_type(const ht_node *node);

/* Adds the node `op_name` with the operands of requantize.h for a product of input 0 with input 1 and the bias in input
 * 2 (if there is one); `columns` is the number of output channels. *out is NULL when the operands are not all codes.
 * The caller adds attributes and gives the result. */
ht_status ht__integer_product(ht_integer *integer, const ht_node *node, const char *op_name, int64_t columns,
                              ht_node **out, ht_error *err);

/* The shape of a product of matrices that may be transposed, with `type` as its element type. Errors:
 * HT_ERROR_MISMATCH, HT_ERROR_UNSUPPORTED (vectors). */
ht_status ht__integer_matmul_infer(ht_node *node, const ht_tensor_desc *x, const ht_tensor_desc *w, bool transpose_x,
                                   bool transpose_w, ht_type type, ht_error *err);

/* The integer forms of standard operators. */
ht_status ht__integer_Conv(ht_integer *integer, const ht_node *node, ht_error *err);
ht_status ht__integer_Gemm(ht_integer *integer, const ht_node *node, ht_error *err);
ht_status ht__integer_MatMul(ht_integer *integer, const ht_node *node, ht_error *err);

/* Copies the attributes of `from` that are named; `names` ends with NULL. */
ht_status ht__copy_attributes(ht_graph *graph, const ht_node *from, const char *const *names, ht_node *to,
                              ht_error *err);

/* The fixed-point form of m >= 0: multiplier and shift as in kernels/fixed_point.h; a multiplier of 0 for m below
 * 2^-32. LiteRT's QuantizeMultiplier. False when m is not finite or too large (shift above 30). */
bool ht__fixed_multiplier(double m, int32_t *multiplier, int32_t *shift);

#endif
