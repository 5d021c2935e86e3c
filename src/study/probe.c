/* The accumulated error of a layer: how far its output is from the float network's when everything before it is
 * quantized too. Seen by an observer on a few samples of the evaluated split.
 */
#include <math.h>
#include <string.h>

#include "graph/op.h"
#include "study/testbed.h"

#define PROBE_SAMPLES 16

/* The tensor behind a node. Fusion may swallow a node's own output; then what the next node makes of it is seen. */
enum { CANDIDATES = 3 };

typedef struct watched {
    uint32_t ids[CANDIDATES]; /* the nearest first; UINT32_MAX: none */
    float *exact[CANDIDATES]; /* of the float network, NULL: not seen */
    size_t elements[CANDIDATES];
    double signal[CANDIDATES], noise[CANDIDATES];
} watched;

struct ht_probe {
    ht_testbed *testbed;
    ht_evaluator *evaluator;
    watched *nodes; /* one per parameter */
    bool records;   /* the float pass */
    bool failed;    /* memory ran out in it */
    bool ready;
};

static void find_candidates(const ht_graph *graph, const ht_node *node, uint32_t ids[CANDIDATES]) {
    for (size_t i = 0; i < CANDIDATES; ++i) {
        ids[i] = UINT32_MAX;
    }
    for (size_t i = 0; i < CANDIDATES && node != NULL; ++i) {
        ht_node *next[2];
        ids[i] = node->outputs[0]->id;
        node = ht__graph_consumers(graph, node->outputs[0], next, 2) == 1 ? next[0] : NULL;
        /* Only what fusion may merge still stands for the layer. */
        if (node != NULL && strcmp(node->op->name, "Relu") != 0 && strcmp(node->op->name, "Clip") != 0 &&
            strcmp(node->op->name, "BatchNormalization") != 0) {
            node = NULL;
        }
    }
}

static void record(ht_probe *probe, watched *w, size_t candidate, const float *data, size_t elements) {
    w->exact[candidate] = ht__alloc(&probe->testbed->ctx->allocator, elements * sizeof(float));
    w->elements[candidate] = elements;
    if (w->exact[candidate] == NULL) {
        probe->failed = true;
        return;
    }
    memcpy(w->exact[candidate], data, elements * sizeof(float));
}

static void compare(watched *w, size_t candidate, const float *data) {
    const float *exact = w->exact[candidate];
    double signal = 0.0, noise = 0.0;
    for (size_t i = 0; i < w->elements[candidate]; ++i) {
        double x = exact[i], error = x - (double)data[i];
        signal += x * x;
        noise += error * error;
    }
    w->signal[candidate] = signal;
    w->noise[candidate] = noise;
}

/* All samples are one batch, so that each tensor comes once. */
static void see(void *user, const ht_program *program, const ht_program_tensor *tensor, const void *data) {
    (void)program;
    ht_probe *probe = user;
    if (tensor->desc.type != HT_F32 || data == NULL) {
        return;
    }
    for (size_t i = 0; i < probe->testbed->parameter_count; ++i) {
        watched *w = &probe->nodes[i];
        for (size_t k = 0; k < CANDIDATES; ++k) {
            if (w->ids[k] != tensor->value_id) {
                continue;
            }
            if (probe->records && w->exact[k] == NULL) {
                record(probe, w, k, data, (size_t)ht__desc_elements(&tensor->desc));
            } else if (!probe->records && w->exact[k] != NULL) {
                compare(w, k, data);
            }
        }
    }
}

static ht_status build(ht_probe *probe, ht_error *err) {
    ht_testbed *testbed = probe->testbed;
    probe->nodes = ht__calloc(&testbed->ctx->allocator, testbed->parameter_count + 1, sizeof *probe->nodes);
    if (probe->nodes == NULL) {
        return ht__fail_memory(err, testbed->parameter_count * sizeof *probe->nodes);
    }
    for (size_t i = 0; i < testbed->parameter_count; ++i) {
        find_candidates(testbed->graph, testbed->parameters[i].node, probe->nodes[i].ids);
    }
    size_t samples = ht_dataset_describe(testbed->dataset)->samples;
    samples = samples < PROBE_SAMPLES ? samples : PROBE_SAMPLES;
    ht_evaluation_options options = {.batch = samples, .max_samples = samples};
    HT_TRY(
        ht__evaluator_create(testbed->ctx, testbed->graph, testbed->dataset, &options, true, &probe->evaluator, err));
    ht__evaluator_observe(probe->evaluator, see, probe);
    return HT_OK;
}

ht_status ht__probe_create(ht_testbed *testbed, ht_probe **out, ht_error *err) {
    ht_probe *probe = ht__calloc(&testbed->ctx->allocator, 1, sizeof *probe);
    if (probe == NULL) {
        return ht__fail_memory(err, sizeof *probe);
    }
    probe->testbed = testbed;
    ht_status status = build(probe, err);
    if (status != HT_OK) {
        ht__probe_destroy(probe);
        return status;
    }
    *out = probe;
    return HT_OK;
}

void ht__probe_destroy(ht_probe *probe) {
    if (probe == NULL) {
        return;
    }
    const ht_allocator *allocator = &probe->testbed->ctx->allocator;
    for (size_t i = 0; probe->nodes != NULL && i < probe->testbed->parameter_count; ++i) {
        for (size_t k = 0; k < CANDIDATES; ++k) {
            ht__free(allocator, probe->nodes[i].exact[k]);
        }
    }
    ht__free(allocator, probe->nodes);
    ht__evaluator_destroy(probe->evaluator);
    ht__free(allocator, probe);
}

static ht_status run_with(ht_probe *probe, bool original, ht_error *err) {
    ht_testbed *testbed = probe->testbed;
    for (size_t i = 0; i < testbed->parameter_count; ++i) {
        const ht_cell_layer *layer = &testbed->layers[i];
        HT_TRY(
            ht__evaluator_set_constant(probe->evaluator, layer->name, original ? layer->original : layer->values, err));
    }
    ht_evaluation evaluation = {0};
    HT_TRY(ht__evaluator_run(probe->evaluator, testbed->ctx->pool, &evaluation, err));
    ht_evaluation_clear(testbed->ctx, &evaluation);
    return HT_OK;
}

/* The float pass, once. */
static ht_status prepare(ht_probe *probe, ht_error *err) {
    if (probe->ready) {
        return HT_OK;
    }
    probe->records = true;
    ht_status status = run_with(probe, true, err);
    probe->records = false;
    if (status == HT_OK && probe->failed) {
        status = ht__fail_memory(err, 0);
    }
    probe->ready = status == HT_OK;
    return status;
}

ht_status ht__probe_measure(ht_probe *probe, ht_error *err) {
    ht_cell_layer *layers = probe->testbed->layers;
    HT_TRY(prepare(probe, err));
    HT_TRY(run_with(probe, false, err));
    for (size_t i = 0; i < probe->testbed->parameter_count; ++i) {
        const watched *w = &probe->nodes[i];
        layers[i].sqnr_accumulated = NAN;
        for (size_t k = 0; k < CANDIDATES; ++k) {
            if (w->exact[k] != NULL) {
                layers[i].sqnr_accumulated = w->noise[k] > 0.0 ? 10.0 * log10(w->signal[k] / w->noise[k]) : INFINITY;
                break;
            }
        }
    }
    return HT_OK;
}
