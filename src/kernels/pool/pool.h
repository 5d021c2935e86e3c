/* Pooling over windows, and its gradient. Input x [N,C,...], output y [N,C,...], one layout; the gradient is f32.
 *
 *   pool       inputs x of any type;   outputs y, indices (i64, plain; max only) or absent: the place of each maximum
 *              (the first largest) in x laid out plainly, or with the last spatial dimension slowest
 *   pool_grad  inputs dy, x (max only, else absent); output dx: for max, dy goes to the first largest element of its
 *              window in row-major order of the window; for average, dy / count to every element counted.
 *
 * Average: divides by the number of window elements inside x, or, with count_include_pad, inside x and its padding.
 * Norm: (sum |x|^power)^(1/power). The maximum of a window that lies in the padding is the type's lowest value.
 * Global pooling is a window as large as the map.
 */
#ifndef HT_KERNELS_POOL_H
#define HT_KERNELS_POOL_H

#include "kernels/kernel.h"

typedef enum ht_pool_kind { HT_POOL_MAX, HT_POOL_AVERAGE, HT_POOL_NORM } ht_pool_kind;

typedef struct ht_pool_parameters {
    ht_pool_kind kind;
    int32_t spatial; /* 1, 2 or 3 */
    int64_t window[3], strides[3], dilations[3], pads_begin[3], pads_end[3];
    bool count_include_pad;
    bool column_major; /* of the indices */
    int64_t power;     /* >= 1, of the norm */
} ht_pool_parameters;

extern const ht_kernel_family ht__pool_family, ht__pool_grad_family;

#endif
