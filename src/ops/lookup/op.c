#include "kernels/lookup/lookup.h"

#include <math.h>
#include <string.h>

#include "kernels/codes.h"
#include "kernels/fixed_point.h"
#include "ops/lookup/lookup.h"

int64_t ht__lookup_code(const ht_lookup *lookup, float real) {
    float steps = lookup->fixed ? roundf(real * (1.0f / lookup->y.scale)) : rintf(real / lookup->y.scale);
    if (steps != steps) {
        return lookup->y.zero;
    }
    float limit = 1e9f; /* far outside every code */
    return (int64_t)(steps < -limit ? -limit : steps > limit ? limit : steps) + lookup->y.zero;
}

/* A constant with all entries, and the node that looks codes up in it. */
static ht_status add_lookup(ht_integer *integer, const ht_node *source, const ht_lookup *lookup, ht_lookup_entry *entry,
                            const ht_tensor_desc *shape, ht_node **out, ht_error *err) {
    ht_graph *graph = integer->graph;
    int32_t first = ht__code_low(lookup->x.type), count = ht__code_high(lookup->x.type) - first + 1;
    ht_tensor_desc desc = {.type = lookup->y.type, .rank = 1, .dims = {count}};
    void *table = ht__arena_alloc(graph->arena, (size_t)count * ht_type_bytes(desc.type));
    if (table == NULL) {
        return ht__fail_memory(err, (size_t)count);
    }
    for (int32_t i = 0; i < count; ++i) {
        int64_t code = entry(lookup, first + i);
        code = code < lookup->low ? lookup->low : code > lookup->high ? lookup->high : code;
        ht__code_store(desc.type, table, i, (int32_t)code);
    }
    ht_value *inputs[2] = {lookup->x.value}, *output;
    ht_tensor_desc result = *shape;
    result.type = lookup->y.type;
    HT_TRY(ht__graph_add_constant(graph, NULL, &desc, table, true, &inputs[1], err));
    HT_TRY(ht__graph_add_value(graph, NULL, &result, &output, err));
    return ht__graph_add_node_raw(graph, "halftone", "Lookup", source->name, inputs, 2, &output, 1, out, err);
}

ht_status ht__lookup_give(ht_integer *integer, const ht_node *node, float a, float b, ht_lookup_entry *entry,
                          ht_error *err) {
    ht_lookup lookup = {.y = integer->target,
                        .low = integer->low,
                        .high = integer->high,
                        .fixed = integer->graph->requant == HT_REQUANT_FIXED,
                        .a = a,
                        .b = b};
    ht_node *result;
    HT_TRY(ht__integer_codes(integer, node->inputs[0], &lookup.x, err));
    if (lookup.x.value == NULL) {
        return HT_OK;
    }
    HT_TRY(add_lookup(integer, node, &lookup, entry, &node->inputs[0]->desc, &result, err));
    ht__integer_give(integer, result);
    return HT_OK;
}

/* ---- requantizing ---- */

static int64_t requantized(const ht_lookup *lookup, int32_t q) {
    int32_t multiplier, shift;
    if (!lookup->fixed) {
        return ht__lookup_code(lookup, ht__lookup_real(lookup, q));
    }
    ht__fixed_multiplier((double)lookup->x.scale / (double)lookup->y.scale, &multiplier, &shift);
    return (int64_t)ht__fixed_multiply(q - lookup->x.zero, multiplier, shift) + lookup->y.zero;
}

static bool same_codes(const ht_codes *a, const ht_codes *b) {
    return a->type == b->type && a->zero == b->zero && memcmp(&a->scale, &b->scale, sizeof a->scale) == 0;
}

ht_status ht__lookup_requantize(ht_integer *integer, const ht_node *source, const ht_codes *x, const ht_codes *y,
                                ht_value **out, ht_error *err) {
    *out = x->value;
    if (same_codes(x, y)) {
        return HT_OK;
    }
    ht_lookup lookup = {.x = *x,
                        .y = *y,
                        .low = ht__code_low(y->type),
                        .high = ht__code_high(y->type),
                        .fixed = integer->graph->requant == HT_REQUANT_FIXED};
    ht_node *node;
    HT_TRY(add_lookup(integer, source, &lookup, requantized, &x->value->desc, &node, err));
    *out = node->outputs[0];
    return HT_OK;
}

ht_status ht__lookup_finish(ht_integer *integer, const ht_node *node, const ht_codes *made, ht_error *err) {
    ht_type type = integer->target.type;
    bool whole = integer->low == ht__code_low(type) && integer->high == ht__code_high(type);
    if (same_codes(made, &integer->target) && whole) {
        integer->target.value = made->value;
        return HT_OK;
    }
    ht_lookup lookup = {.x = *made,
                        .y = integer->target,
                        .low = integer->low,
                        .high = integer->high,
                        .fixed = integer->graph->requant == HT_REQUANT_FIXED};
    ht_node *result;
    HT_TRY(add_lookup(integer, node, &lookup, requantized, &made->value->desc, &result, err));
    ht__integer_give(integer, result);
    return HT_OK;
}

ht_status ht__integer_requantize(ht_integer *integer, const ht_node *node, ht_error *err) {
    ht_codes x;
    HT_TRY(ht__integer_codes(integer, node->inputs[0], &x, err));
    return x.value != NULL ? ht__lookup_finish(integer, node, &x, err) : HT_OK;
}

/* ---- moving ---- */

ht_status ht__integer_move(ht_integer *integer, const ht_node *node, ht_error *err) {
    ht_graph *graph = integer->graph;
    ht_codes x;
    HT_TRY(ht__integer_codes(integer, node->inputs[0], &x, err));
    if (x.value == NULL || node->input_count > HT_MAX_INPUTS) {
        return HT_OK;
    }
    ht_value *inputs[HT_MAX_INPUTS], *output;
    memcpy(inputs, node->inputs, node->input_count * sizeof *inputs);
    inputs[0] = x.value;
    ht_tensor_desc desc = node->outputs[0]->desc;
    desc.type = x.type;
    ht_node *moved;
    HT_TRY(ht__graph_add_value(graph, NULL, &desc, &output, err));
    HT_TRY(ht__graph_add_node_raw(graph, node->op->domain, node->op->name, node->name, inputs, node->input_count,
                                  &output, 1, &moved, err));
    HT_TRY(ht__copy_all_attributes(graph, node, moved, err));
    x.value = output;
    return ht__lookup_finish(integer, node, &x, err);
}

ht_status ht__integer_join(ht_integer *integer, const ht_node *node, ht_error *err) {
    ht_graph *graph = integer->graph;
    ht_value *parts[HT_MAX_INPUTS], *output;
    ht_codes x[HT_MAX_INPUTS], y = integer->target;
    if (node->input_count > HT_MAX_INPUTS) {
        return HT_OK;
    }
    for (uint32_t i = 0; i < node->input_count; ++i) {
        HT_TRY(ht__integer_codes(integer, node->inputs[i], &x[i], err));
        if (x[i].value == NULL) {
            return HT_OK;
        }
    }
    for (uint32_t i = 0; i < node->input_count; ++i) {
        HT_TRY(ht__lookup_requantize(integer, node, &x[i], &y, &parts[i], err));
    }
    ht_tensor_desc desc = node->outputs[0]->desc;
    desc.type = y.type;
    ht_node *joined;
    HT_TRY(ht__graph_add_value(graph, NULL, &desc, &output, err));
    HT_TRY(ht__graph_add_node_raw(graph, node->op->domain, node->op->name, node->name, parts, node->input_count,
                                  &output, 1, &joined, err));
    HT_TRY(ht__copy_all_attributes(graph, node, joined, err));
    y.value = output;
    return ht__lookup_finish(integer, node, &y, err);
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    ht_tensor_desc y = node->inputs[0]->desc;
    y.type = node->inputs[1]->desc.type;
    return ht__set_output(node, 0, &y, err);
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)node;
    (void)operands;
    (void)err;
    call->family = &ht__lookup_family;
    return HT_OK;
}

const ht_op ht__op_Lookup = {
    .name = "Lookup",
    .domain = "halftone",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_NEUTRAL,
    .plain_inputs = 0x2,
    .infer = infer,
    .lower = lower,
};
