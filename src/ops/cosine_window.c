#include "ops/cosine_window.h"

#include <math.h>

ht_status ht__cosine_window_infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    double size;
    if (node->inputs[0]->data == NULL) {
        return HT_OK;
    }
    HT_TRY(ht__constant_number(node, 0, 0.0, &size, err));
    ht_type type = ht__onnx_type(ht__node_int(node, "output_datatype", 1));
    if (!(size >= 0.0 && size <= (double)INT32_MAX) || type == HT_NONE) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "%s cannot have %g elements of type %s.", node->op->name,
                           size, ht_type_name(type));
    }
    ht_tensor_desc y = {.type = type, .rank = 1, .dims = {(int64_t)size}};
    return ht__set_output(node, 0, &y, err);
}

void ht__cosine_window(ht_real_call *call, double a, double b, double c) {
    int64_t size = call->outputs[0].desc.dims[0];
    int64_t period = ht__node_int(call->node, "periodic", 1) != 0 ? size : size - 1;
    for (int64_t n = 0; n < size; ++n) {
        double angle = period > 0 ? 2.0 * 3.14159265358979323846 * (double)n / (double)period : 0.0;
        call->outputs[0].data[n] = period > 0 ? a - b * cos(angle) + c * cos(2.0 * angle) : 1.0;
    }
}
