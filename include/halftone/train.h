/* Training: an architecture or a model, a data set, and a recipe; out comes a model for inference.
 *
 * The same options, seed, processor and number of threads give the same weights to the bit, also when a run was killed
 * and went on from its checkpoint.
 */
#ifndef HALFTONE_TRAIN_H
#define HALFTONE_TRAIN_H

#include "halftone/data.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ht_model ht_model;

typedef enum ht_optimizer { HT_OPTIMIZER_SGD, HT_OPTIMIZER_ADAM, HT_OPTIMIZER_ADAMW } ht_optimizer;

typedef enum ht_schedule {
    HT_SCHEDULE_CONSTANT,
    HT_SCHEDULE_STEP,    /* times `step_factor` every `step_epochs` epochs */
    HT_SCHEDULE_COSINE,  /* half a cosine from the learning rate to 0 (Loshchilov and Hutter 2016, one cycle) */
    HT_SCHEDULE_ONECYCLE /* warm-up over 30 % to the learning rate, then down, both cosine (Smith and Topin 2017) */
} ht_schedule;

typedef enum ht_initialization {
    HT_INITIALIZATION_HE_NORMAL,
    HT_INITIALIZATION_HE_UNIFORM,
    HT_INITIALIZATION_XAVIER_NORMAL,
    HT_INITIALIZATION_XAVIER_UNIFORM
} ht_initialization;

/* A recipe. ht_train_defaults fills one that suits an architecture; change what you want changed. */
typedef struct ht_train_options {
    const char *arch;     /* a name of ht_arch_at; NULL when `from` is given */
    const ht_model *from; /* start from these weights and this graph; NULL: from `arch` with fresh weights */

    size_t epochs; /* >= 1 */
    size_t batch;  /* samples per step; the rest of an epoch that fills no batch is left out (other ones each epoch) */
    ht_optimizer optimizer;
    double learning_rate;         /* the highest one */
    double momentum;              /* SGD: 0 .. 1; with OneCycle it is fixed all the same */
    double beta1, beta2, epsilon; /* Adam, AdamW */
    double weight_decay;          /* SGD and Adam: L2 added to the gradient; AdamW: decoupled */
    bool nesterov;
    double clip_norm;  /* > 0: the gradient's L2 norm is limited to this */
    double clip_value; /* > 0: each gradient value is limited to +- this */
    ht_schedule schedule;
    size_t step_epochs;
    double step_factor;
    double label_smoothing; /* 0 .. 1 */

    double dropout; /* overrides every dropout of the architecture; < 0: as the architecture says */
    ht_initialization initialization;
    bool flip;     /* mirror pictures left to right with probability 1/2 */
    size_t crop;   /* pictures are padded by so many pixels of 0 on each side and cropped back at random; 0: not */
    size_t cutout; /* a square of this side, at a random place, is set to 0; 0: not */

    bool bf16; /* products from bf16 operands with f32 sums, where the processor has them */
    uint64_t seed;
    size_t patience; /* stop after so many epochs without a better validation loss, and keep the best; 0: never */
    bool keep_best;  /* keep the epoch with the best validation metric (needs `validation`) */

    /* quantization-aware training; qat_scheme NULL: none */
    const char *qat_scheme;       /* a scheme's text form (halftone/quantize.h): affine levels, per tensor or channel */
    unsigned qat_weight_bits;     /* 1 .. 16 */
    unsigned qat_activation_bits; /* 0: activations stay real */

    const char *checkpoint; /* file; NULL: none. Written each epoch and at least once a minute */
    bool resume;            /* go on from `checkpoint` when it is there and was made by the same recipe and data */
    const char *log;        /* CSV file, a row per epoch; NULL: none */
    const char *command;    /* stored in the model's metadata; may be NULL */
} ht_train_options;

/* What an epoch gave. NAN where there is no value (no validation set, regression has no accuracy). */
typedef struct ht_train_epoch {
    size_t epoch; /* counted from 1 */
    size_t epochs;
    double learning_rate;  /* of its last step */
    double loss, accuracy; /* over the epoch's training batches, while weights changed */
    double validation_loss, validation_accuracy;
    double seconds, images_per_second; /* training only */
} ht_train_epoch;

/* What a run gave. */
typedef struct ht_train_report {
    ht_train_epoch last;
    size_t best_epoch;  /* of the weights that were kept */
    size_t parameters;  /* trained values */
    size_t epochs_done; /* in total, those before a resume included */
    bool resumed, stopped_early;
    double seconds;         /* of this run */
    size_t samples_trained; /* in this run */
    size_t memory_bytes;    /* what training held: parameters, gradients, optimizer state, activations */
} ht_train_report;

/* An architecture by name. All strings are static. */
typedef struct ht_arch_info {
    const char *name;
    const char *summary; /* one line */
    size_t input_rank;   /* 1: features, 3: pictures */
} ht_arch_info;

HT_API size_t ht_arch_count(void);
/* NULL when `index` is out of range. */
HT_API const ht_arch_info *ht_arch_at(size_t index);

/* A recipe for `arch` (NULL: one for any model) on data like `data`'s.
 * Errors: HT_ERROR_NOT_FOUND (no such architecture; the sentence names the nearest). */
HT_API ht_status ht_train_defaults(const char *arch, const ht_dataset_info *data, ht_train_options *out, ht_error *err);

/* Trains on `train`, measures each epoch on `validation` (may be NULL). Ownership of *model passes to the caller.
 * `on_epoch` (may be NULL) is called after each epoch. `report` may be NULL. Errors: HT_ERROR_ARGUMENT (the recipe),
 * HT_ERROR_MISMATCH (data and architecture), HT_ERROR_UNSUPPORTED (an operator without gradient), HT_ERROR_NUMERIC (the
 * loss is no longer finite), HT_ERROR_INTERRUPTED (the checkpoint holds what was done), HT_ERROR_IO, HT_ERROR_MEMORY.
 */
HT_API ht_status ht_train(ht_context *ctx, const ht_train_options *options, const ht_dataset *train,
                          const ht_dataset *validation, void (*on_epoch)(void *user, const ht_train_epoch *epoch),
                          void *user, ht_model **model, ht_train_report *report, ht_error *err);

/* An architecture with fresh weights for data like `data`'s, untrained. Ownership of *model passes to the caller. */
HT_API ht_status ht_arch_build(ht_context *ctx, const char *arch, const ht_dataset_info *data,
                               ht_initialization initialization, uint64_t seed, ht_model **model, ht_error *err);

#ifdef __cplusplus
}
#endif
#endif
