/* Padding of codes, brought to the result's scale first; the filler becomes a code of that scale. */
#include <string.h>

#include "kernels/codes.h"
#include "ops/lookup/lookup.h"

/* The constant that is padded with, as a code; *usable: can it be had? */
static ht_status add_filler(ht_integer *integer, const ht_node *node, ht_value **out, bool *usable, ht_error *err) {
    ht_type type = integer->target.type;
    const ht_lookup lookup = {.y = integer->target, .fixed = integer->graph->requant == HT_REQUANT_FIXED};
    bool given = ht__has_input(node, 2) && ht__desc_elements(&node->inputs[2]->desc) != 0;
    int64_t code = integer->target.zero, low = ht__code_low(type), high = ht__code_high(type);
    *usable = !given || (node->inputs[2]->data != NULL && node->inputs[2]->desc.type == HT_F32);
    if (given && *usable) {
        float number;
        HT_TRY(ht__constant_float(node, 2, 0.0f, &number, err));
        code = ht__lookup_code(&lookup, number);
        code = code < low ? low : code > high ? high : code;
    }
    int32_t stored; /* large enough for every code */
    ht__code_store(type, &stored, 0, (int32_t)code);
    ht_tensor_desc desc = {.type = type};
    return ht__graph_add_constant(integer->graph, NULL, &desc, &stored, false, out, err);
}

ht_status ht__integer_Pad(ht_integer *integer, const ht_node *node, ht_error *err) {
    static const char *const attributes[] = {"mode", NULL};
    ht_graph *graph = integer->graph;
    ht_codes x, y = integer->target;
    ht_value *inputs[4] = {NULL}, *output;
    bool usable;
    HT_TRY(ht__integer_codes(integer, node->inputs[0], &x, err));
    if (x.value == NULL) {
        return HT_OK;
    }
    HT_TRY(add_filler(integer, node, &inputs[2], &usable, err));
    if (!usable) {
        return HT_OK;
    }
    HT_TRY(ht__lookup_requantize(integer, node, &x, &y, &inputs[0], err));
    inputs[1] = node->inputs[1];
    inputs[3] = ht__has_input(node, 3) ? node->inputs[3] : NULL;
    ht_tensor_desc desc = node->outputs[0]->desc;
    desc.type = y.type;
    ht_node *padded;
    HT_TRY(ht__graph_add_value(graph, NULL, &desc, &output, err));
    HT_TRY(ht__graph_add_node_raw(graph, "", "Pad", node->name, inputs, inputs[3] != NULL ? 4 : 3, &output, 1, &padded,
                                  err));
    HT_TRY(ht__copy_attributes(graph, node, attributes, padded, err));
    y.value = output;
    return ht__lookup_finish(integer, node, &y, err);
}
