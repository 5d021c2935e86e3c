/* Builds the CIFAR-10 ResNet of He et al. 2016, section 4.2, from published weights and writes it as ONNX.
 *
 *     bench_build_resnet FOLDER DEPTH OUT.onnx
 *
 * FOLDER holds resnet<DEPTH>.f32 (little-endian f32) and resnet<DEPTH>.index.txt (lines "name offset_in_floats shape",
 * shape as 16x3x3x3). DEPTH is 6 n + 2. Shortcuts that change the shape take every second pixel and pad channels with
 * zeros (option A). The preprocessing that the weights were trained with goes into the model.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/model.h"
#include "halftone/context.h"

enum { STAGES = 3 };

static const char preprocess[] = "{\"version\":1,\"steps\":[{\"scale\":{\"multiply\":1.0,\"divide\":255.0}},{"
                                 "\"normalize\":{\"mean\":[0.485,0.456,0.406],"
                                 "\"deviation\":[0.229,0.224,0.225]}}],\"output\":{\"dims\":[3,32,32]}}";

typedef struct weights {
    const float *numbers;
    size_t count;
    char *index; /* the whole text */
} weights;

typedef struct builder {
    ht_context *ctx;
    ht_graph *graph;
    weights weights;
    ht_error err;
} builder;

static void stop(const builder *b, const char *what) {
    fprintf(stderr, "bench_build_resnet: %s\n", what != NULL ? what : b->err.message);
    exit(1);
}

static void check(const builder *b, ht_status status) {
    if (status != HT_OK) {
        stop(b, NULL);
    }
}

static char *read_all(const builder *b, const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        stop(b, path);
    }
    *size = (size_t)ftell(file);
    rewind(file);
    char *bytes = malloc(*size + 1);
    if (bytes == NULL || fread(bytes, 1, *size, file) != *size) {
        stop(b, path);
    }
    bytes[*size] = '\0';
    fclose(file);
    return bytes;
}

/* The tensor `name` as a constant. */
static ht_value *constant(builder *b, const char *name) {
    char line[128];
    snprintf(line, sizeof line, "\n%s ", name);
    const char *at = strstr(b->weights.index, line);
    if (at == NULL) {
        stop(b, name);
    }
    char *rest;
    size_t offset = strtoul(at + strlen(line), &rest, 10);
    ht_tensor_desc desc = {.type = HT_F32};
    do {
        desc.dims[desc.rank++] = strtol(rest + 1, &rest, 10);
    } while (*rest == 'x' && desc.rank < 4);
    if (offset + (size_t)ht__desc_elements(&desc) > b->weights.count) {
        stop(b, name);
    }
    ht_value *value;
    check(b, ht__graph_add_constant(b->graph, name, &desc, b->weights.numbers + offset, true, &value, &b->err));
    return value;
}

static ht_node *add(builder *b, const char *op, const char *name, ht_value *const *inputs, uint32_t count) {
    ht_node *node;
    check(b, ht__graph_add_node(b->graph, op, name, inputs, count, 1, &name, &node, &b->err));
    return node;
}

static ht_value *relu(builder *b, const char *name, ht_value *x) { return add(b, "Relu", name, &x, 1)->outputs[0]; }

/* A 3 x 3 convolution with padding 1, and its normalisation: weights "<prefix>conv<k>.weight", "<prefix>bn<k>...". */
static ht_value *conv_norm(builder *b, const char *prefix, int k, ht_value *x, int64_t stride) {
    static const char *const parts[] = {"weight", "bias", "running_mean", "running_var"};
    char name[96];
    snprintf(name, sizeof name, "%sconv%d.weight", prefix, k);
    ht_value *operands[] = {x, constant(b, name)};
    snprintf(name, sizeof name, "%sconv%d", prefix, k);
    ht_node *conv = add(b, "Conv", name, operands, 2);
    check(b, ht__node_set_ints(b->graph, conv, "kernel_shape", (int64_t[]){3, 3}, 2, &b->err));
    check(b, ht__node_set_ints(b->graph, conv, "pads", (int64_t[]){1, 1, 1, 1}, 4, &b->err));
    check(b, ht__node_set_ints(b->graph, conv, "strides", (int64_t[]){stride, stride}, 2, &b->err));
    ht_value *norm[5] = {conv->outputs[0]};
    for (size_t i = 0; i < 4; ++i) {
        snprintf(name, sizeof name, "%sbn%d.%s", prefix, k, parts[i]);
        norm[i + 1] = constant(b, name);
    }
    snprintf(name, sizeof name, "%sbn%d", prefix, k);
    return add(b, "BatchNormalization", name, norm, 5)->outputs[0];
}

static ht_value *integers(builder *b, const char *name, const int64_t *values, int64_t count) {
    ht_tensor_desc desc = {.type = HT_I64, .rank = 1, .dims = {count}};
    ht_value *value;
    check(b, ht__graph_add_constant(b->graph, name, &desc, values, false, &value, &b->err));
    return value;
}

/* Every second pixel, with `channels` / 4 channels of zeros on both sides. */
static ht_value *halve(builder *b, const char *prefix, ht_value *x, int64_t channels) {
    static const char *const names[] = {"starts", "ends", "axes", "steps", "pads"};
    const int64_t numbers[][8] = {
        {0, 0}, {INT64_MAX, INT64_MAX}, {2, 3}, {2, 2}, {0, channels / 4, 0, 0, 0, channels / 4, 0, 0}};
    ht_value *operands[5] = {x};
    char name[96];
    for (size_t i = 0; i < 4; ++i) {
        snprintf(name, sizeof name, "%sshortcut.%s", prefix, names[i]);
        operands[i + 1] = integers(b, name, numbers[i], 2);
    }
    snprintf(name, sizeof name, "%sshortcut.slice", prefix);
    ht_value *sliced = add(b, "Slice", name, operands, 5)->outputs[0];
    snprintf(name, sizeof name, "%sshortcut.%s", prefix, names[4]);
    ht_value *padding[] = {sliced, integers(b, name, numbers[4], 8)};
    snprintf(name, sizeof name, "%sshortcut.pad", prefix);
    return add(b, "Pad", name, padding, 2)->outputs[0];
}

static ht_value *block(builder *b, int stage, int index, ht_value *x) {
    char prefix[48], name[64];
    snprintf(prefix, sizeof prefix, "layer%d.%d.", stage + 1, index);
    bool halves = stage > 0 && index == 0;
    ht_value *h = conv_norm(b, prefix, 1, x, halves ? 2 : 1);
    snprintf(name, sizeof name, "%srelu1", prefix);
    h = conv_norm(b, prefix, 2, relu(b, name, h), 1);
    ht_value *sides[] = {h, halves ? halve(b, prefix, x, 16 << stage) : x};
    snprintf(name, sizeof name, "%ssum", prefix);
    h = add(b, "Add", name, sides, 2)->outputs[0];
    snprintf(name, sizeof name, "%srelu2", prefix);
    return relu(b, name, h);
}

static void build(builder *b, int depth) {
    ht_tensor_desc input = {.type = HT_F32, .rank = 4, .dims = {-1, 3, 32, 32}};
    ht_value *x;
    check(b, ht__graph_add_input(b->graph, "input", &input, &x, &b->err));
    x = relu(b, "relu1", conv_norm(b, "", 1, x, 1));
    for (int stage = 0; stage < STAGES; ++stage) {
        for (int index = 0; index < (depth - 2) / 6; ++index) {
            x = block(b, stage, index, x);
        }
    }
    x = add(b, "GlobalAveragePool", "pool", &x, 1)->outputs[0];
    x = add(b, "Flatten", "flat", &x, 1)->outputs[0];
    ht_value *operands[] = {x, constant(b, "linear.weight"), constant(b, "linear.bias")};
    ht_node *linear = add(b, "Gemm", "linear", operands, 3);
    check(b, ht__node_set_int(b->graph, linear, "transB", 1, &b->err));
    check(b, ht__graph_mark_output(b->graph, linear->outputs[0], &b->err));
    check(b, ht__graph_infer(b->graph, &b->err));
}

int main(int count, char **arguments) {
    builder b = {0};
    int depth = count == 4 ? atoi(arguments[2]) : 0;
    if (depth < 8 || depth > 1202 || (depth - 2) % 6 != 0) {
        stop(&b, "usage: bench_build_resnet FOLDER DEPTH OUT.onnx");
    }
    char path[1024], name[32];
    size_t bytes, text;
    snprintf(path, sizeof path, "%s/resnet%d.f32", arguments[1], depth);
    char *numbers = read_all(&b, path, &bytes);
    snprintf(path, sizeof path, "%s/resnet%d.index.txt", arguments[1], depth);
    b.weights = (weights){(const float *)(void *)numbers, bytes / sizeof(float), read_all(&b, path, &text)};
    snprintf(name, sizeof name, "resnet%d", depth);
    check(&b, ht_context_create(NULL, &b.ctx, &b.err));
    check(&b, ht__graph_create(b.ctx, name, &b.graph, &b.err));
    build(&b, depth);
    ht_model *model;
    check(&b, ht__model_create(b.ctx, b.graph, &model, &b.err));
    check(&b, ht_model_metadata_set(model, HT_METADATA_PREPROCESS, preprocess, &b.err));
    check(&b, ht_model_metadata_set(model, "halftone.dataset", "cifar-10-jpeg:train", &b.err));
    check(&b, ht_model_save(model, arguments[3], &(ht_model_save_options){.overwrite = true}, &b.err));
    ht_model_destroy(model);
    ht_context_destroy(b.ctx);
    free(b.weights.index);
    free(numbers);
    return 0;
}
