/* How quantized tensors are written as standard nodes; folding recognises exactly these forms.
 *
 *   affine, 8 bits or fewer, one scale for all or one per channel, zero points that are codes; biases of 32 bits:
 *       DequantizeLinear(codes i8|u8|i32, scale, zero_point)
 *   the same, packed: codes in the first of i2|u2 (operator set 25), i4|u4 (21), i8|u8 that holds codes and zero
 * points; blocks by block_size (21), as below other affine:   Mul(Sub(Cast(codes), zero_point), scale) codebook:
 * Gather(table, Cast(codes) [+ offsets of each group's table]) [* scale] f16 and bf16:   Cast(codes) activations:
 * [Clip,] QuantizeLinear, DequantizeLinear; u8 or i8, above 8 bits u16 or i16 (operator set 21), packed as above; Clip
 * where the width is not that of the type
 *
 * A channel's blocks run over its elements in the order (outer, inner) (graph/quantization.h). DequantizeLinear with
 * block_size takes codes
 *       [outer, channels], axis 0, scales [blocks, channels]         when inner = 1
 *       [channels, length], axis 1, scales [channels, blocks]        else; [length] of a tensor of rank 1
 * and is followed, where that is not the tensor's shape, by the nodes that begin with the second line below.
 *
 * In the other forms codes are stored as [channels, blocks, block_length], padded with code 0, and parameters as
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
/* Ends the name of what is decoded, but not yet of the tensor's shape. */
#define ONNX_SUFFIX_BLOCKS ".blocks"

/* Is this a type of codes: an integer of 2, 4, 8 or 16 bits? */
bool ht__onnx_is_code_type(ht_type type);
/* The integer at `index` of a tensor of such codes. */
int32_t ht__onnx_code_at(const onnx_tensor *tensor, int64_t index);

/* Does DequantizeLinear decode this constant, which is cut into `blocks` per channel? Else other nodes do. */
bool ht__onnx_dequantizes(const ht_quantization *quantization, int64_t blocks);
/* The first operator set with the nodes that an annotated value is written as. */
int64_t ht__onnx_quantization_since(const ht_value *value);

/* What a Clip lets through so that the codes stay within the width: the real numbers of the smallest and the largest
 * code. */
typedef struct onnx_clip_range {
    float low, high;
} onnx_clip_range;
onnx_clip_range ht__onnx_clip_range(const ht_quantization *quantization);

/* The group view with a lone channel turned into no channel axis: the same groups, one way to write them. */
ht_status ht__onnx_group_view(const ht_quantization *quantization, const ht_tensor_desc *desc, ht_group_view *out,
                              ht_error *err);
/* Where the element at `index` of the tensor is stored, when each channel's elements lie together in runs of `run`. */
static inline int64_t ht__onnx_stored_at(const ht_group_view *view, int64_t run, int64_t index) {
    int64_t inner = index % view->inner, channel = index / view->inner % view->channels;
    int64_t outer = index / view->inner / view->channels;
    return channel * run + outer * view->inner + inner;
}

/* Adds the metadata text with the widths and schemes of all annotated values. */
ht_status ht__onnx_hints_write(const ht_graph *graph, onnx_document *document, ht_error *err);

#endif
