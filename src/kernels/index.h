/* Logical indices and memory offsets, for references: clear before fast. */
#ifndef HT_KERNELS_INDEX_H
#define HT_KERNELS_INDEX_H

#include "base/tensor.h"

/* Steps `index` to the next one in row-major order, the last dimension fastest; false (and all zeros) after the last.
 */
bool ht__index_next(int32_t rank, const int64_t *dims, int64_t *index);
/* sum of index[i] * strides[i]. */
int64_t ht__index_offset(int32_t rank, const int64_t *index, const int64_t *strides);
/* Strides that read `desc` as if it were broadcast to `rank` dimensions (NumPy's rule: aligned at the last dimension,
 * a dimension of size 1 repeats): 0 along every repeated dimension. desc->rank <= rank. */
void ht__index_broadcast(const ht_tensor_desc *desc, int32_t rank, int64_t strides[HT_MAX_RANK]);
/* Product of dims[begin .. end-1]. */
int64_t ht__index_product(const int64_t *dims, int32_t begin, int32_t end);

#endif
