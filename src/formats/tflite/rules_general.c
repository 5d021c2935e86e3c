/* Operators whose results may have shapes that depend on data, comparisons, and choices. */
#include "formats/tflite/rules.h"

/* ONNX's numbers of types. */
enum { ONNX_INT32 = 6, ONNX_INT64 = 7 };

static ht_status cast(const tflite_call *call, int64_t type, ht_value **value) {
    ht_node *node;
    HT_TRY(ht__tflite_step(call, "Cast", value, 1, &node));
    *value = node->outputs[0];
    return ht__tflite_set_int(call, node, "to", type);
}

/* Input `i`, integers in the file, as i64 of that shape. */
static ht_status as_list(const tflite_call *call, uint32_t i, int64_t count, ht_value **out) {
    ht_node *node;
    ht_value *inputs[2];
    HT_TRY(ht__tflite_input(call, i, TFLITE_AS_FILED, out));
    if (ht__tflite_input_tensor(call, i)->type != TFLITE_INT64) {
        HT_TRY(cast(call, ONNX_INT64, out));
    }
    if (ht__tflite_input_tensor(call, i)->shape.count == 1) {
        return HT_OK;
    }
    inputs[0] = *out;
    HT_TRY(ht__tflite_add_ints(call, &count, 1, &inputs[1]));
    HT_TRY(ht__tflite_step(call, "Reshape", inputs, 2, &node));
    *out = node->outputs[0];
    return HT_OK;
}

ht_status ht__tflite_list(const tflite_call *call, uint32_t i, ht_value **out) { return as_list(call, i, -1, out); }

ht_status ht__tflite_read_tile(const tflite_call *call) {
    ht_value *inputs[2];
    HT_TRY(ht__tflite_input(call, 0, TFLITE_AS_FILED, &inputs[0]));
    HT_TRY(as_list(call, 1, -1, &inputs[1]));
    return ht__tflite_result(call, 0, TFLITE_AS_FILED, "Tile", inputs, 2, NULL);
}

/* FILL(dims, value) and BROADCAST_TO(value, dims) are ONNX's Expand. */
ht_status ht__tflite_read_fill(const tflite_call *call) {
    ht_value *inputs[2];
    uint32_t dims = call->op.code == 94 ? 0 : 1;
    HT_TRY(ht__tflite_input(call, 1 - dims, TFLITE_AS_FILED, &inputs[0]));
    HT_TRY(as_list(call, dims, -1, &inputs[1]));
    return ht__tflite_result(call, 0, TFLITE_AS_FILED, "Expand", inputs, 2, NULL);
}

ht_status ht__tflite_read_top_k(const tflite_call *call) {
    tflite_reading *r = call->reading;
    ht_value *inputs[2], *outputs[2];
    const char *names[2];
    ht_node *node;
    HT_TRY(ht__tflite_input(call, 0, TFLITE_AS_FILED, &inputs[0]));
    HT_TRY(as_list(call, 1, 1, &inputs[1]));
    if (call->op.outputs.count != 2) {
        return ht__tflite_refuse(call, "without indices");
    }
    HT_TRY(ht__tflite_output_name(call, 0, TFLITE_AS_FILED, &names[0]));
    HT_TRY(ht__graph_add_value(r->graph, names[0], NULL, &outputs[0], r->err));
    HT_TRY(ht__tflite_fresh(r, call->name, "indices", &names[1]));
    HT_TRY(ht__graph_add_value(r->graph, names[1], NULL, &outputs[1], r->err));
    HT_TRY(ht__graph_add_node_raw(r->graph, "", "TopK", call->name, inputs, 2, outputs, 2, &node, r->err));
    HT_TRY(ht__tflite_bind(call, 0, TFLITE_AS_FILED, outputs[0]));
    HT_TRY(ht__tflite_result(call, 1, TFLITE_AS_FILED, "Cast", &outputs[1], 1, &node));
    return ht__tflite_set_int(call, node, "to", ONNX_INT32);
}

/* The places of what is not zero, a row for each. */
ht_status ht__tflite_read_where(const tflite_call *call) {
    ht_value *x;
    ht_node *node;
    HT_TRY(ht__tflite_input(call, 0, TFLITE_AS_FILED, &x));
    HT_TRY(ht__tflite_step(call, "NonZero", &x, 1, &node));
    HT_TRY(ht__tflite_result(call, 0, TFLITE_AS_FILED, "Transpose", node->outputs, 1, &node));
    return ht__tflite_set_ints(call, node, "perm", (int64_t[]){1, 0}, 2);
}

/* The condition of SELECT chooses elements, or, of rank 1, whole rows, which is not the same. */
ht_status ht__tflite_read_select(const tflite_call *call) {
    ht_value *inputs[3];
    size_t rank = ht__tflite_input_tensor(call, 0)->shape.count;
    bool rows = call->op.code == 64 && rank == 1 && ht__tflite_output_tensor(call, 0)->shape.count > 1;
    if (rows) {
        return ht__tflite_refuse(call, "of rows");
    }
    for (uint32_t i = 0; i < 3; ++i) {
        HT_TRY(ht__tflite_input(call, i, TFLITE_AS_FILED, &inputs[i]));
    }
    return ht__tflite_result(call, 0, TFLITE_AS_FILED, "Where", inputs, 3, NULL);
}

/* Operators of ONNX that take and give the same, in the file's order of axes. */
ht_status ht__tflite_read_plainly(const tflite_call *call) {
    ht_value *inputs[3];
    uint32_t count = (uint32_t)call->op.inputs.count;
    if (count > 3) {
        return ht__tflite_refuse(call, "of so many tensors");
    }
    for (uint32_t i = 0; i < count; ++i) {
        HT_TRY(ht__tflite_input(call, i, TFLITE_AS_FILED, &inputs[i]));
    }
    return ht__tflite_result(call, 0, TFLITE_AS_FILED, call->rule->op, inputs, count, NULL);
}

/* ---- suppression of boxes ---- */

static ht_status constant_number(const tflite_call *call, uint32_t i, float *out) {
    ht_value *value;
    HT_TRY(ht__tflite_input(call, i, TFLITE_AS_FILED, &value));
    if (value->data == NULL || value->desc.type != HT_F32 || ht__desc_elements(&value->desc) != 1) {
        return ht__tflite_refuse(call, "with computed thresholds");
    }
    *out = *(const float *)value->data;
    return HT_OK;
}

ht_status ht__tflite_read_select_boxes(const tflite_call *call) {
    tflite_reading *r = call->reading;
    ht_value *inputs[2], *outputs[3];
    float overlap, threshold, softness = 0;
    int64_t most;
    size_t count;
    ht_node *node;
    HT_TRY(ht__tflite_constant_ints(call, 2, &most, 1, &count));
    HT_TRY(constant_number(call, 3, &overlap));
    HT_TRY(constant_number(call, 4, &threshold));
    if (ht__tflite_has(call, 5)) {
        HT_TRY(constant_number(call, 5, &softness));
    }
    if (count != 1 || softness != 0 || call->op.outputs.count != 3) {
        return ht__tflite_refuse(call, "that softens scores");
    }
    HT_TRY(ht__tflite_input(call, 0, TFLITE_AS_FILED, &inputs[0]));
    HT_TRY(ht__tflite_input(call, 1, TFLITE_AS_FILED, &inputs[1]));
    for (uint32_t i = 0; i < 3; ++i) {
        const char *name;
        HT_TRY(ht__tflite_output_name(call, i, TFLITE_AS_FILED, &name));
        HT_TRY(ht__graph_add_value(r->graph, name, NULL, &outputs[i], r->err));
        HT_TRY(ht__tflite_bind(call, i, TFLITE_AS_FILED, outputs[i]));
    }
    HT_TRY(
        ht__graph_add_node_raw(r->graph, "halftone", "SelectBoxes", call->name, inputs, 2, outputs, 3, &node, r->err));
    HT_TRY(ht__tflite_set_int(call, node, "most", most));
    HT_TRY(ht__node_set_float(r->graph, node, "overlap", overlap, r->err));
    return ht__node_set_float(r->graph, node, "threshold", threshold, r->err);
}
