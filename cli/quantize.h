/* halftone quantize, between its sources: what was asked for, what is done, what is said. */
#ifndef CLI_QUANTIZE_H
#define CLI_QUANTIZE_H

#include "halftone/eval.h"
#include "halftone/model.h"
#include "halftone/recipe.h"
#include "verbs.h"

enum { CLI_MOST_RULES = 128 };

typedef struct quantize_settings {
    const char *model, *output, *recipe, *scheme, *bits, *kind;
    const char *levels, *round, *granularity, *range, *activations;
    const char *data, *calibration, *max_size, *preprocess, *requant;
    int64_t samples, calibration_samples;
    double max_drop;
    bool fold, biases, norms, strict, external_data, calibration_bf16;
    cli_list layers, kept;
} quantize_settings;

/* What sort of network it is, as far as it decides about the kind of quantization. */
typedef struct network_kind {
    size_t convolutions, products; /* layers with weights: convolutions, and matrix products */
    size_t recurrent, attention;   /* recurrent layers; products of two activations */
} network_kind;

/* What a run owns. */
typedef struct quantizing {
    cli_session *session;
    const quantize_settings *settings;
    ht_recipe plan;    /* what is done */
    ht_recipe *loaded; /* --recipe; NULL: none */
    ht_scheme rule_schemes[CLI_MOST_RULES], activation_range;
    ht_layer_rule rules[CLI_MOST_RULES];
    char rule_names[CLI_MOST_RULES][128];
    network_kind network;
    bool chose_kind;          /* nobody said which */
    ht_model *model, *result; /* the source; what is written */
    ht_model *written;        /* the result as its file will be read, where that differs; else NULL */
    ht_dataset *data, *calibration;
    ht_quantize_report report;
    ht_evaluation before, after;
    char output[512], recipe[560], command[2048], calibration_spec[512];
    bool evaluated;
} quantizing;

/* From the options to q->plan, without the model. Errors: HT_ERROR_ARGUMENT, those of ht_recipe_load. */
ht_status cli_quantize_read(quantizing *q, ht_error *err);
/* "200k", "1.5M", "123456": bytes; 0 when it is not a size. */
double cli_quantize_size(const char *text);
/* The name of what is done: "static", "weight-only". */
const char *cli_quantize_kind(const quantizing *q);
/* The format of what is written. */
ht_model_format cli_quantize_format(const quantizing *q);
/* "float" or "fixed": the rule by which what is written runs here. */
const char *cli_quantize_rule(const quantizing *q);
/* By how much it got worse: points of accuracy, or per cent of the error. */
double cli_quantize_drop(const quantizing *q);

/* On stdout, for people and for programs. Errors: HT_ERROR_MEMORY. */
ht_status cli_quantize_print(const quantizing *q, ht_error *err);
ht_status cli_quantize_json(const quantizing *q, ht_error *err);
/* The advice at the end: the kind that suits the network, what to do about a drop, the next command. */
void cli_quantize_advise(const quantizing *q);

#endif
