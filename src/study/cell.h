/* The work of one cell: train or load a network, quantize it, evaluate it. The runner knows only this table; the real
 * work is ht__cell_work_real (cell.c), tests bring their own.
 *
 * A session belongs to one thread and one model. Functions of different sessions run at the same time.
 */
#ifndef HT_STUDY_CELL_H
#define HT_STUDY_CELL_H

#include "halftone/data.h"
#include "study/study.h"

typedef struct ht_cell_session ht_cell_session;

/* What a network is and what evaluating it costs. */
typedef struct ht_cell_facts {
    size_t parameters;
    size_t bytes_f32;
    double macs; /* multiply-adds per sample */
} ht_cell_facts;

/* The targets of the split that a model is measured on. Pointers belong to the session. */
typedef struct ht_cell_data {
    ht_task task;
    size_t samples;
    size_t classes; /* 0 for regression */
    size_t width;   /* of a target, regression */
    const char *const *class_names;
    const float *targets; /* [samples] class index, or [samples][width] */
} ht_cell_data;

/* How quantization changed one constant. */
typedef struct ht_cell_layer {
    const char *name; /* belongs to the session */
    size_t rank;
    int64_t dims[8];
    size_t elements;
    bool quantized;          /* false: left as it was, the errors are 0 */
    double sqnr;             /* dB; INFINITY where nothing changed */
    double sqnr_accumulated; /* dB at the output of the layer, all layers before it quantized too; NAN: not measured */
    double max_error;        /* largest |w - q| */
    const float *original, *values; /* the elements before and after; belong to the session, until quantized again */
} ht_cell_layer;

typedef struct ht_cell_quantized {
    char hash[65];                  /* of all that the outputs depend on: weights, activation ranges */
    size_t bytes_ideal, bytes_file; /* codes and parameters alone; the file that would be written */
    const ht_cell_layer *layers;    /* [layer_count], belong to the session, until quantized again */
    size_t layer_count;
} ht_cell_quantized;

/* What a network gave for every sample. The arrays belong to the session, until evaluated again. */
typedef struct ht_cell_outcome {
    double value;                /* accuracy (0 .. 1) or MSE */
    double loss;                 /* cross-entropy in nats, or MSE */
    const uint16_t *predictions; /* classification: [samples] */
    const float *outputs;        /* regression: [samples][width] */
} ht_cell_outcome;

struct ht_cell_work {
    void *self;
    /* Multiply-adds per sample of evaluating a model, and samples x epochs of training it; *macs 0 when that cannot be
     * told. Also says what is missing: an error here is what a dry run reports. */
    ht_status (*cost)(void *self, ht_context *ctx, const ht_study *study, const ht_study_model *model, double *macs,
                      double *trained_samples, double *evaluated_samples, ht_error *err);
    /* Trains model->arch and writes model->file (resumes from a checkpoint beside it). */
    ht_status (*train)(void *self, ht_context *ctx, const ht_study *study, const ht_study_model *model, ht_error *err);
    /* Opens model->file and its data. `ctx` stays with the session; with one thread kernels run serially. */
    ht_status (*open)(void *self, ht_context *ctx, const ht_study *study, const ht_study_model *model,
                      ht_cell_session **out, ht_error *err);
    void (*close)(ht_cell_session *session);
    void (*describe)(const ht_cell_session *session, ht_cell_facts *facts, ht_cell_data *data);
    /* Puts the cell's weights in place; NULL: the network as it was trained. */
    ht_status (*quantize)(ht_cell_session *session, const ht_study_cell *cell, ht_cell_quantized *out, ht_error *err);
    /* Evaluates the weights in place. */
    ht_status (*evaluate)(ht_cell_session *session, ht_cell_outcome *out, ht_error *err);
    /* u8[channels][height][width] of a sample, as ht_dataset_picture; dims[3]. */
    ht_status (*picture)(ht_cell_session *session, size_t index, const uint8_t **pixels, size_t dims[3], ht_error *err);
    void (*release)(void *self);
};

/* The real work. Ownership of *out passes to the caller: (*out)->release((*out)->self). */
ht_status ht__cell_work_real(ht_context *ctx, const ht_cell_work **out, ht_error *err);

#endif
