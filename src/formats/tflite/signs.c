/* Unsigned activations beside signed weights, as ONNX Runtime likes them, in a format whose integer operators want both
 * alike: the same real numbers as signed codes. */
#include "formats/tflite/tflite.h"
#include "graph/op.h"

enum { BITS = 8, HALF = 1 << (BITS - 1) };

static bool is_unsigned(const ht_quantization *q) {
    return q != NULL && !q->codebook && q->element == HT_NONE && q->bits == BITS && !q->is_signed;
}

/* Has some node weights of signed codes? Old files, whose weights are unsigned as well, stay as they are. */
static bool has_signed_weights(const ht_graph *graph) {
    for (size_t i = 0; i < graph->node_count; ++i) {
        const ht_node *node = graph->nodes[i];
        for (uint32_t k = 0; k < node->input_count; ++k) {
            const ht_value *input = node->inputs[k];
            bool weight = (node->op->weight_inputs >> k & 1) != 0 && input != NULL && input->data != NULL;
            if (weight && input->quantization != NULL && input->quantization->is_signed) {
                return true;
            }
        }
    }
    return false;
}

/* The codes of a constant count from the smallest one, so they are the same. */
static ht_status make_signed(ht_graph *graph, ht_value *value, ht_error *err) {
    const ht_quantization *old = value->quantization;
    ht_quantization *q = ht__arena_copy(graph->arena, old, sizeof *q);
    float *zero = ht__arena_alloc(graph->arena, old->groups * sizeof *zero);
    if (q == NULL || zero == NULL) {
        return ht__fail_memory(err, old->groups * sizeof *zero);
    }
    for (size_t i = 0; i < old->groups; ++i) {
        zero[i] = old->zero_point[i] - (float)HALF;
    }
    q->is_signed = true;
    q->zero_point = zero;
    value->quantization = q;
    return HT_OK;
}

ht_status ht__tflite_sign_codes(ht_graph *graph, ht_error *err) {
    if (!has_signed_weights(graph)) {
        return HT_OK;
    }
    for (size_t i = 0; i < graph->value_count; ++i) {
        HT_TRY(is_unsigned(graph->values[i]->quantization) ? make_signed(graph, graph->values[i], err) : HT_OK);
    }
    return HT_OK;
}
