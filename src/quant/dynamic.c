#include "quant/dynamic.h"

#include <string.h>

#include "graph/op.h"

enum { CAST_TO_FLOAT = 1 }; /* ONNX's number for f32 */

/* A node on its way from real numbers to codes. */
typedef struct product {
    ht_graph *graph;
    ht_node *node;
    ht_value *input, *weight, *bias, *result;
    bool convolution, transposed; /* Gemm with transB: the weights are [N][K] */
    ht_error *err;
} product;

/* The outputs of the DynamicQuantizeLinear of a value. */
typedef struct quantized_input {
    ht_value *codes, *scale, *zero_point;
} quantized_input;

/* ---- which nodes ---- */

static bool is_symmetric(const ht_quantization *q, int32_t axis, int64_t channels) {
    bool good = q != NULL && !q->codebook && q->element == HT_NONE && q->bits <= 8 && q->is_signed && q->block == 0 &&
                (q->groups == 1 || (q->axis == axis && (int64_t)q->groups == channels));
    for (size_t i = 0; good && i < q->groups; ++i) {
        good = q->zero_point[i] == 0.0f;
    }
    return good;
}

/* Is the bias one number per channel, or can the broadcast of an Add take it as it is? */
static bool bias_fits(const product *p, int64_t channels) {
    return p->bias == NULL || (p->bias->data != NULL && p->bias->desc.rank == 1 && p->bias->desc.dims[0] == channels);
}

static bool find_product(ht_graph *graph, ht_node *node, product *out) {
    const char *op = node->op->name;
    bool conv = strcmp(op, "Conv") == 0, gemm = strcmp(op, "Gemm") == 0;
    if (node->op->domain[0] != '\0' || !(conv || gemm || strcmp(op, "MatMul") == 0)) {
        return false;
    }
    *out = (product){.graph = graph,
                     .node = node,
                     .input = node->inputs[0],
                     .weight = node->inputs[1],
                     .bias = node->input_count > 2 ? node->inputs[2] : NULL,
                     .result = node->outputs[0],
                     .convolution = conv,
                     .transposed = gemm && ht__node_int(node, "transB", 0) != 0};
    const ht_tensor_desc *w = &out->weight->desc;
    bool plain = !gemm || (ht__node_int(node, "transA", 0) == 0 && ht__node_float(node, "alpha", 1.0f) == 1.0f &&
                           ht__node_float(node, "beta", 1.0f) == 1.0f);
    if (!plain || out->weight->data == NULL || out->input->data != NULL || (!conv && w->rank != 2) ||
        ht__node_attribute(node, "activation") != NULL) {
        return false;
    }
    int32_t axis = conv || out->transposed ? 0 : 1;
    return is_symmetric(out->weight->quantization, axis, w->dims[axis]) && bias_fits(out, w->dims[axis]);
}

/* ---- building ---- */

static ht_status new_value(const product *p, const char *suffix, ht_value **out) {
    const char *name = ht__arena_printf(p->graph->arena, "%s.%s", p->result->name, suffix);
    return name != NULL ? ht__graph_add_value(p->graph, name, NULL, out, p->err) : ht__fail_memory(p->err, 64);
}

static ht_status add(const product *p, const char *op, ht_value *const *inputs, uint32_t count, ht_value *output,
                     ht_node **out) {
    ht_node *node;
    HT_TRY(ht__graph_add_node_raw(p->graph, "", op, output->name, inputs, count, &output, 1, &node, p->err));
    if (out != NULL) {
        *out = node;
    }
    return HT_OK;
}

static ht_status constant(const product *p, const char *of, const char *suffix, const ht_tensor_desc *desc,
                          const void *data, ht_value **out) {
    const char *name = ht__arena_printf(p->graph->arena, "%s.%s", of, suffix);
    return name != NULL ? ht__graph_add_constant(p->graph, name, desc, data, true, out, p->err)
                        : ht__fail_memory(p->err, 64);
}

/* The weights' codes as i8: [K][N] for matrices, as they are for convolutions. Found again when two nodes share them.
 */
static ht_status weight_codes(const product *p, ht_value **out) {
    const char *name = ht__arena_printf(p->graph->arena, "%s.codes", p->weight->name);
    if (name != NULL && (*out = ht__graph_find(p->graph, name)) != NULL) {
        return HT_OK;
    }
    ht_tensor_desc desc = p->weight->desc;
    const ht_quantization *q = p->weight->quantization;
    int64_t count = ht__desc_elements(&desc), rows = desc.dims[0], columns = count / rows;
    int8_t *codes = ht__arena_alloc(p->graph->arena, (size_t)count);
    if (codes == NULL) {
        return ht__fail_memory(p->err, (size_t)count);
    }
    for (int64_t i = 0; i < count; ++i) {
        int64_t place = p->transposed ? i % columns * rows + i / columns : i;
        codes[place] = (int8_t)((int32_t)q->codes[i] - (1 << (q->bits - 1)));
    }
    desc.type = HT_I8;
    if (p->transposed) {
        desc.dims[0] = columns;
        desc.dims[1] = rows;
    }
    return constant(p, p->weight->name, "codes", &desc, codes, out);
}

/* One number per channel in the shape that is broadcast to the result. */
static ht_tensor_desc channel_shape(const product *p, int64_t channels) {
    ht_tensor_desc desc = {.type = HT_F32, .rank = p->convolution ? p->weight->desc.rank : 1};
    for (int32_t i = 0; i < desc.rank; ++i) {
        desc.dims[i] = 1;
    }
    desc.dims[p->convolution ? 1 : 0] = channels;
    return desc;
}

static ht_status quantize_input(const product *p, quantized_input *out) {
    if (out->codes != NULL) {
        return HT_OK;
    }
    static const char *const suffixes[] = {"codes", "scale", "zero_point"};
    ht_value *outputs[3];
    for (size_t i = 0; i < 3; ++i) {
        const char *name = ht__arena_printf(p->graph->arena, "%s.%s", p->input->name, suffixes[i]);
        if (name == NULL) {
            return ht__fail_memory(p->err, 64);
        }
        HT_TRY(ht__graph_add_value(p->graph, name, NULL, &outputs[i], p->err));
    }
    *out = (quantized_input){outputs[0], outputs[1], outputs[2]};
    ht_node *node;
    return ht__graph_add_node_raw(p->graph, "", "DynamicQuantizeLinear", outputs[0]->name, &p->input, 1, outputs, 3,
                                  &node, p->err);
}

static ht_status copy_window(const product *p, ht_node *to) {
    static const char *const lists[] = {"strides", "dilations", "pads", "kernel_shape"};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; ++i) {
        size_t count = 0;
        const int64_t *values = ht__node_ints(p->node, lists[i], &count);
        HT_TRY(values != NULL ? ht__node_set_ints(p->graph, to, lists[i], values, count, p->err) : HT_OK);
    }
    const char *auto_pad = ht__node_text(p->node, "auto_pad", NULL);
    HT_TRY(auto_pad != NULL ? ht__node_set_text(p->graph, to, "auto_pad", auto_pad, p->err) : HT_OK);
    return ht__node_set_int(p->graph, to, "group", ht__node_int(p->node, "group", 1), p->err);
}

static ht_status scale_sums(const product *p, const quantized_input *x, ht_value *sums, ht_value *scaled) {
    const ht_quantization *q = p->weight->quantization;
    ht_tensor_desc desc = q->groups > 1 ? channel_shape(p, (int64_t)q->groups) : (ht_tensor_desc){.type = HT_F32};
    ht_value *weight_scale, *scale, *real;
    ht_node *node;
    const char *name = ht__arena_printf(p->graph->arena, "%s.scale", p->weight->name);
    weight_scale = name != NULL ? ht__graph_find(p->graph, name) : NULL;
    if (weight_scale == NULL) {
        HT_TRY(constant(p, p->weight->name, "scale", &desc, q->scale, &weight_scale));
    }
    HT_TRY(new_value(p, "scales", &scale));
    HT_TRY(add(p, "Mul", (ht_value *[]){x->scale, weight_scale}, 2, scale, NULL));
    HT_TRY(new_value(p, "real", &real));
    HT_TRY(add(p, "Cast", &sums, 1, real, &node));
    HT_TRY(ht__node_set_int(p->graph, node, "to", CAST_TO_FLOAT, p->err));
    return add(p, "Mul", (ht_value *[]){real, scale}, 2, scaled, NULL);
}

static ht_status replace(const product *p, quantized_input *x) {
    ht_value *weights, *sums, *scaled = p->result, *bias;
    ht_node *node;
    ht__graph_remove_node(p->graph, p->node);
    HT_TRY(quantize_input(p, x));
    HT_TRY(weight_codes(p, &weights));
    HT_TRY(new_value(p, "sums", &sums));
    HT_TRY(add(p, p->convolution ? "ConvInteger" : "MatMulInteger", (ht_value *[]){x->codes, weights, x->zero_point}, 3,
               sums, &node));
    HT_TRY(p->convolution ? copy_window(p, node) : HT_OK);
    HT_TRY(p->bias != NULL ? new_value(p, "scaled", &scaled) : HT_OK);
    HT_TRY(scale_sums(p, x, sums, scaled));
    if (p->bias == NULL) {
        return HT_OK;
    }
    ht_tensor_desc desc = channel_shape(p, p->bias->desc.dims[0]);
    HT_TRY(constant(p, p->result->name, "bias", &desc, p->bias->data, &bias));
    return add(p, "Add", (ht_value *[]){scaled, bias}, 2, p->result, NULL);
}

ht_status ht__make_dynamic(ht_graph *graph, ht_error *err) {
    const ht_allocator *allocator = &graph->ctx->allocator;
    size_t values = graph->value_count, count = graph->node_count;
    quantized_input *inputs = ht__calloc(allocator, values + 1, sizeof *inputs);
    ht_node **nodes = ht__calloc(allocator, count + 1, sizeof *nodes); /* those of before: replacing changes the list */
    ht_status status = inputs != NULL && nodes != NULL ? HT_OK : ht__fail_memory(err, (values + 1) * sizeof *inputs);
    for (size_t i = 0; i < count && status == HT_OK; ++i) {
        nodes[i] = graph->nodes[i];
    }
    for (size_t i = 0; i < count && status == HT_OK; ++i) {
        product p;
        if (find_product(graph, nodes[i], &p)) {
            p.err = err;
            status = replace(&p, &inputs[p.input->id]);
        }
    }
    ht__free(allocator, inputs);
    ht__free(allocator, nodes);
    HT_TRY(status);
    HT_TRY(ht__graph_sort(graph, err));
    return ht__graph_infer(graph, err);
}
