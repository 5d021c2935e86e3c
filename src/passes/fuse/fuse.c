#include "passes/fuse/fuse.h"

#include <string.h>

bool ht__fuse_lonely(const ht_graph *graph, const ht_value *value) {
    return !value->is_output && value->quantization == NULL && ht__graph_consumers(graph, value, NULL, 0) == 1;
}

void ht__fuse_absorb(ht_graph *graph, ht_node *before, ht_node *activation) {
    ht_value *result = activation->outputs[0], *old = before->outputs[0];
    ht__graph_remove_node(graph, activation);
    old->producer = NULL;
    before->outputs[0] = result;
    result->producer = before;
}

bool ht__fuse_bound(const ht_node *node, uint32_t i, float otherwise, float *out) {
    *out = otherwise;
    if (i >= node->input_count || node->inputs[i] == NULL) {
        return true;
    }
    const ht_value *value = node->inputs[i];
    if (value->data == NULL || value->desc.type != HT_F32 || ht__desc_elements(&value->desc) != 1) {
        return false;
    }
    memcpy(out, value->data, sizeof *out);
    return true;
}
