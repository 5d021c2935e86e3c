/* A dry run: what is missing, and about how long the rest takes. */
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "study/run.h"

/* Multiply-adds per second and thread of one evaluation where nothing was measured yet: a careful guess for f32 on
 * a present core. Backward passes cost about twice a forward pass. */
#define GUESSED_MACS_PER_SECOND 1e10
#define TRAINING_FACTOR 3.0
/* Loading weights, quantizing and storing a cell takes this long however small the network is. */
#define CELL_OVERHEAD_SECONDS 0.005

typedef struct model_plan {
    double train_seconds, cell_seconds;
} model_plan;

static ht_status plan_model(ht_study *study, size_t index, model_plan *out, ht_error *cause) {
    const ht_study_model *model = &study->models[index];
    double macs = 0.0, trained = 0.0, evaluated = 0.0;
    HT_TRY(study->work->cost(study->work->self, study->ctx, study, model, &macs, &trained, &evaluated, cause));
    double speed = GUESSED_MACS_PER_SECOND * ht__pool_threads(study->ctx->pool);
    bool trains = model->arch != NULL && !ht__file_exists(model->file);
    out->train_seconds = trains ? TRAINING_FACTOR * macs * trained / speed : 0.0;
    out->cell_seconds = macs * evaluated / speed + CELL_OVERHEAD_SECONDS;
    double measured;
    if (ht__store_mean_seconds(study->store, model->id, &measured, NULL) == HT_OK && measured > 0.0) {
        out->cell_seconds = macs > HT_LARGE_MODEL_MACS ? measured : measured / ht__pool_threads(study->ctx->pool);
    }
    return HT_OK;
}

static size_t open_cells(ht_study *study, size_t model, size_t *cursor, ht_error *err, ht_status *status) {
    size_t open = 0;
    for (; *cursor < study->cell_count && study->cells[*cursor].model == model && *status == HT_OK; ++*cursor) {
        bool done, failed, reused;
        *status = ht__study_cell_is_done(study, *cursor, &done, &failed, &reused, err);
        open += !done;
    }
    return open;
}

ht_status ht_study_plan_run(ht_study *study, void (*missing)(void *user, const char *model, const char *reason),
                            void *user, ht_study_plan *out, ht_error *err) {
    *out = (ht_study_plan){.minutes = 0.0};
    HT_TRY(ht__study_counts(study, &out->counts, err));
    size_t cursor = 0;
    for (size_t m = 0; m < study->model_count; ++m) {
        ht_status status = HT_OK;
        size_t open = open_cells(study, m, &cursor, err, &status);
        HT_TRY(status);
        HT_TRY(ht__check_interrupt(study->ctx, err));
        model_plan plan;
        ht_error cause;
        status = plan_model(study, m, &plan, &cause);
        if (status == HT_ERROR_MEMORY || status == HT_ERROR_INTERRUPTED) {
            return status;
        }
        if (status != HT_OK) {
            out->minutes = NAN;
            if (missing != NULL) {
                missing(user, study->models[m].id, cause.message);
            }
            continue;
        }
        out->minutes += (plan.train_seconds + (double)open * plan.cell_seconds) / 60.0;
    }
    return HT_OK;
}
