#include "train/layers.h"

#include <stdio.h>

#include "graph/op.h"
#include "train/initialize.h"

typedef enum layer_kind { CONV, NORM, RELU, POOL, DROPOUT, FLATTEN, DENSE, ADD } layer_kind;

static const char *const kind_names[] = {
    [CONV] = "conv",       [NORM] = "norm",       [RELU] = "relu",   [POOL] = "pool",
    [DROPOUT] = "dropout", [FLATTEN] = "flatten", [DENSE] = "dense", [ADD] = "add"};

/* Remembers the first failure. */
static bool ok(ht_layers *layers, ht_status status) {
    if (layers->status == HT_OK) {
        layers->status = status;
    }
    return layers->status == HT_OK;
}

static void layer_name(ht_layers *layers, layer_kind kind, char *name, size_t size) {
    snprintf(name, size, "%s%u", kind_names[kind], ++layers->made[kind]);
}

/* A constant "<layer>.<part>". Rank >= 2 is initialised at random, rank 1 takes `fill`. */
static ht_value *parameter(ht_layers *layers, const char *layer, const char *part, const ht_tensor_desc *desc,
                           float fill) {
    char name[64];
    snprintf(name, sizeof name, "%s.%s", layer, part);
    int64_t count = ht__desc_elements(desc);
    float *values = ht__arena_alloc(layers->graph->arena, (size_t)count * sizeof *values);
    if (values == NULL) {
        ok(layers, ht__fail_memory(layers->err, (size_t)count * sizeof *values));
        return NULL;
    }
    if (desc->rank >= 2) {
        ht__initialize(layers->initialization, layers->seed, layers->initialized++, desc, values);
    } else {
        for (int64_t i = 0; i < count; ++i) {
            values[i] = fill;
        }
    }
    ht_value *value = NULL;
    ok(layers, ht__graph_add_constant(layers->graph, name, desc, values, true, &value, layers->err));
    return value;
}

static ht_value *vector(ht_layers *layers, const char *layer, const char *part, int64_t count, float fill) {
    ht_tensor_desc desc = {.type = HT_F32, .rank = 1, .dims = {count}};
    return parameter(layers, layer, part, &desc, fill);
}

static ht_node *node(ht_layers *layers, const char *op, const char *name, ht_value *const *inputs, uint32_t count) {
    ht_node *made = NULL;
    if (layers->status == HT_OK) {
        ok(layers, ht__graph_add_node(layers->graph, op, name, inputs, count, 1, NULL, &made, layers->err));
    }
    return layers->status == HT_OK ? made : NULL;
}

/* The node's output, with its shape now that the node has its attributes. */
static ht_value *output_of(ht_layers *layers, ht_node *made) {
    if (layers->status != HT_OK || !ok(layers, made->op->infer(layers->graph, made, layers->err))) {
        return NULL;
    }
    return made->outputs[0];
}

static void set_int(ht_layers *layers, ht_node *made, const char *name, int64_t value) {
    if (made != NULL) {
        ok(layers, ht__node_set_int(layers->graph, made, name, value, layers->err));
    }
}

static void set_window(ht_layers *layers, ht_node *made, ht_layer_window window) {
    if (made == NULL) {
        return;
    }
    const int64_t size[2] = {window.size, window.size}, strides[2] = {window.stride, window.stride};
    const int64_t pads[4] = {window.pad, window.pad, window.pad, window.pad};
    ok(layers, ht__node_set_ints(layers->graph, made, "kernel_shape", size, 2, layers->err));
    ok(layers, ht__node_set_ints(layers->graph, made, "strides", strides, 2, layers->err));
    ok(layers, ht__node_set_ints(layers->graph, made, "pads", pads, 4, layers->err));
}

ht_value *ht__layer_conv(ht_layers *layers, ht_value *x, int64_t channels, ht_layer_window window, int64_t groups,
                         bool bias) {
    if (layers->status != HT_OK) {
        return NULL;
    }
    char name[32];
    layer_name(layers, CONV, name, sizeof name);
    ht_tensor_desc desc = {
        .type = HT_F32, .rank = 4, .dims = {channels, x->desc.dims[1] / groups, window.size, window.size}};
    ht_value *inputs[3] = {x, parameter(layers, name, "weight", &desc, 0),
                           bias ? vector(layers, name, "bias", channels, 0) : NULL};
    ht_node *made = node(layers, "Conv", name, inputs, bias ? 3 : 2);
    set_window(layers, made, window);
    set_int(layers, made, "group", groups);
    return output_of(layers, made);
}

ht_value *ht__layer_batch_norm(ht_layers *layers, ht_value *x) {
    if (layers->status != HT_OK) {
        return NULL;
    }
    char name[32];
    layer_name(layers, NORM, name, sizeof name);
    int64_t channels = x->desc.dims[1];
    ht_value *inputs[5] = {x, vector(layers, name, "gamma", channels, 1), vector(layers, name, "beta", channels, 0),
                           vector(layers, name, "mean", channels, 0), vector(layers, name, "variance", channels, 1)};
    ht_node *made = node(layers, "BatchNormalization", name, inputs, 5);
    if (made != NULL) {
        ok(layers, ht__node_set_float(layers->graph, made, "epsilon", 1e-5f, layers->err));
        ok(layers, ht__node_set_float(layers->graph, made, "momentum", 0.9f, layers->err));
    }
    return output_of(layers, made);
}

ht_value *ht__layer_relu(ht_layers *layers, ht_value *x) {
    char name[32];
    layer_name(layers, RELU, name, sizeof name);
    return output_of(layers, node(layers, "Relu", name, &x, 1));
}

ht_value *ht__layer_max_pool(ht_layers *layers, ht_value *x, ht_layer_window window) {
    char name[32];
    layer_name(layers, POOL, name, sizeof name);
    ht_node *made = node(layers, "MaxPool", name, &x, 1);
    set_window(layers, made, window);
    return output_of(layers, made);
}

ht_value *ht__layer_global_average(ht_layers *layers, ht_value *x) {
    char name[32];
    layer_name(layers, POOL, name, sizeof name);
    return output_of(layers, node(layers, "GlobalAveragePool", name, &x, 1));
}

ht_value *ht__layer_dropout(ht_layers *layers, ht_value *x, float ratio) {
    if (layers->status != HT_OK) {
        return NULL;
    }
    char name[32], ratio_name[64];
    layer_name(layers, DROPOUT, name, sizeof name);
    snprintf(ratio_name, sizeof ratio_name, "%s.ratio", name);
    ht_value *inputs[2] = {x, NULL};
    ok(layers, ht__graph_add_scalar(layers->graph, ratio_name, ratio, &inputs[1], layers->err));
    return output_of(layers, node(layers, "Dropout", name, inputs, 2));
}

ht_value *ht__layer_flatten(ht_layers *layers, ht_value *x) {
    char name[32];
    layer_name(layers, FLATTEN, name, sizeof name);
    return output_of(layers, node(layers, "Flatten", name, &x, 1));
}

ht_value *ht__layer_dense(ht_layers *layers, ht_value *x, int64_t outputs) {
    if (layers->status != HT_OK) {
        return NULL;
    }
    char name[32];
    layer_name(layers, DENSE, name, sizeof name);
    ht_tensor_desc desc = {.type = HT_F32, .rank = 2, .dims = {outputs, x->desc.dims[1]}};
    ht_value *inputs[3] = {x, parameter(layers, name, "weight", &desc, 0), vector(layers, name, "bias", outputs, 0)};
    ht_node *made = node(layers, "Gemm", name, inputs, 3);
    set_int(layers, made, "transB", 1);
    return output_of(layers, made);
}

ht_value *ht__layer_add(ht_layers *layers, ht_value *x, ht_value *y) {
    char name[32];
    layer_name(layers, ADD, name, sizeof name);
    ht_value *inputs[2] = {x, y};
    return output_of(layers, node(layers, "Add", name, inputs, 2));
}

ht_value *ht__layer_conv_norm_relu(ht_layers *layers, ht_value *x, int64_t channels, ht_layer_window window,
                                   int64_t groups, bool bias) {
    return ht__layer_relu(layers,
                          ht__layer_batch_norm(layers, ht__layer_conv(layers, x, channels, window, groups, bias)));
}

void ht__layers_finish(ht_layers *layers, ht_value *x) {
    if (layers->status == HT_OK) {
        ok(layers, ht__graph_mark_output(layers->graph, x, layers->err));
    }
}

int64_t ht__layer_extent(const ht_value *x, int axis) { return x != NULL ? x->desc.dims[axis] : 1; }
