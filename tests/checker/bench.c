/* Speed of the kernels on the shapes that training spends its time in, and the share of the measured f32 peak. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"
#include "cpu/features.h"
#include "cpu/peak.h"
#include "kernels/conv/conv.h"
#include "kernels/dropout/dropout.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/matmul/matmul.h"
#include "kernels/move/move.h"
#include "kernels/norm/norm.h"
#include "kernels/pool/pool.h"
#include "kernels/quantize/quantize.h"
#include "kernels/reduce/reduce.h"

/* Seconds: of the processor when one thread is measured (a busy machine disturbs less), else of the clock. */
static double now(const bench *b) {
    if (b->env->threads > 1) {
        return ht__cpu_seconds();
    }
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

#define LEAST_RUNS 5
#define MOST_RUNS 4000

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The time that a quarter of the runs stay below: other work on the machine only adds, but a clock may also err
 * downwards. */
static double lower_quartile(double *times, int count) {
    qsort(times, (size_t)count, sizeof *times, ascending);
    return count > 0 ? times[(count - 1) / 4] : 0.0;
}

/* Every operand filled: floats around 0, scales that keep sums of codes in range, signed codes bell-shaped as weights
 * are, others at random. */
static void fill(const ht_tensor_desc *desc, ht_rng *rng, void *data) {
    int64_t count = ht__desc_elements(desc);
    bool scale = desc->rank <= 1 && count != 0;
    for (int64_t i = 0; i < count; ++i) {
        if (desc->type == HT_F32) {
            ((float *)data)[i] = scale ? 0.01f : (float)ht__rng_normal(rng) * 0.5f + 0.01f;
        } else if (desc->type == HT_I8) {
            double code = ht__rng_normal(rng) * 127.0 / 4.0;
            ((int8_t *)data)[i] = (int8_t)(code > 127.0 ? 127.0 : code < -127.0 ? -127.0 : code);
        } else if (ht_type_bytes(desc->type) == 1) {
            ((uint8_t *)data)[i] = (uint8_t)ht__rng_below(rng, 256);
        }
    }
}

static double allocate(const bench *b, const ht_tensor_desc *desc, void **out) {
    size_t bytes = desc->type == HT_NONE ? 0 : (size_t)ht__desc_elements(desc) * ht_type_bytes(desc->type);
    *out = ht__calloc(b->env->allocator, 1, bytes + HT_ALIGNMENT);
    return *out != NULL ? (double)bytes : 0.0;
}

static void print_speed(const bench *b, const char *label, const char *variant, double seconds, double operations,
                        double bytes) {
    printf("%-46s %-28s %9.1f us", label, variant, seconds * 1e6);
    if (operations > 0.0) {
        printf(" %8.1f Gop/s %5.1f %%", operations / seconds * 1e-9, 100.0 * operations / seconds / b->peak);
    } else {
        printf(" %8.1f GB/s", bytes / seconds * 1e-9);
    }
}

/* Runs for at least 0.2 s; seconds of a run. */
static double run_often(const bench *b, const ht_kernel_variant *variant, const ht_kernel_state *state,
                        const void *const *inputs, void *const *outputs, void *scratch) {
    double times[MOST_RUNS], spent = 0.0;
    int runs = 0;
    while (runs < LEAST_RUNS || (spent < 0.2 && runs < MOST_RUNS)) {
        double start = now(b);
        if (variant->run(state, inputs, outputs, scratch, b->pool) != HT_OK) {
            return 0.0;
        }
        times[runs] = now(b) - start;
        spent += times[runs++];
    }
    return lower_quartile(times, runs);
}

void bench_measure(const bench *b, const char *label, ht_kernel_call *call, double operations, bool constants) {
    void *inputs[HT_MAX_INPUTS] = {0}, *outputs[HT_MAX_OUTPUTS] = {0};
    ht_kernel_state state = {0};
    ht_error err = {0};
    double bytes = 0.0;
    if (b->only != NULL && strcmp(b->only, call->family->name) != 0) {
        return;
    }
    ht_rng rng = {1, 2, 3};
    for (uint32_t i = 0; i < call->input_count; ++i) {
        bytes += allocate(b, &call->inputs[i], &inputs[i]);
        fill(&call->inputs[i], &rng, inputs[i]);
        call->constants[i] = constants && i > 0 && call->inputs[i].type != HT_NONE ? inputs[i] : NULL;
    }
    for (uint32_t i = 0; i < call->output_count; ++i) {
        bytes += allocate(b, &call->outputs[i], &outputs[i]);
    }
    const ht_kernel_variant *variant = ht__kernel_choose(call, b->env);
    double started = now(b);
    if (ht__kernel_prepare(variant, call, b->env, &state, &err) == HT_OK) {
        double prepared = now(b) - started;
        void *scratch = ht__alloc(b->env->allocator, state.scratch_bytes);
        double seconds = run_often(b, variant, &state, (const void *const *)inputs, outputs, scratch);
        print_speed(b, label, variant->name, seconds, operations, bytes);
        printf("  (prepare %.1f ms)\n", prepared * 1e3);
        ht__free(b->env->allocator, scratch);
        ht__kernel_release(variant, &state, b->env->allocator);
    } else {
        printf("%-46s %s\n", label, err.message);
    }
    for (uint32_t i = 0; i < call->input_count; ++i) {
        ht__free(b->env->allocator, inputs[i]);
    }
    for (uint32_t i = 0; i < call->output_count; ++i) {
        ht__free(b->env->allocator, outputs[i]);
    }
}

static ht_tensor_desc map_of(int64_t n, int64_t c, int64_t size) {
    int64_t dims[4] = {n, c, size, size};
    return tensor_of(HT_F32, 4, dims, HT_LAYOUT_CHANNELS_LAST);
}

static ht_tensor_desc vector_of(int64_t size) { return tensor_of(HT_F32, 1, &size, HT_LAYOUT_PLAIN); }

/* A convolution (k x k, stride 1, same padding) and its gradients. */
static void bench_conv(const bench *b, int64_t n, int64_t c, int64_t o, int64_t size, int64_t kernel, int64_t groups) {
    char label[96];
    ht_conv_parameters p = {.spatial = 2,
                            .groups = groups,
                            .strides = {1, 1},
                            .dilations = {1, 1},
                            .pads_begin = {kernel / 2, kernel / 2},
                            .pads_end = {kernel / 2, kernel / 2},
                            .activation = HT_ACTIVATION_RELU};
    int64_t w_dims[4] = {o, c / groups, kernel, kernel};
    ht_tensor_desc x = map_of(n, c, size), y = map_of(n, o, size), w = tensor_of(HT_F32, 4, w_dims, HT_LAYOUT_PLAIN);
    double operations = 2.0 * (double)(n * o * size * size) * (double)(c / groups * kernel * kernel);
    ht_kernel_call call = {.family = &ht__conv_family,
                           .input_count = 3,
                           .output_count = 1,
                           .inputs = {x, w, vector_of(o)},
                           .outputs = {y}};
    memcpy(call.parameters, &p, sizeof p);
    snprintf(label, sizeof label, "conv %lldx%lldx%lld^2 -> %lld, %lldx%lld", (long long)n, (long long)c,
             (long long)size, (long long)o, (long long)kernel, (long long)kernel);
    bench_measure(b, label, &call, operations, false);
    p.activation = HT_ACTIVATION_NONE;
    ht_kernel_call dx = {
        .family = &ht__conv_grad_input_family, .input_count = 2, .output_count = 1, .inputs = {y, w}, .outputs = {x}};
    memcpy(dx.parameters, &p, sizeof p);
    bench_measure(b, "    gradient of x", &dx, operations, false);
    ht_kernel_call dw = {.family = &ht__conv_grad_weight_family,
                         .input_count = 2,
                         .output_count = 2,
                         .inputs = {x, y},
                         .outputs = {w, vector_of(o)}};
    memcpy(dw.parameters, &p, sizeof p);
    bench_measure(b, "    gradient of w, b", &dw, operations, false);
}

static void bench_matmul(const bench *b, int64_t m, int64_t n, int64_t k) {
    char label[96];
    for (int kind = 0; kind < 3; ++kind) { /* forward x w^T, gradient of x, gradient of w */
        ht_matmul_parameters p = {.transpose_a = kind == 2, .transpose_b = kind == 0, .alpha = 1.0f, .beta = 1.0f};
        int64_t a_dims[2] = {kind == 2 ? k : m, kind == 2 ? m : k}, b_dims[2] = {kind == 0 ? n : k, kind == 0 ? k : n},
                y_dims[2] = {m, n};
        ht_kernel_call call = {
            .family = &ht__matmul_family,
            .input_count = 2,
            .output_count = 1,
            .inputs = {tensor_of(HT_F32, 2, a_dims, HT_LAYOUT_PLAIN), tensor_of(HT_F32, 2, b_dims, HT_LAYOUT_PLAIN)},
            .outputs = {tensor_of(HT_F32, 2, y_dims, HT_LAYOUT_PLAIN)}};
        memcpy(call.parameters, &p, sizeof p);
        snprintf(label, sizeof label, "matmul %lldx%lldx%lld%s", (long long)m, (long long)n, (long long)k,
                 kind == 0   ? " (b transposed)"
                 : kind == 1 ? ""
                             : " (a transposed)");
        bench_measure(b, label, &call, 2.0 * (double)m * (double)n * (double)k, false);
    }
}

static void bench_map(const bench *b, int64_t n, int64_t c, int64_t size) {
    ht_tensor_desc x = map_of(n, c, size), half = map_of(n, c, size / 2), v = vector_of(c);
    printf("-- map %lldx%lldx%lld^2, channels-last\n", (long long)n, (long long)c, (long long)size);
    ht_batch_norm_parameters norm = {.epsilon = 1e-5f, .momentum = 0.9f, .relu = true};
    ht_kernel_call infer = {.family = &ht__batch_norm_family,
                            .input_count = 5,
                            .output_count = 1,
                            .inputs = {x, v, v, v, v},
                            .outputs = {x}};
    ht_kernel_call train = {.family = &ht__batch_norm_train_family,
                            .input_count = 5,
                            .output_count = 5,
                            .inputs = {x, v, v, v, v},
                            .outputs = {x, v, v, v, v}};
    ht_kernel_call grad = {.family = &ht__batch_norm_grad_family,
                           .input_count = 6,
                           .output_count = 3,
                           .inputs = {x, x, v, v, v, x},
                           .outputs = {x, v, v}};
    memcpy(infer.parameters, &norm, sizeof norm);
    memcpy(train.parameters, &norm, sizeof norm);
    memcpy(grad.parameters, &norm, sizeof norm);
    bench_measure(b, "batch_norm", &infer, 0.0, false);
    bench_measure(b, "batch_norm_train", &train, 0.0, false);
    bench_measure(b, "batch_norm_grad", &grad, 0.0, false);
    ht_pool_parameters pool = {
        .kind = HT_POOL_MAX, .spatial = 2, .window = {2, 2}, .strides = {2, 2}, .dilations = {1, 1}};
    ht_kernel_call max = {
        .family = &ht__pool_family, .input_count = 1, .output_count = 1, .inputs = {x}, .outputs = {half}};
    ht_kernel_call max_grad = {
        .family = &ht__pool_grad_family, .input_count = 2, .output_count = 1, .inputs = {half, x}, .outputs = {x}};
    memcpy(max.parameters, &pool, sizeof pool);
    memcpy(max_grad.parameters, &pool, sizeof pool);
    bench_measure(b, "max pool 2x2", &max, 0.0, false);
    bench_measure(b, "max pool 2x2 gradient", &max_grad, 0.0, false);
    pool.kind = HT_POOL_AVERAGE;
    memcpy(max.parameters, &pool, sizeof pool);
    bench_measure(b, "average pool 2x2", &max, 0.0, false);
    ht_binary_parameters relu_grad = {.function = HT_BINARY_RELU_GRAD}, add = {.function = HT_BINARY_ADD};
    ht_kernel_call binary = {
        .family = &ht__binary_family, .input_count = 2, .output_count = 1, .inputs = {x, x}, .outputs = {x}};
    memcpy(binary.parameters, &relu_grad, sizeof relu_grad);
    bench_measure(b, "relu_grad", &binary, 0.0, false);
    memcpy(binary.parameters, &add, sizeof add);
    bench_measure(b, "add", &binary, 0.0, false);
    ht_unary_parameters relu = {.function = HT_UNARY_RELU};
    ht_kernel_call unary = {
        .family = &ht__unary_family, .input_count = 1, .output_count = 1, .inputs = {x}, .outputs = {x}};
    memcpy(unary.parameters, &relu, sizeof relu);
    bench_measure(b, "relu", &unary, 0.0, false);
    ht_dropout_parameters drop = {.ratio = 0.5f, .seed = 1};
    ht_kernel_call dropout = {.family = &ht__dropout_family,
                              .input_count = 2,
                              .output_count = 1,
                              .inputs = {x, {.type = HT_I64}},
                              .outputs = {x}};
    memcpy(dropout.parameters, &drop, sizeof drop);
    bench_measure(b, "dropout", &dropout, 0.0, false);
    ht_transpose_parameters same = {{0, 1, 2, 3}};
    ht_kernel_call transpose = {
        .family = &ht__transpose_family, .input_count = 1, .output_count = 1, .inputs = {x}, .outputs = {x}};
    transpose.inputs[0].layout = HT_LAYOUT_PLAIN;
    memcpy(transpose.parameters, &same, sizeof same);
    bench_measure(b, "to channels-last", &transpose, 0.0, false);
    ht_reduce_parameters sum = {.function = HT_REDUCE_SUM, .axes = {true, false, true, true}};
    ht_kernel_call reduce = {
        .family = &ht__reduce_family, .input_count = 1, .output_count = 1, .inputs = {x}, .outputs = {v}};
    memcpy(reduce.parameters, &sum, sizeof sum);
    bench_measure(b, "sum per channel", &reduce, 0.0, false);
    ht_quantize_parameters fake = {.low = 0.0f, .high = 255.0f};
    ht_kernel_call quantize = {.family = &ht__fake_quantize_family,
                               .input_count = 3,
                               .output_count = 1,
                               .inputs = {x, {.type = HT_F32}, {.type = HT_F32}},
                               .outputs = {x}};
    memcpy(quantize.parameters, &fake, sizeof fake);
    bench_measure(b, "fake_quantize", &quantize, 0.0, false);
}

int bench_kernels(unsigned threads, uint32_t cpu, bool bf16, const char *only) {
    char text[160];
    ht_pool *pool = NULL;
    ht_kernel_env env = {.allocator = &ht__system_allocator, .threads = threads, .cpu = cpu, .allow_bf16 = bf16};
    if (ht__pool_create(&ht__system_allocator, threads, &pool, NULL) != HT_OK) {
        return 1;
    }
    env.extra_count = extra_variants(&env.extra);
    bench b = {&env, pool, only, ht__cpu_peak_f32(cpu, pool)};
    printf("%s; %u threads; measured f32 peak %.1f GFLOP/s; products from %s\n", ht__cpu_print(cpu, text, sizeof text),
           threads, b.peak * 1e-9, bf16 ? "bf16" : "f32");
    static const int64_t convolutions[][6] = {
        {64, 1, 32, 28, 3, 1},   {64, 32, 64, 14, 3, 1},   {64, 64, 128, 7, 3, 1},   {64, 3, 64, 32, 3, 1},
        {64, 64, 128, 32, 3, 1}, {64, 128, 128, 16, 3, 1}, {64, 128, 256, 16, 3, 1}, {64, 256, 512, 8, 3, 1},
        {64, 512, 512, 4, 3, 1}, {64, 64, 64, 16, 1, 1},   {64, 64, 64, 16, 3, 64}};
    for (size_t i = 0; i < sizeof convolutions / sizeof convolutions[0]; ++i) {
        const int64_t *c = convolutions[i];
        bench_conv(&b, c[0], c[1], c[2], c[3], c[4], c[5]);
    }
    static const int64_t products[][3] = {
        {16, 30, 10}, {16, 100, 100}, {64, 100, 100}, {128, 128, 1024}, {256, 256, 256}};
    for (size_t i = 0; i < sizeof products / sizeof products[0]; ++i) {
        bench_matmul(&b, products[i][0], products[i][1], products[i][2]);
    }
    bench_map(&b, 64, 64, 32);
    bench_map(&b, 64, 256, 8);
    b.peak = ht__cpu_peak_int8(cpu, pool);
    printf("measured int8 peak %.1f Gop/s\n", b.peak * 1e-9);
    bench_integers(&b);
    ht__pool_destroy(pool);
    return 0;
}
