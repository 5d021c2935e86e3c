#include "study/run.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

#include "base/file.h"

/* A thread's own context and the session that it has open. */
typedef struct worker {
    ht_context *ctx; /* NULL until used */
    ht_cell_session *session;
    size_t model; /* of the session */
} worker;

/* A phase: jobs for models, or for cells. */
typedef struct phase {
    ht_study *study;
    const char *stage;
    const size_t *jobs; /* indices of models or cells */
    size_t job_count;
    ht_status (*work)(struct phase *phase, worker *worker, size_t job, ht_error *err);
    worker *workers;      /* one per thread */
    pthread_mutex_t lock; /* guards what stands below */
    size_t finished;
    ht_status status; /* HT_OK until the phase has to stop */
    ht_error error;   /* why */
} phase;

static bool must_stop(phase *p) {
    pthread_mutex_lock(&p->lock);
    bool stop = p->status != HT_OK;
    if (!stop && ht__check_interrupt(p->study->ctx, &p->error) != HT_OK) {
        p->status = HT_ERROR_INTERRUPTED;
        stop = true;
    }
    pthread_mutex_unlock(&p->lock);
    return stop;
}

static void stop_with(phase *p, ht_status status, const ht_error *error) {
    pthread_mutex_lock(&p->lock);
    if (p->status == HT_OK) {
        p->status = status;
        p->error = *error;
    }
    pthread_mutex_unlock(&p->lock);
}

/* What workers' contexts ask; the caller's function is asked by one thread at a time. */
static bool worker_interrupted(void *user) { return must_stop(user); }

static ht_status start_worker(phase *p, worker *w, ht_error *err) {
    if (w->ctx != NULL) {
        return HT_OK;
    }
    ht_context_options options = {
        .allocator = &p->study->ctx->allocator, .threads = 1, .interrupted = worker_interrupted, .user = p};
    return ht_context_create(&options, &w->ctx, err);
}

static void close_session(const ht_study *study, worker *w) {
    if (w->session != NULL) {
        study->work->close(w->session);
        w->session = NULL;
    }
}

static ht_status model_job(phase *p, worker *w, size_t job, ht_error *err) {
    ht_error cause;
    ht_status status = ht__study_prepare_model(p->study, w->ctx, job, &cause);
    if (status == HT_OK) {
        return HT_OK;
    }
    if (status == HT_ERROR_INTERRUPTED) {
        *err = cause;
        return status;
    }
    ht__message(p->study->ctx, "warning", "%s: %s", p->study->models[job].id, cause.message);
    return ht__study_fail_model(p->study, job, &cause, err);
}

static ht_status cell_job(phase *p, worker *w, size_t job, ht_error *err) {
    const ht_study_cell *cell = &p->study->cells[job];
    ht_error cause;
    ht_status status = HT_OK;
    if (w->session == NULL || w->model != cell->model) {
        close_session(p->study, w);
        w->model = cell->model;
        status = p->study->work->open(p->study->work->self, w->ctx, p->study, &p->study->models[cell->model],
                                      &w->session, &cause);
    }
    if (status == HT_OK) {
        status = ht__study_finish_cell(p->study, w->session, cell, &cause);
    }
    if (status == HT_OK) {
        return HT_OK;
    }
    if (status == HT_ERROR_INTERRUPTED) {
        *err = cause;
        return status;
    }
    /* When it is the store that fails, recording the failure fails too, and the run ends. */
    return ht__study_fail_cell(p->study, cell, &cause, err);
}

static const char *job_name(const phase *p, size_t job) {
    return p->work == model_job ? p->study->models[job].id : p->study->cells[job].id;
}

static void do_job(phase *p, worker *w, size_t index, bool reports) {
    if (must_stop(p)) {
        return;
    }
    ht_error error;
    ht_status status = p->work(p, w, p->jobs[index], &error);
    if (status != HT_OK) {
        stop_with(p, status, &error);
        return;
    }
    pthread_mutex_lock(&p->lock);
    size_t finished = ++p->finished;
    pthread_mutex_unlock(&p->lock);
    if (reports) { /* only the caller's thread may call the caller's functions */
        ht__progress(p->study->ctx, p->stage, (double)finished, (double)p->job_count, "%s",
                     job_name(p, p->jobs[index]));
    }
}

static void pool_task(void *argument, size_t index, unsigned thread) {
    phase *p = argument;
    worker *w = &p->workers[thread];
    ht_error error;
    ht_status status = start_worker(p, w, &error);
    if (status != HT_OK) {
        stop_with(p, status, &error);
        return;
    }
    do_job(p, w, index, thread == 0);
}

/* Jobs side by side, each on one thread. */
static ht_status run_side_by_side(phase *p, ht_error *err) {
    unsigned threads = ht__pool_threads(p->study->ctx->pool);
    p->workers = ht__calloc(&p->study->ctx->allocator, threads, sizeof *p->workers);
    if (p->workers == NULL) {
        return ht__fail_memory(err, threads * sizeof *p->workers);
    }
    ht__pool_each(p->study->ctx->pool, p->job_count, pool_task, p);
    for (unsigned i = 0; i < threads; ++i) {
        close_session(p->study, &p->workers[i]);
        ht_context_destroy(p->workers[i].ctx);
    }
    ht__free(&p->study->ctx->allocator, p->workers);
    return HT_OK;
}

/* Jobs one after the other, each with all threads. */
static void run_in_turn(phase *p) {
    worker w = {.ctx = p->study->ctx};
    for (size_t i = 0; i < p->job_count; ++i) {
        do_job(p, &w, i, true);
    }
    close_session(p->study, &w);
}

static ht_status run_phase(ht_study *study, const char *stage, const size_t *jobs, size_t count, bool of_models,
                           bool side_by_side, ht_error *err) {
    if (count == 0) {
        return HT_OK;
    }
    phase p = {
        .study = study, .stage = stage, .jobs = jobs, .job_count = count, .work = of_models ? model_job : cell_job};
    pthread_mutex_init(&p.lock, NULL);
    ht_status status = HT_OK;
    if (side_by_side) {
        status = run_side_by_side(&p, err);
    } else {
        run_in_turn(&p);
    }
    pthread_mutex_destroy(&p.lock);
    if (status == HT_OK && p.status != HT_OK) {
        status = p.status;
        if (err != NULL) {
            *err = p.error;
        }
    }
    return status;
}

/* Whether a model's kernels are worth all threads. What cannot be told counts as small: it will fail on its own. */
static bool is_large(ht_study *study, size_t model) {
    double macs = 0.0, trained, evaluated;
    ht_status status = study->work->cost(study->work->self, study->ctx, study, &study->models[model], &macs, &trained,
                                         &evaluated, NULL);
    return status == HT_OK && macs > HT_LARGE_MODEL_MACS;
}

static ht_status run_models(ht_study *study, const bool *large, size_t *jobs, ht_error *err) {
    for (int round = 0; round < 2; ++round) { /* the small ones, then the large ones */
        size_t count = 0;
        for (size_t m = 0; m < study->model_count; ++m) {
            bool done, failed;
            HT_TRY(ht__study_model_is_done(study, m, &done, &failed, err));
            if (!done && large[m] == (round == 1)) {
                jobs[count++] = m;
            }
        }
        HT_TRY(run_phase(study, "models", jobs, count, true, round == 0, err));
    }
    return HT_OK;
}

static ht_status run_cells(ht_study *study, const bool *large, const bool *usable, size_t *jobs, ht_error *err) {
    for (int round = 0; round < 2; ++round) {
        size_t count = 0;
        for (size_t c = 0; c < study->cell_count; ++c) {
            size_t model = study->cells[c].model;
            bool done, failed, reused;
            if (!usable[model] || large[model] != (round == 1)) {
                continue;
            }
            HT_TRY(ht__study_cell_is_done(study, c, &done, &failed, &reused, err));
            if (!done) {
                jobs[count++] = c;
            }
        }
        HT_TRY(run_phase(study, "cells", jobs, count, false, round == 0, err));
    }
    return HT_OK;
}

static ht_status run_all(ht_study *study, bool *large, bool *usable, size_t *jobs, ht_error *err) {
    for (size_t m = 0; m < study->model_count; ++m) {
        large[m] = is_large(study, m);
    }
    HT_TRY(run_models(study, large, jobs, err));
    for (size_t m = 0; m < study->model_count; ++m) {
        bool failed;
        HT_TRY(ht__study_model_is_done(study, m, &usable[m], &failed, err));
    }
    return run_cells(study, large, usable, jobs, err);
}

ht_status ht__study_execute(ht_study *study, ht_error *err) {
    const ht_allocator *allocator = &study->ctx->allocator;
    size_t models = study->model_count, jobs_bound = models + study->cell_count;
    bool *flags = ht__calloc(allocator, 2 * models, sizeof *flags);
    size_t *jobs = ht__calloc(allocator, jobs_bound, sizeof *jobs);
    ht_status status = flags == NULL || jobs == NULL ? ht__fail_memory(err, jobs_bound * sizeof *jobs)
                                                     : run_all(study, flags, flags + models, jobs, err);
    ht__free(allocator, flags);
    ht__free(allocator, jobs);
    return status;
}

/* A network read from a file is another one when the file's bytes are; a trained one when its recipe is; and what was
 * measured on other samples is not comparable. */
static ht_status has_changed(ht_study *study, const ht_study_model *model, bool *changed, ht_error *err) {
    ht_store_model row;
    bool found;
    HT_TRY(ht__store_find_model(study->store, model->id, &row, &found, err));
    *changed = false;
    if (!found) {
        return HT_OK;
    }
    char hash[65];
    *changed = strcmp(row.key, model->key) != 0 || (row.dataset != NULL && strcmp(row.dataset, model->evaluate) != 0);
    if (row.sha256 != NULL && ht__sha256_file(model->file, hash, NULL) == HT_OK) {
        *changed = *changed || strcmp(row.sha256, hash) != 0;
    }
    ht__store_clear_model(study->store, &row);
    return HT_OK;
}

ht_status ht__study_forget_changed(ht_study *study, ht_error *err) {
    for (size_t m = 0; m < study->model_count; ++m) {
        const ht_study_model *model = &study->models[m];
        bool changed;
        HT_TRY(has_changed(study, model, &changed, err));
        if (changed) {
            ht__message(study->ctx, "note", "%s has changed: its cells are evaluated anew.", model->id);
            HT_TRY(ht__store_forget_model(study->store, model->id, err));
        }
    }
    return HT_OK;
}

ht_status ht__study_counts(ht_study *study, ht_study_counts *out, ht_error *err) {
    *out = (ht_study_counts){.models = study->model_count, .cells = study->cell_count};
    bool done = false, failed = false, reused;
    size_t model = SIZE_MAX;
    for (size_t m = 0; m < study->model_count; ++m) {
        HT_TRY(ht__study_model_is_done(study, m, &done, &failed, err));
        out->models_done += done;
        out->models_failed += failed;
    }
    bool model_failed = false;
    for (size_t c = 0; c < study->cell_count; ++c) {
        if (study->cells[c].model != model) {
            model = study->cells[c].model;
            HT_TRY(ht__study_model_is_done(study, model, &done, &model_failed, err));
        }
        HT_TRY(ht__study_cell_is_done(study, c, &done, &failed, &reused, err));
        out->cells_done += done;
        out->cells_failed += failed || (!done && model_failed);
        out->cells_reused += reused;
    }
    return HT_OK;
}
