/* What evaluating operators share. */
#include "graph/op.h"

ht_status ht__host_output(ht_host_call *call, uint32_t index, const ht_tensor_desc *desc, void **data, ht_error *err) {
    const ht_node *node = call->node;
    *data = NULL;
    if (index >= node->output_count || node->outputs[index] == NULL) {
        return HT_OK;
    }
    char text[96];
    size_t bytes;
    if (!ht__desc_is_sane(desc)) {
        return ht__fail_at(err, HT_ERROR_LIMIT, node->name, "%s would give %s, which is too large.", node->op->name,
                           ht__desc_print(desc, text, sizeof text));
    }
    if (desc->type == HT_NONE || desc->rank < 0 || !ht__desc_bytes(desc, &bytes)) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, node->name, "The shape of what %s gives is not known.",
                           node->op->name);
    }
    *data = call->output(call, index, desc);
    return *data != NULL ? HT_OK : ht__fail_memory(err, bytes);
}

ht_status ht__host_inferred(ht_host_call *call, uint32_t index, void **data, ht_error *err) {
    const ht_node *node = call->node;
    *data = NULL;
    return index < node->output_count && node->outputs[index] != NULL
               ? ht__host_output(call, index, &node->outputs[index]->desc, data, err)
               : HT_OK;
}

bool ht__node_has_graphs(const ht_node *node) {
    for (uint32_t i = 0; i < node->attribute_count; ++i) {
        if (node->attributes[i].kind == HT_ATTRIBUTE_GRAPH) {
            return true;
        }
    }
    return false;
}
