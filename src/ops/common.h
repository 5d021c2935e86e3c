/* What several operators share: shape rules, window attributes, axes, and the lowering of elementwise functions. */
#ifndef HT_OPS_COMMON_H
#define HT_OPS_COMMON_H

#include "graph/op.h"
#include "kernels/elementwise/elementwise.h"

/* Sets an output's description; dimensions known before and unknown now are kept. HT_ERROR_MISMATCH when two known
 * descriptions differ. */
ht_status ht__set_output(ht_node *node, uint32_t index, const ht_tensor_desc *desc, ht_error *err);
/* Output 0 is like input 0. */
ht_status ht__infer_same(const ht_graph *graph, ht_node *node, ht_error *err);
/* Output 0 is like input 1 (gradients: (y, dy) -> dx). */
ht_status ht__infer_like_second(const ht_graph *graph, ht_node *node, ht_error *err);
/* Output 0 is inputs 0 and 1 broadcast (NumPy's rule), of input 0's type. */
ht_status ht__infer_broadcast(const ht_graph *graph, ht_node *node, ht_error *err);
/* The same, of type bool. */
ht_status ht__infer_compare(const ht_graph *graph, ht_node *node, ht_error *err);
/* Output 0 is like input 0, of type bool. */
ht_status ht__infer_test(const ht_graph *graph, ht_node *node, ht_error *err);
/* The shape of `count` inputs from `first` on, broadcast; its type is the first one's. */
ht_status ht__broadcast_shape(const ht_node *node, uint32_t first, uint32_t count, ht_tensor_desc *out, ht_error *err);
/* Output 0 has the type f32 and the dimensions of the attribute "shape". */
ht_status ht__infer_from_shape_attribute(const ht_graph *graph, ht_node *node, ht_error *err);

/* `axis` counted from the end when negative, checked against `rank`. */
ht_status ht__normal_axis(const ht_node *node, int64_t axis, int32_t rank, int32_t *out, ht_error *err);
/* The elements of a constant i64 (or i32) input; HT_ERROR_UNSUPPORTED when it is not constant. At most HT_MAX_RANK. */
ht_status ht__constant_ints(const ht_node *node, uint32_t index, int64_t out[HT_MAX_RANK], size_t *count,
                            ht_error *err);
/* The number in a constant f32 input of one element; `otherwise` when the input is absent. */
ht_status ht__constant_float(const ht_node *node, uint32_t index, float otherwise, float *out, ht_error *err);
/* Multiply-accumulates where each number that the node gives is a product of vectors of `length`; -1 when either is not
 * known, or the count is too large. */
int64_t ht__dot_products(const ht_node *node, int64_t length);
static inline bool ht__has_input(const ht_node *node, uint32_t index) {
    return index < node->input_count && node->inputs[index] != NULL;
}

/* The attribute `name` as exactly `wanted` integers of at least `least`, and of at most 2^31 - 1; `otherwise` for each
 * when it is absent. */
ht_status ht__node_numbers(const ht_node *node, const char *name, int32_t wanted, int64_t otherwise, int64_t least,
                           int64_t *out, ht_error *err);

/* Sliding-window attributes (kernel_shape, strides, dilations, pads, auto_pad) of convolution and pooling. */
typedef struct ht_window {
    int32_t spatial;
    int64_t kernel[3], strides[3], dilations[3], pads_begin[3], pads_end[3];
    bool ceil_mode;
} ht_window;
/* `kernel` may be NULL: then the attribute kernel_shape is required. x has the dimensions N, C, spatial (1 to 3). */
ht_status ht__window_read(const ht_node *node, const ht_tensor_desc *x, const int64_t *kernel, ht_window *out,
                          ht_error *err);
/* Output size along spatial axis i for an input of `size`; -1 when `size` is unknown; 0 when nothing fits. */
int64_t ht__window_output(const ht_window *window, int32_t i, int64_t size);

/* The blocks of a quantizing operator: 0 when it has none. Errors: HT_ERROR_MISMATCH when types or shapes of scale
 * (input 1) and zero point do not fit. */
ht_status ht__quantize_block(const ht_node *node, int64_t *out, ht_error *err);
/* The axis that scale (input 1) and zero point of a quantizing operator run along: 0 for a single scale, else the
 * attribute axis, `otherwise` when it is absent. */
ht_status ht__quantize_axis(const ht_node *node, int64_t otherwise, int32_t *out, ht_error *err);

/* The type with this number in ONNX's TensorProto.DataType; HT_NONE: none here. */
ht_type ht__onnx_type(int64_t number);
/* Cast and CastLike: the family and the attributes saturate and round_mode. */
ht_status ht__lower_cast(const ht_node *node, ht_kernel_call *call, ht_error *err);

void ht__lower_unary(ht_kernel_call *call, ht_unary function, float a, float b);
void ht__lower_binary(ht_kernel_call *call, ht_binary function, float a, float b);
/* The parameter struct of `call` to be filled. */
#define HT_LOWER(type, call, kernel_family) ((call)->family = &(kernel_family), (type *)(void *)(call)->parameters)

#endif
