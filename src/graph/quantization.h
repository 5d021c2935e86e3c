/* What a quantization annotation means: which group an element belongs to, and the real number that its code stands
 * for. */
#ifndef HT_GRAPH_QUANTIZATION_H
#define HT_GRAPH_QUANTIZATION_H

#include "graph/graph.h"

/* A tensor seen as [outer][channels][inner] around the channel axis. A channel's elements, in the order (outer, inner),
 * are cut into `blocks` runs of `block_length` (the last may be shorter). */
typedef struct ht_group_view {
    int64_t outer, channels, inner, block_length, blocks;
} ht_group_view;

/* Errors: HT_ERROR_MISMATCH when axis, block or groups do not fit the shape, which must be known. */
ht_status ht__group_view(const ht_quantization *quantization, const ht_tensor_desc *desc, ht_group_view *out,
                         ht_error *err);
/* The group of the element at `index` (row-major). */
static inline size_t ht__group_of(const ht_group_view *view, int64_t index) {
    int64_t inner = index % view->inner, channel = index / view->inner % view->channels;
    int64_t outer = index / view->inner / view->channels;
    return (size_t)(channel * view->blocks + (outer * view->inner + inner) / view->block_length);
}
/* The real numbers, f32[elements], that a constant's codes stand for: every step in f32, as the exported nodes compute
 * them. Errors: as ht__group_view; HT_ERROR_FORMAT when a code is outside its table. */
ht_status ht__quantization_decode(const ht_quantization *quantization, const ht_tensor_desc *desc, float *out,
                                  ht_error *err);
/* Are the codes of an affine annotation, and all its zero points, integers of `bits` bits (at most 16)? */
bool ht__quantization_fits(const ht_quantization *quantization, int32_t bits);
/* The type in which files keep the codes. */
ht_type ht__quantization_code_type(const ht_quantization *quantization);

#endif
