/* Products of matrices of any type, where no kernel takes them: integers wrap around, everything else is summed in
 * double.
 */
#ifndef HT_OPS_PRODUCTS_H
#define HT_OPS_PRODUCTS_H

#include "ops/host.h"

/* Matrices in a tensor: element (i, k) of the one that begins at `first` is first + i * row + k * column. */
typedef struct ht_matrix_view {
    const ht_tensor_view *tensor;
    int64_t row, column;
} ht_matrix_view;

/* sum over k of a[i, k] * b[k, j]; the matrices begin at elements first_a and first_b. */
ht_scalar ht__matrix_dot(const ht_matrix_view *a, int64_t first_a, int64_t i, const ht_matrix_view *b, int64_t first_b,
                         int64_t j, int64_t depth);

#endif
