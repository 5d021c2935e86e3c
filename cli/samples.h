/* Data in front of a model, for every verb that has both: which preprocessing it gets, and whether it suits. */
#ifndef CLI_SAMPLES_H
#define CLI_SAMPLES_H

#include "halftone/eval.h"
#include "halftone/model.h"
#include "verbs.h"

/* The row of --pre. */
#define CLI_PREPROCESS_OPTION(member_offset)                                                                         \
    {                                                                                                                \
        .name = "pre", .kind = CLI_TEXT, .offset = (member_offset), .value = "STEPS",                                \
        .otherwise = "what the model remembers, else what the data's description says",                              \
        .help =                                                                                                      \
            "what happens to pictures before the model sees them: raw (0..255), unit (0..1), or words such as "      \
            "size=416,letterbox=114,bgr,mean=0.485,0.456,0.406,std=0.229,0.224,0.225; or a description's .yaml file" \
    }

/* Opens the data as `model` is to see it. `preprocess` is --pre (NULL: not given), `seed` that of the splits.
 * Errors: those of ht_dataset_open. */
ht_status cli_open_samples(cli_session *session, const char *spec, const char *preprocess, uint64_t seed,
                           const ht_model *model, ht_dataset **out, ht_error *err);
/* Warns when the samples hardly can be what the model was made for. Errors: HT_ERROR_MEMORY. */
ht_status cli_check_samples(cli_session *session, const ht_model *model, const ht_dataset *dataset, ht_error *err);
/* Warns when a classification is hardly better than chance, as after a wrong preprocessing. */
void cli_check_accuracy(cli_session *session, const ht_evaluation *evaluation);

#endif
