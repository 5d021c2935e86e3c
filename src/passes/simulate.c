#include <math.h>

#include "graph/op.h"
#include "passes/passes.h"

static ht_status constant_vector(ht_graph *graph, const float *numbers, size_t count, ht_value **out, ht_error *err) {
    ht_tensor_desc desc = {.type = HT_F32, .rank = count == 1 ? 0 : 1, .dims = {(int64_t)count}};
    return ht__graph_add_constant(graph, NULL, &desc, numbers, false, out, err);
}

static ht_status simulate_value(ht_graph *graph, ht_value *value, ht_error *err) {
    const ht_quantization *q = value->quantization;
    if (q->codebook) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, value->name,
                           "An activation can only be quantized with an affine scheme.");
    }
    value->quantization = NULL;
    ht_value *inputs[3] = {value};
    HT_TRY(constant_vector(graph, q->scale, q->groups, &inputs[1], err));
    HT_TRY(constant_vector(graph, q->zero_point, q->groups, &inputs[2], err));
    ht_value *result;
    HT_TRY(ht__graph_add_value(graph, NULL, &value->desc, &result, err));
    ht__graph_replace_uses(graph, value, result);
    ht_node *node;
    HT_TRY(ht__graph_add_node_raw(graph, "halftone", "FakeQuantize", NULL, inputs, 3, &result, 1, &node, err));
    double levels = ldexp(1.0, q->bits);
    HT_TRY(ht__node_set_float(graph, node, "low", (float)(q->is_signed ? -levels / 2 : 0), err));
    HT_TRY(ht__node_set_float(graph, node, "high", (float)(q->is_signed ? levels / 2 - 1 : levels - 1), err));
    return ht__node_set_int(graph, node, "axis", q->axis >= 0 ? q->axis : 0, err);
}

ht_status ht__pass_simulate_quantization(ht_graph *graph, ht_error *err) {
    size_t count = graph->value_count; /* new values need no visit */
    for (size_t i = 0; i < count; ++i) {
        ht_value *value = graph->values[i];
        if (value->quantization != NULL && value->data == NULL && (value->producer != NULL || value->is_input)) {
            HT_TRY(simulate_value(graph, value, err));
        }
    }
    return ht__graph_sort(graph, err);
}

ht_status ht__pass_prepare(ht_graph *graph, int64_t batch, ht_prepare_mode mode, ht_error *err) {
    HT_TRY(ht__graph_set_batch(graph, batch, err));
    HT_TRY(ht__pass_fold_constants(graph, err));
    HT_TRY(ht__pass_widen(graph, err));
    if (mode != HT_PREPARE_OBSERVABLE) {
        HT_TRY(ht__pass_fuse_gelu(graph, err));
    }
    HT_TRY(mode == HT_PREPARE_INTEGER ? ht__pass_integer(graph, err) : ht__pass_simulate_quantization(graph, err));
    if (mode != HT_PREPARE_OBSERVABLE) {
        HT_TRY(ht__pass_fuse_activation(graph, err));
        HT_TRY(ht__pass_fuse_dynamic_product(graph, err));
        HT_TRY(ht__pass_fuse_bias(graph, err));
        HT_TRY(ht__pass_fuse_product(graph, err));
    }
    return ht__graph_infer(graph, err);
}
