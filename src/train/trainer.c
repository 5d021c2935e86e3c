#include "train/trainer.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "base/rng.h"
#include "train/augment.h"
#include "train/checkpoint.h"
#include "train/evaluator.h"
#include "train/log.h"
#include "train/network.h"
#include "train/optimizer.h"
#include "train/recipe.h"
#include "train/schedule.h"
#include "train/streams.h"

#define CHECKPOINT_SECONDS 55.0 /* so that with the time to write it is at least once a minute */
#define PROGRESS_SECONDS 0.1

/* Where a run is. Written to checkpoints byte for byte. */
typedef struct position {
    uint64_t epoch; /* epochs finished */
    uint64_t batch; /* batches of the current epoch done */
    uint64_t updates, seen, right;
    double loss_sum; /* over this epoch's batches */
    double epoch_seconds;
    double best;         /* of the criterion: higher is better */
    uint64_t best_epoch; /* 0: none yet */
    uint64_t without_better;
    uint64_t stopped;
} position;

typedef struct trainer {
    const ht_training *job;
    ht_context *ctx;
    const ht_train_options *recipe;
    const ht_dataset_info *info;
    ht_fake *fake; /* NULL: not quantization-aware */
    ht_network *network;
    ht_optimizer_state optimizer;
    size_t batches;                           /* per epoch */
    uint32_t *order;                          /* the current epoch's samples */
    float *scratch;                           /* of augmentation */
    float *best_parameters, *best_statistics; /* NULL: the last epoch is kept */
    double (*best_ranges)[2];                 /* of activations */
    ht_train_epoch *epochs;                   /* [recipe->epochs] */
    position at;
    uint8_t fingerprint[HT_FINGERPRINT_BYTES];
    double last_checkpoint, last_progress, start;
    uint64_t trained; /* samples in this run */
} trainer;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static bool classifies(const trainer *t) { return t->info->task == HT_TASK_CLASSIFICATION; }

/* ---- checkpoints ---- */

enum { MOST_PARTS = 10 };

static size_t list_parts(trainer *t, ht_checkpoint_part parts[MOST_PARTS]) {
    const ht_network *n = t->network;
    size_t parameters = n->parameter_elements * sizeof(float), statistics = n->statistic_elements * sizeof(float);
    size_t count = 0;
    parts[count++] = (ht_checkpoint_part){&t->at, sizeof t->at};
    parts[count++] = (ht_checkpoint_part){t->epochs, t->recipe->epochs * sizeof *t->epochs};
    parts[count++] = (ht_checkpoint_part){n->parameters, parameters};
    parts[count++] = (ht_checkpoint_part){n->statistics[0], statistics};
    if (t->optimizer.first != NULL) {
        parts[count++] = (ht_checkpoint_part){t->optimizer.first, parameters};
    }
    if (t->optimizer.second != NULL) {
        parts[count++] = (ht_checkpoint_part){t->optimizer.second, parameters};
    }
    if (t->best_parameters != NULL) {
        parts[count++] = (ht_checkpoint_part){t->best_parameters, parameters};
        parts[count++] = (ht_checkpoint_part){t->best_statistics, statistics};
    }
    if (t->fake != NULL) {
        size_t ranges = t->fake->activation_count * sizeof *t->fake->ranges;
        parts[count++] = (ht_checkpoint_part){t->fake->ranges, ranges};
        if (t->best_parameters != NULL) {
            parts[count++] = (ht_checkpoint_part){t->best_ranges, ranges};
        }
    }
    return count;
}

static ht_status save(trainer *t, ht_error *err) {
    if (t->recipe->checkpoint == NULL) {
        return HT_OK;
    }
    ht_checkpoint_part parts[MOST_PARTS];
    size_t count = list_parts(t, parts);
    HT_TRY(ht__checkpoint_write(&t->ctx->allocator, t->recipe->checkpoint, t->fingerprint, parts, count, err));
    t->last_checkpoint = now();
    return HT_OK;
}

/* What identifies the run: recipe, data, first weights. */
static ht_status identify(trainer *t, ht_error *err) {
    ht_buffer text;
    ht__buffer_init(&text, &t->ctx->allocator);
    ht__recipe_print(t->recipe, &text);
    ht__buffer_printf(&text, "%s:%s %zu", t->info->name, t->info->split, t->info->samples);
    ht__buffer_text(&text, ht_dataset_preprocess_json(t->job->train));
    ht_status status = text.failed ? ht__fail_memory(err, text.size) : HT_OK;
    if (status == HT_OK) {
        const float *targets = ht_dataset_targets(t->job->train);
        const ht_checkpoint_part parts[3] = {
            {text.data, text.size},
            {(void *)(uintptr_t)targets, t->info->samples * t->info->target_width * sizeof *targets},
            {t->network->parameters, t->network->parameter_elements * sizeof(float)}};
        status = ht__fingerprint(parts, 3, t->fingerprint, err);
    }
    ht__buffer_free(&text);
    return status;
}

static ht_status resume(trainer *t, bool *resumed, ht_error *err) {
    *resumed = false;
    if (t->recipe->checkpoint == NULL || !t->recipe->resume) {
        return HT_OK;
    }
    ht_checkpoint_part parts[MOST_PARTS];
    size_t count = list_parts(t, parts);
    const char *reason;
    HT_TRY(ht__checkpoint_read(t->recipe->checkpoint, t->fingerprint, parts, count, resumed, &reason, err));
    if (reason != NULL) {
        ht__message(t->ctx, "warning", "%s is not used: %s. Training starts anew.", t->recipe->checkpoint, reason);
    } else if (*resumed) {
        t->optimizer.steps = t->at.updates;
        if (t->fake != NULL) {
            HT_TRY(ht__fake_renew(t->fake, err));
        }
        ht__message(t->ctx, "note", "Going on from %s at epoch %llu.", t->recipe->checkpoint,
                    (unsigned long long)t->at.epoch + 1);
    }
    return HT_OK;
}

/* ---- life ---- */

static ht_status begin(trainer *t, ht_error *err) {
    const ht_allocator *allocator = &t->ctx->allocator;
    size_t batch = t->recipe->batch < t->info->samples ? t->recipe->batch : t->info->samples;
    if (t->recipe->qat_scheme != NULL) {
        HT_TRY(ht__fake_create(t->ctx, t->job->source, t->recipe, t->job->train, &t->fake, err));
    }
    HT_TRY(ht__network_create(t->ctx, t->job->source, t->info, t->recipe, batch, t->fake, &t->network, err));
    const ht_network *n = t->network;
    HT_TRY(ht__optimizer_create(allocator, t->recipe, n->parameter_elements, &t->optimizer, err));
    t->batches = t->info->samples / batch;
    bool best = t->job->validation != NULL && (t->recipe->keep_best || t->recipe->patience > 0);
    t->order = ht__alloc(allocator, t->info->samples * sizeof *t->order);
    t->epochs = ht__calloc(allocator, t->recipe->epochs, sizeof *t->epochs);
    t->scratch = ht__alloc(allocator, ht__pool_threads(t->ctx->pool) * t->info->input_elements * sizeof(float));
    bool complete = t->order != NULL && t->epochs != NULL && t->scratch != NULL;
    if (best) {
        t->best_parameters = ht__calloc(allocator, n->parameter_elements, sizeof(float));
        t->best_statistics = ht__calloc(allocator, n->statistic_elements, sizeof(float));
        size_t ranges = t->fake != NULL ? t->fake->activation_count : 0;
        t->best_ranges = ht__calloc(allocator, ranges + 1, sizeof *t->best_ranges);
        complete = complete && t->best_parameters != NULL && t->best_statistics != NULL && t->best_ranges != NULL;
    }
    if (!complete) {
        return ht__fail_memory(err, t->info->samples * sizeof *t->order + n->parameter_elements * sizeof(float));
    }
    return identify(t, err);
}

static void end(trainer *t) {
    const ht_allocator *allocator = &t->ctx->allocator;
    ht__network_destroy(t->network);
    ht__fake_destroy(t->fake);
    ht__optimizer_destroy(allocator, &t->optimizer);
    ht__free(allocator, t->order);
    ht__free(allocator, t->epochs);
    ht__free(allocator, t->scratch);
    ht__free(allocator, t->best_parameters);
    ht__free(allocator, t->best_statistics);
    ht__free(allocator, t->best_ranges);
}

/* ---- one batch ---- */

typedef struct read_job {
    const ht_dataset *dataset;
    const uint32_t *indices;
    float *inputs, *targets;
    size_t input_elements, target_width;
} read_job;

static void read_part(void *argument, size_t begin_at, size_t end_at, unsigned part) {
    (void)part;
    const read_job *job = argument;
    /* The indices are a permutation of the samples, so this cannot fail. */
    (void)ht_dataset_read(job->dataset, job->indices + begin_at, end_at - begin_at,
                          job->inputs + begin_at * job->input_elements, job->targets + begin_at * job->target_width,
                          NULL);
}

static void read_batch(trainer *t) {
    ht_network *n = t->network;
    uint64_t first = t->at.batch * n->batch;
    read_job job = {t->job->train, t->order + first, n->inputs, n->targets, n->input_elements, n->target_width};
    size_t grain = 65536 / n->input_elements + 1; /* what is worth a second thread */
    ht__pool_run(t->ctx->pool, n->batch, grain, read_part, &job);
    if (ht__augments(t->recipe)) {
        ht__augment(t->recipe, t->at.epoch, first, n->batch, t->info->dims, n->inputs, t->scratch, t->ctx->pool);
    }
}

static size_t count_right(const ht_network *n) {
    size_t right = 0;
    for (size_t i = 0; i < n->batch; ++i) {
        const float *y = n->outputs + i * n->output_width;
        size_t best = 0;
        for (size_t k = 1; k < n->output_width; ++k) {
            best = y[k] > y[best] ? k : best;
        }
        right += best == (size_t)n->targets[i];
    }
    return right;
}

static void show(trainer *t, double time) {
    if (time - t->last_progress < PROGRESS_SECONDS) {
        return;
    }
    t->last_progress = time;
    double done = (double)(t->at.epoch * t->batches + t->at.batch);
    double batches = (double)t->at.batch, loss = t->at.loss_sum / batches;
    if (classifies(t)) {
        ht__progress(t->ctx, "training", done, (double)(t->recipe->epochs * t->batches),
                     "epoch %llu of %zu  loss %.4f  accuracy %.4f", (unsigned long long)t->at.epoch + 1,
                     t->recipe->epochs, loss, (double)t->at.right / (double)t->at.seen);
    } else {
        ht__progress(t->ctx, "training", done, (double)(t->recipe->epochs * t->batches), "epoch %llu of %zu  loss %.5g",
                     (unsigned long long)t->at.epoch + 1, t->recipe->epochs, loss);
    }
}

static ht_status train_batch(trainer *t, ht_error *err) {
    ht_network *n = t->network;
    read_batch(t);
    n->step = (int64_t)t->at.updates;
    HT_TRY(ht__network_step(n, err));
    if (!isfinite(n->loss)) {
        return ht__fail(err, HT_ERROR_NUMERIC,
                        "The loss is no longer finite in epoch %llu, batch %llu; a lower learning rate may help.",
                        (unsigned long long)t->at.epoch + 1, (unsigned long long)t->at.batch + 1);
    }
    double rate = ht__schedule_rate(t->recipe, t->at.updates, t->batches);
    HT_TRY(ht__optimizer_step(&t->optimizer, t->recipe, rate, t->ctx->pool, n->parameters, n->gradients, err));
    ++t->at.updates;
    ++t->at.batch;
    t->at.seen += n->batch;
    t->trained += n->batch;
    t->at.loss_sum += (double)n->loss;
    t->at.right += classifies(t) ? count_right(n) : 0;
    return HT_OK;
}

/* ---- one epoch ---- */

static ht_status train_epoch(trainer *t, ht_error *err) {
    ht_rng rng = {t->recipe->seed, ht__stream(HT_STREAM_SHUFFLE, t->at.epoch), 0};
    for (size_t i = 0; i < t->info->samples; ++i) {
        t->order[i] = (uint32_t)i;
    }
    ht__rng_shuffle(&rng, t->order, t->info->samples);
    double time = now();
    while (t->at.batch < t->batches) {
        HT_TRY(train_batch(t, err));
        double later = now();
        t->at.epoch_seconds += later - time;
        show(t, later);
        if (later - t->last_checkpoint > CHECKPOINT_SECONDS) {
            HT_TRY(save(t, err));
            later = now();
        }
        time = later;
        ht_status status = ht__check_interrupt(t->ctx, err);
        if (status != HT_OK) {
            HT_TRY(save(t, err));
            return status;
        }
    }
    return HT_OK;
}

/* The model that these numbers make; rounded when that is what was trained for. */
static ht_status export(const trainer *t, bool best, ht_graph **out, ht_error *err) {
    const ht_network *n = t->network;
    HT_TRY(ht__network_export(n, best ? t->best_parameters : n->parameters,
                              best ? t->best_statistics : n->statistics[0], out, err));
    if (t->fake == NULL) {
        return HT_OK;
    }
    ht_status status = ht__fake_annotate(t->fake, best ? t->best_ranges : t->fake->ranges, *out, err);
    if (status != HT_OK) {
        ht__graph_destroy(*out);
    }
    return status;
}

/* Loss and accuracy of the weights as they are, through the model that would be saved. */
static ht_status validate(trainer *t, ht_train_epoch *epoch, ht_error *err) {
    if (t->job->validation == NULL) {
        return HT_OK;
    }
    ht_graph *graph;
    HT_TRY(export(t, false, &graph, err));
    ht_evaluator *evaluator = NULL;
    ht_evaluation result;
    ht_status status = ht__evaluator_create(t->ctx, graph, t->job->validation, NULL, false, &evaluator, err);
    if (status == HT_OK) {
        status = ht__evaluator_run(evaluator, t->ctx->pool, &result, err);
    }
    if (status == HT_OK) {
        epoch->validation_loss = result.loss;
        epoch->validation_accuracy = classifies(t) ? result.accuracy : NAN;
        ht_evaluation_clear(t->ctx, &result);
    }
    ht__evaluator_destroy(evaluator);
    ht__graph_destroy(graph);
    return status;
}

static void judge(trainer *t, const ht_train_epoch *epoch) {
    double criterion = classifies(t) ? epoch->validation_accuracy : -epoch->validation_loss;
    if (t->best_parameters == NULL) {
        t->at.best_epoch = epoch->epoch;
        return;
    }
    if (t->at.best_epoch == 0 || criterion > t->at.best) {
        const ht_network *n = t->network;
        t->at.best = criterion;
        t->at.best_epoch = epoch->epoch;
        t->at.without_better = 0;
        memcpy(t->best_parameters, n->parameters, n->parameter_elements * sizeof(float));
        memcpy(t->best_statistics, n->statistics[0], n->statistic_elements * sizeof(float));
        if (t->fake != NULL) {
            memcpy(t->best_ranges, t->fake->ranges, t->fake->activation_count * sizeof *t->best_ranges);
        }
    } else {
        ++t->at.without_better;
    }
    t->at.stopped = t->recipe->patience > 0 && t->at.without_better >= t->recipe->patience;
}

static ht_status finish_epoch(trainer *t, ht_error *err) {
    ht_train_epoch *epoch = &t->epochs[t->at.epoch];
    *epoch = (ht_train_epoch){.epoch = t->at.epoch + 1,
                              .epochs = t->recipe->epochs,
                              .learning_rate = ht__schedule_rate(t->recipe, t->at.updates - 1, t->batches),
                              .loss = t->at.loss_sum / (double)t->batches,
                              .accuracy = classifies(t) ? (double)t->at.right / (double)t->at.seen : NAN,
                              .validation_loss = NAN,
                              .validation_accuracy = NAN,
                              .seconds = t->at.epoch_seconds,
                              .images_per_second = (double)t->at.seen / t->at.epoch_seconds};
    HT_TRY(validate(t, epoch, err));
    judge(t, epoch);
    ++t->at.epoch;
    t->at.batch = t->at.seen = t->at.right = 0;
    t->at.loss_sum = t->at.epoch_seconds = 0;
    if (t->recipe->log != NULL) {
        HT_TRY(ht__train_log_write(&t->ctx->allocator, t->recipe->log, t->epochs, t->at.epoch, err));
    }
    HT_TRY(save(t, err));
    if (t->job->on_epoch != NULL) {
        t->job->on_epoch(t->job->user, epoch);
    }
    return HT_OK;
}

static ht_status run(trainer *t, ht_graph **out, ht_train_report *report, ht_error *err) {
    HT_TRY(begin(t, err));
    HT_TRY(resume(t, &report->resumed, err));
    t->last_checkpoint = now();
    while (t->at.epoch < t->recipe->epochs && !t->at.stopped) {
        HT_TRY(train_epoch(t, err));
        HT_TRY(finish_epoch(t, err));
    }
    const ht_network *n = t->network;
    bool best = t->best_parameters != NULL;
    HT_TRY(export(t, best, out, err));
    report->last = t->epochs[t->at.epoch - 1];
    report->best_epoch = t->at.best_epoch;
    report->parameters = n->parameter_count;
    report->epochs_done = t->at.epoch;
    report->stopped_early = t->at.stopped != 0;
    report->seconds = now() - t->start;
    report->samples_trained = t->trained;
    report->memory_bytes = ht__network_bytes(n) + ht__optimizer_bytes(&t->optimizer) +
                           (best ? (n->parameter_elements + n->statistic_elements) * sizeof(float) : 0);
    return HT_OK;
}

ht_status ht__train(const ht_training *training, ht_graph **out, ht_train_report *report, ht_error *err) {
    trainer t = {.job = training,
                 .ctx = training->ctx,
                 .recipe = training->recipe,
                 .info = ht_dataset_describe(training->train),
                 .start = now()};
    memset(report, 0, sizeof *report);
    ht_status status = run(&t, out, report, err);
    end(&t);
    return status;
}
