/* The mean of any number of tensors, broadcast against each other. */
#include "kernels/index.h"
#include "ops/host.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    ht_tensor_desc y;
    HT_TRY(ht__broadcast_shape(node, 0, node->input_count, &y, err));
    return ht__set_output(node, 0, &y, err);
}

static ht_status evaluate(ht_host_call *call, ht_error *err) {
    const ht_tensor_desc *yd = &call->node->outputs[0]->desc;
    int64_t index[HT_MAX_RANK] = {0}, at = 0;
    uint32_t count = call->node->input_count;
    void *y;
    HT_TRY(ht__host_inferred(call, 0, &y, err));
    if (y == NULL || ht__desc_elements(yd) == 0) {
        return HT_OK;
    }
    do {
        double sum = 0.0;
        for (uint32_t k = 0; k < count; ++k) {
            int64_t strides[HT_MAX_RANK];
            const ht_tensor_view *x = &call->inputs[k];
            ht__index_broadcast(&x->desc, yd->rank, strides);
            sum += ht__scalar_real(ht__scalar_load(x->desc.type, x->data, ht__index_offset(yd->rank, index, strides)));
        }
        ht__scalar_store(yd->type, y, at++, ht__scalar_of_real(sum / (double)count), NULL);
    } while (ht__index_next(yd->rank, yd->dims, index));
    return HT_OK;
}

const ht_op ht__op_Mean = {
    .name = "Mean",
    .domain = "",
    .min_inputs = 1,
    .max_inputs = UINT32_MAX,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
};
