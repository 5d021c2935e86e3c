/* What the tests of the ONNX reader and writer share: models in memory, runs, and small graphs from one line of text.
 */
#ifndef HT_TESTS_ONNX_MODEL_SUPPORT_H
#define HT_TESTS_ONNX_MODEL_SUPPORT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "formats/model.h"
#include "formats/onnx/onnx.h"
#include "graph/op.h"
#include "passes/passes.h"
#include "plan/compile.h"
#include "support.h"

static ht_context *test_context;

/* Fails the test with the error's own words unless `expression` succeeds. */
#define SUCCEED(expression)                                                \
    do {                                                                   \
        ht_error succeed_err_ = {0};                                       \
        ht_error *err = &succeed_err_;                                     \
        if ((expression) != HT_OK) {                                       \
            fail_msg("%s: %s: %s", #expression, err->where, err->message); \
        }                                                                  \
    } while (0)

static inline bool append_bytes(void *user, const void *bytes, size_t size) {
    ht__buffer_append(user, bytes, size);
    return !((ht_buffer *)user)->failed;
}

/* The model's file; freed with ht__buffer_free. */
static inline ht_buffer write_model(const ht_model *model) {
    ht_buffer buffer;
    ht__buffer_init(&buffer, &ht__system_allocator);
    SUCCEED(ht__onnx_write(model, &(ht_onnx_output){.write = append_bytes, .user = &buffer}, err));
    return buffer;
}

static inline ht_model *read_model(const ht_buffer *buffer) {
    ht_model *model;
    SUCCEED(ht__onnx_read(test_context, (const uint8_t *)buffer->data, buffer->size, "test.onnx", NULL, &model, err));
    return model;
}

/* Fills a tensor with values that belong to its type: f32 in [-2, 2), u8 any. */
static inline void fill_tensor(const ht_tensor_desc *desc, uint64_t stream, void *out) {
    int64_t count = ht__desc_elements(desc);
    for (int64_t i = 0; i < count; ++i) {
        float uniform = ht__random_at(7, stream, (uint64_t)i);
        if (desc->type == HT_F32) {
            ((float *)out)[i] = 4.0f * uniform - 2.0f;
        } else if (desc->type == HT_U8) {
            ((uint8_t *)out)[i] = (uint8_t)(256.0f * uniform);
        } else if (desc->type == HT_BOOL) {
            ((uint8_t *)out)[i] = uniform < 0.5f;
        } else {
            fail_msg("an input of type %s", ht_type_name(desc->type));
        }
    }
}

/* Buffers of one run: inputs filled, outputs computed. */
typedef struct test_run {
    size_t input_count, output_count;
    void *inputs[4], *outputs[4];
    size_t input_bytes[4], output_bytes[4];
} test_run;

static inline void free_run(test_run *run) {
    for (size_t i = 0; i < run->input_count; ++i) {
        free(run->inputs[i]);
    }
    for (size_t i = 0; i < run->output_count; ++i) {
        free(run->outputs[i]);
    }
}

/* Runs the model on its test inputs with a batch of 2 by the reference kernels. */
static inline test_run run_model(const ht_model *model) {
    ht_graph *graph;
    ht_program *program;
    SUCCEED(ht__graph_copy(model->graph, &graph, err));
    SUCCEED(ht__pass_prepare(graph, 2, HT_PREPARE_OBSERVABLE, err));
    SUCCEED(ht__compile(graph, &(ht_compile_options){.reference_only = true}, &program, err));
    test_run run = {.input_count = program->input_count, .output_count = program->output_count};
    const void *inputs[4];
    for (size_t i = 0; i < run.input_count; ++i) {
        const ht_tensor_desc *desc = &program->tensors[program->inputs[i]].desc;
        assert_true(ht__desc_bytes(desc, &run.input_bytes[i]));
        inputs[i] = run.inputs[i] = malloc(run.input_bytes[i] + 1);
        fill_tensor(desc, 100 + i, run.inputs[i]);
    }
    for (size_t i = 0; i < run.output_count; ++i) {
        assert_true(ht__desc_bytes(&program->tensors[program->outputs[i]].desc, &run.output_bytes[i]));
        run.outputs[i] = malloc(run.output_bytes[i] + 1);
    }
    void *arena = aligned_alloc(64, (ht__program_run_bytes(program) + 127) & ~(size_t)63);
    ht_run_arguments arguments = {.inputs = inputs, .outputs = run.outputs, .arena = arena};
    SUCCEED(ht__program_run(program, &arguments, err));
    free(arena);
    ht__program_destroy(program);
    ht__graph_destroy(graph);
    return run;
}

static inline void write_file(const char *folder, const char *name, const char *suffix, size_t index, const void *bytes,
                              size_t size) {
    char path[1024];
    snprintf(path, sizeof path, suffix[0] == '.' ? "%s/%s%s" : "%s/%s.%s%zu.bin", folder, name, suffix, index);
    SUCCEED(ht__file_write(&ht__system_allocator, path, true, bytes, size, err));
}

/* Leaves model, inputs and outputs in the folder that the oracle test names, for ONNX Runtime to compare with. */
static inline void leave_for_oracle(const char *name, const ht_buffer *file, const test_run *run) {
    const char *folder = getenv("HALFTONE_ONNX_SAMPLES");
    if (folder == NULL) {
        return;
    }
    write_file(folder, name, ".onnx", 0, file->data, file->size);
    for (size_t i = 0; i < run->input_count; ++i) {
        write_file(folder, name, "in", i, run->inputs[i], run->input_bytes[i]);
    }
    for (size_t i = 0; i < run->output_count; ++i) {
        write_file(folder, name, "out", i, run->outputs[i], run->output_bytes[i]);
    }
}

/* ---- graphs from text ---- */

/* One node: its operator, operands and attributes.
 *   operands   xN,3,8   an input f32 (N: the batch, not known yet)     b4      an input u8      l4  an input bool
 *              c4,3     a constant f32 in [-1, 1)                       p4      a positive one
 *              s0.5     an f32 number                                   i1,-1   a list of i64
 *              f1,0.5   a list of f32                                  a2,3    i64 numbers 0, 1, 2 ...
 *              u128     a u8 number                                     -       absent
 *   attributes name=1 (int)  name=1, or 1,2 (ints)  name=0.5 (float)  name=edge (text) */
typedef struct op_sample {
    const char *name, *op, *operands, *attributes;
} op_sample;

static inline int32_t parse_dims(const char *text, int64_t dims[HT_MAX_RANK]) {
    int32_t rank = 0;
    while (*text != '\0') {
        assert_true(rank < HT_MAX_RANK);
        char *end;
        dims[rank++] = *text == 'N' ? (end = (char *)(uintptr_t)text + 1, -1) : strtoll(text, &end, 10);
        text = *end == ',' ? end + 1 : end;
    }
    return rank;
}

static inline ht_value *sample_constant(ht_graph *graph, const char *word, uint64_t stream) {
    ht_tensor_desc desc = {.type = HT_F32};
    union {
        float floats[4096];
        int64_t ints[HT_MAX_RANK], numbers[512];
        uint8_t byte, bytes[4096];
    } data;
    switch (word[0]) {
    case 's': data.floats[0] = strtof(word + 1, NULL); break;
    case 'f':
        desc.rank = 1;
        for (char *rest = (char *)(uintptr_t)word + 1; *rest != '\0'; rest += *rest == ',') {
            data.floats[desc.dims[0]++] = strtof(rest, &rest);
        }
        break;
    case 'u':
        desc.type = HT_U8;
        data.byte = (uint8_t)atoi(word + 1);
        break;
    case 'q':
        desc.type = HT_U8;
        desc.rank = parse_dims(word + 1, desc.dims);
        assert_true(ht__desc_elements(&desc) <= 4096);
        fill_tensor(&desc, stream, data.bytes);
        break;
    case 'i':
        desc.type = HT_I64;
        desc.dims[0] = parse_dims(word + 1, data.ints);
        desc.rank = 1;
        break;
    case 'a':
        desc.type = HT_I64;
        desc.rank = parse_dims(word + 1, desc.dims);
        assert_true(ht__desc_elements(&desc) <= (int64_t)(sizeof data / sizeof(int64_t)));
        for (int64_t i = 0; i < ht__desc_elements(&desc); ++i) {
            data.numbers[i] = i;
        }
        break;
    default:
        desc.rank = parse_dims(word + 1, desc.dims);
        assert_true(ht__desc_elements(&desc) <= 4096);
        for (int64_t i = 0; i < ht__desc_elements(&desc); ++i) {
            float uniform = ht__random_at(9, stream, (uint64_t)i);
            data.floats[i] = word[0] == 'p' ? 0.5f + uniform : 2.0f * uniform - 1.0f;
        }
    }
    char name[16];
    snprintf(name, sizeof name, "c%u", (unsigned)stream);
    ht_value *value;
    SUCCEED(ht__graph_add_constant(graph, name, &desc, &data, false, &value, err));
    return value;
}

static inline void sample_attribute(ht_graph *graph, ht_node *node, char *word) {
    char *text = strchr(word, '=');
    *text++ = '\0';
    int64_t ints[HT_MAX_RANK];
    if (strchr(text, ',') != NULL && strspn(text, "-0123456789,") == strlen(text)) {
        int32_t count = parse_dims(text, ints);
        SUCCEED(ht__node_set_ints(graph, node, word, ints, (size_t)count, err));
    } else if (strchr(text, '.') != NULL && strspn(text, "-.0123456789") == strlen(text)) {
        SUCCEED(ht__node_set_float(graph, node, word, strtof(text, NULL), err));
    } else if (strspn(text, "-0123456789") == strlen(text)) {
        SUCCEED(ht__node_set_int(graph, node, word, atoi(text), err));
    } else {
        SUCCEED(ht__node_set_text(graph, node, word, text, err));
    }
}

/* The sample as a model; destroy it with ht_model_destroy. */
static inline ht_model *make_sample(const op_sample *sample) {
    ht_graph *graph;
    SUCCEED(ht__graph_create(test_context, sample->name, &graph, err));
    ht_value *operands[8];
    uint32_t count = 0;
    char text[256], *rest = text;
    snprintf(text, sizeof text, "%s", sample->operands);
    for (char *word; (word = strtok_r(rest, " ", &rest)) != NULL; ++count) {
        operands[count] = NULL;
        if (strchr("xbl", word[0]) != NULL) {
            ht_tensor_desc desc = {.type = word[0] == 'x' ? HT_F32 : word[0] == 'b' ? HT_U8 : HT_BOOL};
            desc.rank = parse_dims(word + 1, desc.dims);
            char name[16];
            snprintf(name, sizeof name, "x%u", count);
            SUCCEED(ht__graph_add_input(graph, name, &desc, &operands[count], err));
        } else if (word[0] != '-') {
            operands[count] = sample_constant(graph, word, count);
        }
    }
    static const char *const names[] = {"y", "y1", "y2"};
    ht_value *outputs[3];
    ht_node *node;
    const ht_op *op = ht__op_find("", sample->op);
    assert_non_null(op);
    assert_true(op->min_outputs <= 3);
    for (uint32_t i = 0; i < op->min_outputs; ++i) {
        SUCCEED(ht__graph_add_value(graph, names[i], NULL, &outputs[i], err));
    }
    SUCCEED(
        ht__graph_add_node_raw(graph, "", sample->op, "node", operands, count, outputs, op->min_outputs, &node, err));
    snprintf(text, sizeof text, "%s", sample->attributes);
    rest = text;
    for (char *word; (word = strtok_r(rest, " ", &rest)) != NULL;) {
        sample_attribute(graph, node, word);
    }
    for (uint32_t i = 0; i < op->min_outputs; ++i) {
        SUCCEED(ht__graph_mark_output(graph, outputs[i], err));
    }
    SUCCEED(ht__graph_infer(graph, err));
    ht_model *model;
    SUCCEED(ht__model_create(test_context, graph, &model, err));
    return model;
}

#endif
