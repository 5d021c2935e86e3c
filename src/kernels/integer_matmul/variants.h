/* The runtime's variants of the integer matrix product. */
#ifndef HT_KERNELS_INTEGER_MATMUL_VARIANTS_H
#define HT_KERNELS_INTEGER_MATMUL_VARIANTS_H

#include "kernels/byte_product.h"
#include "kernels/integer_matmul/integer_matmul.h"

/* The matrices of one call. */
typedef struct ht_integer_matrices {
    int64_t m, n, k;
    int64_t x_row, x_column, w_row, w_column;                               /* strides: of i, k in x; of k, j in w */
    int32_t batch_rank;                                                     /* leading dimensions of y */
    int64_t batch[HT_MAX_RANK], x_batch[HT_MAX_RANK], w_batch[HT_MAX_RANK]; /* sizes; strides, 0 where repeated */
} ht_integer_matrices;
void ht__integer_matrices_of(const ht_kernel_call *call, ht_integer_matrices *out);

#define HT_INTEGER_MATMUL_DECLARE(isa) extern const ht_kernel_variant ht__integer_matmul_##isa;
HT_BYTE_ENGINE_LIST(HT_INTEGER_MATMUL_DECLARE)
#undef HT_INTEGER_MATMUL_DECLARE
extern const ht_kernel_variant ht__integer_matmul_tiles, ht__integer_matmul_reference;
/* Sound calls (kernels/rules.h). */
extern const ht_kernel_rules ht__integer_matmul_rules;

#endif
