/* What a tensor is: element type, logical dimensions, physical layout. */
#ifndef HT_BASE_TENSOR_H
#define HT_BASE_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "halftone/types.h"

/* How elements lie in memory. Dimensions are always the logical ones (N, C, spatial...); channels-last only says that
 * the channel index moves fastest. For rank below 3 the two are the same. */
typedef enum ht_layout { HT_LAYOUT_PLAIN = 0, HT_LAYOUT_CHANNELS_LAST = 1 } ht_layout;

typedef struct ht_tensor_desc {
    ht_type type;
    ht_layout layout;
    int32_t rank;              /* 0 .. HT_MAX_RANK; 0 is a scalar */
    int64_t dims[HT_MAX_RANK]; /* each >= 0 once a plan is compiled; -1: not known yet */
} ht_tensor_desc;

/* Number of elements; -1 when a dimension is unknown or the product does not fit. */
int64_t ht__desc_elements(const ht_tensor_desc *desc);
/* Is the shape one that arithmetic on dimensions cannot overflow: at most 2^40 elements, counting unknown and empty
 * dimensions as 1? Shapes from files are refused otherwise. */
bool ht__desc_is_sane(const ht_tensor_desc *desc);
/* Bytes, checked: false when unknown or too large. */
bool ht__desc_bytes(const ht_tensor_desc *desc, size_t *out);
/* Same rank and dimensions. */
bool ht__desc_same_shape(const ht_tensor_desc *a, const ht_tensor_desc *b);
/* Strides in elements of each logical dimension under the layout. */
void ht__desc_strides(const ht_tensor_desc *desc, int64_t strides[HT_MAX_RANK]);
/* "f32[1,3,32,32]"; returns `text`. */
char *ht__desc_print(const ht_tensor_desc *desc, char *text, size_t size);

#endif
