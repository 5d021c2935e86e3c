/* Shape gives i64 dimensions. Once they are known it is a constant, so that no kernel is needed. */
#include "ops/common.h"

/* The range of axes that is asked for: begin .. end-1, cut to the rank as NumPy cuts slices. */
static void read_range(const ht_node *node, int32_t rank, int32_t *begin, int32_t *end) {
    int64_t first = ht__node_int(node, "start", 0), last = ht__node_int(node, "end", rank);
    first += first < 0 ? rank : 0;
    last += last < 0 ? rank : 0;
    *begin = (int32_t)(first < 0 ? 0 : first > rank ? rank : first);
    *end = (int32_t)(last < *begin ? *begin : last > rank ? rank : last);
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    int32_t begin, end;
    read_range(node, node->inputs[0]->desc.rank, &begin, &end);
    return ht__set_output(node, 0, &(ht_tensor_desc){.type = HT_I64, .rank = 1, .dims = {end - begin}}, err);
}

static ht_status evaluate(ht_host_call *evaluation, ht_error *err) {
    const ht_tensor_desc *x = &evaluation->inputs[0].desc;
    int32_t begin, end;
    void *y;
    read_range(evaluation->node, x->rank, &begin, &end);
    HT_TRY(ht__host_inferred(evaluation, 0, &y, err));
    for (int32_t i = begin; y != NULL && i < end; ++i) {
        ((int64_t *)y)[i - begin] = x->dims[i];
    }
    return HT_OK;
}

const ht_op ht__op_Shape = {
    .name = "Shape",
    .domain = "",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
    .shape_inputs = 0x1,
};
