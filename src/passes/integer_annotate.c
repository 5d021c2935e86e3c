/* Annotations that follow from those that are there. None of them changes what the graph computes:
 *
 *   what a DequantizeLinear gives is on the grid of its codes;
 *   what only QuantizeLinear nodes of one scale read may be rounded to that grid before;
 *   what an operator moves or selects is on its input's grid, and may be rounded before it is moved instead of after.
 */
#include <string.h>

#include "graph/integer.h"
#include "kernels/codes.h"
#include "ops/integer.h"
#include "ops/lookup/lookup.h"
#include "passes/integer.h"

static bool is_op(const ht_node *node, const char *name) {
    return node->op->domain[0] == '\0' && strcmp(node->op->name, name) == 0;
}

/* Does the operator give numbers of its input 0, whatever they are? */
static bool moves(const ht_node *node) {
    return node->op->integer == ht__integer_move || is_op(node, "MaxPool") || is_op(node, "Identity");
}

static bool is_open(const ht_value *value) {
    return value != NULL && value->quantization == NULL && value->data == NULL && value->desc.type == HT_F32;
}

static ht_status annotate(ht_graph *graph, ht_value *value, const ht_codes *codes, ht_error *err) {
    ht_quantization *q = ht__arena_alloc(graph->arena, sizeof *q);
    float *parameters = ht__arena_alloc(graph->arena, 2 * sizeof *parameters);
    if (q == NULL || parameters == NULL) {
        return ht__fail_memory(err, sizeof *q);
    }
    parameters[0] = codes->scale;
    parameters[1] = (float)codes->zero;
    *q = (ht_quantization){.bits = 8 * (int32_t)ht_type_bytes(codes->type),
                           .is_signed = codes->type == HT_I8 || codes->type == HT_I16,
                           .axis = -1,
                           .groups = 1,
                           .scale = &parameters[0],
                           .zero_point = &parameters[1]};
    value->quantization = q;
    return HT_OK;
}

static bool same(const ht_codes *a, const ht_codes *b) {
    return a->type == b->type && a->zero == b->zero && memcmp(&a->scale, &b->scale, sizeof a->scale) == 0;
}

/* The codes that all readers of a value make of it; type HT_NONE when one does something else. */
static ht_status read_as(const ht_graph *graph, const ht_value *value, ht_codes *out, ht_error *err) {
    ht_node *readers[16];
    size_t count = ht__graph_consumers(graph, value, readers, sizeof readers / sizeof readers[0]);
    *out = (ht_codes){0};
    for (size_t i = 0; i < count; ++i) {
        ht_codes codes = {0};
        if (i < sizeof readers / sizeof readers[0] && is_op(readers[i], "QuantizeLinear") &&
            readers[i]->inputs[0] == value) {
            HT_TRY(ht__quantizer_codes(readers[i], readers[i]->outputs[0]->desc.type, &codes, err));
        }
        if (codes.type == HT_NONE || (i > 0 && !same(&codes, out))) {
            *out = (ht_codes){0};
            return HT_OK;
        }
        *out = codes;
    }
    return HT_OK;
}

static ht_status from_node(ht_graph *graph, const ht_node *node, ht_error *err) {
    ht_value *x = node->inputs[0], *y = node->outputs[0];
    ht_codes codes;
    if (is_op(node, "DequantizeLinear") && x->data == NULL && is_open(y)) {
        HT_TRY(ht__quantizer_codes(node, x->desc.type, &codes, err));
        return codes.type != HT_NONE ? annotate(graph, y, &codes, err) : HT_OK;
    }
    if (is_op(node, "QuantizeLinear") && is_open(x) && !x->is_output) {
        HT_TRY(read_as(graph, x, &codes, err));
        return codes.type != HT_NONE ? annotate(graph, x, &codes, err) : HT_OK;
    }
    if (moves(node) && x != NULL && node->output_count == 1 && is_open(y) && x->data == NULL &&
        ht__integer_usable(x->quantization, true)) {
        y->quantization = x->quantization;
    }
    return HT_OK;
}

ht_status ht__integer_annotate(ht_graph *graph, ht_error *err) {
    for (size_t i = 0; i < graph->node_count; ++i) {
        if (graph->nodes[i]->input_count != 0) {
            HT_TRY(from_node(graph, graph->nodes[i], err));
        }
    }
    for (size_t i = graph->node_count; i-- > 0;) {
        const ht_node *node = graph->nodes[i];
        ht_value *x = node->input_count != 0 ? node->inputs[0] : NULL;
        if (moves(node) && is_open(x) && !x->is_output && node->output_count == 1 &&
            ht__integer_usable(node->outputs[0]->quantization, true) && x->producer != NULL &&
            ht__graph_consumers(graph, x, NULL, 0) == 1) {
            x->quantization = node->outputs[0]->quantization;
        }
    }
    return HT_OK;
}
