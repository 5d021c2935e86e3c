/* What checks of matrix products have in common. */
#ifndef HT_KERNELS_MATMUL_RULES_H
#define HT_KERNELS_MATMUL_RULES_H

#include "base/tensor.h"

/* Do a and b, each transposed or not, give y? Leading dimensions broadcast. NULL or what is wrong. */
const char *ht__check_matrices(const ht_tensor_desc *a, bool transpose_a, const ht_tensor_desc *b, bool transpose_b,
                               const ht_tensor_desc *y);

#endif
