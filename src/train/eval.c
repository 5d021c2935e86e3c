#include "halftone/eval.h"

#include "formats/model.h"
#include "halftone/metrics.h"
#include "train/evaluator.h"

#define BOOTSTRAP_DRAWS 2000
#define BOOTSTRAP_SEED 1

/* The bootstrap interval of the mean squared error. */
static ht_status regression_interval(ht_context *ctx, ht_evaluation *evaluation, ht_error *err) {
    double *losses = ht__calloc(&ctx->allocator, evaluation->samples, sizeof *losses);
    if (losses == NULL) {
        return ht__fail_memory(err, evaluation->samples * sizeof *losses);
    }
    for (size_t i = 0; i < evaluation->samples; ++i) {
        losses[i] = (double)evaluation->losses[i];
    }
    ht_bootstrap *bootstrap;
    ht_interval interval;
    ht_status status = ht_bootstrap_create(ctx, evaluation->samples, BOOTSTRAP_DRAWS, BOOTSTRAP_SEED, &bootstrap, err);
    if (status == HT_OK) {
        status = ht_bootstrap_interval(bootstrap, losses, &interval, err);
        ht_bootstrap_destroy(bootstrap);
    }
    if (status == HT_OK) {
        evaluation->low = interval.low;
        evaluation->high = interval.high;
    }
    ht__free(&ctx->allocator, losses);
    return status;
}

ht_status ht_evaluate(ht_context *ctx, const ht_model *model, const ht_dataset *dataset,
                      const ht_evaluation_options *options, ht_evaluation *out, ht_error *err) {
    ht_evaluator *evaluator;
    HT_TRY(ht__evaluator_create(ctx, model->graph, dataset, options, false, &evaluator, err));
    ht_status status = ht__evaluator_run(evaluator, ctx->pool, out, err);
    ht__evaluator_destroy(evaluator);
    if (status == HT_OK && out->task == HT_TASK_REGRESSION) {
        status = regression_interval(ctx, out, err);
        if (status != HT_OK) {
            ht_evaluation_clear(ctx, out);
        }
    }
    return status;
}
