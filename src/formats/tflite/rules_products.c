/* Convolutions, matrix products, pools. */
#include "formats/tflite/rules.h"

/* ---- windows ---- */

/* Sets kernel_shape, strides, dilations and padding of a window over height and width. SAME pads so that the output has
 * ceil(input / stride) places, with the larger half behind. */
static ht_status set_window(const tflite_call *call, ht_node *node, const int64_t kernel[2]) {
    const tflite_operator *op = &call->op;
    const tflite_tensor *x = ht__tflite_input_tensor(call, 0);
    int64_t strides[] = {ht__tflite_int(op, "stride_h", 0), ht__tflite_int(op, "stride_w", 0)};
    int64_t dilations[] = {ht__tflite_int(op, "dilation_h_factor", 1), ht__tflite_int(op, "dilation_w_factor", 1)};
    bool same = ht__tflite_int(op, "padding", TFLITE_SAME) == TFLITE_SAME, known = true;
    int64_t pads[4] = {0};
    for (size_t i = 0; i < 2; ++i) {
        int64_t size = ht__tflite_size(x, 1 + i);
        if (strides[i] < 1 || dilations[i] < 1 || kernel[i] < 1 || strides[i] > INT32_MAX || dilations[i] > INT32_MAX ||
            kernel[i] > INT32_MAX) {
            return ht__fail_at(call->reading->err, HT_ERROR_FORMAT, call->name,
                               "A stride, dilation or window of %s is not positive.", call->rule->name);
        }
        if (same && size < 0) {
            known = false;
        } else if (same) {
            int64_t places = (size + strides[i] - 1) / strides[i];
            int64_t total = (places - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1 - size;
            pads[i] = total > 0 ? total / 2 : 0;
            pads[2 + i] = total > 0 ? total - pads[i] : 0;
        }
    }
    HT_TRY(ht__tflite_set_ints(call, node, "kernel_shape", kernel, 2));
    HT_TRY(ht__tflite_set_ints(call, node, "strides", strides, 2));
    if (call->rule->op[0] == 'C') {
        HT_TRY(ht__tflite_set_ints(call, node, "dilations", dilations, 2));
    }
    return known ? ht__tflite_set_ints(call, node, "pads", pads, 4)
                 : ht__node_set_text(call->reading->graph, node, "auto_pad", "SAME_UPPER", call->reading->err);
}

ht_status ht__tflite_read_pool(const tflite_call *call) {
    int64_t kernel[] = {ht__tflite_int(&call->op, "filter_height", 0), ht__tflite_int(&call->op, "filter_width", 0)};
    ht_value *x;
    ht_node *node;
    HT_TRY(ht__tflite_input(call, 0, TFLITE_CHANNELS_FIRST, &x));
    HT_TRY(ht__tflite_result(call, 0, TFLITE_CHANNELS_FIRST, call->rule->op, &x, 1, &node));
    return set_window(call, node, kernel);
}

/* ---- convolutions ---- */

/* The bias in input `i`. */
static ht_status read_bias(const tflite_call *call, uint32_t i, ht_value **out) {
    HT_TRY(ht__tflite_input(call, i, TFLITE_AS_FILED, out));
    if (ht__tflite_int(&call->op, "quantized_bias_type", 0) == TFLITE_INT32 && (*out)->quantization != NULL) {
        (*out)->quantization->narrow_sums = true;
    }
    return HT_OK;
}

static ht_status read_convolution(const tflite_call *call, const int32_t order[4], bool depthwise) {
    ht_value *inputs[3];
    bool has_bias = ht__tflite_has(call, 2);
    HT_TRY(ht__tflite_input(call, 0, TFLITE_CHANNELS_FIRST, &inputs[0]));
    HT_TRY(ht__tflite_weights(call, 1, order, 4, &inputs[1]));
    if (has_bias) {
        HT_TRY(read_bias(call, 2, &inputs[2]));
    }
    const tflite_tensor *x = ht__tflite_input_tensor(call, 0);
    const ht_tensor_desc *w = &inputs[1]->desc;
    int64_t channels = x->shape.count == 4 ? x->shape.data[3] : 0, each = w->dims[1];
    if (channels < 1 || each < 1 || channels % each != 0 || (depthwise && (each != 1 || w->dims[0] % channels != 0))) {
        return ht__fail_at(call->reading->err, HT_ERROR_FORMAT, call->name,
                           "The weights of %s do not fit an input of %lld channels.", call->rule->name,
                           (long long)channels);
    }
    ht_node *node;
    HT_TRY(ht__tflite_result(call, 0, TFLITE_CHANNELS_FIRST, "Conv", inputs, has_bias ? 3 : 2, &node));
    HT_TRY(ht__tflite_set_int(call, node, "group", channels / each));
    return set_window(call, node, w->dims + 2);
}

ht_status ht__tflite_read_conv(const tflite_call *call) {
    static const int32_t order[] = {0, 3, 1, 2}; /* output, height, width, input channels */
    return read_convolution(call, order, false);
}

ht_status ht__tflite_read_depthwise(const tflite_call *call) {
    static const int32_t order[] = {3, 0, 1, 2}; /* 1, height, width, output channels */
    return read_convolution(call, order, true);
}

/* Input 0 is the shape of the result, input 2 is convolved. Padding is that of the convolution from the result back to
 * the input; what it leaves uncovered at the end is output_padding. */
ht_status ht__tflite_read_transpose_conv(const tflite_call *call) {
    static const int32_t order[] = {3, 0, 1, 2}; /* output, height, width, input channels */
    const tflite_operator *op = &call->op;
    const tflite_tensor *x = ht__tflite_input_tensor(call, 2);
    int64_t shape[4], strides[] = {ht__tflite_int(op, "stride_h", 0), ht__tflite_int(op, "stride_w", 0)};
    int64_t pads[4], extra[2];
    ht_value *inputs[3];
    size_t count;
    bool has_bias = ht__tflite_has(call, 3);
    HT_TRY(ht__tflite_constant_ints(call, 0, shape, 4, &count));
    HT_TRY(ht__tflite_input(call, 2, TFLITE_CHANNELS_FIRST, &inputs[0]));
    HT_TRY(ht__tflite_weights(call, 1, order, 4, &inputs[1]));
    if (has_bias) {
        HT_TRY(read_bias(call, 3, &inputs[2]));
    }
    for (size_t i = 0; i < 2; ++i) {
        int64_t in = ht__tflite_size(x, 1 + i), kernel = inputs[1]->desc.dims[2 + i];
        int64_t out = count == 4 ? shape[1 + i] : 0;
        if (x->shape.count != 4 || in < 1 || out < 1 || kernel < 1 || strides[i] < 1 || strides[i] > INT32_MAX) {
            return ht__fail_at(call->reading->err, HT_ERROR_FORMAT, call->name,
                               "A size or stride of %s is not positive, or not known.", call->rule->name);
        }
        bool same = ht__tflite_int(op, "padding", TFLITE_SAME) == TFLITE_SAME;
        int64_t places = ((same ? out - 1 : out - kernel) + strides[i]) / strides[i];
        int64_t total = (places - 1) * strides[i] + kernel - out;
        pads[i] = total > 0 ? total / 2 : 0;
        int64_t rest = (in - 1) * strides[i] + kernel - pads[i] - out;
        pads[2 + i] = rest > 0 ? rest : 0;
        extra[i] = rest < 0 ? -rest : 0;
    }
    ht_node *node;
    HT_TRY(ht__tflite_result(call, 0, TFLITE_CHANNELS_FIRST, "ConvTranspose", inputs, has_bias ? 3 : 2, &node));
    HT_TRY(ht__tflite_set_ints(call, node, "strides", strides, 2));
    HT_TRY(ht__tflite_set_ints(call, node, "pads", pads, 4));
    return extra[0] != 0 || extra[1] != 0 ? ht__tflite_set_ints(call, node, "output_padding", extra, 2) : HT_OK;
}

/* ---- matrix products ---- */

/* Input 0 as rows of `columns` numbers. */
static ht_status as_matrix(const tflite_call *call, int64_t columns, ht_value **x) {
    const tflite_tensor *tensor = ht__tflite_input_tensor(call, 0);
    HT_TRY(ht__tflite_input(call, 0, TFLITE_AS_FILED, x));
    if (tensor->shape.count == 2 && tensor->shape.data[1] == columns) {
        return HT_OK;
    }
    ht_value *inputs[] = {*x, NULL};
    ht_node *node;
    HT_TRY(ht__tflite_add_ints(call, (int64_t[]){-1, columns}, 2, &inputs[1]));
    HT_TRY(ht__tflite_step(call, "Reshape", inputs, 2, &node));
    *x = node->outputs[0];
    return ht__tflite_is_quantized(tensor) ? ht__tflite_annotation(call->reading, tensor, &(*x)->quantization) : HT_OK;
}

ht_status ht__tflite_read_fully_connected(const tflite_call *call) {
    const tflite_tensor *w = ht__tflite_has(call, 1) ? ht__tflite_input_tensor(call, 1) : NULL;
    if (w == NULL || w->shape.count != 2 || w->shape.data[1] < 1) {
        return ht__fail_at(call->reading->err, HT_ERROR_FORMAT, call->name, "The weights of %s must be a matrix.",
                           call->rule->name);
    }
    if (ht__tflite_int(&call->op, "weights_format", 0) != 0) {
        return ht__tflite_refuse(call, "with shuffled weights");
    }
    ht_value *inputs[3];
    uint32_t count = ht__tflite_has(call, 2) ? 3 : 2;
    HT_TRY(as_matrix(call, w->shape.data[1], &inputs[0]));
    HT_TRY(ht__tflite_input(call, 1, TFLITE_AS_FILED, &inputs[1]));
    if (count == 3) {
        HT_TRY(read_bias(call, 2, &inputs[2]));
    }
    const tflite_tensor *y = ht__tflite_output_tensor(call, 0);
    ht_node *node;
    if (y->shape.count == 2) {
        HT_TRY(ht__tflite_result(call, 0, TFLITE_AS_FILED, "Gemm", inputs, count, &node));
        return ht__tflite_set_int(call, node, "transB", 1);
    }
    HT_TRY(ht__tflite_step(call, "Gemm", inputs, count, &node));
    HT_TRY(ht__tflite_set_int(call, node, "transB", 1));
    ht_value *reshape[] = {node->outputs[0], NULL};
    HT_TRY(ht__tflite_add_shape(call, y, &reshape[1]));
    return ht__tflite_result(call, 0, TFLITE_AS_FILED, "Reshape", reshape, 2, NULL);
}

/* An operand of a product, with its last two axes exchanged if asked for. */
static ht_status product_operand(const tflite_call *call, uint32_t i, bool turned, ht_value **out) {
    HT_TRY(ht__tflite_input(call, i, TFLITE_AS_FILED, out));
    const tflite_tensor *tensor = ht__tflite_input_tensor(call, i);
    size_t rank = tensor->shape.count;
    if (!turned) {
        return HT_OK;
    }
    int64_t order[HT_MAX_RANK];
    if (rank < 2 || rank > HT_MAX_RANK) {
        return ht__tflite_refuse(call, "of tensors of this rank");
    }
    for (size_t k = 0; k < rank; ++k) {
        order[k] = (int64_t)(k == rank - 2 ? rank - 1 : k == rank - 1 ? rank - 2 : k);
    }
    ht_node *node;
    HT_TRY(ht__tflite_step(call, "Transpose", out, 1, &node));
    *out = node->outputs[0];
    HT_TRY(ht__tflite_set_ints(call, node, "perm", order, rank));
    return ht__tflite_is_quantized(tensor) && tensor->data == NULL
               ? ht__tflite_annotation(call->reading, tensor, &(*out)->quantization)
               : HT_OK;
}

ht_status ht__tflite_read_batch_matmul(const tflite_call *call) {
    ht_value *inputs[2];
    HT_TRY(product_operand(call, 0, ht__tflite_int(&call->op, "adj_x", 0) != 0, &inputs[0]));
    HT_TRY(product_operand(call, 1, ht__tflite_int(&call->op, "adj_y", 0) != 0, &inputs[1]));
    return ht__tflite_result(call, 0, TFLITE_AS_FILED, "MatMul", inputs, 2, NULL);
}
