/* Operators whose kernels are f32 only, on f16 and bf16 tensors: their operands are converted on the way in, their
 * results on the way out. Both conversions are exact or round once, so the result is the f32 one, rounded. */
#include <string.h>

#include "graph/op.h"
#include "numeric/scalar.h"
#include "passes/passes.h"

/* ONNX's numbers of element types, for Cast. */
enum { ONNX_F32 = 1, ONNX_F16 = 10, ONNX_BF16 = 16 };

typedef struct widening {
    ht_graph *graph;
    ht_value **wide; /* by value id: the same numbers as f32; NULL: not made yet */
    size_t count;    /* of values before the pass */
    ht_error *err;
} widening;

static bool is_narrow(const ht_value *value) {
    return value != NULL && (value->desc.type == HT_F16 || value->desc.type == HT_BF16);
}

static ht_status add_cast(widening *w, ht_value *from, ht_value *to, int64_t type) {
    ht_node *node;
    HT_TRY(ht__graph_add_node_raw(w->graph, "", "Cast", from->name, &from, 1, &to, 1, &node, w->err));
    return ht__node_set_int(w->graph, node, "to", type, w->err);
}

static ht_status widen_constant(widening *w, const ht_value *value, const ht_tensor_desc *desc, ht_value **out) {
    size_t bytes;
    float *numbers = ht__desc_bytes(desc, &bytes) ? ht__arena_alloc(w->graph->arena, bytes + 1) : NULL;
    if (numbers == NULL) {
        return ht__fail_memory(w->err, bytes);
    }
    for (int64_t i = 0; i < ht__desc_elements(desc); ++i) {
        numbers[i] = (float)ht__scalar_real(ht__scalar_load(value->desc.type, value->data, i));
    }
    return ht__graph_add_constant(w->graph, NULL, desc, numbers, true, out, w->err);
}

static ht_status widen_operand(widening *w, ht_value **operand) {
    ht_value *value = *operand, *wide = value->id < w->count ? w->wide[value->id] : NULL;
    ht_tensor_desc desc = value->desc;
    desc.type = HT_F32;
    if (wide == NULL && value->data != NULL) {
        HT_TRY(widen_constant(w, value, &desc, &wide));
    } else if (wide == NULL) {
        HT_TRY(ht__graph_add_value(w->graph, NULL, &desc, &wide, w->err));
        HT_TRY(add_cast(w, value, wide, ONNX_F32));
    }
    if (value->id < w->count) {
        w->wide[value->id] = wide;
    }
    *operand = wide;
    return HT_OK;
}

static ht_status widen_result(widening *w, ht_node *node, uint32_t k) {
    ht_value *value = node->outputs[k], *wide;
    ht_tensor_desc desc = value->desc;
    desc.type = HT_F32;
    HT_TRY(ht__graph_add_value(w->graph, NULL, &desc, &wide, w->err));
    node->outputs[k] = wide;
    wide->producer = node;
    value->producer = NULL;
    return add_cast(w, wide, value, value->desc.type == HT_F16 ? ONNX_F16 : ONNX_BF16);
}

static ht_status widen_node(widening *w, ht_node *node) {
    if (!node->op->in_f32 || node->input_count == 0 || !is_narrow(node->inputs[0])) {
        return HT_OK;
    }
    for (uint32_t i = 0; i < node->input_count; ++i) {
        if (is_narrow(node->inputs[i])) {
            HT_TRY(widen_operand(w, &node->inputs[i]));
        }
    }
    for (uint32_t k = 0; k < node->output_count; ++k) {
        if (is_narrow(node->outputs[k])) {
            HT_TRY(widen_result(w, node, k));
        }
    }
    return HT_OK;
}

ht_status ht__pass_widen(ht_graph *graph, ht_error *err) {
    widening w = {.graph = graph, .count = graph->value_count, .err = err};
    size_t nodes = graph->node_count; /* new ones need no visit */
    w.wide = ht__calloc(&graph->ctx->allocator, w.count + 1, sizeof *w.wide);
    if (w.wide == NULL) {
        return ht__fail_memory(err, w.count * sizeof *w.wide);
    }
    ht_status status = HT_OK;
    for (size_t i = 0; i < nodes && status == HT_OK; ++i) {
        status = widen_node(&w, graph->nodes[i]);
    }
    ht__free(&graph->ctx->allocator, w.wide);
    return status != HT_OK || graph->node_count == nodes ? status : ht__graph_sort(graph, err);
}
