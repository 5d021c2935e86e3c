/* Where a graph meets its caller: real numbers instead of codes, channels first instead of last. */
#include <string.h>

#include "graph/op.h"
#include "passes/passes.h"

static bool is_op(const ht_node *node, const char *name) {
    return node != NULL && node->op->domain[0] == '\0' && strcmp(node->op->name, name) == 0;
}

static int32_t code_bits(ht_type type) {
    return type == HT_I8 || type == HT_U8 ? 8 : type == HT_I16 || type == HT_U16 ? 16 : 0;
}

/* The annotation that a QuantizeLinear or DequantizeLinear with one constant scale amounts to for codes of `type`; NULL
 * when there is none. */
static ht_status read_annotation(ht_graph *graph, const ht_node *node, ht_type type, ht_quantization **out,
                                 ht_error *err) {
    const ht_value *scale = node->inputs[1], *zero = node->input_count > 2 ? node->inputs[2] : NULL;
    *out = NULL;
    if (code_bits(type) == 0 || scale->data == NULL || scale->desc.type != HT_F32 ||
        ht__desc_elements(&scale->desc) != 1 ||
        (zero != NULL && (zero->data == NULL || zero->desc.type != type || ht__desc_elements(&zero->desc) != 1))) {
        return HT_OK;
    }
    ht_quantization *q = ht__arena_alloc(graph->arena, sizeof *q);
    float *numbers = ht__arena_alloc(graph->arena, 2 * sizeof *numbers);
    if (q == NULL || numbers == NULL) {
        return ht__fail_memory(err, sizeof *q);
    }
    memcpy(&numbers[0], scale->data, sizeof numbers[0]);
    if (zero != NULL) {
        numbers[1] = type == HT_I8    ? (float)*(const int8_t *)zero->data
                     : type == HT_U8  ? (float)*(const uint8_t *)zero->data
                     : type == HT_I16 ? (float)*(const int16_t *)zero->data
                                      : (float)*(const uint16_t *)zero->data;
    }
    *q = (ht_quantization){.bits = code_bits(type),
                           .is_signed = type == HT_I8 || type == HT_I16,
                           .axis = -1,
                           .groups = 1,
                           .scale = &numbers[0],
                           .zero_point = &numbers[1]};
    *out = q;
    return HT_OK;
}

/* An input of codes that is only dequantized: what that gives becomes the input. */
static ht_status free_input(ht_graph *graph, size_t index, ht_error *err) {
    ht_value *codes = graph->inputs[index];
    ht_node *reader;
    if (codes->is_output || ht__graph_consumers(graph, codes, &reader, 1) != 1 || !is_op(reader, "DequantizeLinear") ||
        reader->inputs[0] != codes) {
        return HT_OK;
    }
    ht_quantization *q;
    HT_TRY(read_annotation(graph, reader, codes->desc.type, &q, err));
    if (q == NULL) {
        return HT_OK;
    }
    ht_value *real = reader->outputs[0];
    ht__graph_remove_node(graph, reader);
    real->desc = codes->desc;
    real->desc.type = HT_F32;
    real->quantization = real->quantization != NULL ? real->quantization : q;
    real->is_input = true;
    codes->is_input = false;
    memcpy(real->symbols, codes->symbols, sizeof real->symbols);
    graph->inputs[index] = real;
    return HT_OK;
}

/* An output of codes: what is quantized becomes the output. */
static ht_status free_output(ht_graph *graph, size_t index, ht_error *err) {
    ht_value *codes = graph->outputs[index];
    ht_node *maker = codes->producer;
    if (!is_op(maker, "QuantizeLinear") || maker->inputs[0]->is_input) {
        return HT_OK;
    }
    ht_quantization *q;
    HT_TRY(read_annotation(graph, maker, codes->desc.type, &q, err));
    ht_value *real = maker->inputs[0];
    /* Two readers may ask for different codes of one tensor. */
    bool other = q != NULL && real->quantization == NULL && ht__graph_consumers(graph, real, NULL, 0) > 1;
    if (q == NULL || other) {
        return HT_OK;
    }
    real->quantization = real->quantization != NULL ? real->quantization : q;
    real->is_output = true;
    codes->is_output = false;
    graph->outputs[index] = real;
    return HT_OK;
}

ht_status ht__pass_real_ends(ht_graph *graph, ht_error *err) {
    for (size_t i = 0; i < graph->input_count; ++i) {
        HT_TRY(free_input(graph, i, err));
    }
    for (size_t i = 0; i < graph->output_count; ++i) {
        HT_TRY(free_output(graph, i, err));
    }
    ht__graph_prune(graph);
    return HT_OK;
}

ht_status ht__pass_channels_first_input(ht_graph *graph, size_t index, ht_error *err) {
    static const int64_t order[] = {0, 2, 3, 1};
    ht_value *last = graph->inputs[index], *first;
    ht_tensor_desc desc = last->desc;
    for (int i = 0; i < 4; ++i) {
        desc.dims[order[i]] = last->desc.dims[i];
    }
    const char *name = ht__arena_printf(graph->arena, "%s/channels_first", last->name);
    if (name == NULL) {
        return ht__fail_memory(err, strlen(last->name));
    }
    HT_TRY(ht__graph_add_value(graph, ht__graph_find(graph, name) == NULL ? name : NULL, &desc, &first, err));
    ht_node *node;
    last->is_input = false;
    HT_TRY(ht__graph_add_node_raw(graph, "", "Transpose", NULL, &first, 1, &last, 1, &node, err));
    HT_TRY(ht__node_set_ints(graph, node, "perm", order, 4, err));
    first->is_input = true;
    first->symbols[0] = last->symbols[0];
    graph->inputs[index] = first;
    return ht__graph_sort(graph, err);
}
