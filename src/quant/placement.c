#include "quant/placement.h"

#include <math.h>

#include "graph/op.h"

enum { JOINING_ROUNDS = 8 };

/* ---- which ---- */

typedef struct deciding {
    const ht_graph *graph;
    const bool *keeps_real;
    bool *wanted; /* by value id: an operator that computes on codes reads it, directly or through changes of shape */
    ht_placement *out;
} deciding;

static bool is_activation(const ht_value *value) {
    return value != NULL && value->data == NULL && value->desc.type == HT_F32 &&
           (value->producer != NULL || value->is_input);
}

static ht_op_codes codes_of(const deciding *d, size_t node) {
    const ht_op *op = d->graph->nodes[node]->op;
    if (d->keeps_real != NULL && d->keeps_real[node]) {
        return HT_CODES_NONE;
    }
    return op->selects ? HT_CODES_SAME : op->codes;
}

static bool is_output_wanted(const deciding *d, const ht_node *node) {
    for (uint32_t k = 0; k < node->output_count; ++k) {
        if (node->outputs[k] != NULL && d->wanted[node->outputs[k]->id]) {
            return true;
        }
    }
    return false;
}

/* From the end to the beginning: who is read by an operator on codes? */
static void find_wanted(deciding *d) {
    for (size_t i = d->graph->node_count; i-- > 0;) {
        const ht_node *node = d->graph->nodes[i];
        ht_op_codes codes = codes_of(d, i);
        bool passes_on = codes == HT_CODES_SAME && is_output_wanted(d, node);
        for (uint32_t k = 0; k < node->input_count; ++k) {
            bool reads = codes == HT_CODES_OWN || codes == HT_CODES_FIXED || (passes_on && k == 0);
            if (reads && is_activation(node->inputs[k])) {
                d->wanted[node->inputs[k]->id] = true;
            }
        }
    }
}

static void own(deciding *d, ht_value *value) { d->out->owner[value->id] = value; }

/* From the beginning to the end: results of operators on codes, and what is wanted. */
static void place_result(deciding *d, size_t index, ht_value *result) {
    const ht_node *node = d->graph->nodes[index];
    if (!is_activation(result)) {
        return;
    }
    ht_op_codes codes = codes_of(d, index);
    const ht_value *input = node->inputs[0];
    if (codes == HT_CODES_SAME && input != NULL && d->out->owner[input->id] != NULL) {
        d->out->owner[result->id] = d->out->owner[input->id];
        return;
    }
    bool produced = codes == HT_CODES_OWN || codes == HT_CODES_FIXED;
    if ((produced || d->wanted[result->id]) && !ht__is_completed(d->graph, result)) {
        own(d, result);
    }
}

static ht_status collect_owners(deciding *d, ht_error *err) {
    ht_placement *out = d->out;
    out->ranges = ht__calloc(&d->graph->ctx->allocator, out->count + 1, sizeof *out->ranges);
    if (out->ranges == NULL) {
        return ht__fail_memory(err, out->count * sizeof *out->ranges);
    }
    for (size_t i = 0; i < out->count; ++i) {
        if (out->owner[i] == d->graph->values[i] && out->owner[i] != NULL) {
            out->ranges[out->range_count++].value = out->owner[i];
        }
    }
    return HT_OK;
}

ht_status ht__place_activations(const ht_graph *graph, const bool *keeps_real, ht_placement *out, ht_error *err) {
    const ht_allocator *allocator = &graph->ctx->allocator;
    size_t count = graph->value_count;
    *out = (ht_placement){.count = count, .owner = ht__calloc(allocator, count + 1, sizeof *out->owner)};
    deciding d = {.graph = graph,
                  .keeps_real = keeps_real,
                  .wanted = ht__calloc(allocator, count + 1, sizeof *d.wanted),
                  .out = out};
    if (out->owner == NULL || d.wanted == NULL) {
        ht__free(allocator, d.wanted);
        return ht__fail_memory(err, count * sizeof *out->owner);
    }
    find_wanted(&d);
    for (size_t i = 0; i < graph->input_count; ++i) {
        if (d.wanted[graph->inputs[i]->id]) {
            own(&d, graph->inputs[i]);
        }
    }
    for (size_t i = 0; i < graph->node_count; ++i) {
        for (uint32_t k = 0; k < graph->nodes[i]->output_count; ++k) {
            place_result(&d, i, graph->nodes[i]->outputs[k]);
        }
    }
    ht__free(allocator, d.wanted);
    return collect_owners(&d, err);
}

void ht__placement_free(const ht_graph *graph, ht_placement *placement) {
    ht__free(&graph->ctx->allocator, placement->owner);
    ht__free(&graph->ctx->allocator, placement->ranges);
    *placement = (ht_placement){0};
}

size_t ht__placement_range(const ht_placement *placement, const ht_value *owner) {
    size_t low = 0, high = placement->range_count; /* owners stand in the order of their ids */
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (placement->ranges[middle].value->id < owner->id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* ---- sharing ---- */

static ht_activation_range *range_of(const ht_placement *placement, const ht_value *value) {
    const ht_value *owner = value != NULL ? placement->owner[value->id] : NULL;
    return owner != NULL ? &placement->ranges[ht__placement_range(placement, owner)] : NULL;
}

/* Both ends with zero, which every range of codes holds. */
static double span_of(const ht_activation_range *range) { return fmax(range->high, 0.0) - fmin(range->low, 0.0); }

/* Widens all ranges that the node joins to their union; true when one changed. */
static bool join(const ht_node *node, ht_placement *placement) {
    ht_activation_range all = {.value = NULL};
    double narrowest = INFINITY;
    for (uint32_t k = 0; k <= node->input_count; ++k) {
        const ht_activation_range *range = range_of(placement, k == 0 ? node->outputs[0] : node->inputs[k - 1]);
        if (range == NULL || (range->value->producer != NULL && range->value->producer->op->codes == HT_CODES_FIXED)) {
            return false;
        }
        all.low = fmin(all.low, range->low);
        all.high = fmax(all.high, range->high);
        narrowest = fmin(narrowest, span_of(range));
    }
    if (span_of(&all) > 2.0 * narrowest) {
        return false;
    }
    bool changed = false;
    for (uint32_t k = 0; k <= node->input_count; ++k) {
        ht_activation_range *range = range_of(placement, k == 0 ? node->outputs[0] : node->inputs[k - 1]);
        changed |= range->low != all.low || range->high != all.high;
        range->low = all.low;
        range->high = all.high;
    }
    return changed;
}

void ht__placement_join(const ht_graph *graph, ht_placement *placement) {
    bool changed = true;
    for (int round = 0; round < JOINING_ROUNDS && changed; ++round) {
        changed = false;
        for (size_t i = 0; i < graph->node_count; ++i) {
            changed |= graph->nodes[i]->op->joins && join(graph->nodes[i], placement);
        }
    }
}
