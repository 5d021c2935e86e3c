#include "quant/compare_match.h"

#include <string.h>

#include "graph/op.h"

enum { LONGEST_NAME = 512 };

static bool is_activation(const ht_value *value) {
    return value != NULL && value->data == NULL && value->desc.type == HT_F32;
}

/* What quantizers put behind a tensor's name: ONNX Runtime, and ours. */
static const char *const endings[] = {
    "_DequantizeLinear_Output", "_QuantizeLinear_Output", "_quantized", "_dequantized", ".dequantized", ".real"};

/* The tensor of the same name, or of the name without such an ending, unless the quantized graph has that one, too. */
static const ht_value *by_name(const ht_graph *original, const ht_graph *quantized, const char *name) {
    const ht_value *value = ht__graph_find(original, name);
    size_t length = strlen(name);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0] && !is_activation(value); ++i) {
        size_t ending = strlen(endings[i]);
        if (length > ending && length < LONGEST_NAME && strcmp(name + length - ending, endings[i]) == 0) {
            char stem[LONGEST_NAME];
            memcpy(stem, name, length - ending);
            stem[length - ending] = '\0';
            value = is_activation(ht__graph_find(quantized, stem)) ? NULL : ht__graph_find(original, stem);
        }
    }
    return is_activation(value) ? value : NULL;
}

/* The constant that the node multiplies with; NULL when there is none. */
static const ht_value *weight_of(const ht_node *node) {
    for (uint32_t k = 0; k < node->input_count; ++k) {
        if (node->op->weight_inputs >> k & 1 && node->inputs[k] != NULL && node->inputs[k]->data != NULL) {
            return node->inputs[k];
        }
    }
    return NULL;
}

/* The n-th node (from 0) of the operator of `like` whose weights have the same shape. */
static const ht_node *find_alike(const ht_graph *graph, const ht_node *like, size_t n) {
    for (size_t i = 0; i < graph->node_count; ++i) {
        const ht_node *node = graph->nodes[i];
        const ht_value *weight = weight_of(node);
        if (node->op == like->op && weight != NULL && ht__desc_same_shape(&weight->desc, &weight_of(like)->desc) &&
            n-- == 0) {
            return node;
        }
    }
    return NULL;
}

static size_t rank_of(const ht_graph *graph, const ht_node *node) {
    size_t before = 0;
    for (size_t i = 0; i < graph->node_count && graph->nodes[i] != node; ++i) {
        const ht_value *weight = weight_of(graph->nodes[i]);
        before += graph->nodes[i]->op == node->op && weight != NULL &&
                  ht__desc_same_shape(&weight->desc, &weight_of(node)->desc);
    }
    return before;
}

/* The only node that reads the value when it completes a product (an activation function, a normalisation). */
static const ht_node *completion(const ht_graph *graph, const ht_value *value) {
    ht_node *reader;
    bool sole = ht__graph_consumers(graph, value, &reader, 1) == 1 && !value->is_output;
    return sole && reader->op->completes ? reader : NULL;
}

/* The result of the original's node that stands where `node` stands; behind what the quantized graph has folded in. */
static const ht_value *by_structure(const ht_graph *original, const ht_graph *quantized, const ht_node *node) {
    const ht_node *partner = find_alike(original, node, rank_of(quantized, node));
    const ht_value *value = partner != NULL ? partner->outputs[0] : NULL;
    while (value != NULL && completion(quantized, node->outputs[0]) == NULL && completion(original, value) != NULL) {
        value = completion(original, value)->outputs[0];
    }
    return value;
}

static bool is_taken(const ht_match_list *matches, const ht_value *original) {
    for (size_t i = 0; i < matches->count; ++i) {
        if (matches->list[i].original == original) {
            return true;
        }
    }
    return false;
}

static void add(ht_match_list *out, const ht_value *original, const ht_value *quantized) {
    out->list[out->count++] = (ht_match){original, quantized};
}

static void match_node(const ht_graph *original, const ht_graph *quantized, const ht_node *node, ht_match_list *out) {
    const ht_value *result = node->outputs[0];
    if (!is_activation(result)) {
        return;
    }
    const ht_value *partner = by_name(original, quantized, result->name);
    if (partner == NULL && weight_of(node) != NULL) {
        partner = by_structure(original, quantized, node);
        out->by_structure += partner != NULL;
        out->unmatched += partner == NULL;
    }
    if (partner != NULL && !is_taken(out, partner)) {
        add(out, partner, result);
    }
}

ht_status ht__match_graphs(const ht_graph *original, const ht_graph *quantized, ht_match_list *out, ht_error *err) {
    *out =
        (ht_match_list){.list = ht__calloc(&quantized->ctx->allocator, quantized->value_count + 1, sizeof *out->list)};
    if (out->list == NULL) {
        return ht__fail_memory(err, quantized->value_count * sizeof *out->list);
    }
    for (size_t i = 0; i < quantized->input_count && i < original->input_count; ++i) {
        if (is_activation(quantized->inputs[i]) && is_activation(original->inputs[i])) {
            add(out, original->inputs[i], quantized->inputs[i]);
        }
    }
    size_t inputs = out->count;
    for (size_t i = 0; i < quantized->node_count; ++i) {
        match_node(original, quantized, quantized->nodes[i], out);
    }
    return out->count > inputs
               ? HT_OK
               : ht__fail(err, HT_ERROR_MISMATCH,
                          "The models have no tensor in common, neither by name nor by the order of their layers.");
}

void ht__match_free(const ht_allocator *allocator, ht_match_list *matches) {
    ht__free(allocator, matches->list);
    *matches = (ht_match_list){0};
}
