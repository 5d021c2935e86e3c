/* Cell work without networks: predictions are drawn, wrong ones more often at fewer bits. */
#ifndef HT_TESTS_STUDY_FAKE_H
#define HT_TESTS_STUDY_FAKE_H

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/rng.h"
#include "study/cell.h"

enum { FAKE_SAMPLES = 400, FAKE_CLASSES = 4, FAKE_WEIGHTS = 64 };

typedef struct fake_work {
    atomic_int trained, opened, closed, evaluated;
    const char *failing_model;  /* id; training it fails */
    const char *failing_scheme; /* cells of this scheme fail */
    bool data_gone;             /* opening a model finds no data set */
    const char *bad_scheme;     /* gives more wrong predictions below 10 bits */
    double macs;
    long pause_microseconds; /* per evaluation */
    bool interrupts;         /* evaluation number `interrupt_at` says so */
    int interrupt_at;
} fake_work;

struct ht_cell_session {
    fake_work *fake;
    ht_context *ctx;
    const ht_study_model *model;
    bool regression;
    uint32_t bits; /* 32: float */
    bool bad;
    uint64_t stream;
    float original[FAKE_WEIGHTS], values[FAKE_WEIGHTS], targets[FAKE_SAMPLES], outputs[FAKE_SAMPLES];
    uint16_t predictions[FAKE_SAMPLES];
    uint8_t picture[4];
    ht_cell_layer layers[2];
};

static ht_status fake_cost(void *self, ht_context *ctx, const ht_study *study, const ht_study_model *model,
                           double *macs, double *trained, double *evaluated, ht_error *err) {
    (void)ctx;
    (void)study;
    fake_work *fake = self;
    if (strstr(model->dataset, "missing") != NULL) {
        return ht__fail(err, HT_ERROR_NOT_FOUND, "The data set is not here.");
    }
    *macs = fake->macs;
    *trained = 1000;
    *evaluated = FAKE_SAMPLES;
    return HT_OK;
}

static ht_status fake_train(void *self, ht_context *ctx, const ht_study *study, const ht_study_model *model,
                            ht_error *err) {
    (void)study;
    fake_work *fake = self;
    ++fake->trained;
    if (fake->failing_model != NULL && strcmp(model->id, fake->failing_model) == 0) {
        return ht__fail_at(err, HT_ERROR_NUMERIC, "epoch 3", "The loss is no longer finite.");
    }
    return ht__file_write(&ctx->allocator, model->file, true, model->key, strlen(model->key), err);
}

static ht_status fake_open(void *self, ht_context *ctx, const ht_study *study, const ht_study_model *model,
                           ht_cell_session **out, ht_error *err) {
    (void)study;
    fake_work *fake = self;
    if (!ht__file_exists(model->file)) {
        return ht__fail_at(err, HT_ERROR_IO, model->file, "The file does not exist.");
    }
    if (fake->data_gone) {
        return ht__fail_at(err, HT_ERROR_NOT_FOUND, model->dataset, "The data set is not here.");
    }
    ht_cell_session *s = ht__calloc(&ctx->allocator, 1, sizeof *s);
    if (s == NULL) {
        return ht__fail_memory(err, sizeof *s);
    }
    ++fake->opened;
    s->fake = fake;
    s->ctx = ctx;
    s->model = model;
    s->regression = strcmp(model->dataset, "mv") == 0;
    s->bits = 32;
    for (size_t i = 0; i < FAKE_WEIGHTS; ++i) {
        s->original[i] = ht__random_at(1, 1, i) - 0.5f;
    }
    for (size_t i = 0; i < FAKE_SAMPLES; ++i) {
        s->targets[i] = s->regression ? (float)i / FAKE_SAMPLES : (float)(i % FAKE_CLASSES);
    }
    *out = s;
    return HT_OK;
}

static void fake_close(ht_cell_session *s) {
    ++s->fake->closed;
    ht__free(&s->ctx->allocator, s);
}

static void fake_describe(const ht_cell_session *s, ht_cell_facts *facts, ht_cell_data *data) {
    static const char *const names[FAKE_CLASSES] = {"ankle boot", "bag", "coat", "dress"};
    *facts = (ht_cell_facts){.parameters = FAKE_WEIGHTS, .bytes_f32 = 4 * FAKE_WEIGHTS, .macs = 1000};
    *data = (ht_cell_data){.task = s->regression ? HT_TASK_REGRESSION : HT_TASK_CLASSIFICATION,
                           .samples = FAKE_SAMPLES,
                           .classes = s->regression ? 0 : FAKE_CLASSES,
                           .width = 1,
                           .class_names = s->regression ? NULL : names,
                           .targets = s->targets};
}

static ht_status fake_quantize(ht_cell_session *s, const ht_study_cell *cell, ht_cell_quantized *out, ht_error *err) {
    if (cell != NULL && s->fake->failing_scheme != NULL && strcmp(cell->scheme_name, s->fake->failing_scheme) == 0) {
        return ht__fail_at(err, HT_ERROR_NUMERIC, "conv1.weight", "A weight is not finite.");
    }
    s->bits = cell != NULL ? cell->scheme.bits : 32;
    s->bad = cell != NULL && s->fake->bad_scheme != NULL && strcmp(cell->scheme_name, s->fake->bad_scheme) == 0;
    s->stream = cell != NULL ? cell->quantization_seed + 1 : 0;
    float step = s->bits < 20 ? 1.0f / (float)(1 << s->bits) : 0.0f;
    for (size_t i = 0; i < FAKE_WEIGHTS; ++i) {
        s->values[i] = step > 0.0f ? step * (float)(int)(s->original[i] / step) : s->original[i];
    }
    /* Widths beyond 10 give the float network. */
    char text[200];
    snprintf(text, sizeof text, "%s %s", s->model->id, s->bits <= 10 ? cell->id : "");
    ht__sha256_hex(text, strlen(text), out->hash);
    for (size_t i = 0; i < 2; ++i) {
        s->layers[i] = (ht_cell_layer){.name = i == 0 ? "conv1.weight" : "conv1.bias",
                                       .rank = i == 0 ? 4 : 1,
                                       .dims = {4, 1, 2, 2},
                                       .elements = i == 0 ? 16 : 4,
                                       .quantized = cell != NULL,
                                       .sqnr = 6.02 * s->bits,
                                       .sqnr_accumulated = 6.02 * s->bits - 3.0,
                                       .max_error = (double)step,
                                       .original = s->original + 16 * i,
                                       .values = s->values + 16 * i};
    }
    out->bytes_ideal = FAKE_WEIGHTS * s->bits / 8;
    out->bytes_file = out->bytes_ideal + 100;
    out->layers = s->layers;
    out->layer_count = 2;
    return HT_OK;
}

static ht_status fake_evaluate(ht_cell_session *s, ht_cell_outcome *out, ht_error *err) {
    int count = ++s->fake->evaluated;
    if (s->fake->interrupts && count >= s->fake->interrupt_at) {
        return ht__fail(err, HT_ERROR_INTERRUPTED, "Interrupted; finished work is kept.");
    }
    nanosleep(&(struct timespec){.tv_nsec = s->fake->pause_microseconds * 1000}, NULL);
    uint32_t bits = s->bits > 10 ? 10 : s->bits;
    double wrong = 0.1 + (bits < 6 ? 0.12 * (6 - bits) : 0.0) + (s->bad && bits < 10 ? 0.2 : 0.0), sum = 0.0;
    size_t right = 0;
    for (size_t i = 0; i < FAKE_SAMPLES; ++i) {
        float draw = ht__random_at(7, 0, i), noise = ht__random_at(8, s->stream, i) - 0.5f;
        bool is_wrong = (double)draw < wrong;
        s->predictions[i] = (uint16_t)(((size_t)s->targets[i] + is_wrong) % FAKE_CLASSES);
        right += !is_wrong;
        s->outputs[i] = s->targets[i] + noise * ((s->bad && bits < 10 ? 0.2f : 0.1f) + 0.5f / (float)(1 << bits));
        double error = (double)s->outputs[i] - (double)s->targets[i];
        sum += error * error;
    }
    out->value = s->regression ? sum / FAKE_SAMPLES : (double)right / FAKE_SAMPLES;
    out->loss = out->value;
    out->predictions = s->predictions;
    out->outputs = s->outputs;
    return HT_OK;
}

static ht_status fake_picture(ht_cell_session *s, size_t index, const uint8_t **pixels, size_t dims[3], ht_error *err) {
    (void)err;
    s->picture[0] = (uint8_t)index;
    *pixels = s->picture;
    dims[0] = 1;
    dims[1] = dims[2] = 2;
    return HT_OK;
}

static void fake_release(void *self) { (void)self; }

static ht_cell_work fake_work_table(fake_work *fake) {
    return (ht_cell_work){.self = fake,
                          .cost = fake_cost,
                          .train = fake_train,
                          .open = fake_open,
                          .close = fake_close,
                          .describe = fake_describe,
                          .quantize = fake_quantize,
                          .evaluate = fake_evaluate,
                          .picture = fake_picture,
                          .release = fake_release};
}

#endif
