/* Shapes that the operators' own rules leave open, because the model computes them from the batch: the network is
 * prepared for a batch of 1 and a batch of 3, and what is the same both times does not depend on it. */
#include "formats/onnx/document.h"
#include "passes/passes.h"

static bool is_open(const ht_graph *graph) {
    for (size_t i = 0; i < graph->output_count; ++i) {
        if (graph->outputs[i]->desc.rank < 0) {
            return true;
        }
    }
    return false;
}

/* Is the batch, the first dimension of an input, all that is not known? */
static bool only_batch_is_open(const ht_graph *graph) {
    for (size_t i = 0; i < graph->input_count; ++i) {
        const ht_tensor_desc *desc = &graph->inputs[i]->desc;
        for (int32_t k = 1; k < desc->rank; ++k) {
            if (desc->dims[k] < 0) {
                return false;
            }
        }
        if (desc->rank < 0) {
            return false;
        }
    }
    return true;
}

static ht_status prepare(const ht_graph *graph, int64_t batch, ht_graph **out, ht_error *err) {
    HT_TRY(ht__graph_copy(graph, out, err));
    ht_status status = ht__pass_prepare(*out, batch, HT_PREPARE_OBSERVABLE, err);
    if (status != HT_OK) {
        ht__graph_destroy(*out);
    }
    return status;
}

/* Takes over what two prepared copies say about each value; they have the same values at the same places. */
static void merge(ht_graph *graph, const ht_graph *one, const ht_graph *three) {
    for (size_t i = 0; i < graph->value_count; ++i) {
        ht_tensor_desc *desc = &graph->values[i]->desc;
        const ht_tensor_desc *a = &one->values[i]->desc, *b = &three->values[i]->desc;
        if (desc->rank >= 0 || a->rank < 0 || a->rank != b->rank || a->type != b->type) {
            continue;
        }
        *desc = *a;
        for (int32_t k = 0; k < a->rank; ++k) {
            desc->dims[k] = a->dims[k] == b->dims[k] ? a->dims[k] : -1;
        }
    }
}

ht_status ht__onnx_complete_shapes(ht_graph *graph, ht_error *err) {
    if (!is_open(graph) || !only_batch_is_open(graph)) {
        return HT_OK;
    }
    ht_graph *one, *three;
    ht_status status = prepare(graph, 1, &one, err);
    if (status == HT_OK) {
        status = prepare(graph, 3, &three, err);
        if (status == HT_OK) {
            merge(graph, one, three);
            ht__graph_destroy(three);
        }
        ht__graph_destroy(one);
    }
    return status == HT_ERROR_MEMORY ? status : HT_OK; /* a network that cannot be prepared says so when it is run */
}
