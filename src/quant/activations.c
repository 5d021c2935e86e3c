/* Which activations are quantized. */
#include "graph/op.h"
#include "quant/calibrate.h"

enum { MOST_CONSUMERS = 64 };

bool ht__is_completed(const ht_graph *graph, const ht_value *value) {
    const ht_op *op = value->producer != NULL ? value->producer->op : NULL;
    ht_node *readers[MOST_CONSUMERS];
    size_t count = ht__graph_consumers(graph, value, readers, MOST_CONSUMERS);
    if (op == NULL || count == 0 || count > MOST_CONSUMERS || value->is_output ||
        (op->weight_inputs == 0 && op->bias_inputs == 0 && !op->completes)) {
        return false;
    }
    for (size_t i = 0; i < count; ++i) {
        /* A constant that is added to a product is its bias. */
        bool adds_bias = readers[i]->op->bias_inputs != 0 && readers[i]->op->weight_inputs == 0 &&
                         op->weight_inputs != 0 && op->bias_inputs == 0 && readers[i]->input_count == 2 &&
                         readers[i]->inputs[readers[i]->inputs[0] == value]->data != NULL;
        if (!readers[i]->op->completes && !adds_bias) {
            return false;
        }
    }
    return true;
}

static bool is_quantized(const ht_graph *graph, const ht_value *value) {
    bool produced = value->producer != NULL || value->is_input;
    if (!produced || value->data != NULL || value->desc.type != HT_F32 ||
        ht__graph_consumers(graph, value, NULL, 0) == 0) {
        return false;
    }
    bool moved = value->producer != NULL && value->producer->op->selects;
    return !moved && !ht__is_completed(graph, value);
}

ht_status ht__quantized_activations(const ht_graph *graph, ht_activation_range **out, size_t *count, ht_error *err) {
    ht_activation_range *ranges = ht__calloc(&graph->ctx->allocator, graph->value_count + 1, sizeof *ranges);
    if (ranges == NULL) {
        return ht__fail_memory(err, (graph->value_count + 1) * sizeof *ranges);
    }
    *count = 0;
    for (size_t i = 0; i < graph->value_count; ++i) {
        if (is_quantized(graph, graph->values[i])) {
            ranges[(*count)++].value = graph->values[i];
        }
    }
    *out = ranges;
    return HT_OK;
}
