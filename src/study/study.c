/* The public functions on a study. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "study/results.h"
#include "study/run.h"

static ht_status read_specification(ht_study *study, ht_error *err) {
    const char *path = ht__arena_printf(study->arena, "%s/study.yaml", study->folder);
    if (path == NULL) {
        return ht__fail_memory(err, 256);
    }
    ht_file_view view;
    HT_TRY(ht__file_map(path, &view, err));
    ht_status status = ht__study_parse(study->arena, path, view.data != NULL ? view.data : (const uint8_t *)"",
                                       view.size, &study->spec, err);
    ht__file_unmap(&view);
    HT_TRY(status);
    return ht__study_expand(study, err);
}

static ht_status open_store(ht_study *study, ht_error *err) {
    const char *path = ht__arena_printf(study->arena, "%s/store.sqlite", study->folder);
    if (path == NULL) {
        return ht__fail_memory(err, 256);
    }
    return ht__store_open(&study->ctx->allocator, path, &study->store, err);
}

/* A copy in the arena; NULL stays NULL. */
static const char *keep(ht_study *study, const char *text) {
    return text != NULL ? ht__arena_strdup(study->arena, text) : NULL;
}

ht_status ht__study_open_with(ht_context *ctx, const char *folder, const ht_study_options *options,
                              const ht_cell_work *work, ht_study **out, ht_error *err) {
    ht_study *study = ht__calloc(&ctx->allocator, 1, sizeof *study);
    if (study == NULL) {
        return ht__fail_memory(err, sizeof *study);
    }
    study->ctx = ctx;
    study->work = work;
    ht_status status;
    HT_TRY_GOTO(ht__arena_create(&ctx->allocator, &study->arena, err), failed);
    study->folder = keep(study, folder);
    study->data_dir = options != NULL ? keep(study, options->data_dir) : NULL;
    study->command = options != NULL ? keep(study, options->command) : NULL;
    if (study->folder == NULL) {
        status = ht__fail_memory(err, strlen(folder));
        goto failed;
    }
    HT_TRY_GOTO(read_specification(study, err), failed);
    HT_TRY_GOTO(open_store(study, err), failed);
    *out = study;
    return HT_OK;
failed:
    study->work = NULL; /* the caller's still */
    ht_study_close(study);
    return status;
}

ht_status ht_study_open(ht_context *ctx, const char *folder, const ht_study_options *options, ht_study **out,
                        ht_error *err) {
    const ht_cell_work *work;
    HT_TRY(ht__cell_work_real(ctx, &work, err));
    ht_status status = ht__study_open_with(ctx, folder, options, work, out, err);
    if (status != HT_OK) {
        work->release(work->self);
    }
    return status;
}

void ht_study_close(ht_study *study) {
    if (study == NULL) {
        return;
    }
    if (study->work != NULL) {
        study->work->release(study->work->self);
    }
    ht_context *ctx = study->ctx;
    ht__store_close(study->store);
    ht__arena_destroy(study->arena);
    ht__free(&ctx->allocator, study);
}

ht_status ht_study_count(ht_study *study, ht_study_counts *out, ht_error *err) {
    return ht__study_counts(study, out, err);
}

ht_status ht_study_run(ht_study *study, ht_study_counts *out, ht_error *err) {
    const char *models = ht__arena_printf(study->arena, "%s/models", study->folder);
    if (models == NULL) {
        return ht__fail_memory(err, 256);
    }
    HT_TRY(ht__make_folders(models, err));
    HT_TRY(ht__study_forget_changed(study, err));
    ht_status status = ht__study_execute(study, err);
    if (out != NULL && (status == HT_OK || status == HT_ERROR_INTERRUPTED)) {
        ht_status counted = ht__study_counts(study, out, status == HT_OK ? err : NULL);
        status = status == HT_OK ? counted : status;
    }
    return status;
}

void ht_study_text_free(ht_context *ctx, char *text) { ht__free(&ctx->allocator, text); }
