/* What the checks of calls from files (ht_kernel_rules) have in common. */
#ifndef HT_KERNELS_RULES_H
#define HT_KERNELS_RULES_H

#include "kernels/conv/conv.h"
#include "kernels/field.h"
#include "kernels/pool/pool.h"
#include "kernels/requantize.h"

/* Far beyond any model, and products of these with each other and with positions stay within 64 bits. */
#define HT_MOST_STEP (INT64_C(1) << 20)
#define HT_MOST_SIZE (INT64_C(1) << 31)

/* ---- members that several families have ---- */

#define HT_CONV_FIELDS(type, conv)                                                                                 \
    HT_I32_FIELD(type, conv spatial, 1, 3), HT_I64_FIELD(type, conv groups, 1, HT_MOST_SIZE),                      \
        HT_I64_FIELD(type, conv strides, 0, HT_MOST_STEP), HT_I64_FIELD(type, conv dilations, 0, HT_MOST_STEP),    \
        HT_I64_FIELD(type, conv pads_begin, -HT_MOST_STEP, HT_MOST_STEP),                                          \
        HT_I64_FIELD(type, conv pads_end, -HT_MOST_STEP, HT_MOST_STEP), HT_I32_FIELD(type, conv activation, 0, 2), \
        HT_F32_FIELD(type, conv clip_low), HT_F32_FIELD(type, conv clip_high)
#define HT_POOL_FIELDS(type, pool)                                                                                   \
    HT_I32_FIELD(type, pool kind, 0, 2), HT_I32_FIELD(type, pool spatial, 1, 3),                                     \
        HT_I64_FIELD(type, pool window, 0, HT_MOST_SIZE), HT_I64_FIELD(type, pool strides, 0, HT_MOST_STEP),         \
        HT_I64_FIELD(type, pool dilations, 0, HT_MOST_STEP),                                                         \
        HT_I64_FIELD(type, pool pads_begin, -HT_MOST_STEP, HT_MOST_STEP),                                            \
        HT_I64_FIELD(type, pool pads_end, -HT_MOST_STEP, HT_MOST_STEP), HT_BOOL_FIELD(type, pool count_include_pad), \
        HT_BOOL_FIELD(type, pool column_major), HT_I64_FIELD(type, pool power, 0, HT_MOST_SIZE)
#define HT_REQUANTIZE_FIELDS(type, requantize) HT_REQUANTIZE_FIELDS_TO(type, requantize, HT_REQUANTIZE_FIXED)
/* For families that know the rules up to `last`. */
#define HT_REQUANTIZE_FIELDS_TO(type, requantize, last)                                                     \
    HT_I32_FIELD(type, requantize.rule, 0, last), HT_I32_FIELD(type, requantize.low, INT32_MIN, INT32_MAX), \
        HT_I32_FIELD(type, requantize.high, INT32_MIN, INT32_MAX), HT_I32_FIELD(type, requantize.way, 0, 2)
#define HT_RESIZE_FIELDS(type, resize)                                                   \
    HT_I32_FIELD(type, resize mode, 0, 2), HT_I32_FIELD(type, resize coordinate, 0, 5),  \
        HT_I32_FIELD(type, resize rounding, 0, 3), HT_F32_FIELD(type, resize scale),     \
        HT_BOOL_FIELD(type, resize exact_length), HT_BOOL_FIELD(type, resize antialias), \
        HT_BOOL_FIELD(type, resize exclude_outside), HT_F32_FIELD(type, resize cubic_a), \
        HT_F32_FIELD(type, resize begin), HT_F32_FIELD(type, resize end), HT_F32_FIELD(type, resize extrapolation)

/* ---- operands ---- */

/* Are there least .. most inputs, the first `least` of them present, and the same of outputs? */
bool ht__check_counts(const ht_kernel_call *call, uint32_t least, uint32_t most, uint32_t least_outputs,
                      uint32_t most_outputs);
/* Same type, rank and dimensions? */
bool ht__check_alike(const ht_tensor_desc *a, const ht_tensor_desc *b);
/* Does `from` broadcast to `to`, as NumPy does? */
bool ht__check_broadcasts(const ht_tensor_desc *from, const ht_tensor_desc *to);
/* Is input i absent, or of this type (HT_NONE: any) with this many elements? */
bool ht__check_vector(const ht_kernel_call *call, uint32_t i, ht_type type, int64_t elements);
/* u8, i8, u16 or i16? */
bool ht__check_codes(ht_type type);
/* Are low and high codes of this type, in order? */
bool ht__check_limits(const ht_requantize_parameters *p, ht_type type);

/* Do windows of these sizes fit the map x and give y, both [N, channels, spatial...] of one layout? Those of a ceiling
 * may hang over. */
bool ht__check_window(int32_t spatial, const ht_tensor_desc *x, const ht_tensor_desc *y, const int64_t *sizes,
                      const int64_t *strides, const int64_t *dilations, const int64_t *pads_begin,
                      const int64_t *pads_end);
/* The same of a convolution with weights w, x being its map and y its result. NULL or what is wrong. */
const char *ht__check_conv(const ht_conv_parameters *p, const ht_tensor_desc *x, const ht_tensor_desc *w,
                           const ht_tensor_desc *y);
const char *ht__check_pool(const ht_pool_parameters *p, const ht_tensor_desc *x, const ht_tensor_desc *y);
/* The operands of an integer product (kernels/requantize.h) with so many columns. NULL or what is wrong. */
const char *ht__check_product(const ht_kernel_call *call, const ht_requantize_parameters *p, int64_t columns);

#endif
