/* start, start + delta, ... before limit. */
#include <math.h>

#include "ops/host.h"

/* The number of elements: ceil((limit - start) / delta), at least 0. */
static ht_status count_of(const ht_node *node, int64_t *out, ht_error *err) {
    ht_scalar part[3];
    for (uint32_t k = 0; k < 3; ++k) {
        const ht_value *input = node->inputs[k];
        if (ht__desc_elements(&input->desc) != 1 || input->desc.type != node->inputs[0]->desc.type) {
            return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "Range takes three numbers of one type.");
        }
        part[k] = ht__scalar_load(input->desc.type, input->data, 0);
    }
    double steps = (ht__scalar_real(part[1]) - ht__scalar_real(part[0])) / ht__scalar_real(part[2]);
    if (!isfinite(steps) || fabs(steps) > 0x1p40) {
        return ht__fail_at(err, HT_ERROR_LIMIT, node->name, "The range has no end, or too many elements.");
    }
    *out = steps > 0.0 ? (int64_t)ceil(steps) : 0;
    return HT_OK;
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    ht_tensor_desc y = {.type = node->inputs[0]->desc.type, .rank = 1, .dims = {-1}};
    if (node->inputs[0]->data != NULL && node->inputs[1]->data != NULL && node->inputs[2]->data != NULL) {
        HT_TRY(count_of(node, &y.dims[0], err));
    }
    return ht__set_output(node, 0, &y, err);
}

static ht_status evaluate(ht_host_call *call, ht_error *err) {
    ht_type type = call->inputs[0].desc.type;
    ht_scalar start = ht__scalar_load(type, call->inputs[0].data, 0),
              delta = ht__scalar_load(type, call->inputs[2].data, 0);
    int64_t elements = ht__desc_elements(&call->node->outputs[0]->desc);
    void *y;
    HT_TRY(ht__host_inferred(call, 0, &y, err));
    for (int64_t i = 0; y != NULL && i < elements; ++i) {
        ht_scalar value = start;
        value.real = start.real + (double)i * delta.real;
        value.integer = (int64_t)((uint64_t)start.integer + (uint64_t)i * (uint64_t)delta.integer);
        ht__scalar_store(type, y, i, value, NULL);
    }
    return HT_OK;
}

const ht_op ht__op_Range = {
    .name = "Range",
    .domain = "",
    .min_inputs = 3,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
    .content_inputs = 0x7,
};
