/* How quantized tensors are written as standard nodes; folding recognises exactly these forms.
 *
 *   affine, 8 bits or fewer, one scale for all or one per channel, zero points that are codes; biases of 32 bits:
 *       DequantizeLinear(codes i8|u8|i32, scale, zero_point)
 *   other affine:   Mul(Sub(Cast(codes), zero_point), scale)
 *   codebook:       Gather(table, Cast(codes) [+ offsets of each group's table]) [* scale]
 *   f16 and bf16:   Cast(codes)
 *   activations:    [Clip,] QuantizeLinear, DequantizeLinear; u8 or i8, above 8 bits u16 or i16 (operator set 21)
 *
 * With blocks, codes are stored as [channels, blocks, block_length], padded with code 0, and parameters as
 * [channels, blocks, 1]; then
 *       [Reshape to [channels, blocks * block_length], Slice to [channels, length]]  when the last block is short
 *       [Reshape to [channels, outer, inner], Transpose to [outer, channels, inner]] when outer > 1
 *       Reshape to the tensor's shape
 * give the tensor.
 */
#ifndef HT_FORMATS_ONNX_QUANTIZED_H
#define HT_FORMATS_ONNX_QUANTIZED_H

#include "formats/onnx/document.h"
#include "graph/quantization.h"

/* Ends the name of a codebook's levels that a scale follows. */
#define ONNX_SUFFIX_LEVELS ".levels"

/* The integer at `index` of an i8, u8, i16 or u16 tensor. */
int32_t ht__onnx_code_at(const onnx_tensor *tensor, int64_t index);

/* What a Clip lets through so that the codes stay within the width: the real numbers of the smallest and the largest
 * code. */
typedef struct onnx_clip_range {
    float low, high;
} onnx_clip_range;
onnx_clip_range ht__onnx_clip_range(const ht_quantization *quantization);

/* The group view with a lone channel turned into no channel axis: the same groups, one way to write them. */
ht_status ht__onnx_group_view(const ht_quantization *quantization, const ht_tensor_desc *desc, ht_group_view *out,
                              ht_error *err);
/* With blocks: where the element at `index` of the tensor is stored. */
static inline int64_t ht__onnx_stored_at(const ht_group_view *view, int64_t index) {
    int64_t inner = index % view->inner, channel = index / view->inner % view->channels;
    int64_t outer = index / view->inner / view->channels;
    return channel * view->blocks * view->block_length + outer * view->inner + inner;
}

/* Adds the metadata text with the widths and schemes of all annotated values. */
ht_status ht__onnx_hints_write(const ht_graph *graph, onnx_document *document, ht_error *err);

#endif
