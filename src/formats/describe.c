/* What a model holds, counted: parameters, sizes, multiply-accumulates, layers. */
#include <string.h>

#include "formats/model.h"
#include "graph/op.h"
#include "plan/compile.h"

/* The numbers of one constant. */
typedef struct constant_size {
    int64_t parameters, bytes_packed;
} constant_size;

static bool is_float(ht_type type) { return type == HT_F32 || type == HT_F64 || type == HT_F16 || type == HT_BF16; }

/* Weights of operators that work on codes themselves, such as ConvInteger: matrices of bytes. */
static bool is_plain_codes(const ht_value *value) {
    return (value->desc.type == HT_I8 || value->desc.type == HT_U8) && value->desc.rank >= 2;
}

/* Numbers that decoding takes: scales, zero points that are not zero, tables. */
static int64_t parameters_of(const ht_quantization *q) {
    int64_t groups = (int64_t)q->groups, zero_points = 0;
    if (q->element != HT_NONE) {
        return 0;
    }
    if (q->codebook) {
        return (q->shared_table ? 1 : groups) * (int64_t)q->levels + (q->scale != NULL ? groups : 0);
    }
    for (size_t i = 0; i < q->groups; ++i) {
        zero_points = q->zero_point[i] != 0.0f ? groups : zero_points;
    }
    return groups + zero_points;
}

static constant_size measure_constant(const ht_value *value) {
    int64_t elements = ht__desc_elements(&value->desc);
    if ((!is_float(value->desc.type) && !is_plain_codes(value)) || elements <= 0) {
        return (constant_size){0, 0};
    }
    const ht_quantization *q = value->quantization;
    if (q == NULL) {
        return (constant_size){elements, elements * (int64_t)ht_type_bytes(value->desc.type)};
    }
    int64_t codes = (elements * q->bits + 7) / 8;
    return (constant_size){elements, codes + (int64_t)sizeof(float) * parameters_of(q)};
}

static void fill_tensor(const ht_value *value, ht_tensor_info *info) {
    *info = (ht_tensor_info){.name = value->name, .type = value->desc.type, .rank = value->desc.rank};
    for (int32_t i = 0; i < value->desc.rank; ++i) {
        info->dims[i] = value->desc.dims[i];
        info->symbols[i] = value->desc.dims[i] < 0 ? value->symbols[i] : NULL;
    }
}

bool ht_model_input(const ht_model *model, size_t index, ht_tensor_info *info) {
    if (index >= model->graph->input_count) {
        return false;
    }
    fill_tensor(model->graph->inputs[index], info);
    return true;
}

bool ht_model_output(const ht_model *model, size_t index, ht_tensor_info *info) {
    if (index >= model->graph->output_count) {
        return false;
    }
    fill_tensor(model->graph->outputs[index], info);
    return true;
}

/* Is a shape that the node's cost depends on unknown? */
static bool is_unshaped(const ht_node *node) {
    for (uint32_t k = 0; k < node->output_count; ++k) {
        if (node->outputs[k] != NULL &&
            (node->outputs[k]->desc.rank < 0 || ht__desc_elements(&node->outputs[k]->desc) < 0)) {
            return true;
        }
    }
    return false;
}

/* Constants that were counted already, by value id. */
typedef struct layer_walk {
    ht_graph *graph; /* a copy with batch 1 */
    bool *seen;
} layer_walk;

static ht_status walk_start(const ht_model *model, layer_walk *out, ht_error *err) {
    HT_TRY(ht__graph_copy(model->graph, &out->graph, err));
    /* A batch of one that does not fit leaves shapes unknown, and the counts say so. */
    size_t count = out->graph->value_count + 1;
    out->seen = ht__calloc(&model->ctx->allocator, count, sizeof *out->seen);
    if (out->seen == NULL || ht__graph_set_batch(out->graph, 1, NULL) == HT_ERROR_MEMORY) {
        ht__free(&model->ctx->allocator, out->seen);
        ht__graph_destroy(out->graph);
        return ht__fail_memory(err, count);
    }
    return HT_OK;
}

static void walk_end(layer_walk *walk) {
    ht__free(&walk->graph->ctx->allocator, walk->seen);
    ht__graph_destroy(walk->graph);
}

static void describe_layer(layer_walk *walk, const ht_node *node, ht_layer_info *layer) {
    *layer = (ht_layer_info){.name = node->name, .op = node->op->name};
    for (uint32_t k = 0; k < node->input_count; ++k) {
        const ht_value *input = node->inputs[k];
        if (input == NULL || input->data == NULL || walk->seen[input->id]) {
            continue;
        }
        walk->seen[input->id] = true;
        constant_size size = measure_constant(input);
        layer->parameters += size.parameters;
        layer->bytes_packed += size.bytes_packed;
        if (input->quantization != NULL) {
            layer->scheme = layer->scheme != NULL ? layer->scheme : input->quantization->scheme;
            /* The 32 bits of a bias are no width of weights. */
            if (input->quantization->wide_codes == NULL && input->quantization->bits > layer->weight_bits) {
                layer->weight_bits = input->quantization->bits;
                layer->weight_block = input->quantization->block;
            }
        }
    }
    for (uint32_t k = 0; k < node->input_count; ++k) {
        const ht_value *input = node->inputs[k];
        if (input != NULL && input->data != NULL && is_plain_codes(input) && layer->weight_bits == 0) {
            layer->weight_bits = 8;
        }
    }
    if (node->outputs[0] != NULL) {
        fill_tensor(node->outputs[0], &layer->output);
        layer->activation_bits = node->outputs[0]->quantization != NULL ? node->outputs[0]->quantization->bits : 0;
    }
    layer->macs = node->op->macs == NULL ? 0 : is_unshaped(node) ? -1 : node->op->macs(node);
}

ht_status ht_model_layers(const ht_model *model, bool (*visit)(void *user, const ht_layer_info *layer), void *user,
                          ht_error *err) {
    layer_walk walk;
    HT_TRY(walk_start(model, &walk, err));
    for (size_t i = 0; i < walk.graph->node_count; ++i) {
        ht_layer_info layer;
        describe_layer(&walk, walk.graph->nodes[i], &layer);
        if (!visit(user, &layer)) {
            break;
        }
    }
    walk_end(&walk);
    return HT_OK;
}

static bool add_layer(void *user, const ht_layer_info *layer) {
    ht_model_info *info = user;
    info->parameters += layer->parameters;
    info->bytes_packed += layer->bytes_packed;
    if (info->macs < 0 || layer->macs < 0 || __builtin_add_overflow(info->macs, layer->macs, &info->macs)) {
        info->macs = -1; /* and stays so */
    }
    return true;
}

/* The model's file and those that hold its data. */
static int64_t file_bytes(const ht_model *model) {
    size_t bytes = model->file.size;
    for (size_t i = 0; i < model->externals.count; ++i) {
        bytes += model->externals.items[i].size;
    }
    return (int64_t)bytes;
}

ht_status ht_model_describe(const ht_model *model, ht_model_info *info, ht_error *err) {
    const ht_graph *graph = model->graph;
    *info = (ht_model_info){.name = graph->name,
                            .format = model->format,
                            .producer = model->producer,
                            .producer_version = model->producer_version,
                            .opset = model->opset,
                            .file_bytes = file_bytes(model),
                            .inputs = graph->input_count,
                            .outputs = graph->output_count,
                            .nodes = graph->node_count};
    HT_TRY(ht_model_layers(model, add_layer, info, err));
    info->bytes_f32 = 4 * info->parameters;
    for (size_t i = 0; i < graph->value_count; ++i) {
        const ht_value *value = graph->values[i];
        if (value->quantization != NULL && value->data != NULL) {
            info->quantized_weights += value->quantization->wide_codes == NULL;
        } else if (value->data != NULL && is_plain_codes(value)) {
            ++info->quantized_weights;
        } else if (value->quantization != NULL && (value->producer != NULL || value->is_input)) {
            ++info->quantized_activations;
        }
    }
    return HT_OK;
}

bool ht_operator_at(size_t index, ht_operator_info *out) {
    for (const ht_op *const *op = ht__ops; *op != NULL; ++op) {
        if ((*op)->domain[0] == '\0' && index-- == 0) {
            *out = (ht_operator_info){.name = (*op)->name,
                                      .since = (*op)->since,
                                      .has_integer = (*op)->integer != NULL,
                                      .has_gradient = (*op)->gradient != NULL};
            return true;
        }
    }
    return false;
}

bool ht_kernel_at(size_t index, const char **family, const char **name) {
    const ht_kernel_variant *const *extra;
    size_t extra_count = ht__extra_kernels(&extra);
    for (const ht_kernel_family *const *f = ht__kernel_families; *f != NULL; ++f) {
        *family = (*f)->name;
        for (size_t i = 0; i < extra_count; ++i) {
            if (extra[i]->family == *f && index-- == 0) {
                *name = extra[i]->name;
                return true;
            }
        }
        if (index < (*f)->variant_count) {
            *name = (*f)->variants[index]->name;
            return true;
        }
        index -= (*f)->variant_count;
    }
    return false;
}
