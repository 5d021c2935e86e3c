/* The real work of a cell, upon data sets, training, models and quantization. */
#include "study/cell.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "formats/model.h"
#include "halftone/train.h"
#include "study/testbed.h"

/* Data sets are opened once and read by all threads. */
typedef struct opened {
    char *spec, *preprocess;
    ht_dataset *dataset;
    struct opened *next;
} opened;

typedef struct real_work {
    ht_cell_work table;
    ht_context *ctx; /* of the data sets; guarded by the lock */
    opened *first;
    pthread_mutex_t lock;
} real_work;

struct ht_cell_session {
    ht_context *ctx;
    real_work *work;
    const ht_study *study;
    const ht_study_model *described;
    ht_model *model;
    ht_dataset *dataset, *calibration; /* of the work; calibration NULL until a cell wants it */
    ht_testbed *testbeds[2];           /* as it is; with batch norms folded, made when first wanted */
    ht_testbed *current;
    ht_model_info info;
    ht_evaluation evaluation;
    uint16_t *predictions;
    uint8_t *pixels; /* [input_elements], made when first wanted */
};

/* ---- data sets ---- */

static bool same_text(const char *a, const char *b) { return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0; }

static ht_status open_new(real_work *work, const char *data_dir, const char *spec, const char *preprocess, opened **out,
                          ht_error *err) {
    const ht_allocator *allocator = &work->ctx->allocator;
    opened *item = ht__calloc(allocator, 1, sizeof *item);
    if (item == NULL) {
        return ht__fail_memory(err, sizeof *item);
    }
    item->spec = ht__strdup(allocator, spec);
    item->preprocess = ht__strdup(allocator, preprocess);
    ht_dataset_options options = {.data_dir = data_dir, .preprocess_json = preprocess};
    ht_status status = item->spec == NULL || (preprocess != NULL && item->preprocess == NULL)
                           ? ht__fail_memory(err, strlen(spec))
                           : ht_dataset_open(work->ctx, spec, &options, &item->dataset, err);
    if (status != HT_OK) {
        ht__free(allocator, item->spec);
        ht__free(allocator, item->preprocess);
        ht__free(allocator, item);
        return status;
    }
    item->next = work->first;
    work->first = item;
    *out = item;
    return HT_OK;
}

/* The split of a spec; belongs to the work. */
static ht_status open_data(real_work *work, const ht_study *study, const char *spec, const char *preprocess,
                           ht_dataset **out, ht_error *err) {
    pthread_mutex_lock(&work->lock);
    opened *item = work->first;
    while (item != NULL && !(same_text(item->spec, spec) && same_text(item->preprocess, preprocess))) {
        item = item->next;
    }
    ht_status status = item != NULL ? HT_OK : open_new(work, study->data_dir, spec, preprocess, &item, err);
    pthread_mutex_unlock(&work->lock);
    if (status == HT_OK) {
        *out = item->dataset;
    }
    return status;
}

static ht_status open_split(real_work *work, const ht_study *study, const ht_study_model *model, const char *split,
                            ht_dataset **out, ht_error *err) {
    char spec[1024];
    snprintf(spec, sizeof spec, "%s:%s", model->dataset, split);
    return open_data(work, study, spec, NULL, out, err);
}

/* ---- cost ---- */

/* The recipe of a trained model. */
static ht_status make_recipe(const ht_study_model *model, const ht_dataset_info *info, ht_train_options *out,
                             ht_error *err) {
    HT_TRY(ht_train_defaults(model->arch, info, out, err));
    ht__recipe_apply(model->entry->recipe, model->entry->recipe_count, out);
    out->seed = model->seed;
    if (model->init != NULL) {
        (void)ht__initialization_find(model->init, &out->initialization); /* its name was checked when it was read */
    }
    return HT_OK;
}

static ht_status model_macs(const ht_model *model, double *out, ht_error *err) {
    ht_model_info info;
    HT_TRY(ht_model_describe(model, &info, err));
    *out = info.macs > 0 ? (double)info.macs : 0.0;
    return HT_OK;
}

static ht_status cost(void *self, ht_context *ctx, const ht_study *study, const ht_study_model *model, double *macs,
                      double *trained, double *evaluated, ht_error *err) {
    real_work *work = self;
    ht_dataset *dataset;
    *trained = 0.0;
    HT_TRY(open_data(work, study, model->evaluate, NULL, &dataset, err));
    const ht_dataset_info *info = ht_dataset_describe(dataset);
    *evaluated = (double)info->samples;
    ht_model *network;
    if (model->arch == NULL) {
        HT_TRY(ht_model_load(ctx, model->file, &network, err));
    } else {
        ht_train_options recipe;
        ht_dataset *train;
        HT_TRY(make_recipe(model, info, &recipe, err));
        HT_TRY(open_split(work, study, model, "train", &train, err));
        *trained = (double)recipe.epochs * (double)ht_dataset_describe(train)->samples;
        HT_TRY(ht_arch_build(ctx, model->arch, info, recipe.initialization, model->seed, &network, err));
    }
    ht_status status = model_macs(network, macs, err);
    ht_model_destroy(network);
    return status;
}

/* ---- training ---- */

/* "x.onnx" -> "x" with another ending. */
static const char *sibling(ht_arena *arena, const char *file, const char *ending) {
    size_t length = strlen(file), stem = length > 5 && strcmp(file + length - 5, ".onnx") == 0 ? length - 5 : length;
    return ht__arena_printf(arena, "%.*s%s", (int)stem, file, ending);
}

static ht_status train_and_save(ht_context *ctx, const ht_study_model *model, const ht_train_options *recipe,
                                const ht_dataset *train, const ht_dataset *validation, ht_error *err) {
    ht_model *network;
    HT_TRY(ht_train(ctx, recipe, train, validation, NULL, NULL, &network, NULL, err));
    ht_model_save_options options = {.overwrite = true};
    ht_status status = ht_model_save(network, model->file, &options, err);
    ht_model_destroy(network);
    if (status == HT_OK) {
        remove(recipe->checkpoint);
    }
    return status;
}

static ht_status train_model(void *self, ht_context *ctx, const ht_study *study, const ht_study_model *model,
                             ht_error *err) {
    ht_dataset *train, *validation;
    HT_TRY(open_split(self, study, model, "train", &train, err));
    HT_TRY(open_split(self, study, model, "validation", &validation, err));
    ht_train_options recipe;
    HT_TRY(make_recipe(model, ht_dataset_describe(train), &recipe, err));
    ht_arena *arena;
    HT_TRY(ht__arena_create(&ctx->allocator, &arena, err));
    recipe.checkpoint = sibling(arena, model->file, ".checkpoint");
    recipe.log = sibling(arena, model->file, ".log.csv");
    recipe.resume = true;
    recipe.command = study->command;
    ht_status status = recipe.checkpoint == NULL || recipe.log == NULL
                           ? ht__fail_memory(err, 512)
                           : train_and_save(ctx, model, &recipe, train, validation, err);
    ht__arena_destroy(arena);
    return status;
}

/* ---- sessions ---- */

static ht_status fill_session(ht_cell_session *s, ht_error *err) {
    HT_TRY(ht_model_load(s->ctx, s->described->file, &s->model, err));
    HT_TRY(ht_model_describe(s->model, &s->info, err));
    HT_TRY(open_data(s->work, s->study, s->described->evaluate, ht_model_metadata(s->model, HT_METADATA_PREPROCESS),
                     &s->dataset, err));
    HT_TRY(ht__testbed_create(s->ctx, s->model, false, s->dataset, &s->testbeds[0], err));
    s->current = s->testbeds[0];
    size_t samples = ht_dataset_describe(s->dataset)->samples;
    s->predictions = ht__calloc(&s->ctx->allocator, samples, sizeof *s->predictions);
    return s->predictions != NULL ? HT_OK : ht__fail_memory(err, samples * sizeof *s->predictions);
}

static void close_session(ht_cell_session *s) {
    ht_evaluation_clear(s->ctx, &s->evaluation);
    ht__testbed_destroy(s->testbeds[0]);
    ht__testbed_destroy(s->testbeds[1]);
    ht_model_destroy(s->model);
    ht__free(&s->ctx->allocator, s->predictions);
    ht__free(&s->ctx->allocator, s->pixels);
    ht__free(&s->ctx->allocator, s);
}

static ht_status open_session(void *self, ht_context *ctx, const ht_study *study, const ht_study_model *model,
                              ht_cell_session **out, ht_error *err) {
    ht_cell_session *s = ht__calloc(&ctx->allocator, 1, sizeof *s);
    if (s == NULL) {
        return ht__fail_memory(err, sizeof *s);
    }
    *s = (ht_cell_session){.ctx = ctx, .work = self, .study = study, .described = model};
    ht_status status = fill_session(s, err);
    if (status != HT_OK) {
        close_session(s);
        return status;
    }
    *out = s;
    return HT_OK;
}

static void describe(const ht_cell_session *s, ht_cell_facts *facts, ht_cell_data *data) {
    const ht_dataset_info *info = ht_dataset_describe(s->dataset);
    *facts = (ht_cell_facts){.parameters = (size_t)s->info.parameters,
                             .bytes_f32 = (size_t)s->info.bytes_f32,
                             .macs = s->info.macs > 0 ? (double)s->info.macs : 0.0};
    *data = (ht_cell_data){.task = info->task,
                           .samples = info->samples,
                           .classes = info->classes,
                           .width = info->target_width,
                           .class_names = info->class_names,
                           .targets = ht_dataset_targets(s->dataset)};
}

static ht_status quantize(ht_cell_session *s, const ht_study_cell *cell, ht_cell_quantized *out, ht_error *err) {
    bool fold = cell != NULL && cell->fold_batch_norm;
    if (cell != NULL && cell->scheme.activation_bits != 0 && s->calibration == NULL) {
        HT_TRY(open_data(s->work, s->study, s->described->calibrate,
                         ht_model_metadata(s->model, HT_METADATA_PREPROCESS), &s->calibration, err));
    }
    if (s->testbeds[fold] == NULL) {
        HT_TRY(ht__testbed_create(s->ctx, s->model, fold, s->dataset, &s->testbeds[fold], err));
    }
    s->current = s->testbeds[fold];
    return ht__testbed_quantize(s->current, cell, s->calibration, out, err);
}

static ht_status evaluate(ht_cell_session *s, ht_cell_outcome *out, ht_error *err) {
    ht_evaluation_clear(s->ctx, &s->evaluation);
    HT_TRY(ht__testbed_evaluate(s->current, &s->evaluation, err));
    const ht_evaluation *e = &s->evaluation;
    bool classes = e->task == HT_TASK_CLASSIFICATION;
    for (size_t i = 0; classes && i < e->samples; ++i) {
        s->predictions[i] = (uint16_t)e->predictions[i];
    }
    *out = (ht_cell_outcome){.value = classes ? e->accuracy : e->mse,
                             .loss = e->loss,
                             .predictions = classes ? s->predictions : NULL,
                             .outputs = classes ? NULL : e->outputs};
    return HT_OK;
}

static ht_status picture(ht_cell_session *s, size_t index, const uint8_t **pixels, size_t dims[3], ht_error *err) {
    const ht_dataset_info *info = ht_dataset_describe(s->dataset);
    if (s->pixels == NULL) {
        s->pixels = ht__alloc(&s->ctx->allocator, info->input_elements);
    }
    if (s->pixels == NULL) {
        return ht__fail_memory(err, info->input_elements);
    }
    HT_TRY(ht_dataset_picture(s->dataset, index, s->pixels, err));
    *pixels = s->pixels;
    memcpy(dims, info->dims, 3 * sizeof *dims);
    return HT_OK;
}

static void release(void *self) {
    real_work *work = self;
    ht_context *ctx = work->ctx;
    while (work->first != NULL) {
        opened *item = work->first;
        work->first = item->next;
        ht_dataset_close(item->dataset);
        ht__free(&ctx->allocator, item->spec);
        ht__free(&ctx->allocator, item->preprocess);
        ht__free(&ctx->allocator, item);
    }
    pthread_mutex_destroy(&work->lock);
    ht__free(&ctx->allocator, work);
    ht_context_destroy(ctx);
}

ht_status ht__cell_work_real(ht_context *ctx, const ht_cell_work **out, ht_error *err) {
    ht_context *own;
    HT_TRY(ht_context_create(&(ht_context_options){.allocator = &ctx->allocator, .threads = 1}, &own, err));
    real_work *work = ht__calloc(&own->allocator, 1, sizeof *work);
    if (work == NULL) {
        ht_context_destroy(own);
        return ht__fail_memory(err, sizeof *work);
    }
    work->ctx = own;
    pthread_mutex_init(&work->lock, NULL);
    work->table = (ht_cell_work){.self = work,
                                 .cost = cost,
                                 .train = train_model,
                                 .open = open_session,
                                 .close = close_session,
                                 .describe = describe,
                                 .quantize = quantize,
                                 .evaluate = evaluate,
                                 .picture = picture,
                                 .release = release};
    *out = &work->table;
    return HT_OK;
}
