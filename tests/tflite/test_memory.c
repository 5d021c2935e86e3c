/* How much memory reading takes: files written by hand that say little and mean much, and quantized weights. */
#include <stdlib.h>

#include "base/context.h"
#include "formats/model.h"
#include "formats/tflite/builder.h"
#include "formats/tflite/tflite.h"
#include "support.h"

#include "counting_allocator.h"

enum { COUNT = 500000, FLOAT32 = 0, INT8 = 9, UNPACK = 88, FULLY_CONNECTED = 9 };

/* What a file of `bytes` bytes may take at most, and what one of int8 weights takes; docs/tflite.md says so. */
static size_t most_memory(size_t bytes) { return ((size_t)128 << 20) + 128 * bytes; }
static size_t usual_memory(size_t bytes) { return ((size_t)1 << 20) + 8 * bytes; }

/* ---- files by hand ---- */

static flat_field word(uint32_t number, uint32_t value) {
    return (flat_field){.number = number, .bytes = 4, .value = value};
}
static flat_field byte(uint32_t number, uint32_t value) {
    return (flat_field){.number = number, .bytes = 1, .value = value};
}

typedef struct hand_tensor {
    const int32_t *shape; /* [2] */
    uint32_t type, buffer;
    float scale; /* 0: not quantized */
} hand_tensor;

typedef struct hand_file {
    ht_buffer buffer;
    const hand_tensor *tensors;
    size_t tensor_count, repeated; /* the last tensor stands there so many times */
    uint32_t code;
    const int32_t *inputs, *outputs, *model_outputs;
    size_t input_count, output_count; /* 0: no operator */
    const void *data;                 /* of buffer 1 */
    size_t bytes;
} hand_file;

static size_t write_tensor(ht_buffer *b, const hand_tensor *t) {
    static const int64_t zero = 0;
    flat_field fields[] = {word(0, 0), byte(1, t->type), word(2, t->buffer), word(3, 0), word(4, 0)};
    size_t table = ht__flat_table(b, fields, t->scale != 0.0f ? 5 : 4);
    ht__flat_point(b, fields[0].position, ht__flat_vector(b, t->shape, 2, 4, 4));
    ht__flat_point(b, fields[3].position, ht__flat_text(b, "t"));
    if (t->scale != 0.0f) {
        flat_field parameters[] = {word(2, 0), word(3, 0)};
        ht__flat_point(b, fields[4].position, ht__flat_table(b, parameters, 2));
        ht__flat_point(b, parameters[0].position, ht__flat_vector(b, &t->scale, 1, 4, 4));
        ht__flat_point(b, parameters[1].position, ht__flat_vector(b, &zero, 1, 8, 8));
    }
    return table;
}

static size_t write_subgraph(const hand_file *f, ht_buffer *b) {
    static const int32_t first[] = {0};
    flat_field fields[] = {word(0, 0), word(1, 0), word(2, 0), word(3, 0)};
    size_t table = ht__flat_table(b, fields, 4), count = f->tensor_count - 1 + f->repeated;
    size_t list = ht__flat_offsets(b, count), tensor = 0;
    ht__flat_point(b, fields[0].position, list);
    for (size_t i = 0; i < count; ++i) {
        tensor = i < f->tensor_count ? write_tensor(b, &f->tensors[i]) : tensor;
        ht__flat_point(b, list + 4 + 4 * i, tensor);
    }
    ht__flat_point(b, fields[1].position, ht__flat_vector(b, first, 1, 4, 4));
    ht__flat_point(b, fields[2].position, ht__flat_vector(b, f->model_outputs, 1, 4, 4));
    size_t operators = ht__flat_offsets(b, f->input_count != 0);
    ht__flat_point(b, fields[3].position, operators);
    if (f->input_count != 0) {
        flat_field op[] = {word(0, 0), word(1, 0), word(2, 0)};
        ht__flat_point(b, operators + 4, ht__flat_table(b, op, 3));
        ht__flat_point(b, op[1].position, ht__flat_vector(b, f->inputs, f->input_count, 4, 4));
        ht__flat_point(b, op[2].position, ht__flat_vector(b, f->outputs, f->output_count, 4, 4));
    }
    return table;
}

static void write_file(hand_file *f) {
    ht_buffer *b = &f->buffer;
    ht__buffer_init(b, &ht__system_allocator);
    ht__buffer_append(b, "\0\0\0\0TFL3", 8);
    flat_field fields[] = {word(0, 3), word(1, 0), word(2, 0), word(4, 0)},
               code[] = {byte(0, f->code), word(3, f->code)};
    flat_field data[] = {word(0, 0)};
    ht__flat_point(b, 0, ht__flat_table(b, fields, 4));
    size_t codes = ht__flat_offsets(b, 1);
    ht__flat_point(b, fields[1].position, codes);
    ht__flat_point(b, codes + 4, ht__flat_table(b, code, 2));
    size_t buffers = ht__flat_offsets(b, 2);
    ht__flat_point(b, fields[3].position, buffers);
    ht__flat_point(b, buffers + 4, ht__flat_table(b, data, 0));
    ht__flat_point(b, buffers + 8, ht__flat_table(b, data, f->bytes != 0));
    if (f->bytes != 0) {
        ht__flat_point(b, data[0].position, ht__flat_vector(b, f->data, f->bytes, 1, 16));
    }
    size_t subgraphs = ht__flat_offsets(b, 1);
    ht__flat_point(b, fields[2].position, subgraphs);
    ht__flat_point(b, subgraphs + 4, write_subgraph(f, b));
    assert_false(b->failed);
}

/* Reads and frees the file; what it took at most. *status: how that ended. */
static size_t memory_of(hand_file *f, ht_status *status) {
    counted count = {0};
    ht_allocator allocator = {counting_allocate, counting_release, &count};
    ht_context *ctx;
    ht_model *model;
    ht_error err = {0};
    write_file(f);
    assert_int_equal(ht_context_create(&(ht_context_options){.allocator = &allocator, .threads = 1}, &ctx, NULL),
                     HT_OK);
    *status = ht__tflite_read(ctx, (const uint8_t *)f->buffer.data, f->buffer.size, "hand.tflite", &model, &err);
    print_message("%zu bytes take %zu: %s\n", f->buffer.size, count.peak, *status == HT_OK ? "read" : err.message);
    if (*status == HT_OK) {
        ht_model_destroy(model);
    }
    ht_context_destroy(ctx);
    return count.peak;
}

/* ---- what they show ---- */

static const int32_t small[] = {1, 2}, zero[] = {0}, one[] = {1}, wide[] = {1, 1024}, square[] = {1024, 1024};

static void tensors_that_share_a_table(void **state) {
    (void)state;
    static const hand_tensor tensor = {.shape = small, .type = FLOAT32};
    hand_file f = {.tensors = &tensor, .tensor_count = 1, .repeated = COUNT, .model_outputs = zero};
    ht_status status;
    assert_true(memory_of(&f, &status) <= most_memory(f.buffer.size));
    ht__buffer_free(&f.buffer);
}

/* Each result takes eight bytes of the file, and a node with its constant here. */
static void an_operator_of_many_results(void **state) {
    (void)state;
    static const hand_tensor tensors[] = {{.shape = small, .type = FLOAT32}, {.shape = small, .type = FLOAT32}};
    int32_t *outputs = calloc(COUNT, sizeof *outputs);
    assert_non_null(outputs);
    for (int32_t i = 0; i < COUNT; ++i) {
        outputs[i] = 1 + i;
    }
    hand_file f = {.tensors = tensors,
                   .tensor_count = 2,
                   .repeated = COUNT,
                   .code = UNPACK,
                   .inputs = zero,
                   .input_count = 1,
                   .outputs = outputs,
                   .output_count = COUNT,
                   .model_outputs = one};
    ht_status status;
    assert_true(memory_of(&f, &status) <= most_memory(f.buffer.size));
    assert_int_equal(status, HT_ERROR_LIMIT);
    ht__buffer_free(&f.buffer);
    free(outputs);
}

static void quantized_weights(void **state) {
    (void)state;
    static const hand_tensor tensors[] = {{.shape = wide, .type = INT8, .scale = 0.1f},
                                          {.shape = square, .type = INT8, .buffer = 1, .scale = 0.01f},
                                          {.shape = wide, .type = INT8, .scale = 0.2f}};
    static const int32_t inputs[] = {0, 1, -1}, outputs[] = {2};
    enum { BYTES = 1024 * 1024 };
    char *codes = malloc(BYTES);
    assert_non_null(codes);
    for (int i = 0; i < BYTES; ++i) {
        codes[i] = (char)(i * 37 % 251 - 125);
    }
    hand_file f = {.tensors = tensors,
                   .tensor_count = 3,
                   .repeated = 1,
                   .code = FULLY_CONNECTED,
                   .inputs = inputs,
                   .input_count = 3,
                   .outputs = outputs,
                   .output_count = 1,
                   .model_outputs = outputs,
                   .data = codes,
                   .bytes = BYTES};
    ht_status status;
    assert_true(memory_of(&f, &status) <= usual_memory(f.buffer.size));
    assert_int_equal(status, HT_OK);
    ht__buffer_free(&f.buffer);
    free(codes);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(tensors_that_share_a_table),
                                       cmocka_unit_test(an_operator_of_many_results),
                                       cmocka_unit_test(quantized_weights)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
