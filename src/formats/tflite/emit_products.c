/* Writing convolutions, matrix products and pools. */
#include <string.h>

#include "formats/tflite/emit.h"
#include "ops/conv_transpose/conv_transpose_common.h"

/* ---- windows ---- */

/* Height and width of a window, as the node says or as ONNX means it. */
typedef struct window {
    int64_t kernel[2], strides[2], dilations[2], pads[4];
    bool same; /* padded as TFLite's SAME pads */
} window;

static void read_pair(const ht_node *node, const char *name, size_t wanted, int64_t otherwise, int64_t *out) {
    size_t count;
    const int64_t *values = ht__node_ints(node, name, &count);
    for (size_t i = 0; i < wanted; ++i) {
        out[i] = values != NULL && count == wanted ? values[i] : otherwise;
    }
}

/* What SAME pads before and behind along an axis. */
static void same_pads(const window *w, size_t i, int64_t size, int64_t out[2]) {
    int64_t places = (size + w->strides[i] - 1) / w->strides[i];
    int64_t total = (places - 1) * w->strides[i] + (w->kernel[i] - 1) * w->dilations[i] + 1 - size;
    total = total > 0 ? total : 0;
    out[0] = total / 2;
    out[1] = total - out[0];
}

static ht_status read_window(const tflite_emission *e, const int64_t *kernel, window *w) {
    const ht_node *node = e->node;
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    const char *automatic = ht__node_text(node, "auto_pad", "NOTSET");
    if (x->rank != 4) {
        return ht__tflite_cannot(e, "over other than two axes");
    }
    if (kernel != NULL) {
        memcpy(w->kernel, kernel, sizeof w->kernel);
    } else {
        read_pair(node, "kernel_shape", 2, 1, w->kernel);
    }
    read_pair(node, "strides", 2, 1, w->strides);
    read_pair(node, "dilations", 2, 1, w->dilations);
    read_pair(node, "pads", 4, 0, w->pads);
    w->same = strcmp(automatic, "SAME_UPPER") == 0;
    if (strcmp(automatic, "SAME_LOWER") == 0 || ht__node_int(node, "ceil_mode", 0) != 0) {
        return ht__tflite_cannot(e, "with this padding");
    }
    bool padded = false, alike = true;
    for (size_t i = 0; i < 2; ++i) {
        int64_t same[2] = {-1, -1};
        if (x->dims[2 + i] >= 0) {
            same_pads(w, i, x->dims[2 + i], same);
        }
        padded = padded || w->pads[i] != 0 || w->pads[2 + i] != 0;
        alike = alike && same[0] == w->pads[i] && same[1] == w->pads[2 + i];
    }
    w->same = w->same || (padded && alike);
    if (w->same) {
        memset(w->pads, 0, sizeof w->pads);
    }
    return HT_OK;
}

static bool is_padded(const window *w) {
    return w->pads[0] != 0 || w->pads[1] != 0 || w->pads[2] != 0 || w->pads[3] != 0;
}

static void set_window(tflite_written_operator *op, const window *w) {
    ht__tflite_option_int(op, "padding", w->same ? TFLITE_SAME : TFLITE_VALID);
    ht__tflite_option_int(op, "stride_h", (int32_t)w->strides[0]);
    ht__tflite_option_int(op, "stride_w", (int32_t)w->strides[1]);
}

/* The input with zeros around it that TFLite's two ways of padding do not give. */
static ht_status pad_input(const tflite_emission *e, const window *w, int32_t *tensor) {
    tflite_writing *writing = e->writing;
    const int64_t amounts[] = {0, 0, w->pads[0], w->pads[2], w->pads[1], w->pads[3], 0, 0};
    int32_t inputs[2] = {*tensor};
    HT_TRY(ht__tflite_write_ints(writing, amounts, 8, 4, &inputs[1]));
    HT_TRY(ht__tflite_copy_tensor(writing, *tensor, "padded", tensor));
    tflite_written_tensor *padded = &writing->content.tensors[*tensor];
    for (int i = 1; i < 3; ++i) {
        int32_t more = (int32_t)(w->pads[i - 1] + w->pads[i + 1]);
        padded->shape[i] += more;
        padded->signature[i] += padded->signature[i] < 0 ? 0 : more;
    }
    return ht__tflite_write_operator(writing, 34, e->codes ? 2 : 1, 22, inputs, 2, *tensor, NULL); /* PAD */
}

ht_status ht__tflite_write_pool(const tflite_emission *e) {
    window w;
    int32_t input;
    tflite_written_operator *op;
    HT_TRY(read_window(e, NULL, &w));
    if (is_padded(&w) || w.dilations[0] != 1 || w.dilations[1] != 1 ||
        (w.same && ht__node_int(e->node, "count_include_pad", 0) != 0)) {
        return ht__tflite_cannot(e, "with this padding or dilation");
    }
    HT_TRY(ht__tflite_operand(e, 0, TFLITE_CHANNELS_LAST, &input));
    HT_TRY(ht__tflite_write_result(e, TFLITE_CHANNELS_LAST, &input, 1, &op));
    set_window(op, &w);
    ht__tflite_option_int(op, "filter_height", (int32_t)w.kernel[0]);
    ht__tflite_option_int(op, "filter_width", (int32_t)w.kernel[1]);
    return HT_OK;
}

/* A mean over height and width that keeps them. */
ht_status ht__tflite_write_global_pool(const tflite_emission *e) {
    int32_t inputs[2];
    tflite_written_operator *op;
    if (e->node->inputs[0]->desc.rank != 4) {
        return ht__tflite_cannot(e, "over other than two axes");
    }
    HT_TRY(ht__tflite_operand(e, 0, TFLITE_CHANNELS_LAST, &inputs[0]));
    HT_TRY(ht__tflite_write_ints(e->writing, (int64_t[]){1, 2}, 2, 0, &inputs[1]));
    HT_TRY(ht__tflite_write_result(e, TFLITE_CHANNELS_LAST, inputs, 2, &op));
    ht__tflite_option_int(op, "keep_dims", 1);
    return HT_OK;
}

/* ---- products ---- */

/* The bias of the product; zeros where there is none, since LiteRT's convolutions ask for one. */
static ht_status add_bias(const tflite_emission *e, int64_t channels, int32_t *tensor) {
    const ht_node *node = e->node;
    ht_value zeros = {.desc = {.type = HT_F32, .rank = 1, .dims = {channels}}};
    const ht_value *bias = node->input_count > 2 ? node->inputs[2] : NULL;
    if (bias == NULL) {
        zeros.name = ht__arena_printf(e->writing->arena, "%s/bias", node->name);
        zeros.data = ht__arena_alloc(e->writing->arena, (size_t)channels * sizeof(float));
        if (zeros.name == NULL || zeros.data == NULL) {
            return ht__fail_memory(e->writing->err, (size_t)channels * sizeof(float));
        }
        bias = &zeros;
    }
    if (bias->data == NULL) {
        return ht__tflite_cannot(e, "with a bias that is computed");
    }
    return e->codes ? ht__tflite_write_bias(e, bias, node->inputs[0], node->inputs[1], tensor)
                    : ht__tflite_write_constant(e->writing, bias, NULL, bias->desc.rank, false, tensor);
}

/* Beside activations of 16 bits the operator says how wide its bias is, if not 64 bits. */
static void set_bias_type(const tflite_emission *e, int32_t bias, tflite_written_operator *op) {
    const ht_quantization *x = e->writing->annotations[e->node->inputs[0]->id];
    if (e->codes && x->bits == 16 && e->writing->content.tensors[bias].type == TFLITE_INT32) {
        ht__tflite_option_int(op, "quantized_bias_type", TFLITE_INT32);
    }
}

/* Depthwise: as many groups as input channels. */
static ht_status write_convolution(const tflite_emission *e, const window *w, int64_t channels, bool depthwise) {
    static const int32_t ordinary[] = {0, 2, 3, 1}, by_depth[] = {1, 2, 3, 0};
    const ht_value *weights = e->node->inputs[1];
    int32_t inputs[3];
    tflite_written_operator *op;
    HT_TRY(ht__tflite_operand(e, 0, TFLITE_CHANNELS_LAST, &inputs[0]));
    if (is_padded(w)) {
        HT_TRY(pad_input(e, w, &inputs[0]));
    }
    HT_TRY(ht__tflite_write_constant(e->writing, weights, depthwise ? by_depth : ordinary, 4, e->codes, &inputs[1]));
    HT_TRY(add_bias(e, weights->desc.dims[0], &inputs[2]));
    HT_TRY(ht__tflite_write_result(e, TFLITE_CHANNELS_LAST, inputs, 3, &op));
    if (depthwise) {
        op->code = 4; /* DEPTHWISE_CONV_2D */
        op->options_type = 2;
        ht__tflite_option_int(op, "depth_multiplier", (int32_t)(weights->desc.dims[0] / channels));
    } else {
        set_bias_type(e, inputs[2], op);
    }
    set_window(op, w);
    ht__tflite_option_int(op, "dilation_h_factor", (int32_t)w->dilations[0]);
    ht__tflite_option_int(op, "dilation_w_factor", (int32_t)w->dilations[1]);
    return HT_OK;
}

ht_status ht__tflite_write_conv(const tflite_emission *e) {
    const ht_value *weights = e->node->inputs[1];
    window w;
    if (weights->data == NULL || weights->desc.rank != 4) {
        return ht__tflite_cannot(e, "with weights that are computed or not over two axes");
    }
    HT_TRY(read_window(e, weights->desc.dims + 2, &w));
    int64_t groups = ht__node_int(e->node, "group", 1), channels = groups * weights->desc.dims[1];
    return write_convolution(e, &w, channels, groups > 1 && weights->desc.dims[1] == 1);
}

/* TFLite's padding of a transposed convolution along axis i; false when it has none that is the node's. */
static bool transposed_padding(const ht_transposed *t, int32_t i, int64_t in, int64_t kernel, bool *same) {
    const ht_conv_parameters *p = &t->convolution;
    int64_t full = (in - 1) * p->strides[i] + kernel, out = t->sizes[i], total = full > out ? full - out : 0;
    bool plain = p->pads_begin[i] == 0 && full == out;
    bool alike = (out + p->strides[i] - 1) / p->strides[i] == in && p->pads_begin[i] == total / 2;
    *same = !plain;
    return p->dilations[i] == 1 && in > 0 && out > 0 && (plain || alike);
}

ht_status ht__tflite_write_conv_transpose(const tflite_emission *e) {
    static const int32_t order[] = {1, 2, 3, 0};
    const ht_value *weights = e->node->inputs[1];
    const ht_tensor_desc *x = &e->node->inputs[0]->desc, *w = &weights->desc;
    ht_transposed t;
    bool same[2];
    if (weights->data == NULL || w->rank != 4 || ht__node_int(e->node, "group", 1) != 1) {
        return ht__tflite_cannot(e, "with weights that are computed, in groups or not over two axes");
    }
    HT_TRY(ht__conv_transpose_read(e->node, &t, e->writing->err));
    for (int32_t i = 0; i < 2; ++i) {
        if (!transposed_padding(&t, i, x->dims[2 + i], w->dims[2 + i], &same[i])) {
            return ht__tflite_cannot(e, "with this padding or dilation");
        }
    }
    if (same[0] != same[1]) { /* what SAME does where nothing is padded is what VALID does */
        int32_t plain = same[0] ? 1 : 0;
        int64_t places = (t.sizes[plain] + t.convolution.strides[plain] - 1) / t.convolution.strides[plain];
        if (places != x->dims[2 + plain]) {
            return ht__tflite_cannot(e, "with padding along one axis");
        }
    }
    int32_t inputs[4];
    tflite_written_operator *op;
    int64_t shape[] = {x->dims[0] < 0 ? 1 : x->dims[0], t.sizes[0], t.sizes[1], w->dims[1]};
    HT_TRY(ht__tflite_write_ints(e->writing, shape, 4, 0, &inputs[0]));
    HT_TRY(ht__tflite_write_constant(e->writing, weights, order, 4, e->codes, &inputs[1]));
    HT_TRY(ht__tflite_operand(e, 0, TFLITE_CHANNELS_LAST, &inputs[2]));
    HT_TRY(add_bias(e, w->dims[1], &inputs[3]));
    HT_TRY(ht__tflite_write_result(e, TFLITE_CHANNELS_LAST, inputs, 4, &op));
    set_bias_type(e, inputs[3], op);
    ht__tflite_option_int(op, "padding", same[0] || same[1] ? TFLITE_SAME : TFLITE_VALID);
    ht__tflite_option_int(op, "stride_h", (int32_t)t.convolution.strides[0]);
    ht__tflite_option_int(op, "stride_w", (int32_t)t.convolution.strides[1]);
    return HT_OK;
}

static ht_status write_product(const tflite_emission *e, bool transposed, bool keeps_dims) {
    static const int32_t turned[] = {1, 0};
    const ht_value *weights = e->node->inputs[1];
    int32_t inputs[3];
    size_t count = 2;
    tflite_written_operator *op;
    HT_TRY(ht__tflite_operand(e, 0, TFLITE_PLAIN, &inputs[0]));
    HT_TRY(ht__tflite_write_constant(e->writing, weights, transposed ? NULL : turned, 2, e->codes, &inputs[1]));
    if (e->node->input_count > 2 && e->node->inputs[2] != NULL) {
        HT_TRY(add_bias(e, 0, &inputs[count++]));
    }
    HT_TRY(ht__tflite_write_result(e, TFLITE_PLAIN, inputs, count, &op));
    if (count == 3) {
        set_bias_type(e, inputs[2], op);
    }
    if (keeps_dims) {
        ht__tflite_option_int(op, "keep_num_dims", 1);
    }
    return HT_OK;
}

ht_status ht__tflite_write_gemm(const tflite_emission *e) {
    const ht_node *node = e->node;
    if (node->inputs[1]->data == NULL || ht__node_int(node, "transA", 0) != 0 ||
        ht__node_float(node, "alpha", 1.0f) != 1.0f || ht__node_float(node, "beta", 1.0f) != 1.0f) {
        return ht__tflite_cannot(e, "with computed weights, factors or a turned input");
    }
    return write_product(e, ht__node_int(node, "transB", 0) != 0, false);
}

/* With constant weights a FULLY_CONNECTED, which has integers. */
ht_status ht__tflite_write_matmul(const tflite_emission *e) {
    const ht_value *weights = e->node->inputs[1];
    if (weights->data != NULL && weights->desc.rank == 2) {
        return write_product(e, false, e->node->inputs[0]->desc.rank != 2);
    }
    tflite_write_rule batched = *e->rule;
    tflite_emission general = *e;
    int32_t inputs[2];
    batched.code = 126; /* BATCH_MATMUL */
    batched.options_type = 101;
    general.rule = &batched;
    general.codes = false;
    HT_TRY(ht__tflite_operand(&general, 0, TFLITE_PLAIN, &inputs[0]));
    HT_TRY(ht__tflite_operand(&general, 1, TFLITE_PLAIN, &inputs[1]));
    return ht__tflite_write_result(&general, TFLITE_PLAIN, inputs, 2, NULL);
}
