/* Times a named architecture on random data: inference or training, in images per second and GFLOP/s.
 *
 *     bench_network infer|train ARCH BATCH THREADS SECONDS [f32|bf16]      prints a line of JSON
 *
 * A multiply-accumulate counts as two operations; training as three times inference (forward, and two gradients).
 * `peak_bytes` is the largest resident set of the process.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/rng.h"
#include "graph/op.h"
#include "passes/passes.h"
#include "plan/compile.h"
#include "train/archs/arch.h"
#include "train/network.h"
#include "train/optimizer.h"

typedef struct setup {
    bool train, bf16;
    const char *arch;
    size_t batch;
    unsigned threads;
    double seconds;
} setup;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* What the architecture is fed with in the reference experiments. */
static ht_dataset_info data_for(const char *arch) {
    bool table = strncmp(arch, "mlp", 3) == 0;
    ht_dataset_info info = {.name = "random", .samples = 1, .task = HT_TASK_CLASSIFICATION, .target_width = 1};
    info.rank = table ? 1 : 3;
    info.dims[0] = table ? 10 : 3;
    info.dims[1] = info.dims[2] = table ? 1 : 32;
    info.input_elements = info.dims[0] * info.dims[1] * info.dims[2];
    info.classes = table ? 2 : 10;
    return info;
}

static int64_t macs_per_image(const ht_graph *graph, size_t batch) {
    int64_t total = 0;
    for (size_t i = 0; i < graph->node_count; ++i) {
        total += graph->nodes[i]->op->macs != NULL ? graph->nodes[i]->op->macs(graph->nodes[i]) : 0;
    }
    return total / (int64_t)batch;
}

static void report(const setup *s, const char *what, int64_t macs, size_t steps, double taken, size_t arena) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double rate = (double)(steps * s->batch) / taken;
    printf(
        "{\"runtime\": \"halftone\", \"version\": \"%s\", \"arch\": \"%s\", \"mode\": \"%s\", \"precision\": \"%s\", "
        "\"batch\": %zu, \"threads\": %u, \"images_per_second\": %.1f, \"gflops\": %.1f, \"macs\": %lld, "
        "\"arena_bytes\": %zu, \"peak_bytes\": %ld}\n",
        ht_version(), s->arch, what, s->bf16 ? "bf16" : "f32", s->batch, s->threads, rate,
        rate * (double)macs * (s->train ? 6 : 2) * 1e-9, (long long)macs, arena, usage.ru_maxrss * 1024L);
}

static ht_status infer(ht_context *ctx, const setup *s, ht_graph *graph, int64_t macs, ht_error *err) {
    ht_program *program;
    HT_TRY(ht__pass_prepare(graph, (int64_t)s->batch, HT_PREPARE_SIMULATED, err));
    HT_TRY(ht__compile(graph, &(ht_compile_options){.allow_bf16 = s->bf16}, &program, err));
    size_t in = s->batch * 3 * 32 * 32, out = s->batch * 1000;
    float *input = calloc(in, sizeof *input), *output = calloc(out, sizeof *output);
    void *arena = aligned_alloc(64, ht__program_run_bytes(program) + 64);
    ht__random_fill(1, 1, 0, input, in);
    const void *inputs[] = {input};
    void *outputs[] = {output};
    ht_run_arguments arguments = {.inputs = inputs, .outputs = outputs, .arena = arena, .pool = ctx->pool};
    HT_TRY(ht__program_run(program, &arguments, err));
    size_t steps = 0;
    double began = now();
    for (; steps == 0 || now() - began < s->seconds; ++steps) {
        HT_TRY(ht__program_run(program, &arguments, err));
    }
    report(s, "infer", macs, steps, now() - began, ht__program_run_bytes(program));
    ht__program_destroy(program);
    free(arena);
    free(input);
    free(output);
    return HT_OK;
}

static ht_status train(ht_context *ctx, const setup *s, const ht_graph *graph, const ht_dataset_info *data,
                       int64_t macs, ht_error *err) {
    ht_train_options recipe = {.epochs = 1, .batch = s->batch, .optimizer = HT_OPTIMIZER_ADAM, .learning_rate = 1e-3};
    recipe.beta1 = 0.9;
    recipe.beta2 = 0.999;
    recipe.epsilon = 1e-8;
    recipe.dropout = -1;
    recipe.bf16 = s->bf16;
    ht_network *network;
    ht_optimizer_state optimizer;
    HT_TRY(ht__network_create(ctx, graph, data, &recipe, s->batch, NULL, &network, err));
    HT_TRY(ht__optimizer_create(&ctx->allocator, &recipe, network->parameter_elements, &optimizer, err));
    ht__random_fill(1, 1, 0, network->inputs, s->batch * network->input_elements);
    for (size_t i = 0; i < s->batch; ++i) {
        network->targets[i] = (float)(i % data->classes);
    }
    size_t steps = 0;
    double began = 0;
    for (int warm = 3; warm > 0 || steps == 0 || now() - began < s->seconds; --warm) {
        HT_TRY(ht__network_step(network, err));
        HT_TRY(ht__optimizer_step(&optimizer, &recipe, recipe.learning_rate, ctx->pool, network->parameters,
                                  network->gradients, err));
        if (warm > 1) {
            continue;
        }
        if (warm == 1) {
            began = now();
        } else {
            ++steps;
        }
    }
    report(s, "train", macs, steps, now() - began, ht__network_bytes(network));
    ht__optimizer_destroy(&ctx->allocator, &optimizer);
    ht__network_destroy(network);
    return HT_OK;
}

static ht_status run(ht_context *ctx, const setup *s, ht_error *err) {
    const ht_arch *arch;
    ht_graph *graph, *counted;
    ht_dataset_info data = data_for(s->arch);
    HT_TRY(ht__arch_find(s->arch, &arch, err));
    HT_TRY(ht__arch_graph(ctx, arch, &data, HT_INITIALIZATION_HE_NORMAL, 1, &graph, err));
    HT_TRY(ht__graph_copy(graph, &counted, err));
    HT_TRY(ht__graph_set_batch(counted, (int64_t)s->batch, err));
    int64_t macs = macs_per_image(counted, s->batch);
    ht__graph_destroy(counted);
    HT_TRY(s->train ? train(ctx, s, graph, &data, macs, err) : infer(ctx, s, graph, macs, err));
    ht__graph_destroy(graph);
    return HT_OK;
}

int main(int argc, char **argv) {
    if (argc < 6) {
        fprintf(stderr, "usage: bench_network infer|train ARCH BATCH THREADS SECONDS [f32|bf16]\n");
        return 2;
    }
    setup s = {.train = strcmp(argv[1], "train") == 0,
               .arch = argv[2],
               .batch = strtoul(argv[3], NULL, 10),
               .threads = (unsigned)strtoul(argv[4], NULL, 10),
               .seconds = strtod(argv[5], NULL),
               .bf16 = argc > 6 && strcmp(argv[6], "bf16") == 0};
    ht_context *ctx;
    ht_error err = {0};
    ht_status status = ht_context_create(&(ht_context_options){.threads = s.threads}, &ctx, &err);
    if (status == HT_OK) {
        status = run(ctx, &s, &err);
        ht_context_destroy(ctx);
    }
    if (status != HT_OK) {
        fprintf(stderr, "%s %s\n", err.where, err.message);
    }
    return status == HT_OK ? 0 : 1;
}
