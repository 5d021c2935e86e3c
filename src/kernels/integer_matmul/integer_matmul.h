/* Matrix products of codes.
 *
 * sum[..., i, j] = bias[j] + sum over k of (X[..., i, k] - x_zero) * (W[..., k, j] - w_zero[j])
 *
 * y is requantized from the sum, which is exact (requantize.h, whose operands are the inputs; columns are j).
 * x [..., M, K] (or [..., K, M] with transpose_x), w [..., K, N] (or [..., N, K] with transpose_w); leading dimensions
 * broadcast as in ONNX MatMul; y [..., M, N], i32 under the rule none, f32 under the rule real, else u8, i8, u16 or
 * i16. All plain.
 */
#ifndef HT_KERNELS_INTEGER_MATMUL_H
#define HT_KERNELS_INTEGER_MATMUL_H

#include "kernels/requantize.h"

typedef struct ht_integer_matmul_parameters {
    bool transpose_x, transpose_w;
    ht_requantize_parameters requantize;
} ht_integer_matmul_parameters;

extern const ht_kernel_family ht__integer_matmul_family;

#endif
