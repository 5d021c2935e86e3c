/* Matrix products with transposes, bias and activation.
 *
 * y[..., i, j] = activation(alpha * sum over k of A[..., i, k] * B[..., k, j] + beta * c[i, j])
 *
 * inputs a [..., M, K] (or [..., K, M] with transpose_a), b [..., K, N] (or [..., N, K] with transpose_b),
 * c: absent, [N], [1], [1,N], [M,1] or [M,N] (broadcast); output y [..., M, N]. Leading dimensions of a and b broadcast
 * as in ONNX MatMul. f32; each sum runs over k = 0 .. K-1 (references: in that order).
 */
#ifndef HT_KERNELS_MATMUL_H
#define HT_KERNELS_MATMUL_H

#include "kernels/activation.h"
#include "kernels/kernel.h"

typedef struct ht_matmul_parameters {
    bool transpose_a, transpose_b;
    float alpha, beta;
    ht_activation activation;
    float clip_low, clip_high;
} ht_matmul_parameters;

extern const ht_kernel_family ht__matmul_family;

/* Has the runtime a variant that packs this call's constant weights once? */
bool ht__matmul_packs(const ht_kernel_call *call, const ht_kernel_env *env);

#endif
