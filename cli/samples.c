#include "samples.h"

#include "eval_scores.h"

ht_status cli_open_samples(cli_session *session, const char *spec, const char *preprocess, uint64_t seed,
                           const ht_model *model, ht_dataset **out, ht_error *err) {
    ht_dataset_options options = {.data_dir = session->common.data_dir,
                                  .seed = seed,
                                  .preprocess = preprocess,
                                  .preprocess_json =
                                      model != NULL ? ht_model_metadata(model, HT_METADATA_PREPROCESS) : NULL};
    return ht_dataset_open(session->context, spec, &options, out, err);
}

ht_status cli_check_samples(cli_session *session, const ht_model *model, const ht_dataset *dataset, ht_error *err) {
    char text[HT_MISFIT_TEXT], warning[HT_MISFIT_TEXT + 96];
    bool misfit;
    ht_status status = ht_input_misfit(session->context, model, dataset, &misfit, text, err);
    if (status == HT_OK && misfit) {
        snprintf(warning, sizeof warning, "%s If so, say it: --pre raw, --pre unit, --pre mean=...,std=...", text);
        cli_show_message(session, "warning", warning);
    }
    return status;
}

/* Few samples reach that by luck alone. */
enum { ENOUGH_SAMPLES = 50 };
#define LEAST_SKILL 0.05

void cli_check_accuracy(cli_session *session, const ht_evaluation *evaluation) {
    if (evaluation->task == HT_TASK_CLASSIFICATION && evaluation->samples >= ENOUGH_SAMPLES &&
        cli_eval_skill(evaluation) < LEAST_SKILL) {
        cli_show_message(session, "warning",
                         "That is hardly better than always answering one class. The commonest causes: pictures of "
                         "another range or channel order than in training (--pre), classes in another order.");
    }
}
