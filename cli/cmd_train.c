/* halftone train: an architecture or a model, a data set, a recipe; out comes an ONNX model. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "halftone/eval.h"
#include "halftone/model.h"
#include "halftone/train.h"
#include "verbs.h"

typedef struct train_settings {
    const char *arch, *from, *data, *validation, *test, *output;
    int64_t epochs, batch;
    const char *optimizer, *schedule, *init, *precision, *augment;
    double rate, momentum, weight_decay, clip_norm, clip_value, dropout, smoothing;
    int64_t patience, split_seed;
    bool keep_best, fresh, external_data;
    const char *checkpoint;
    bool qat;
    const char *bits, *scheme;
} train_settings;

/* What a run owns. */
typedef struct training {
    cli_session *session;
    const train_settings *settings;
    ht_dataset *train, *validation, *test;
    ht_model *from, *model;
    char *log, *checkpoint, *command;
    ht_train_options recipe;
    ht_train_report report;
    ht_evaluation result;
} training;

static void release(training *t) {
    ht_context *context = t->session->context;
    ht_evaluation_clear(context, &t->result);
    ht_model_destroy(t->model);
    ht_model_destroy(t->from);
    ht_dataset_close(t->test);
    ht_dataset_close(t->validation);
    ht_dataset_close(t->train);
    free(t->log);
    free(t->checkpoint);
    free(t->command);
}

/* ---- data ---- */

/* "telescope" becomes "telescope:train"; what names a split, a folder or a file stays. */
static void with_split(const char *data, const char *split, char *text, size_t size) {
    bool bare = strchr(data, ':') == NULL && strchr(data, '/') == NULL;
    snprintf(text, size, bare ? "%s:%s" : "%s", data, split);
}

static ht_status open_split(training *t, const char *spec, const char *preprocess, ht_dataset **out, ht_error *err) {
    const ht_dataset_options options = {.data_dir = t->session->common.data_dir,
                                        .seed = (uint64_t)t->settings->split_seed,
                                        .preprocess_json = preprocess};
    return ht_dataset_open(t->session->context, spec, &options, out, err);
}

/* Another split of the training data, with the preprocessing fitted there. A data set without that split has none. */
static ht_status open_other(training *t, const char *wish, const char *split, ht_dataset **out, ht_error *err) {
    char spec[512];
    if (wish != NULL && strcmp(wish, "none") == 0) {
        return HT_OK;
    }
    const char *preprocess = ht_dataset_preprocess_json(t->train);
    if (wish != NULL) {
        with_split(wish, split, spec, sizeof spec);
        return open_split(t, spec, preprocess, out, err);
    }
    const char *data = t->settings->data;
    if (strchr(data, '/') != NULL || strncmp(data, "csv:", 4) == 0) {
        return HT_OK;
    }
    snprintf(spec, sizeof spec, "%.*s:%s", (int)strcspn(data, ":"), data, split);
    ht_status status = open_split(t, spec, preprocess, out, err);
    if (status == HT_ERROR_NOT_FOUND || status == HT_ERROR_ARGUMENT) {
        *out = NULL;
        return HT_OK;
    }
    return status;
}

static ht_status open_data(training *t, ht_error *err) {
    char spec[512];
    with_split(t->settings->data, "train", spec, sizeof spec);
    const char *preprocess = t->from != NULL ? ht_model_metadata(t->from, HT_METADATA_PREPROCESS) : NULL;
    ht_status status = open_split(t, spec, preprocess, &t->train, err);
    if (status == HT_OK) {
        status = open_other(t, t->settings->validation, "validation", &t->validation, err);
    }
    return status == HT_OK ? open_other(t, t->settings->test, "test", &t->test, err) : status;
}

/* ---- recipe ---- */

static int index_of(const char *const *names, const char *name) {
    int i = 0;
    while (strcmp(names[i], name) != 0) {
        ++i; /* the option table lets only these names through */
    }
    return i;
}

static const char *const optimizers[] = {"sgd", "adam", "adamw", NULL};
static const char *const schedules[] = {"constant", "step", "cosine", "onecycle", NULL};
static const char *const inits[] = {"he-normal", "he-uniform", "xavier-normal", "xavier-uniform", NULL};
static const char *const precisions[] = {"f32", "bf16", NULL};

/* "flip,crop:4,cutout:8" or "none". */
static ht_status read_augment(const char *text, ht_train_options *recipe, ht_error *err) {
    recipe->flip = false;
    recipe->crop = recipe->cutout = 0;
    while (*text != '\0') {
        size_t length = strcspn(text, ",");
        int used = 0;
        unsigned amount;
        if (length == 4 && strncmp(text, "flip", 4) == 0) {
            recipe->flip = true;
        } else if (sscanf(text, "crop:%u%n", &amount, &used) == 1 && (size_t)used == length) {
            recipe->crop = amount;
        } else if (sscanf(text, "cutout:%u%n", &amount, &used) == 1 && (size_t)used == length) {
            recipe->cutout = amount;
        } else if (length != 4 || strncmp(text, "none", 4) != 0) {
            return cli_fail(err, HT_ERROR_ARGUMENT, "--augment takes flip, crop:N, cutout:N or none, not '%.*s'.",
                            (int)length, text);
        }
        text += length + (text[length] == ',');
    }
    return HT_OK;
}

/* "4" or "4/8": weights, activations. */
static ht_status read_bits(const char *text, ht_train_options *recipe, ht_error *err) {
    unsigned weights, activations = 0;
    int used = 0;
    int fields = sscanf(text, "%2u%n/%2u%n", &weights, &used, &activations, &used);
    if (fields < 1 || text[used] != '\0' || weights < 1 || weights > 16 || activations > 16) {
        return cli_fail(err, HT_ERROR_ARGUMENT, "--bits takes W or W/A, each 1 to 16, not '%s'.", text);
    }
    recipe->qat_weight_bits = weights;
    recipe->qat_activation_bits = activations;
    return HT_OK;
}

static void override(double value, double *member) {
    if (!isnan(value)) {
        *member = value;
    }
}

static ht_status read_recipe(training *t, ht_error *err) {
    const train_settings *s = t->settings;
    ht_train_options *recipe = &t->recipe;
    ht_status status = ht_train_defaults(s->arch, ht_dataset_describe(t->train), recipe, err);
    if (status == HT_OK && s->augment != NULL) {
        status = read_augment(s->augment, recipe, err);
    }
    if (status == HT_OK) {
        status = read_bits(s->bits, recipe, err);
    }
    if (status != HT_OK) {
        return status;
    }
    recipe->from = t->from;
    recipe->epochs = s->epochs != CLI_UNSET ? (size_t)s->epochs : recipe->epochs;
    recipe->batch = s->batch != CLI_UNSET ? (size_t)s->batch : recipe->batch;
    recipe->optimizer = s->optimizer != NULL ? (ht_optimizer)index_of(optimizers, s->optimizer) : recipe->optimizer;
    recipe->schedule = s->schedule != NULL ? (ht_schedule)index_of(schedules, s->schedule) : recipe->schedule;
    recipe->initialization = s->init != NULL ? (ht_initialization)index_of(inits, s->init) : recipe->initialization;
    override(s->rate, &recipe->learning_rate);
    override(s->momentum, &recipe->momentum);
    override(s->weight_decay, &recipe->weight_decay);
    override(s->clip_norm, &recipe->clip_norm);
    override(s->clip_value, &recipe->clip_value);
    override(s->dropout, &recipe->dropout);
    override(s->smoothing, &recipe->label_smoothing);
    recipe->bf16 = index_of(precisions, s->precision) == 1;
    recipe->patience = (size_t)s->patience;
    recipe->keep_best = s->keep_best;
    recipe->seed = (uint64_t)t->session->common.seed;
    recipe->qat_scheme = s->qat ? s->scheme : NULL;
    recipe->resume = !s->fresh;
    recipe->checkpoint = t->checkpoint;
    recipe->log = t->log;
    recipe->command = t->command;
    return HT_OK;
}

/* "model.onnx" gives "model.log.csv" and "model.checkpoint". */
static char *beside(const char *output, const char *ending) {
    size_t length = strlen(output);
    if (length > 5 && strcmp(output + length - 5, ".onnx") == 0) {
        length -= 5;
    }
    char *text = malloc(length + strlen(ending) + 1);
    if (text != NULL) {
        memcpy(text, output, length);
        memcpy(text + length, ending, strlen(ending) + 1);
    }
    return text;
}

/* The command as far as it decides about the result: without paths of data and without thread counts. */
static char *make_command(const training *t) {
    const train_settings *s = t->settings;
    char text[1024];
    snprintf(text, sizeof text, "halftone train %s %s --data %s --seed %lld", s->arch != NULL ? "--arch" : "--from",
             s->arch != NULL ? s->arch : s->from, s->data, (long long)t->session->common.seed);
    return strdup(text);
}

static ht_status prepare(training *t, ht_error *err) {
    const train_settings *s = t->settings;
    if ((s->arch == NULL) == (s->from == NULL)) {
        return cli_fail(err, HT_ERROR_ARGUMENT, "Give --arch or --from, one of them.");
    }
    if (!t->session->common.force && access(s->output, F_OK) == 0) {
        return cli_fail(err, HT_ERROR_EXISTS, "%s exists already; --force replaces it.", s->output);
    }
    t->log = beside(s->output, ".log.csv");
    t->checkpoint = s->checkpoint != NULL ? strdup(s->checkpoint) : beside(s->output, ".checkpoint");
    t->command = make_command(t);
    if (t->log == NULL || t->checkpoint == NULL || t->command == NULL) {
        return cli_fail(err, HT_ERROR_MEMORY, "There is no memory for the names of the files.");
    }
    ht_status status = HT_OK;
    if (s->from != NULL) {
        status = ht_model_load(t->session->context, s->from, &t->from, err);
    }
    if (status == HT_OK) {
        status = open_data(t, err);
    }
    return status == HT_OK ? read_recipe(t, err) : status;
}

/* ---- results ---- */

static void print_epoch(void *user, const ht_train_epoch *epoch) {
    training *t = user;
    if (t->session->common.quiet || t->session->common.json) {
        return;
    }
    cli_clear_progress(&t->session->terminal);
    fprintf(stderr, "epoch %*zu/%zu  loss %.5g", epoch->epochs >= 100 ? 3 : 2, epoch->epoch, epoch->epochs,
            epoch->loss);
    if (!isnan(epoch->accuracy)) {
        fprintf(stderr, "  accuracy %.4f", epoch->accuracy);
    }
    if (!isnan(epoch->validation_loss)) {
        fprintf(stderr, "  validation loss %.5g", epoch->validation_loss);
    }
    if (!isnan(epoch->validation_accuracy)) {
        fprintf(stderr, "  accuracy %.4f", epoch->validation_accuracy);
    }
    fprintf(stderr, "  %.0f samples/s\n", epoch->images_per_second);
}

static ht_status print_json(const training *t, ht_error *err) {
    const ht_train_report *r = &t->report;
    json_t *body = json_pack("{s:s, s:I, s:I, s:I, s:b, s:b, s:f, s:I, s:f, s:I, s:f}", "model", t->settings->output,
                             "parameters", (json_int_t)r->parameters, "epochs", (json_int_t)r->epochs_done,
                             "best_epoch", (json_int_t)r->best_epoch, "resumed", r->resumed, "stopped_early",
                             r->stopped_early, "seconds", r->seconds, "samples", (json_int_t)r->samples_trained,
                             "samples_per_second", r->last.images_per_second, "memory_bytes",
                             (json_int_t)r->memory_bytes, "training_loss", r->last.loss);
    if (t->result.samples > 0) {
        bool classes = t->result.task == HT_TASK_CLASSIFICATION;
        json_object_set_new(body, "test",
                            json_pack("{s:f, s:f, s:[f,f], s:I}", classes ? "accuracy" : "mse",
                                      classes ? t->result.accuracy : t->result.mse, "loss", t->result.loss, "interval",
                                      t->result.low, t->result.high, "n", (json_int_t)t->result.samples));
    }
    return cli_print_json("halftone-train", 1, body, err);
}

static void print_text(const training *t) {
    const ht_train_report *r = &t->report;
    printf("%s: %zu parameters, %zu epochs in %.1f s, %.1f MB held while training\n", t->settings->output,
           r->parameters, r->epochs_done, r->seconds, (double)r->memory_bytes / 1e6);
    if (t->result.samples > 0) {
        bool classes = t->result.task == HT_TASK_CLASSIFICATION;
        printf("test %s %.6g   (95 %% interval %.6g to %.6g, %zu samples)\n", classes ? "accuracy" : "mse",
               classes ? t->result.accuracy : t->result.mse, t->result.low, t->result.high, t->result.samples);
    }
    if (t->settings->qat) {
        printf("next: halftone eval %s --baseline FLOAT.onnx\n", t->settings->output);
    } else {
        printf("next: halftone quantize %s --scheme mid-rise --bits 4 -o quantized.onnx\n", t->settings->output);
    }
}

static ht_status train_and_save(training *t, ht_error *err) {
    ht_context *context = t->session->context;
    ht_status status =
        ht_train(context, &t->recipe, t->train, t->validation, print_epoch, t, &t->model, &t->report, err);
    if (status == HT_OK) {
        const ht_model_save_options options = {.overwrite = t->session->common.force,
                                               .external_data = t->settings->external_data};
        status = ht_model_save(t->model, t->settings->output, &options, err);
    }
    if (status != HT_OK) {
        return status;
    }
    if (t->settings->checkpoint == NULL) {
        unlink(t->checkpoint); /* the model holds what it was for */
    }
    return t->test != NULL ? ht_evaluate(context, t->model, t->test, NULL, &t->result, err) : HT_OK;
}

static ht_status run(cli_session *session, const void *given, ht_error *err) {
    training t = {.session = session, .settings = given};
    ht_status status = prepare(&t, err);
    if (status == HT_OK) {
        status = train_and_save(&t, err);
    }
    if (status == HT_ERROR_INTERRUPTED) {
        cli_advise(session, "The same command goes on from %s.", t.checkpoint);
    }
    if (status == HT_OK) {
        cli_clear_progress(&session->terminal);
        if (session->common.json) {
            status = print_json(&t, err);
        } else {
            print_text(&t);
        }
    }
    release(&t);
    return status;
}

static const char *arch_choice(size_t index) {
    const ht_arch_info *info = ht_arch_at(index);
    return info != NULL ? info->name : NULL;
}

#define AT(member) offsetof(train_settings, member)
static const cli_option options[] = {
    {.name = "arch",
     .kind = CLI_CHOICE,
     .offset = AT(arch),
     .choice = arch_choice,
     .otherwise = "--from is needed",
     .help = "the architecture, with fresh weights"},
    {.name = "from",
     .kind = CLI_TEXT,
     .offset = AT(from),
     .value = "MODEL",
     .otherwise = "--arch is needed",
     .help = "an ONNX or TFLite model: its graph and weights"},
    {.name = "data",
     .required = true,
     .kind = CLI_TEXT,
     .offset = AT(data),
     .value = "DATA",
     .help = "what to train on; NAME alone means NAME:train"},
    {.name = "output",
     .letter = 'o',
     .required = true,
     .kind = CLI_TEXT,
     .offset = AT(output),
     .value = "FILE",
     .help = "the model; FILE.log.csv gets a row per epoch"},
    {.name = "external-data",
     .kind = CLI_FLAG,
     .offset = AT(external_data),
     .help = "write large tensors into FILE.data beside it"},
    {.name = "validation",
     .kind = CLI_TEXT,
     .offset = AT(validation),
     .value = "DATA",
     .otherwise = "the validation split, where there is one",
     .help = "measured after each epoch; none: not"},
    {.name = "test",
     .kind = CLI_TEXT,
     .offset = AT(test),
     .value = "DATA",
     .otherwise = "the test split, where there is one",
     .help = "measured at the end; none: not"},
    {.name = "epochs",
     .kind = CLI_INTEGER,
     .offset = AT(epochs),
     .otherwise = "the architecture's",
     .low = 1,
     .high = 1e6,
     .help = "passes over the data"},
    {.name = "batch",
     .kind = CLI_INTEGER,
     .offset = AT(batch),
     .otherwise = "the architecture's",
     .low = 1,
     .high = 65536,
     .help = "samples per step"},
    {.name = "optimizer",
     .kind = CLI_CHOICE,
     .offset = AT(optimizer),
     .choices = optimizers,
     .otherwise = "the architecture's",
     .help = "how weights follow gradients"},
    {.name = "lr",
     .kind = CLI_NUMBER,
     .offset = AT(rate),
     .otherwise = "the architecture's",
     .low = 0,
     .high = 1000,
     .help = "the highest learning rate"},
    {.name = "schedule",
     .kind = CLI_CHOICE,
     .offset = AT(schedule),
     .choices = schedules,
     .otherwise = "the architecture's",
     .help = "how the learning rate changes"},
    {.name = "momentum",
     .kind = CLI_NUMBER,
     .offset = AT(momentum),
     .otherwise = "0.9",
     .low = 0,
     .high = 1,
     .help = "of SGD"},
    {.name = "weight-decay",
     .kind = CLI_NUMBER,
     .offset = AT(weight_decay),
     .otherwise = "the architecture's",
     .low = 0,
     .high = 1000,
     .help = "L2 for sgd and adam, decoupled for adamw"},
    {.name = "clip-norm",
     .kind = CLI_NUMBER,
     .offset = AT(clip_norm),
     .otherwise = "the architecture's",
     .low = 0,
     .high = 1e9,
     .help = "limit of the gradient's norm; 0: none"},
    {.name = "clip",
     .kind = CLI_NUMBER,
     .offset = AT(clip_value),
     .otherwise = "the architecture's",
     .low = 0,
     .high = 1e9,
     .help = "limit of each gradient value; 0: none"},
    {.name = "dropout",
     .kind = CLI_NUMBER,
     .offset = AT(dropout),
     .otherwise = "the architecture's",
     .low = 0,
     .high = 0.99,
     .help = "ratio of every dropout"},
    {.name = "smoothing",
     .kind = CLI_NUMBER,
     .offset = AT(smoothing),
     .otherwise = "the architecture's",
     .low = 0,
     .high = 1,
     .help = "label smoothing"},
    {.name = "init",
     .kind = CLI_CHOICE,
     .offset = AT(init),
     .choices = inits,
     .otherwise = "he-uniform",
     .help = "how fresh weights are drawn"},
    {.name = "augment",
     .kind = CLI_TEXT,
     .offset = AT(augment),
     .value = "LIST",
     .otherwise = "the architecture's",
     .help = "flip, crop:N, cutout:N with commas between; none"},
    {.name = "precision",
     .kind = CLI_CHOICE,
     .offset = AT(precision),
     .choices = precisions,
     .fallback = "f32",
     .help = "of products; sums stay f32"},
    {.name = "patience",
     .kind = CLI_INTEGER,
     .offset = AT(patience),
     .fallback = "0",
     .low = 0,
     .high = 1e6,
     .help = "stop after so many epochs without a better validation, keep the best; 0: never"},
    {.name = "keep-best",
     .kind = CLI_FLAG,
     .offset = AT(keep_best),
     .help = "save the epoch with the best validation, not the last"},
    {.name = "split-seed",
     .kind = CLI_INTEGER,
     .offset = AT(split_seed),
     .fallback = "0",
     .low = 0,
     .high = 1e15,
     .help = "seed of the split into train, validation and test"},
    {.name = "checkpoint",
     .kind = CLI_TEXT,
     .offset = AT(checkpoint),
     .value = "FILE",
     .otherwise = "beside the output, removed at the end",
     .help = "what a killed run goes on from"},
    {.name = "fresh", .kind = CLI_FLAG, .offset = AT(fresh), .help = "start anew even where a checkpoint is there"},
    {.name = "qat",
     .kind = CLI_FLAG,
     .offset = AT(qat),
     .help = "quantization-aware: the forward pass rounds the weights"},
    {.name = "bits",
     .kind = CLI_TEXT,
     .offset = AT(bits),
     .value = "W[/A]",
     .fallback = "4",
     .help = "with --qat: width of weights, and of activations"},
    {.name = "scheme",
     .kind = CLI_TEXT,
     .offset = AT(scheme),
     .fallback = "affine",
     .help = "with --qat: an affine scheme (halftone list schemes)"},
    {0},
};

const cli_verb cmd_train = {
    .name = "train",
    .stage = "Train",
    .summary = "train an architecture or a model on a data set",
    .description =
        "Trains and writes an ONNX model for inference: batch normalisation with its statistics, no dropout, outputs "
        "before the softmax. Each architecture brings a recipe; options change parts of it.\n\n"
        "A checkpoint is written after each epoch and at least once a minute. A run that was killed goes on from it "
        "when "
        "the same command is given again, and ends with the same weights to the bit.\n\n"
        "With --qat the forward pass rounds weights (and activations) to a grid, whose range follows the weights at "
        "each "
        "step; gradients pass straight through inside the range.",
    .examples = {{"halftone train --arch mlp-simple --data telescope -o telescope.onnx", "a small net in a second"},
                 {"halftone train --from telescope.onnx --qat --bits 4 --data telescope -o telescope.qat4.onnx",
                  "fine-tune for 4-bit weights"}},
    .options = options,
    .common = CLI_USES_JSON | CLI_USES_FORCE | CLI_USES_THREADS | CLI_USES_SEED | CLI_USES_DATA_DIR,
    .settings_size = sizeof(train_settings),
    .run = run,
};
