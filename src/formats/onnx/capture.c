/* Graphs inside nodes read names of the graphs around them. Here each such name becomes an operand of the node and an
 * input of the node's graphs, so that every later stage sees all that a node reads in its list of operands. */
#include "formats/onnx/document.h"

/* Enters what a graph makes itself, so that everything else that it reads comes from around it. */
static ht_status enter_own_names(const onnx_document *graph, onnx_index *own, ht_error *err) {
    onnx_name *entry;
    for (size_t i = 0; i < graph->input_count; ++i) {
        HT_TRY(ht__onnx_name(own, graph->inputs[i]->name, &entry, err));
    }
    for (size_t i = 0; i < graph->tensor_count; ++i) {
        HT_TRY(ht__onnx_name(own, graph->tensors[i]->name, &entry, err));
    }
    for (size_t i = 0; i < graph->node_count; ++i) {
        for (size_t k = 0; k < graph->nodes[i]->output_count; ++k) {
            HT_TRY(ht__onnx_name(own, graph->nodes[i]->outputs[k], &entry, err));
        }
    }
    return HT_OK;
}

typedef struct capturing {
    onnx_document *around; /* holds the node */
    onnx_node *node;
    onnx_index own;      /* names that the graph at hand makes */
    onnx_index captured; /* names that are operands already */
    ht_error *err;
} capturing;

static ht_status capture_name(capturing *c, const char *name) {
    if (name[0] == '\0' || ht__onnx_find(&c->own, name) != NULL || ht__onnx_find(&c->captured, name) != NULL) {
        return HT_OK;
    }
    onnx_name *entry;
    HT_TRY(ht__onnx_name(&c->captured, name, &entry, c->err));
    ++c->node->captured;
    return ht__onnx_add_operand(c->around, c->node, false, name, c->err);
}

static ht_status capture_names(capturing *c, const onnx_document *graph) {
    c->own = (onnx_index){.arena = c->around->arena};
    HT_TRY(enter_own_names(graph, &c->own, c->err));
    for (size_t i = 0; i < graph->node_count; ++i) {
        for (size_t k = 0; k < graph->nodes[i]->input_count; ++k) {
            HT_TRY(capture_name(c, graph->nodes[i]->inputs[k]));
        }
    }
    for (size_t i = 0; i < graph->output_count; ++i) {
        HT_TRY(capture_name(c, graph->outputs[i]->name));
    }
    return HT_OK;
}

/* The last inputs of each graph are the captured names, all of them in each. */
static ht_status add_inputs(const capturing *c, onnx_document *graph) {
    for (size_t k = c->node->input_count - c->node->captured; k < c->node->input_count; ++k) {
        onnx_value *input = ht__arena_alloc(graph->arena, sizeof *input);
        if (input == NULL) {
            return ht__fail_memory(c->err, sizeof *input);
        }
        *input = (onnx_value){.name = c->node->inputs[k], .desc = {.type = HT_NONE, .rank = -1}};
        HT_TRY(ht__onnx_push(graph->arena, &graph->inputs, &graph->input_count, &graph->input_capacity, input, c->err));
    }
    return HT_OK;
}

static ht_status capture_node(onnx_document *around, onnx_node *node, ht_error *err) {
    capturing c = {.around = around, .node = node, .captured = {.arena = around->arena}, .err = err};
    for (size_t i = 0; i < node->attribute_count; ++i) {
        if (node->attributes[i]->type == ONNX_ATTRIBUTE_GRAPH) {
            HT_TRY(ht__onnx_capture(node->attributes[i]->graph, err));
            HT_TRY(capture_names(&c, node->attributes[i]->graph));
        }
    }
    for (size_t i = 0; i < node->attribute_count; ++i) {
        if (node->attributes[i]->type == ONNX_ATTRIBUTE_GRAPH) {
            HT_TRY(add_inputs(&c, node->attributes[i]->graph));
        }
    }
    return HT_OK;
}

ht_status ht__onnx_capture(onnx_document *document, ht_error *err) {
    for (size_t i = 0; i < document->node_count; ++i) {
        HT_TRY(capture_node(document, document->nodes[i], err));
    }
    return HT_OK;
}
