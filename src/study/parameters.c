/* Which constants of a graph quantization may touch. */
#include <string.h>

#include "graph/op.h"
#include "study/testbed.h"

/* How an operator uses its constants: operand numbers, -1 none. */
typedef struct usage {
    const char *op;
    int weight, bias; /* a layer */
    int scale, shift; /* a norm */
} usage;

static const usage usages[] = {
    {"Conv", 1, 2, -1, -1},    {"ConvTranspose", 1, 2, -1, -1},      {"Gemm", 1, 2, -1, -1},
    {"MatMul", 1, -1, -1, -1}, {"BatchNormalization", -1, -1, 1, 2}, {"LayerNormalization", -1, -1, 1, 2},
    {"Add", -1, 1, -1, -1}, /* the bias of a MatMul before it */
};

static const usage *find_usage(const ht_node *node) {
    for (size_t i = 0; i < sizeof usages / sizeof *usages; ++i) {
        if (strcmp(usages[i].op, node->op->name) == 0) {
            return &usages[i];
        }
    }
    return NULL;
}

/* The constant at an operand, or NULL. */
static const ht_value *constant_at(const ht_node *node, int operand) {
    if (operand < 0 || (uint32_t)operand >= node->input_count || node->inputs[operand] == NULL) {
        return NULL;
    }
    const ht_value *value = node->inputs[operand];
    return value->data != NULL && value->desc.type == HT_F32 && ht__desc_elements(&value->desc) > 0 ? value : NULL;
}

static int channel_axis(const ht_node *node, const ht_value *weight) {
    const char *op = node->op->name;
    if (strcmp(op, "Conv") == 0) {
        return 0;
    }
    if (strcmp(op, "ConvTranspose") == 0) {
        return 1;
    }
    if (strcmp(op, "Gemm") == 0) {
        return ht__node_int(node, "transB", 0) != 0 ? 0 : 1;
    }
    return weight->desc.rank > 0 ? weight->desc.rank - 1 : -1; /* MatMul: columns */
}

/* While only counting (items NULL) a constant that two nodes share counts twice, which only wastes room. */
typedef struct collection {
    ht_parameter *items;
    size_t count;
} collection;

static bool is_known(const collection *c, const ht_value *value) {
    for (size_t i = 0; c->items != NULL && i < c->count; ++i) {
        if (c->items[i].value == value) {
            return true;
        }
    }
    return false;
}

/* Index of the new entry, or SIZE_MAX. */
static size_t add(collection *c, const ht_node *node, int operand, ht_role role) {
    const ht_value *value = constant_at(node, operand);
    if (value == NULL || is_known(c, value)) {
        return SIZE_MAX;
    }
    if (c->items != NULL) {
        c->items[c->count] = (ht_parameter){.value = value,
                                            .node = node,
                                            .role = role,
                                            .channel_axis = role == HT_ROLE_WEIGHT ? channel_axis(node, value) : -1,
                                            .companion = SIZE_MAX,
                                            .elements = (size_t)ht__desc_elements(&value->desc)};
    }
    return c->count++;
}

static void pair_up(collection *c, size_t first, size_t second) {
    if (c->items != NULL && first != SIZE_MAX && second != SIZE_MAX) {
        c->items[first].companion = second;
        c->items[second].companion = first;
    }
}

/* The weight of the MatMul whose result `node` adds to, or SIZE_MAX. */
static size_t weight_before(const collection *c, const ht_node *node) {
    for (size_t i = 0; c->items != NULL && i < c->count; ++i) {
        if (c->items[i].role == HT_ROLE_WEIGHT && c->items[i].node == node->inputs[0]->producer) {
            return i;
        }
    }
    return SIZE_MAX;
}

size_t ht__testbed_parameters(const ht_graph *graph, ht_parameter *parameters) {
    collection c = {.items = parameters};
    for (size_t n = 0; n < graph->node_count; ++n) {
        const ht_node *node = graph->nodes[n];
        const usage *use = find_usage(node);
        if (use == NULL) {
            continue;
        }
        bool follows = strcmp(node->op->name, "Add") == 0;
        size_t weight = follows ? weight_before(&c, node) : add(&c, node, use->weight, HT_ROLE_WEIGHT);
        if (follows && weight == SIZE_MAX && parameters != NULL) {
            continue; /* a constant of another meaning */
        }
        pair_up(&c, weight, add(&c, node, use->bias, HT_ROLE_BIAS));
        size_t scale = add(&c, node, use->scale, HT_ROLE_NORM);
        pair_up(&c, scale, add(&c, node, use->shift, HT_ROLE_NORM));
    }
    return c.count;
}
