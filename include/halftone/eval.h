/* Evaluation: what a model gets right on a data set, and how sure that figure is. */
#ifndef HALFTONE_EVAL_H
#define HALFTONE_EVAL_H

#include "halftone/data.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ht_model ht_model;
typedef struct ht_tensors ht_tensors;

typedef struct ht_evaluation_options {
    size_t batch;       /* samples per run; 0: chosen for the model. A model with a fixed batch keeps its own */
    size_t max_samples; /* the first so many samples; 0: all */
    size_t cache_bytes; /* keep preprocessed inputs between runs of one evaluator when they fit; 0: 64 MiB */
    bool allow_bf16;    /* products may use bf16 operands where the processor has them */
    bool reference;     /* reference kernels only: slow, the oracle */
    bool simulate;      /* what is quantized is imitated in float; otherwise it runs in integers */
} ht_evaluation_options;

/* What came out. The arrays belong to the evaluation: ht_evaluation_clear. */
typedef struct ht_evaluation {
    ht_task task;
    size_t samples;  /* n */
    size_t classes;  /* classification; 0 for regression */
    size_t width;    /* values that the model gives per sample */
    double accuracy; /* classification: share of samples whose largest output is the target's class; 0 for regression */
    double loss;     /* mean of `losses`: cross-entropy in nats, or the squared error */
    double mse;      /* regression: mean squared error (= loss); 0 for classification */
    double low, high;     /* 95 % interval of accuracy (Wilson) or of mse (bootstrap, 2,000 draws, fixed seed) */
    double seconds;       /* wall time of the runs, data reading included */
    uint32_t *confusion;  /* [classes][classes], row: the target, column: the prediction; NULL for regression */
    int32_t *predictions; /* [samples], the first of the largest outputs; NULL for regression */
    float *losses;        /* [samples] */
    float *outputs;       /* [samples][width], as the model gives them */
    float *targets;       /* [samples] class index as float, or [samples][width] */
} ht_evaluation;

/* Runs `model` over `dataset`. `options` may be NULL. On success the caller owns what *out points to.
 * A model that ends in Softmax is taken at its word (probabilities), any other as giving logits.
 * Errors: HT_ERROR_MISMATCH (input shape or number of outputs do not fit the data set), HT_ERROR_UNSUPPORTED (an
 * operator without kernel), HT_ERROR_NUMERIC (an output is not finite), HT_ERROR_MEMORY, HT_ERROR_INTERRUPTED. */
HT_API ht_status ht_evaluate(ht_context *ctx, const ht_model *model, const ht_dataset *dataset,
                             const ht_evaluation_options *options, ht_evaluation *out, ht_error *err);
/* Frees the arrays and zeroes the struct; NULL is allowed. */
HT_API void ht_evaluation_clear(ht_context *ctx, ht_evaluation *evaluation);

/* ---- do the samples suit the model? ----------------------------------------------------------------------------- */

/* What a model's numbers say about the samples that it was made for. */
typedef struct ht_input_range {
    bool coded;       /* the model's input has codes, which stand for low .. high */
    double low, high; /* when coded */
    double gain; /* how much the first convolution enlarges: the median over its filters of their weights' Euclidean
                  * norm, batch normalisation included; 0: not known. Networks are made so that gain times the
                  * samples' deviation is about 1 */
} ht_input_range;

/* Of a model with one input. Errors: HT_ERROR_MEMORY. */
HT_API ht_status ht_model_input_range(const ht_model *model, ht_input_range *out, ht_error *err);

/* Sample `sample` (below info.samples) as the tensor that the model takes for its input `name`: a batch of one, in the
 * input's layout and type, as its codes where it has those. Ownership of *out passes to the caller:
 * ht_tensors_destroy. Errors: HT_ERROR_ARGUMENT (no such input), HT_ERROR_MISMATCH (shape or type), HT_ERROR_MEMORY. */
HT_API ht_status ht_dataset_tensor(ht_context *ctx, const ht_dataset *dataset, size_t sample, const ht_model *model,
                                   const char *name, ht_tensors **out, ht_error *err);

#define HT_MISFIT_TEXT 256
/* Looks at up to 64 samples, spread evenly. When they hardly can be what the model was made for, *misfit is true and
 * text[HT_MISFIT_TEXT] a sentence that says why. Errors: HT_ERROR_MEMORY. */
HT_API ht_status ht_input_misfit(ht_context *ctx, const ht_model *model, const ht_dataset *dataset, bool *misfit,
                                 char *text, ht_error *err);

#ifdef __cplusplus
}
#endif
#endif
