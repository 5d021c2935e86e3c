/* halftone eval: what a model gets right on a data set. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval_scores.h"
#include "halftone/eval.h"
#include "halftone/metrics.h"
#include "halftone/model.h"
#include "samples.h"
#include "verbs.h"

#define WIDEST_CONFUSION 20

typedef struct eval_settings {
    const char *model, *data, *baseline, *preprocess;
    int64_t samples, batch;
    bool reference, bf16, confusion, simulate;
} eval_settings;

typedef struct evaluated {
    ht_model *model;
    ht_dataset *dataset;
    ht_evaluation result;
} evaluated;

static void release(cli_session *session, evaluated *item) {
    ht_evaluation_clear(session->context, &item->result);
    ht_dataset_close(item->dataset);
    ht_model_destroy(item->model);
}

/* The test split of the data that the model was trained on, when the command line names none. */
static ht_status choose_data(const ht_model *model, const eval_settings *settings, char *text, size_t size,
                             ht_error *err) {
    const char *own = ht_model_metadata(model, "halftone.dataset");
    if (settings->data != NULL) {
        snprintf(text, size, "%s", settings->data);
        return HT_OK;
    }
    if (own == NULL) {
        return cli_fail(err, HT_ERROR_ARGUMENT, "The model does not say what data it was made for; give --data.");
    }
    snprintf(text, size, "%.*s:test", (int)strcspn(own, ":"), own);
    return HT_OK;
}

/* A model that remembers no preprocessing sees what `other` (may be NULL) remembers: a baseline is compared on the same
 * pictures. */
static ht_status evaluate(cli_session *session, const char *path, const eval_settings *settings, const ht_model *other,
                          evaluated *out, ht_error *err) {
    char spec[512];
    ht_status status = ht_model_load(session->context, path, &out->model, err);
    if (status == HT_OK) {
        status = choose_data(out->model, settings, spec, sizeof spec, err);
    }
    if (status == HT_OK) {
        bool remembers = other == NULL || ht_model_metadata(out->model, HT_METADATA_PREPROCESS) != NULL;
        status = cli_open_samples(session, spec, settings->preprocess, (uint64_t)session->common.seed,
                                  remembers ? out->model : other, &out->dataset, err);
    }
    if (status == HT_OK) {
        status = cli_check_samples(session, out->model, out->dataset, err);
    }
    if (status == HT_OK) {
        ht_evaluation_options options = {.batch = (size_t)settings->batch,
                                         .max_samples = (size_t)settings->samples,
                                         .allow_bf16 = settings->bf16,
                                         .reference = settings->reference,
                                         .simulate = settings->simulate};
        status = ht_evaluate(session->context, out->model, out->dataset, &options, &out->result, err);
    }
    return status;
}

/* ---- against a baseline ---- */

typedef struct comparison {
    ht_paired_counts counts; /* classification */
    double p, delta, detectable;
} comparison;

static ht_status compare(const ht_evaluation *base, const ht_evaluation *now, comparison *out, ht_error *err) {
    size_t n = now->samples;
    if (base->samples != n || base->task != now->task) {
        return cli_fail(err, HT_ERROR_MISMATCH, "The baseline was evaluated on other samples.");
    }
    if (now->task == HT_TASK_REGRESSION) {
        double *differences = malloc(n * sizeof *differences);
        if (differences == NULL) {
            return cli_fail(err, HT_ERROR_MEMORY, "There is no memory for the paired test.");
        }
        for (size_t i = 0; i < n; ++i) {
            differences[i] = (double)now->losses[i] - (double)base->losses[i];
        }
        *out = (comparison){.p = ht_permutation_test(differences, n),
                            .delta = now->mse - base->mse,
                            .detectable = ht_detectable_mean(differences, n)};
        free(differences);
        return HT_OK;
    }
    ht_paired_counts counts = {.n = n};
    for (size_t i = 0; i < n; ++i) {
        int32_t label = (int32_t)now->targets[i];
        counts.flipped += base->predictions[i] != now->predictions[i];
        counts.worse += base->predictions[i] == label && now->predictions[i] != label;
        counts.better += base->predictions[i] != label && now->predictions[i] == label;
    }
    *out = (comparison){.counts = counts,
                        .p = ht_mcnemar_exact(counts.worse, counts.better),
                        .delta = now->accuracy - base->accuracy,
                        .detectable = ht_detectable_accuracy(counts.worse + counts.better, n)};
    return HT_OK;
}

/* ---- printing ---- */

static void print_confusion(const ht_evaluation *e, const ht_dataset_info *info) {
    printf("\nconfusion matrix (rows: target, columns: prediction)\n%12s", "");
    for (size_t k = 0; k < e->classes; ++k) {
        printf(" %6zu", k);
    }
    printf("\n");
    for (size_t i = 0; i < e->classes; ++i) {
        printf("%3zu %-8.8s", i, i < info->classes ? info->class_names[i] : "");
        for (size_t k = 0; k < e->classes; ++k) {
            printf(" %6u", e->confusion[i * e->classes + k]);
        }
        printf("\n");
    }
}

static void print_text(const eval_settings *settings, const evaluated *item, const eval_scores *scores,
                       const comparison *versus) {
    const ht_evaluation *e = &item->result;
    const ht_dataset_info *info = ht_dataset_describe(item->dataset);
    printf("%s on %s:%s, %zu samples, %.2f s\n", settings->model, info->name, info->split, e->samples, e->seconds);
    if (e->task == HT_TASK_CLASSIFICATION) {
        printf("  accuracy  %.4f   (95 %% interval %.4f to %.4f, Wilson)\n", e->accuracy, e->low, e->high);
        if (scores->k > 0) {
            printf("  top-%zu     %.4f   (95 %% interval %.4f to %.4f, Wilson)\n", scores->k, scores->top_k,
                   scores->low, scores->high);
        }
        if (!isnan(scores->auc)) {
            printf("  AUC       %.4f   (%s)\n", scores->auc,
                   e->width == 2 ? "of the second class" : "mean of each class against the rest");
        }
        printf("  loss      %.4f   (cross-entropy)\n", e->loss);
    } else {
        printf("  mse       %.6g   (95 %% interval %.6g to %.6g, bootstrap)\n", e->mse, e->low, e->high);
    }
    if (versus != NULL) {
        printf("against %s\n", settings->baseline);
        printf("  change    %+.6g   (smallest detectable %.4g)\n", versus->delta, versus->detectable);
        if (e->task == HT_TASK_CLASSIFICATION) {
            printf("  flipped   %llu predictions: %llu for the worse, %llu for the better\n",
                   (unsigned long long)versus->counts.flipped, (unsigned long long)versus->counts.worse,
                   (unsigned long long)versus->counts.better);
        }
        printf("  p         %.4g   (%s)%s\n", versus->p,
               e->task == HT_TASK_CLASSIFICATION ? "exact McNemar" : "paired permutation of squared errors",
               versus->p < 0.05 ? "" : ": no difference beyond noise");
    }
    if (e->task == HT_TASK_CLASSIFICATION && (settings->confusion || e->classes <= WIDEST_CONFUSION)) {
        print_confusion(e, info);
    }
}

static json_t *confusion_json(const ht_evaluation *e) {
    json_t *rows = json_array();
    for (size_t i = 0; i < e->classes; ++i) {
        json_t *row = json_array();
        for (size_t k = 0; k < e->classes; ++k) {
            json_array_append_new(row, json_integer(e->confusion[i * e->classes + k]));
        }
        json_array_append_new(rows, row);
    }
    return rows;
}

static ht_status print_json(const eval_settings *settings, const evaluated *item, const eval_scores *scores,
                            const comparison *versus, ht_error *err) {
    const ht_evaluation *e = &item->result;
    const ht_dataset_info *info = ht_dataset_describe(item->dataset);
    bool classes = e->task == HT_TASK_CLASSIFICATION;
    json_t *body =
        json_pack("{s:s, s:s, s:s, s:I, s:f, s:f, s:[f,f], s:f}", "model", settings->model, "dataset", info->name,
                  "split", info->split, "n", (json_int_t)e->samples, "loss", e->loss, classes ? "accuracy" : "mse",
                  classes ? e->accuracy : e->mse, "interval", e->low, e->high, "seconds", e->seconds);
    if (classes) {
        json_object_set_new(body, "confusion", confusion_json(e));
        json_object_set_new(body, "auc", isnan(scores->auc) ? json_null() : json_real(scores->auc));
        if (scores->k > 0) {
            json_object_set_new(
                body, "top_5",
                json_pack("{s:f, s:[f,f]}", "accuracy", scores->top_k, "interval", scores->low, scores->high));
        }
    }
    if (versus != NULL) {
        json_t *against = json_pack("{s:s, s:f, s:f, s:f}", "model", settings->baseline, "delta", versus->delta, "p",
                                    versus->p, "smallest_detectable", versus->detectable);
        if (classes) {
            json_object_set_new(against, "flipped", json_integer((json_int_t)versus->counts.flipped));
            json_object_set_new(against, "worse", json_integer((json_int_t)versus->counts.worse));
            json_object_set_new(against, "better", json_integer((json_int_t)versus->counts.better));
        }
        json_object_set_new(body, "baseline", against);
    }
    return cli_print_json("halftone-eval", 1, body, err);
}

static ht_status run(cli_session *session, const void *given, ht_error *err) {
    const eval_settings *settings = given;
    evaluated item = {0}, base = {0};
    comparison versus;
    bool compared = settings->baseline != NULL;
    ht_status status = evaluate(session, settings->model, settings, NULL, &item, err);
    if (status == HT_OK && compared) {
        status = evaluate(session, settings->baseline, settings, item.model, &base, err);
    }
    if (status == HT_OK && compared) {
        status = compare(&base.result, &item.result, &versus, err);
    }
    if (status == HT_OK) {
        cli_check_accuracy(session, &item.result);
    }
    eval_scores scores = {0};
    if (status == HT_OK && item.result.task == HT_TASK_CLASSIFICATION) {
        status = cli_eval_scores(session->context, &item.result, &scores, err);
    }
    if (status == HT_OK) {
        cli_clear_progress(&session->terminal);
        if (session->common.json) {
            status = print_json(settings, &item, &scores, compared ? &versus : NULL, err);
        } else {
            print_text(settings, &item, &scores, compared ? &versus : NULL);
        }
    }
    release(session, &base);
    release(session, &item);
    return status;
}

#define AT(member) offsetof(eval_settings, member)
static const cli_option options[] = {
    {.name = "MODEL",
     .positional = true,
     .required = true,
     .kind = CLI_TEXT,
     .offset = AT(model),
     .help = "an ONNX or TFLite model"},
    {.name = "data",
     .kind = CLI_TEXT,
     .offset = AT(data),
     .value = "DATA",
     .otherwise = "the test split of the data it was trained on",
     .help = "the samples: NAME:SPLIT, a folder, a .yaml or csv:..."},
    CLI_PREPROCESS_OPTION(AT(preprocess)),
    {.name = "baseline",
     .kind = CLI_TEXT,
     .offset = AT(baseline),
     .value = "MODEL",
     .otherwise = "no comparison",
     .help = "another model, for a paired test on the same samples"},
    {.name = "samples",
     .kind = CLI_INTEGER,
     .offset = AT(samples),
     .fallback = "0",
     .low = 0,
     .high = 1e9,
     .help = "how many samples from the first on; 0: all"},
    {.name = "batch",
     .kind = CLI_INTEGER,
     .offset = AT(batch),
     .fallback = "0",
     .low = 0,
     .high = 65536,
     .help = "samples per run; 0: chosen for the model"},
    {.name = "confusion",
     .kind = CLI_FLAG,
     .offset = AT(confusion),
     .help = "print the confusion matrix for more than 20 classes, too"},
    {.name = "bf16",
     .kind = CLI_FLAG,
     .offset = AT(bf16),
     .help = "let products use bf16 operands where the processor has them"},
    {.name = "simulate",
     .kind = CLI_FLAG,
     .offset = AT(simulate),
     .help = "imitate quantized tensors in float instead of running in integers"},
    {.name = "reference", .kind = CLI_FLAG, .offset = AT(reference), .help = "plain C kernels only: slow, the oracle"},
    {0},
};

const cli_verb cmd_eval = {
    .name = "eval",
    .stage = "Evaluate",
    .summary = "measure accuracy or error of a model, with its interval",
    .description =
        "Runs the model over a data set and prints accuracy, top-5 and AUC (or mean squared error), loss, 95 % "
        "intervals "
        "and the confusion matrix. The preprocessing that the model was trained with is stored in it and repeated.\n\n"
        "With --baseline the two models are compared sample by sample: the exact McNemar test for "
        "classification, a paired permutation test on squared errors for regression.",
    .examples = {{"halftone eval model.onnx --data telescope:test", "accuracy on the test split"},
                 {"halftone eval model.int4.onnx --baseline model.onnx --json",
                  "against the float model, for a program"}},
    .options = options,
    .common = CLI_USES_JSON | CLI_USES_THREADS | CLI_USES_SEED | CLI_USES_DATA_DIR,
    .settings_size = sizeof(eval_settings),
    .run = run,
};
