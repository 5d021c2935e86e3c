/* The codes put together, each operand brought to the result's scale first.
 *
 * Rule `fixed`, u8: y = zero_y + round(q m + b), m = s_x (1 / s_y) and b = -zero_x m in f32, ties away from zero
 * (LiteRT's ConcatenationWithScaling); other types only come with one scale there. */
#include "ops/lookup/lookup.h"

ht_status ht__integer_Concat(ht_integer *integer, const ht_node *node, ht_error *err) {
    static const char *const attributes[] = {"axis", NULL};
    ht_graph *graph = integer->graph;
    ht_value *parts[HT_MAX_INPUTS], *output;
    ht_codes x[HT_MAX_INPUTS];
    if (node->input_count > HT_MAX_INPUTS) {
        return HT_OK;
    }
    for (uint32_t i = 0; i < node->input_count; ++i) {
        HT_TRY(ht__integer_codes(integer, node->inputs[i], &x[i], err));
        if (x[i].value == NULL) {
            return HT_OK;
        }
    }
    ht_codes y = integer->target;
    for (uint32_t i = 0; i < node->input_count; ++i) {
        HT_TRY(ht__lookup_requantize(integer, node, &x[i], &y, &parts[i], err));
    }
    ht_tensor_desc desc = node->outputs[0]->desc;
    desc.type = y.type;
    ht_node *joined;
    HT_TRY(ht__graph_add_value(graph, NULL, &desc, &output, err));
    HT_TRY(ht__graph_add_node_raw(graph, "", "Concat", node->name, parts, node->input_count, &output, 1, &joined, err));
    HT_TRY(ht__copy_attributes(graph, node, attributes, joined, err));
    y.value = output;
    return ht__lookup_finish(integer, node, &y, err);
}
