/* Damaged files, and memory that runs out: an error each time, never a crash or a leak. (The sanitizers watch.) */
#include "model_support.h"

#include "counting_allocator.h"
#include "failing_allocator.h"

/* Models that between them have every part of the format. */
static const op_sample seeds[] = {
    {"conv", "Conv", "xN,3,4,4 c2,3,3,3 c2", "pads=1,1,1,1 auto_pad=NOTSET"},
    {"elu", "Elu", "xN,5", "alpha=0.5"},
    {"concat", "Concat", "xN,2,3 xN,4,3 c2,1,3", "axis=1"},
    {"slice", "Slice", "xN,6,5 i1,0 i5,-1 i1,2", ""},
};
#define SEED_COUNT (sizeof seeds / sizeof seeds[0])
/* And the file of `function_file`. */
#define FILE_COUNT (SEED_COUNT + 1)

/* A file as it is read: in memory of exactly its size, so that the sanitizer sees a byte too many. */
static ht_status read_exactly(const char *bytes, size_t size, ht_error *err) {
    uint8_t *copy = malloc(size + (size == 0));
    assert_non_null(copy);
    if (size != 0) {
        memcpy(copy, bytes, size);
    }
    ht_model *model = NULL;
    ht_status status = ht__onnx_read(test_context, copy, size, "hostile.onnx", NULL, &model, err);
    if (status == HT_OK) {
        ht_model_info info;
        assert_int_equal(ht_model_describe(model, &info, NULL), HT_OK);
        ht_model_destroy(model);
    } else {
        assert_true(err->message[0] != '\0');
    }
    free(copy);
    return status;
}

/* ---- files written by hand ---- */

static void put_varint(ht_buffer *buffer, uint64_t value) {
    do {
        uint8_t byte = (uint8_t)(value & 0x7F) | (value > 0x7F ? 0x80 : 0);
        ht__buffer_append(buffer, &byte, 1);
        value >>= 7;
    } while (value != 0);
}

static void put_number(ht_buffer *buffer, uint64_t field, uint64_t value) {
    put_varint(buffer, field << 3);
    put_varint(buffer, value);
}

static void put_bytes(ht_buffer *buffer, uint64_t field, const void *bytes, size_t size) {
    put_varint(buffer, field << 3 | 2);
    put_varint(buffer, size);
    ht__buffer_append(buffer, bytes, size);
}

static void put_text(ht_buffer *buffer, uint64_t field, const char *text) {
    put_bytes(buffer, field, text, strlen(text));
}

static void put_message(ht_buffer *buffer, uint64_t field, ht_buffer *message) {
    put_bytes(buffer, field, message->data, message->size);
    ht__buffer_free(message);
}

static ht_buffer empty(void) {
    ht_buffer buffer;
    ht__buffer_init(&buffer, &ht__system_allocator);
    return buffer;
}

static void put_input(ht_buffer *graph, const char *name, uint64_t dimension) {
    ht_buffer input = empty(), type = empty(), tensor = empty(), shape = empty(), dim = empty();
    put_number(&dim, 1, dimension);
    put_message(&shape, 1, &dim);
    put_number(&tensor, 1, 1);
    put_message(&tensor, 2, &shape);
    put_message(&type, 1, &tensor);
    put_text(&input, 1, name);
    put_message(&input, 2, &type);
    put_message(graph, 11, &input);
}

/* y = f(f(x)) with a function whose node has an attribute of the call. */
static ht_buffer function_file(void) {
    static const char leaky[] = "LeakyRelu", f[] = "f", domain[] = "local";
    ht_buffer model = empty(), graph = empty(), function = empty(), import = empty();
    for (int i = 0; i < 2; ++i) {
        ht_buffer call = empty(), alpha = empty();
        put_text(&call, 1, i == 0 ? "x" : "h");
        put_text(&call, 2, i == 0 ? "h" : "y");
        put_text(&call, 4, f);
        put_text(&alpha, 1, "slope");
        put_number(&alpha, 20, 1);
        put_message(&call, 5, &alpha);
        put_text(&call, 7, domain);
        put_message(&graph, 1, &call);
    }
    ht_buffer step = empty(), reference = empty(), output = empty();
    put_input(&graph, "x", 4);
    put_text(&output, 1, "y");
    put_message(&graph, 12, &output);
    put_text(&function, 1, f);
    put_text(&function, 4, "a");
    put_text(&function, 5, "b");
    put_text(&step, 1, "a");
    put_text(&step, 2, "b");
    put_text(&step, 4, leaky);
    put_text(&reference, 1, "alpha");
    put_number(&reference, 20, 1);
    put_text(&reference, 21, "slope");
    put_message(&step, 5, &reference);
    put_message(&function, 7, &step);
    put_number(&import, 2, 17);
    put_bytes(&function, 9, import.data, import.size);
    put_text(&function, 10, domain);
    put_number(&model, 1, 8);
    put_message(&model, 7, &graph);
    put_message(&model, 8, &import);
    put_message(&model, 25, &function);
    return model;
}

static ht_buffer seed_file(size_t index) {
    if (index == SEED_COUNT) {
        return function_file();
    }
    ht_model *model = make_sample(&seeds[index]);
    SUCCEED(ht_model_metadata_set(model, "key", "text", err));
    ht_buffer file = write_model(model);
    ht_model_destroy(model);
    return file;
}

static void every_truncation_is_an_error(void **state) {
    (void)state;
    for (size_t i = 0; i < SEED_COUNT; ++i) {
        ht_buffer file = seed_file(i);
        size_t accepted = 0;
        for (size_t size = 0; size < file.size; ++size) {
            ht_error err = {0};
            ht_status status = read_exactly(file.data, size, &err);
            accepted += status == HT_OK;
            if (status != HT_OK && status != HT_ERROR_FORMAT) {
                fail_msg("cut at %zu: %s: %s", size, ht_status_name(status), err.message);
            }
            /* Inside the graph, whose length the file states early, the place is known. */
            assert_true(size < 20 || size + 60 > file.size || (err.offset > 0 && err.offset <= (int64_t)size));
        }
        assert_true(accepted <= 1); /* without its last field, the metadata, a file is whole */
        ht__buffer_free(&file);
    }
}

static void flipped_bytes_are_survived(void **state) {
    (void)state;
    const uint64_t seed = 20260101;
    print_message("seed %llu\n", (unsigned long long)seed);
    ht_rng rng = {.seed = seed, .stream = 1};
    for (size_t i = 0; i < FILE_COUNT; ++i) {
        ht_buffer file = seed_file(i);
        for (int round = 0; round < 4000; ++round) {
            char *damaged = malloc(file.size);
            memcpy(damaged, file.data, file.size);
            for (uint64_t flips = 1 + ht__rng_below(&rng, 4); flips > 0; --flips) {
                damaged[ht__rng_below(&rng, file.size)] = (char)ht__rng_u32(&rng);
            }
            ht_error err = {0};
            (void)read_exactly(damaged, file.size, &err);
            free(damaged);
        }
        ht__buffer_free(&file);
    }
}

/* A model around a graph; takes the graph over. */
static ht_buffer wrap_graph(ht_buffer *graph, int64_t opset) {
    ht_buffer model = empty(), import = empty(), output = empty();
    put_text(&output, 1, "y");
    put_message(graph, 12, &output);
    put_number(&model, 1, 8);
    put_message(&model, 7, graph);
    put_number(&import, 2, (uint64_t)opset);
    put_message(&model, 8, &import);
    return model;
}

static void put_node(ht_buffer *graph, const char *op, const char *input, const char *output) {
    ht_buffer node = empty();
    put_text(&node, 1, input);
    put_text(&node, 2, output);
    put_text(&node, 4, op);
    put_message(graph, 1, &node);
}

/* Reads and frees a file; the status must be `wanted` and the sentence must have `words`. */
static void expect(ht_buffer *file, ht_status wanted, const char *words) {
    ht_error err = {0};
    ht_status status = read_exactly(file->data, file->size, &err);
    if (status != wanted || (words != NULL && strstr(err.message, words) == NULL)) {
        fail_msg("status %s: %s", ht_status_name(status), err.message);
    }
    ht__buffer_free(file);
}

static void tensors_are_checked(void **state) {
    (void)state;
    static const struct {
        uint64_t dims[2], type;
        size_t raw;
        const char *words;
    } cases[] = {
        {{2, 2}, 1, 15, "shape wants 4"},
        {{2, 2}, 1, 12, "has 3 numbers"},
        {{(uint64_t)1 << 40, (uint64_t)1 << 40}, 1, 16, "more elements than fit"},
        {{(uint64_t)-1, 2}, 1, 16, "has the dimension -1"},
        {{(uint64_t)1 << 33, 2}, 1, 0, "has 0 numbers"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
        char raw[64] = {0};
        ht_buffer graph = empty(), tensor = empty();
        put_number(&tensor, 1, cases[i].dims[0]);
        put_number(&tensor, 1, cases[i].dims[1]);
        put_number(&tensor, 2, cases[i].type);
        put_text(&tensor, 8, "w");
        put_bytes(&tensor, 9, raw, cases[i].raw);
        put_message(&graph, 5, &tensor);
        put_node(&graph, "Relu", "w", "y");
        ht_buffer file = wrap_graph(&graph, 17);
        expect(&file, HT_ERROR_FORMAT, cases[i].words);
    }
}

static void graphs_are_checked(void **state) {
    (void)state;
    ht_buffer graph = empty();
    put_node(&graph, "Relu", "y", "y");
    ht_buffer file = wrap_graph(&graph, 17);
    expect(&file, HT_ERROR_FORMAT, "circle");

    graph = empty();
    put_input(&graph, "x", 4);
    put_node(&graph, "Relu", "x", "y");
    put_node(&graph, "Relu", "x", "y");
    file = wrap_graph(&graph, 17);
    expect(&file, HT_ERROR_FORMAT, "twice");

    graph = empty();
    put_input(&graph, "x", 4);
    put_node(&graph, "NoSuchThing", "x", "h");
    put_node(&graph, "Another", "h", "y");
    file = wrap_graph(&graph, 17);
    expect(&file, HT_ERROR_UNSUPPORTED, "NoSuchThing (node h), Another (node y)");

    graph = empty(); /* found by fuzzing: an operand that is absent where none may be */
    put_input(&graph, "x", 4);
    ht_buffer node = empty();
    put_text(&node, 1, "x");
    put_text(&node, 1, "");
    put_text(&node, 1, "x");
    put_text(&node, 2, "y");
    put_text(&node, 4, "Concat");
    put_message(&graph, 1, &node);
    file = wrap_graph(&graph, 17);
    expect(&file, HT_ERROR_FORMAT, "missing");

    graph = empty();
    put_input(&graph, "x", 4);
    node = empty();
    put_text(&node, 1, "x");
    put_text(&node, 1, "x");
    put_text(&node, 2, "y");
    put_text(&node, 4, "ReluGrad");
    put_text(&node, 7, "halftone"); /* what only lives inside does not come from files */
    put_message(&graph, 1, &node);
    file = wrap_graph(&graph, 17);
    expect(&file, HT_ERROR_UNSUPPORTED, "halftone.ReluGrad");

    graph = empty();
    put_input(&graph, "x", 4);
    put_node(&graph, "Relu", "x", "y");
    file = wrap_graph(&graph, 99);
    expect(&file, HT_ERROR_UNSUPPORTED, "operator set 99");

    graph = empty();
    put_input(&graph, "x", 4);
    put_node(&graph, "Identity", "b", "a");
    put_node(&graph, "Identity", "a", "b");
    put_node(&graph, "Identity", "a", "y");
    file = wrap_graph(&graph, 17);
    expect(&file, HT_ERROR_FORMAT, NULL);

    graph = empty();
    put_input(&graph, "\xC3(", 4);
    put_node(&graph, "Relu", "x", "y");
    file = wrap_graph(&graph, 17);
    expect(&file, HT_ERROR_FORMAT, "UTF-8");
}

static void functions_are_inlined(void **state) {
    (void)state;
    ht_buffer file = function_file();
    ht_model *model = read_model(&file);
    assert_int_equal(model->graph->node_count, 2);
    assert_string_equal(model->graph->nodes[1]->op->name, "LeakyRelu");
    assert_string_equal(model->graph->nodes[1]->name, "f/LeakyRelu");
    assert_non_null(ht__node_attribute(model->graph->nodes[0], "alpha"));
    ht_model_destroy(model);
    ht__buffer_free(&file);
}

/* The nodes of a chain, last first: ordering them takes time in proportion to their number, not to its square. */
static void backward_chains_are_quick(void **state) {
    (void)state;
    enum { LENGTH = 100000 };
    ht_buffer graph = empty();
    put_input(&graph, "x", 4);
    for (int i = LENGTH; i > 0; --i) {
        char from[16], to[16];
        snprintf(from, sizeof from, "h%d", i - 1);
        snprintf(to, sizeof to, "h%d", i);
        put_node(&graph, "Relu", i == 1 ? "x" : from, i == LENGTH ? "y" : to);
    }
    ht_buffer file = wrap_graph(&graph, 17);
    expect(&file, HT_OK, NULL);
}

/* Graphs within graphs have a limit; what lies in unknown fields is skipped, not entered. */
static void deep_nesting_meets_a_limit(void **state) {
    (void)state;
    ht_buffer inner = empty();
    for (int depth = 0; depth < 4000; ++depth) { /* attribute -> graph -> node -> attribute ... */
        ht_buffer outer = empty();
        put_message(&outer, depth % 3 == 0 ? 6 : depth % 3 == 1 ? 1 : 5, &inner);
        inner = outer;
    }
    ht_buffer graph = empty(), node = empty();
    put_text(&node, 1, "x");
    put_text(&node, 2, "y");
    put_text(&node, 4, "Relu");
    put_message(&node, 5, &inner);
    put_message(&graph, 1, &node);
    put_input(&graph, "x", 4);
    ht_buffer file = wrap_graph(&graph, 17);
    ht_error err = {0};
    assert_int_equal(read_exactly(file.data, file.size, &err), HT_ERROR_LIMIT);
    ht__buffer_free(&file);
}

static void many_entries_meet_a_limit(void **state) {
    (void)state;
    ht_buffer file = empty();
    for (int i = 0; i < 5000; ++i) {
        put_varint(&file, 14 << 3 | 2);
        put_varint(&file, 0);
    }
    expect(&file, HT_ERROR_LIMIT, "metadata");
    ht_buffer graph = empty();
    for (int i = 0; i < (1 << 20) + 1; ++i) {
        put_varint(&graph, 12 << 3 | 2);
        put_varint(&graph, 0);
    }
    file = wrap_graph(&graph, 17);
    expect(&file, HT_ERROR_LIMIT, "entries");
}

/* ---- memory ---- */

static ht_buffer memory_file;

static ht_status read_and_write(ht_context *other, ht_error *err) {
    ht_model *model;
    HT_TRY(ht__onnx_read(other, (const uint8_t *)memory_file.data, memory_file.size, "memory.onnx", NULL, &model, err));
    ht_model_info info;
    ht_status status = ht_model_describe(model, &info, err);
    ht_buffer file;
    ht__buffer_init(&file, &ht__system_allocator);
    if (status == HT_OK) {
        status = ht__onnx_write(model, &(ht_onnx_output){.write = append_bytes, .user = &file}, err);
    }
    ht__buffer_free(&file);
    ht_model_destroy(model);
    return status;
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    for (size_t i = 0; i < FILE_COUNT; ++i) {
        memory_file = seed_file(i);
        assert_true(fail_every_allocation(read_and_write) > 0);
        ht__buffer_free(&memory_file);
    }
}

/* ---- how much memory reading takes ---- */

/* What a file of `bytes` bytes may take at most; docs/onnx.md says so. */
static size_t most_memory(size_t bytes) { return ((size_t)16 << 20) + 128 * bytes; }

/* Reads and frees a file. */
static void expect_modest(const char *what, ht_buffer *file) {
    counted count = {0};
    ht_allocator allocator = {counting_allocate, counting_release, &count};
    ht_context *ctx;
    SUCCEED(ht_context_create(&(ht_context_options){.allocator = &allocator, .threads = 1}, &ctx, err));
    ht_model *model;
    ht_error err = {0};
    if (ht__onnx_read(ctx, (const uint8_t *)file->data, file->size, "large.onnx", NULL, &model, &err) == HT_OK) {
        ht_model_destroy(model);
    }
    ht_context_destroy(ctx);
    print_message("%s: %zu bytes take %zu\n", what, file->size, count.peak);
    if (count.peak > most_memory(file->size)) {
        fail_msg("%s: %zu bytes take %zu", what, file->size, count.peak);
    }
    ht__buffer_free(file);
}

/* `count` empty entries of a field: two bytes each, or three. */
static void put_empty(ht_buffer *buffer, uint64_t field, size_t count) {
    for (size_t i = 0; i < count; ++i) {
        put_varint(buffer, field << 3 | 2);
        put_varint(buffer, 0);
    }
}

/* A constant of `count` elements of a type whose elements take `size` bytes each, all bits 0. */
static void put_zeros(ht_buffer *graph, const char *name, uint64_t type, size_t count, size_t size) {
    ht_buffer tensor = empty();
    char *zeros = calloc(count, size);
    assert_non_null(zeros);
    put_number(&tensor, 1, count);
    put_number(&tensor, 2, type);
    put_text(&tensor, 8, name);
    put_bytes(&tensor, 9, zeros, count * size);
    put_message(graph, 5, &tensor);
    free(zeros);
}

/* One constant, decoded again and again. */
static void decoding_follows_the_size_of_the_file(void **state) {
    (void)state;
    static const char *const codes[] = {"u8", "i32", "f16"}; /* weights, a bias, half floats */
    for (size_t k = 0; k < 3; ++k) {
        ht_buffer graph = empty();
        put_zeros(&graph, "u8", 2, 100000, 1);
        put_zeros(&graph, "i32", 6, 100000, 4);
        put_zeros(&graph, "f16", 10, 100000, 2);
        put_zeros(&graph, "scale", 1, 1, 4);
        for (int i = 0; i < 2000; ++i) {
            char name[16];
            ht_buffer node = empty(), to = empty();
            bool cast = k == 2;
            snprintf(name, sizeof name, "%x", i);
            put_text(&node, 1, codes[k]);
            put_text(&node, 1, cast ? "" : "scale");
            put_text(&node, 2, name);
            put_text(&node, 4, cast ? "Cast" : "DequantizeLinear");
            put_text(&to, 1, "to");
            put_number(&to, 3, 1);  /* f32 */
            put_number(&to, 20, 2); /* an integer */
            put_message(&node, 5, &to);
            put_message(&graph, 1, &node);
        }
        put_node(&graph, "Relu", "0", "y");
        ht_buffer file = wrap_graph(&graph, 17);
        expect_modest(codes[k], &file);
    }
}

static void memory_follows_the_size_of_the_file(void **state) {
    (void)state;
    enum { COUNT = 400000 };
    static const uint64_t graph_fields[] = {1, 5, 11, 12}; /* nodes, tensors, inputs, outputs */
    for (size_t i = 0; i < sizeof graph_fields / sizeof graph_fields[0]; ++i) {
        ht_buffer graph = empty();
        put_empty(&graph, graph_fields[i], COUNT);
        ht_buffer file = wrap_graph(&graph, 17);
        expect_modest("empty entries", &file);
    }
    static const uint64_t node_fields[] = {1, 5}; /* inputs, attributes */
    for (size_t i = 0; i < sizeof node_fields / sizeof node_fields[0]; ++i) {
        ht_buffer graph = empty(), node = empty();
        put_empty(&node, node_fields[i], COUNT);
        put_message(&graph, 1, &node);
        ht_buffer file = wrap_graph(&graph, 17);
        expect_modest("empty parts of a node", &file);
    }
    ht_buffer graph = empty();
    put_input(&graph, "x", 4);
    for (int i = 0; i < COUNT / 8; ++i) {
        char from[16], to[16];
        snprintf(from, sizeof from, "%x", i);
        snprintf(to, sizeof to, "%x", i + 1);
        put_node(&graph, "Relu", i == 0 ? "x" : from, i == COUNT / 8 - 1 ? "y" : to);
    }
    ht_buffer file = wrap_graph(&graph, 17);
    expect_modest("nodes", &file);
    graph = empty();
    ht_buffer tensor = empty(), numbers = empty();
    put_number(&tensor, 1, COUNT);
    put_number(&tensor, 2, 3); /* i8, a number of the typed field each */
    for (size_t i = 0; i < COUNT; ++i) {
        put_varint(&numbers, 1);
    }
    put_message(&tensor, 5, &numbers);
    put_text(&tensor, 8, "w");
    put_message(&graph, 5, &tensor);
    put_node(&graph, "Relu", "w", "y");
    file = wrap_graph(&graph, 17);
    expect_modest("small numbers", &file);
}

int main(void) {
    assert_int_equal(ht_context_create(NULL, &test_context, NULL), HT_OK);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_truncation_is_an_error),
        cmocka_unit_test(flipped_bytes_are_survived),
        cmocka_unit_test(functions_are_inlined),
        cmocka_unit_test(tensors_are_checked),
        cmocka_unit_test(graphs_are_checked),
        cmocka_unit_test(backward_chains_are_quick),
        cmocka_unit_test(deep_nesting_meets_a_limit),
        cmocka_unit_test(many_entries_meet_a_limit),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(memory_follows_the_size_of_the_file),
        cmocka_unit_test(decoding_follows_the_size_of_the_file),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ht_context_destroy(test_context);
    return failed;
}
