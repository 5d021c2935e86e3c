/* A prepared kernel is immutable: several threads may run one state at once, each with scratch of its own. */
#include "support.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/conv/conv.h"
#ifdef HT_WITH_ONEDNN
#include "kernels/onednn/onednn.h"
#endif

#define THREADS 4
#define ROUNDS 30

static ht_kernel_call convolution(void) {
    ht_tensor_desc map = {HT_F32, HT_LAYOUT_CHANNELS_LAST, 4, {2, 19, 9, 9}},
                   w = {HT_F32, HT_LAYOUT_PLAIN, 4, {19, 19, 3, 3}};
    ht_kernel_call call = {
        .family = &ht__conv_family, .input_count = 2, .output_count = 1, .inputs = {map, w}, .outputs = {map}};
    ht_conv_parameters p = {.spatial = 2,
                            .groups = 1,
                            .strides = {1, 1},
                            .dilations = {1, 1},
                            .pads_begin = {1, 1},
                            .pads_end = {1, 1},
                            .activation = HT_ACTIVATION_RELU};
    memcpy(call.parameters, &p, sizeof p);
    return call;
}

static float *values(const ht_tensor_desc *desc, int seed) {
    size_t count = (size_t)ht__desc_elements(desc);
    float *data = malloc(count * sizeof *data);
    assert_non_null(data);
    for (size_t i = 0; i < count; ++i) {
        data[i] = (float)((int)((i * 7919 + (size_t)seed * 104729) % 257) - 128) / 64.0f;
    }
    return data;
}

typedef struct runner {
    const ht_kernel_variant *variant;
    const ht_kernel_state *state;
    const ht_kernel_call *call;
    const float *x, *w, *expected;
    bool same;
} runner;

static void *run_many(void *argument) {
    runner *r = argument;
    size_t bytes = (size_t)ht__desc_elements(&r->call->outputs[0]) * sizeof(float);
    float *y = malloc(bytes);
    void *scratch = ht__alloc(&ht__system_allocator, r->state->scratch_bytes);
    r->same = y != NULL && scratch != NULL;
    for (int i = 0; i < ROUNDS && r->same; ++i) {
        const void *inputs[] = {r->x, r->w};
        void *outputs[] = {y};
        memset(y, 0xFF, bytes);
        r->same =
            r->variant->run(r->state, inputs, outputs, scratch, NULL) == HT_OK && memcmp(y, r->expected, bytes) == 0;
    }
    ht__free(&ht__system_allocator, scratch);
    free(y);
    return NULL;
}

/* `constant`: weights known when preparing, and so packed. */
static void share(const ht_kernel_variant *variant, bool constant) {
    ht_kernel_call call = convolution();
    float *x = values(&call.inputs[0], 1), *w = values(&call.inputs[1], 2), *expected = values(&call.outputs[0], 3);
    ht_kernel_env env = {.allocator = &ht__system_allocator, .threads = 1, .allow_bf16 = true};
    ht_kernel_state state = {0};
    ht_error err = {0};
    const char *reason = NULL;
    call.constants[1] = constant ? w : NULL;
    if (variant->accept(&call, &env, &reason)) {
        assert_int_equal(ht__kernel_prepare(variant, &call, &env, &state, &err), HT_OK);
        void *scratch = ht__alloc(&ht__system_allocator, state.scratch_bytes);
        assert_int_equal(variant->run(&state, (const void *[]){x, w}, (void *[]){expected}, scratch, NULL), HT_OK);
        ht__free(&ht__system_allocator, scratch);
        pthread_t threads[THREADS];
        runner runners[THREADS];
        for (int t = 0; t < THREADS; ++t) {
            runners[t] = (runner){variant, &state, &call, x, w, expected, false};
            assert_int_equal(pthread_create(&threads[t], NULL, run_many, &runners[t]), 0);
        }
        for (int t = 0; t < THREADS; ++t) {
            pthread_join(threads[t], NULL);
            assert_true(runners[t].same);
        }
        ht__kernel_release(variant, &state, env.allocator);
    }
    free(x);
    free(w);
    free(expected);
}

static void test_runtime_variants(void **state) {
    (void)state;
    for (size_t i = 0; i < ht__conv_family.variant_count; ++i) {
        share(ht__conv_family.variants[i], false);
        share(ht__conv_family.variants[i], true);
    }
}

static void test_onednn_variants(void **state) {
    (void)state;
#ifdef HT_WITH_ONEDNN
    for (size_t i = 0; i < ht__onednn_variant_count; ++i) {
        if (ht__onednn_variants[i]->family == &ht__conv_family) {
            share(ht__onednn_variants[i], false);
            share(ht__onednn_variants[i], true);
        }
    }
#else
    skip();
#endif
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_runtime_variants), cmocka_unit_test(test_onednn_variants)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
