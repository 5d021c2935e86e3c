/* Kernels that move or convert elements without arithmetic. Any element type unless said otherwise.
 *
 *   transpose  input x; output y with y.dims[i] = x.dims[permutation[i]]; input and output each have their own layout,
 * so the identity permutation is the change of layout copy       input x; output y: the same number of elements, both
 * plain (reshape, flatten, identity) concat     inputs x0 .. xn; output y, along `axis`, all of one layout pad inputs
 * x; output y: begin[i] elements before axis i and end[i] after it (negative: cropped), all one layout; mode constant,
 * reflect, edge, wrap slice      input x; output y[i...] = x[begin + i * step], plain gather     inputs x, indices (i64
 * or i32 or u8 or u16, negative counts from the end); output along `axis`, plain. An index out of range fails the run
 * with HT_ERROR_ARGUMENT cast       input x; output y of another type, as ht__scalar_store says expand     input x;
 * output y, broadcast as NumPy does, plain
 */
#ifndef HT_KERNELS_MOVE_H
#define HT_KERNELS_MOVE_H

#include "kernels/kernel.h"
#include "numeric/scalar.h"

typedef enum ht_pad_mode { HT_PAD_CONSTANT, HT_PAD_REFLECT, HT_PAD_EDGE, HT_PAD_WRAP } ht_pad_mode;

typedef struct ht_transpose_parameters {
    int32_t permutation[HT_MAX_RANK];
} ht_transpose_parameters;
typedef struct ht_axis_parameters { /* concat, gather */
    int32_t axis;                   /* 0 .. rank-1 */
} ht_axis_parameters;
typedef struct ht_pad_parameters {
    ht_pad_mode mode;
    unsigned char filler[8]; /* constant: one element of the type */
    int64_t begin[HT_MAX_RANK], end[HT_MAX_RANK];
} ht_pad_parameters;
typedef struct ht_slice_parameters {
    int64_t begin[HT_MAX_RANK], step[HT_MAX_RANK]; /* step != 0; begin is inside x */
} ht_slice_parameters;

typedef struct ht_cast_parameters {
    ht_scalar_storing storing;
} ht_cast_parameters;

extern const ht_kernel_family ht__transpose_family, ht__copy_family, ht__concat_family, ht__pad_family,
    ht__slice_family, ht__gather_family, ht__cast_family, ht__expand_family;

#endif
