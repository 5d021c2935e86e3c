#include "quant/targets.h"

#include "graph/op.h"

static bool is_number(const ht_value *value) {
    return value != NULL && value->data != NULL && value->desc.type == HT_F32 && ht__desc_elements(&value->desc) > 0;
}

/* Adding a constant row to a weighted sum is that sum's bias. */
static bool is_bias_of_sum(const ht_node *node, uint32_t input) {
    const ht_value *other = node->input_count == 2 ? node->inputs[1 - input] : NULL;
    return other != NULL && other->producer != NULL && other->producer->op->weight_inputs != 0 &&
           other->producer->op->bias_inputs == 0 && node->inputs[input]->desc.rank <= 1;
}

static ht_target_role role_of(const ht_node *node, uint32_t input) {
    uint32_t bit = input < 32 ? 1u << input : 0;
    const ht_op *op = node->op;
    if (op->weight_inputs & bit) {
        return HT_TARGET_WEIGHT;
    }
    if (op->bias_inputs & bit) {
        return op->weight_inputs != 0 || is_bias_of_sum(node, input) ? HT_TARGET_BIAS : HT_TARGET_OTHER;
    }
    return op->norm_inputs & bit ? HT_TARGET_NORM : HT_TARGET_OTHER;
}

static int32_t axis_of(const ht_node *node, uint32_t input) {
    int32_t rank = node->inputs[input]->desc.rank;
    if (rank < 2) {
        return -1;
    }
    return node->op->channel_axis != NULL ? node->op->channel_axis(node, input) : 0;
}

/* Numbers the targets: place[value id] is its index, or HT_NO_TARGET. */
static size_t collect(const ht_graph *graph, ht_target *targets, size_t *place) {
    size_t count = 0;
    for (size_t i = 0; i < graph->value_count; ++i) {
        place[i] = HT_NO_TARGET;
    }
    for (size_t i = 0; i < graph->node_count; ++i) {
        const ht_node *node = graph->nodes[i];
        for (uint32_t k = 0; k < node->input_count; ++k) {
            ht_value *value = node->inputs[k];
            if (!is_number(value) || place[value->id] != HT_NO_TARGET) {
                continue;
            }
            ht_target_role role = role_of(node, k);
            place[value->id] = count;
            targets[count++] = (ht_target){.value = value,
                                           .node = node,
                                           .role = role,
                                           .channel_axis = role == HT_TARGET_WEIGHT ? axis_of(node, k) : -1,
                                           .companion = HT_NO_TARGET};
        }
    }
    return count;
}

static void join(ht_target *targets, size_t a, size_t b) {
    if (a != b && targets[a].companion == HT_NO_TARGET && targets[b].companion == HT_NO_TARGET) {
        targets[a].companion = b;
        targets[b].companion = a;
    }
}

/* The weight that a bias belongs to is read by the same node, or by the sum before it. */
static size_t partner_of(const ht_target *target, const ht_target *targets, const size_t *place) {
    const ht_node *node = target->node;
    for (int step = 0; step < 2 && node != NULL; ++step) {
        for (uint32_t k = 0; k < node->input_count; ++k) {
            size_t other = node->inputs[k] != NULL ? place[node->inputs[k]->id] : HT_NO_TARGET;
            if (other != HT_NO_TARGET && &targets[other] != target &&
                targets[other].role == (target->role == HT_TARGET_NORM ? HT_TARGET_NORM : HT_TARGET_WEIGHT)) {
                return other;
            }
        }
        const ht_value *sum = NULL;
        for (uint32_t k = 0; k < node->input_count; ++k) {
            sum = node->inputs[k] != NULL && node->inputs[k]->producer != NULL ? node->inputs[k] : sum;
        }
        node = target->role == HT_TARGET_BIAS && target->node->op->weight_inputs == 0 && sum != NULL ? sum->producer
                                                                                                     : NULL;
    }
    return HT_NO_TARGET;
}

ht_status ht__quantization_targets(const ht_graph *graph, ht_target **out, size_t *count, ht_error *err) {
    const ht_allocator *allocator = &graph->ctx->allocator;
    ht_target *targets = ht__calloc(allocator, graph->value_count + 1, sizeof *targets);
    size_t *place = ht__calloc(allocator, graph->value_count + 1, sizeof *place);
    if (targets == NULL || place == NULL) {
        ht__free(allocator, targets);
        ht__free(allocator, place);
        return ht__fail_memory(err, (graph->value_count + 1) * sizeof *targets);
    }
    *count = collect(graph, targets, place);
    for (size_t i = 0; i < *count; ++i) {
        bool seeks = targets[i].role == HT_TARGET_BIAS || targets[i].role == HT_TARGET_NORM;
        size_t partner = seeks ? partner_of(&targets[i], targets, place) : HT_NO_TARGET;
        if (partner != HT_NO_TARGET) {
            join(targets, i, partner);
        }
    }
    ht__free(allocator, place);
    *out = targets;
    return HT_OK;
}
