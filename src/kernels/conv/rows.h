/* What the plain-C convolutions of channels-last maps share: where each result position finds its inputs. */
#ifndef HT_KERNELS_CONV_ROWS_H
#define HT_KERNELS_CONV_ROWS_H

#include "kernels/conv/variants.h"
#include "kernels/window.h"

/* For each position of the result and each window element the offset, in elements, of the input position inside an
 * image, or -1 in the padding. Positions and window elements count in row-major order. */
typedef struct ht_conv_table {
    int64_t positions, window_size;
    int32_t *offsets; /* [positions][window_size] */
} ht_conv_table;

/* Channels-last maps, one group, not empty, and a table of reasonable size? `x` and `y` are map and result of the
 * forward convolution. */
bool ht__conv_rows_accept(const ht_kernel_call *call, const ht_tensor_desc *x, const ht_tensor_desc *w,
                          const ht_tensor_desc *y, const char **reason);
size_t ht__conv_table_bytes(const ht_tensor_desc *result, const ht_tensor_desc *w);
/* Fills the table into `memory`. Backward: the result is dx, its inputs are the positions of dy that read it. */
void ht__conv_table_fill(const ht_conv_parameters *p, const ht_tensor_desc *x, const ht_tensor_desc *w,
                         const ht_tensor_desc *y, bool backward, int32_t *memory, ht_conv_table *out);

#endif
