/* In place of everything else in src/study when the build has no SQLite. */
#include "halftone/study.h"
#include "base/context.h"

static ht_status refuse(ht_error *err) {
    return ht__fail(err, HT_ERROR_UNSUPPORTED,
                    "This build has no studies: it was made without SQLite (HALFTONE_WITH_SQLITE).");
}

const char *ht_study_template_at(size_t index, const char **summary) {
    (void)index;
    (void)summary;
    return NULL;
}

ht_status ht_study_init(ht_context *ctx, const char *what, const char *data, const char *folder, bool overwrite,
                        ht_error *err) {
    (void)ctx;
    (void)what;
    (void)data;
    (void)folder;
    (void)overwrite;
    return refuse(err);
}

ht_status ht_study_open(ht_context *ctx, const char *folder, const ht_study_options *options, ht_study **out,
                        ht_error *err) {
    (void)ctx;
    (void)folder;
    (void)options;
    (void)out;
    return refuse(err);
}

/* Nobody can have a study to call the others with. */
void ht_study_close(ht_study *study) { (void)study; }

ht_status ht_study_count(ht_study *study, ht_study_counts *out, ht_error *err) {
    (void)study;
    (void)out;
    return refuse(err);
}

ht_status ht_study_plan_run(ht_study *study, void (*missing)(void *user, const char *model, const char *reason),
                            void *user, ht_study_plan *out, ht_error *err) {
    (void)study;
    (void)missing;
    (void)user;
    (void)out;
    return refuse(err);
}

ht_status ht_study_run(ht_study *study, ht_study_counts *out, ht_error *err) {
    (void)study;
    (void)out;
    return refuse(err);
}

ht_status ht_study_results_json(ht_study *study, const ht_study_results_options *options, char **json, size_t *size,
                                ht_error *err) {
    (void)study;
    (void)options;
    (void)json;
    (void)size;
    return refuse(err);
}

ht_status ht_study_csv(ht_study *study, char **csv, size_t *size, ht_error *err) {
    (void)study;
    (void)csv;
    (void)size;
    return refuse(err);
}

ht_status ht_study_markdown(ht_study *study, const ht_study_results_options *options, char **markdown, size_t *size,
                            ht_error *err) {
    (void)study;
    (void)options;
    (void)markdown;
    (void)size;
    return refuse(err);
}

void ht_study_text_free(ht_context *ctx, char *text) { ht__free(&ctx->allocator, text); }
