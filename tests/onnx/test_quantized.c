/* Quantized tensors written as standard nodes and read back: the same codes and parameters, the same bytes when written
 * again. The oracle test checks that ONNX Runtime decodes every tensor to the same bits. */
#include <math.h>

#include "formats/onnx/quantized.h"
#include "graph/quantization.h"
#include "model_support.h"

#define CASES 240

static uint64_t pick(ht_rng *rng, uint64_t count) { return ht__rng_below(rng, count); }

/* A random shape of 1 to 4 dimensions. */
static ht_tensor_desc random_shape(ht_rng *rng) {
    ht_tensor_desc desc = {.type = HT_F32, .rank = 1 + (int32_t)pick(rng, 4)};
    for (int32_t i = 0; i < desc.rank; ++i) {
        desc.dims[i] = 1 + (int64_t)pick(rng, 6);
    }
    return desc;
}

static float *random_numbers(ht_rng *rng, size_t count, float low, float high) {
    float *numbers = malloc(count * sizeof *numbers);
    for (size_t i = 0; i < count; ++i) {
        numbers[i] = low + (high - low) * (float)ht__rng_uniform(rng);
    }
    return numbers;
}

/* Zero points that are codes, lie between codes (mid-rise), or lie far outside. */
static float *random_zero_points(ht_rng *rng, const ht_quantization *q) {
    float *zero = malloc(q->groups * sizeof *zero);
    uint64_t kind = pick(rng, 4);
    for (size_t i = 0; i < q->groups; ++i) {
        int64_t code = (int64_t)pick(rng, (uint64_t)1 << q->bits) - (q->is_signed ? (int64_t)1 << (q->bits - 1) : 0);
        zero[i] = (float)code + (kind == 1 ? 0.5f : kind == 2 ? 70000.0f : 0.0f);
    }
    return zero;
}

/* A bias of 32-bit codes, with one scale or one per element. */
static ht_quantization random_bias(ht_rng *rng, const ht_tensor_desc *desc) {
    bool per_element = pick(rng, 2) != 0;
    ht_quantization q = {.bits = 32, .is_signed = true, .axis = per_element ? 0 : -1};
    q.groups = per_element ? (size_t)desc->dims[0] : 1;
    q.scale = random_numbers(rng, q.groups, 0.001f, 0.1f);
    q.zero_point = calloc(q.groups, sizeof *q.zero_point);
    int32_t *codes = malloc((size_t)desc->dims[0] * sizeof *codes);
    for (int64_t i = 0; i < desc->dims[0]; ++i) {
        codes[i] = (int32_t)ht__rng_u32(rng);
    }
    q.wide_codes = codes;
    return q;
}

/* A random annotation for a constant; everything in it is freed by free_quantization. */
static ht_quantization random_quantization(ht_rng *rng, const ht_tensor_desc *desc) {
    if (desc->rank == 1 && pick(rng, 2) != 0) {
        return random_bias(rng, desc);
    }
    ht_quantization q = {.bits = 1 + (int32_t)pick(rng, 16), .codebook = pick(rng, 2) != 0};
    q.is_signed = !q.codebook && pick(rng, 2) != 0;
    q.axis = (int32_t)pick(rng, (uint64_t)desc->rank + 1) - 1;
    q.block = pick(rng, 2) != 0 ? 1 + (int64_t)pick(rng, 7) : 0;
    if (q.codebook && q.bits > 10) {
        q.bits = 10;
    }
    int64_t channels = q.axis < 0 ? 1 : desc->dims[q.axis], length = ht__desc_elements(desc) / channels;
    int64_t run = q.block > 0 && q.block < length ? q.block : length;
    q.groups = (size_t)(channels * ((length - 1) / run + 1));
    uint32_t codes = 1u << q.bits;
    if (q.codebook) {
        codes = q.levels = 1 + (uint32_t)pick(rng, codes);
        q.shared_table = q.groups > 1 && pick(rng, 2) != 0;
        q.table = random_numbers(rng, (q.shared_table ? 1 : q.groups) * q.levels, -1.0f, 1.0f);
        q.scale = q.shared_table || pick(rng, 2) != 0 ? random_numbers(rng, q.groups, 0.01f, 2.0f) : NULL;
    } else {
        q.scale = random_numbers(rng, q.groups, 0.001f, 0.1f);
        q.zero_point = random_zero_points(rng, &q);
        q.packed = pick(rng, 2) != 0;
    }
    size_t elements = (size_t)ht__desc_elements(desc);
    uint16_t *stored = malloc(elements * sizeof *stored);
    for (size_t i = 0; i < elements; ++i) {
        stored[i] = (uint16_t)pick(rng, codes);
    }
    q.codes = stored;
    q.scheme = pick(rng, 2) != 0 ? "levels=test,bits=4" : NULL;
    return q;
}

static void free_quantization(const ht_quantization *q) {
    free((void *)(uintptr_t)q->scale);
    free((void *)(uintptr_t)q->zero_point);
    free((void *)(uintptr_t)q->table);
    free((void *)(uintptr_t)q->codes);
    free((void *)(uintptr_t)q->wide_codes);
}

/* y = x + w with the annotated constant w. The annotation is borrowed. */
static ht_model *add_model(const ht_tensor_desc *desc, ht_quantization *q) {
    ht_graph *graph;
    SUCCEED(ht__graph_create(test_context, "sum", &graph, err));
    float *decoded = malloc((size_t)ht__desc_elements(desc) * sizeof *decoded);
    SUCCEED(ht__quantization_decode(q, desc, decoded, err));
    ht_value *operands[2];
    SUCCEED(ht__graph_add_input(graph, "x", desc, &operands[0], err));
    SUCCEED(ht__graph_add_constant(graph, "w", desc, decoded, false, &operands[1], err));
    free(decoded);
    operands[1]->quantization = q;
    ht_node *node;
    SUCCEED(ht__graph_add_node(graph, "Add", "sum", operands, 2, 1, NULL, &node, err));
    SUCCEED(ht__graph_mark_output(graph, node->outputs[0], err));
    SUCCEED(ht__graph_infer(graph, err));
    ht_model *model;
    SUCCEED(ht__model_create(test_context, graph, &model, err));
    return model;
}

static void assert_same_floats(const float *a, const float *b, size_t count) {
    assert_int_equal(a == NULL, b == NULL);
    if (a != NULL) {
        assert_memory_equal(a, b, count * sizeof *a);
    }
}

static void assert_same_quantization(const ht_quantization *a, const ht_quantization *b, const ht_tensor_desc *desc) {
    ht_group_view view;
    SUCCEED(ht__group_view(a, desc, &view, err));
    assert_int_equal(a->bits, b->bits);
    assert_int_equal(a->codebook, b->codebook);
    assert_int_equal(a->is_signed, b->is_signed);
    assert_int_equal(ht__quantization_code_type(a), ht__quantization_code_type(b));
    assert_int_equal(a->groups, b->groups);
    if (view.channels > 1) {
        assert_int_equal(a->axis, b->axis);
    }
    if (view.blocks > 1) {
        assert_int_equal(a->block, b->block);
    }
    assert_same_floats(a->scale, b->scale, a->groups);
    assert_same_floats(a->zero_point, b->zero_point, a->groups);
    if (a->codebook) {
        assert_int_equal(a->levels, b->levels);
        assert_int_equal(a->shared_table, b->shared_table);
        assert_same_floats(a->table, b->table, (a->shared_table ? 1 : a->groups) * a->levels);
    }
    size_t elements = (size_t)ht__desc_elements(desc);
    if (a->wide_codes != NULL) {
        assert_memory_equal(a->wide_codes, b->wide_codes, elements * sizeof *a->wide_codes);
    } else {
        assert_memory_equal(a->codes, b->codes, elements * sizeof *a->codes);
    }
    assert_int_equal(a->scheme == NULL, b->scheme == NULL);
    if (a->scheme != NULL) {
        assert_string_equal(a->scheme, b->scheme);
    }
}

static void constants_keep_every_code(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < CASES; ++seed) {
        print_message("seed %u\n", (unsigned)seed);
        ht_rng rng = {.seed = seed, .stream = 5};
        ht_tensor_desc desc = random_shape(&rng);
        ht_quantization q = random_quantization(&rng, &desc);
        ht_model *model = add_model(&desc, &q);
        ht_buffer first = write_model(model);
        ht_model *read = read_model(&first);
        const ht_value *w = ht__graph_find(read->graph, "w");
        assert_non_null(w);
        assert_non_null(w->quantization);
        assert_int_equal(read->graph->node_count, 1);
        assert_same_quantization(&q, w->quantization, &desc);
        size_t bytes = (size_t)ht__desc_elements(&desc) * sizeof(float);
        assert_memory_equal(ht__graph_find(model->graph, "w")->data, w->data, bytes);
        ht_buffer second = write_model(read);
        assert_int_equal(first.size, second.size);
        assert_memory_equal(first.data, second.data, first.size);
        test_run run = run_model(model);
        char name[32];
        snprintf(name, sizeof name, "exact_constant_%03u", (unsigned)seed);
        leave_for_oracle(name, &first, &run);
        free_run(&run);
        ht__buffer_free(&second);
        ht_model_destroy(read);
        ht__buffer_free(&first);
        ht_model_destroy(model);
        free_quantization(&q);
    }
}

/* x (quantized) -> Neg -> h (quantized) -> Abs -> y (quantized) */
static ht_model *activation_model(ht_quantization *q) {
    ht_graph *graph;
    SUCCEED(ht__graph_create(test_context, "activations", &graph, err));
    ht_tensor_desc desc = {.type = HT_F32, .rank = 2, .dims = {-1, 40}};
    ht_value *x;
    ht_node *negated, *absolute;
    SUCCEED(ht__graph_add_input(graph, "x", &desc, &x, err));
    SUCCEED(ht__graph_add_node(graph, "Neg", NULL, &x, 1, 1, &(const char *){"h"}, &negated, err));
    SUCCEED(ht__graph_add_node(graph, "Abs", NULL, negated->outputs, 1, 1, &(const char *){"y"}, &absolute, err));
    SUCCEED(ht__graph_mark_output(graph, absolute->outputs[0], err));
    x->quantization = &q[0];
    negated->outputs[0]->quantization = &q[1];
    absolute->outputs[0]->quantization = &q[2];
    SUCCEED(ht__graph_infer(graph, err));
    ht_model *model;
    SUCCEED(ht__model_create(test_context, graph, &model, err));
    return model;
}

static void activations_keep_their_width(void **state) {
    (void)state;
    for (int32_t bits = 1; bits <= 16; ++bits) {
        for (int form = 0; form < (bits <= 4 ? 4 : 2); ++form) {
            int is_signed = form & 1, packed = form >> 1;
            float scale = 2.5f / (float)(1 << bits), zero = (float)(1 << (bits - 1)) * (is_signed ? 0.0f : 1.0f);
            ht_quantization q[3];
            for (int i = 0; i < 3; ++i) {
                q[i] = (ht_quantization){.bits = bits,
                                         .is_signed = is_signed != 0,
                                         .packed = packed != 0,
                                         .axis = -1,
                                         .groups = 1,
                                         .scale = &scale,
                                         .zero_point = &zero,
                                         .scheme = i == 1 ? "levels=affine" : NULL};
            }
            ht_model *model = activation_model(q);
            ht_buffer first = write_model(model);
            ht_model *read = read_model(&first);
            assert_int_equal(read->graph->node_count, 2);
            assert_int_equal(read->opset, packed != 0 && bits <= 2 ? 25 : bits > 8 || packed != 0 ? 21 : 17);
            static const char *const names[] = {"x", "h", "y"};
            for (int i = 0; i < 3; ++i) {
                const ht_quantization *back = ht__graph_find(read->graph, names[i])->quantization;
                assert_non_null(back);
                assert_int_equal(back->bits, bits);
                assert_int_equal(back->is_signed, is_signed);
                assert_int_equal(back->packed, packed);
                assert_true(back->scale[0] == scale && back->zero_point[0] == zero);
            }
            ht_buffer second = write_model(read);
            assert_int_equal(first.size, second.size);
            assert_memory_equal(first.data, second.data, first.size);
            test_run run = run_model(model);
            char name[32];
            snprintf(name, sizeof name, "exact_activation_%02d_%d", (int)bits, form);
            leave_for_oracle(name, &first, &run);
            free_run(&run);
            ht__buffer_free(&second);
            ht_model_destroy(read);
            ht__buffer_free(&first);
            ht_model_destroy(model);
        }
    }
}

static void what_onnx_cannot_say_is_refused(void **state) {
    (void)state;
    float scale = 0.1f, zero = 0.5f;
    ht_quantization q[3];
    for (int i = 0; i < 3; ++i) {
        q[i] = (ht_quantization){.bits = 4, .axis = -1, .groups = 1, .scale = &scale, .zero_point = &zero};
    }
    ht_model *model = activation_model(q);
    ht_buffer buffer;
    ht__buffer_init(&buffer, &ht__system_allocator);
    ht_error error;
    assert_int_equal(ht__onnx_write(model, &(ht_onnx_output){.write = append_bytes, .user = &buffer}, &error),
                     HT_ERROR_UNSUPPORTED);
    assert_string_equal(error.where, "x");
    ht__buffer_free(&buffer);
    ht_model_destroy(model);
}

int main(void) {
    assert_int_equal(ht_context_create(NULL, &test_context, NULL), HT_OK);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constants_keep_every_code),
        cmocka_unit_test(activations_keep_their_width),
        cmocka_unit_test(what_onnx_cannot_say_is_refused),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ht_context_destroy(test_context);
    return failed;
}
