#include "passes/fuse/fuse.h"

#include <math.h>
#include <string.h>

#include "graph/op.h"

bool ht__fuse_lonely(const ht_graph *graph, const ht_value *value) {
    return !value->is_output && value->quantization == NULL && ht__graph_consumers(graph, value, NULL, 0) == 1;
}

bool ht__fuse_is(const ht_node *node, const char *op_name) {
    return node != NULL && node->op->domain[0] == '\0' && strcmp(node->op->name, op_name) == 0;
}

ht_node *ht__fuse_reader(const ht_graph *graph, const ht_value *value, const char *op_name) {
    ht_node *reader = NULL;
    bool alone = ht__fuse_lonely(graph, value) && ht__graph_consumers(graph, value, &reader, 1) == 1;
    return alone && ht__fuse_is(reader, op_name) ? reader : NULL;
}

ht_value *ht__fuse_other(const ht_node *node, const ht_value *value) {
    return node->inputs[0] == value ? node->inputs[1] : node->inputs[1] == value ? node->inputs[0] : NULL;
}

ht_value *ht__fuse_row(const ht_node *node, const ht_value *value) {
    ht_value *row = ht__fuse_other(node, value);
    int64_t columns = value->desc.rank > 0 ? value->desc.dims[value->desc.rank - 1] : -1;
    bool fits = row != NULL && row->data != NULL && row->desc.type == HT_F32 && row->desc.rank == 1 &&
                row->desc.dims[0] == columns;
    return fits ? row : NULL;
}

bool ht__fuse_equals(const ht_value *value, double number) {
    float own;
    if (value == NULL || value->data == NULL || value->desc.type != HT_F32 || ht__desc_elements(&value->desc) != 1) {
        return false;
    }
    memcpy(&own, value->data, sizeof own);
    return fabs((double)own - number) <= 1e-6 * fabs(number);
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

ht_status ht__fuse_tidy(ht_graph *graph, ht_error *err) {
    HT_TRY(ht__graph_sort(graph, err));
    ht__graph_prune(graph);
    return HT_OK;
}
