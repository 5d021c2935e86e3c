/* Training from end to end: it learns, it is the same to the bit each time, and a run that was killed or interrupted
 * ends like one that was not. */
#include "support.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/rng.h"
#include "data/dataset.h"
#include "graph/op.h"
#include "train/archs/arch.h"
#include "train/evaluator.h"
#include "train/trainer.h"

#define SEED 77

static ht_context *context;
static char folder[64];
static int polls_left; /* of the interrupt function; negative: never */

static bool interrupted(void *user) {
    (void)user;
    return polls_left >= 0 && polls_left-- == 0;
}

static void check(ht_status status, const ht_error *err) {
    if (status != HT_OK) {
        fail_msg("%s: %s (%s)", ht_status_name(status), err->message, err->where);
    }
}

/* ---- data made up here ---- */

enum { SAMPLES = 600, FEATURES = 4, SIDE = 12 };

static const char *const class_names[3] = {"a", "b", "c"};
static float rows[SAMPLES * FEATURES], row_classes[SAMPLES], row_values[SAMPLES];
static float pictures[SAMPLES * SIDE * SIDE], picture_classes[SAMPLES];
static char preprocess[] = "{}";

/* Three classes cut by two planes; a smooth function; bars in three directions under noise. */
static void make_data(void) {
    ht_rng rng = {SEED, 0, 0};
    for (size_t i = 0; i < SAMPLES; ++i) {
        float *x = rows + i * FEATURES;
        for (size_t k = 0; k < FEATURES; ++k) {
            x[k] = (float)ht__rng_normal(&rng);
        }
        row_classes[i] = x[0] + x[1] > 0.3f ? 2.0f : x[2] - x[0] > 0 ? 1.0f : 0.0f;
        row_values[i] = sinf(x[0]) + 0.5f * x[1] * x[2];
        picture_classes[i] = (float)(i % 3);
        size_t place = (size_t)ht__rng_below(&rng, SIDE);
        for (size_t p = 0; p < SIDE * SIDE; ++p) {
            size_t y = p / SIDE, c = p % SIDE;
            bool bar = i % 3 == 0 ? y == place : i % 3 == 1 ? c == place : (y + c) % SIDE == place;
            pictures[i * SIDE * SIDE + p] = (bar ? 1.0f : 0.0f) + 0.2f * (float)ht__rng_normal(&rng);
        }
    }
}

static ht_dataset row_set(bool classes) {
    return (ht_dataset){.ctx = context,
                        .info = {.name = "rows",
                                 .split = "train",
                                 .samples = SAMPLES,
                                 .rank = 1,
                                 .dims = {FEATURES, 1, 1},
                                 .input_elements = FEATURES,
                                 .task = classes ? HT_TASK_CLASSIFICATION : HT_TASK_REGRESSION,
                                 .classes = classes ? 3 : 0,
                                 .class_names = class_names,
                                 .target_width = 1},
                        .values = rows,
                        .targets = classes ? row_classes : row_values,
                        .preprocess_json = preprocess};
}

static ht_dataset picture_set(size_t samples) {
    return (ht_dataset){.ctx = context,
                        .info = {.name = "bars",
                                 .split = "train",
                                 .samples = samples,
                                 .rank = 3,
                                 .dims = {1, SIDE, SIDE},
                                 .input_elements = SIDE * SIDE,
                                 .task = HT_TASK_CLASSIFICATION,
                                 .classes = 3,
                                 .class_names = class_names,
                                 .target_width = 1},
                        .values = pictures,
                        .targets = picture_classes,
                        .preprocess_json = preprocess};
}

/* ---- running ---- */

static ht_graph *fresh(const char *arch, const ht_dataset *data) {
    ht_error err = {.status = HT_OK};
    const ht_arch *found;
    ht_graph *graph = NULL;
    check(ht__arch_find(arch, &found, &err), &err);
    check(ht__arch_graph(context, found, &data->info, HT_INITIALIZATION_HE_UNIFORM, SEED, &graph, &err), &err);
    return graph;
}

static ht_train_options recipe_for(const char *arch, const ht_dataset *data, size_t epochs) {
    ht_train_options recipe;
    assert_int_equal(ht_train_defaults(arch, &data->info, &recipe, NULL), HT_OK);
    recipe.epochs = epochs;
    recipe.seed = SEED;
    return recipe;
}

static ht_status train(const char *arch, const ht_dataset *data, const ht_train_options *recipe,
                       void (*on_epoch)(void *, const ht_train_epoch *), ht_graph **out, ht_train_report *report,
                       ht_error *err) {
    ht_graph *source = fresh(arch, data);
    const ht_training training = {context, recipe, source, data, data, on_epoch, NULL};
    ht_status status = ht__train(&training, out, report, err);
    ht__graph_destroy(source);
    return status;
}

static ht_graph *trained(const char *arch, const ht_dataset *data, const ht_train_options *recipe,
                         ht_train_report *report) {
    ht_error err = {.status = HT_OK};
    ht_graph *graph = NULL;
    check(train(arch, data, recipe, NULL, &graph, report, &err), &err);
    return graph;
}

/* The same constants under the same names, bit for bit. */
static void assert_same_weights(const ht_graph *a, const ht_graph *b) {
    size_t compared = 0;
    for (size_t i = 0; i < a->value_count; ++i) {
        const ht_value *value = a->values[i];
        size_t bytes;
        if (value->data != NULL && ht__desc_bytes(&value->desc, &bytes)) {
            const ht_value *other = ht__graph_find(b, value->name);
            assert_non_null(other);
            assert_memory_equal(value->data, other->data, bytes);
            ++compared;
        }
    }
    assert_true(compared >= 4);
}

/* ---- tests ---- */

static void learns_classes(void **state) {
    (void)state;
    ht_dataset data = row_set(true);
    ht_train_report report;
    ht_train_options recipe = recipe_for("mlp-simple", &data, 30);
    recipe.learning_rate = 0.02;
    ht_graph *graph = trained("mlp-simple", &data, &recipe, &report);
    assert_true(report.last.validation_accuracy > 0.95);
    assert_true(report.last.loss < 0.25);
    assert_int_equal(report.parameters, FEATURES * 10 + 10 + 10 * 3 + 3);
    ht__graph_destroy(graph);
}

static void learns_values(void **state) {
    (void)state;
    ht_dataset data = row_set(false);
    ht_train_report report;
    ht_train_options recipe = recipe_for("mlp-simple", &data, 40);
    recipe.learning_rate = 0.02;
    ht_graph *graph = trained("mlp-simple", &data, &recipe, &report);
    assert_true(report.last.validation_loss < 0.12);
    assert_true(isnan(report.last.accuracy));
    ht__graph_destroy(graph);
}

/* Convolution, batch norm with its statistics (validation runs on them), pooling, augmentation. */
static void learns_pictures(void **state) {
    (void)state;
    /* The thread sanitizer looks for races, and the plain C convolutions that it runs on are slow: one step shows it
     * all. */
#ifdef __SANITIZE_THREAD__
    size_t samples = 15, epochs = 1;
    double wanted = 0;
#else
    size_t samples = 180, epochs = 6;
    double wanted = 0.95;
#endif
    ht_dataset data = picture_set(samples);
    ht_train_report report;
    ht_train_options recipe = recipe_for("cnn-small", &data, epochs);
    recipe.batch = 15;
    recipe.crop = 1;
    ht_graph *graph = trained("cnn-small", &data, &recipe, &report);
    assert_true(report.last.validation_accuracy >= wanted);
    ht__graph_destroy(graph);
}

static void same_bits_each_time(void **state) {
    (void)state;
    ht_dataset data = row_set(true);
    ht_train_report report;
    ht_train_options recipe = recipe_for("mlp-complex", &data, 3);
    ht_graph *a = trained("mlp-complex", &data, &recipe, &report);
    ht_graph *b = trained("mlp-complex", &data, &recipe, &report);
    assert_same_weights(a, b);
    ht__graph_destroy(a);
    ht__graph_destroy(b);
}

static void kill_in_third_epoch(void *user, const ht_train_epoch *epoch) {
    (void)user;
    if (epoch->epoch == 3) {
        kill(getpid(), SIGKILL);
    }
}

static void killed_and_started_again(void **state) {
    (void)state;
    char checkpoint[96];
    snprintf(checkpoint, sizeof checkpoint, "%s/killed", folder);
    ht_dataset data = row_set(true);
    ht_train_options recipe = recipe_for("mlp-complex", &data, 6);
    recipe.keep_best = true;
    recipe.checkpoint = checkpoint;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        ht_graph *graph;
        ht_train_report report;
        train("mlp-complex", &data, &recipe, kill_in_third_epoch, &graph, &report, NULL);
        _exit(1); /* the kill did not come */
    }
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how));
    ht_train_report resumed, whole;
    ht_graph *a = trained("mlp-complex", &data, &recipe, &resumed);
    assert_true(resumed.resumed);
    assert_int_equal(resumed.samples_trained, 3 * (SAMPLES / recipe.batch * recipe.batch));
    recipe.checkpoint = NULL;
    ht_graph *b = trained("mlp-complex", &data, &recipe, &whole);
    assert_same_weights(a, b);
    assert_int_equal(resumed.best_epoch, whole.best_epoch);
    ht__graph_destroy(a);
    ht__graph_destroy(b);
}

static void interrupted_within_an_epoch(void **state) {
    (void)state;
    char checkpoint[96];
    snprintf(checkpoint, sizeof checkpoint, "%s/interrupted", folder);
    ht_dataset data = picture_set(180);
    ht_train_options recipe = recipe_for("cnn-small", &data, 2);
    recipe.batch = 15;
    recipe.checkpoint = checkpoint;
    ht_train_report report;
    ht_graph *a = NULL;
    ht_error err = {.status = HT_OK};
    polls_left = 6;
    assert_int_equal(train("cnn-small", &data, &recipe, NULL, &a, &report, &err), HT_ERROR_INTERRUPTED);
    polls_left = -1;
    a = trained("cnn-small", &data, &recipe, &report);
    assert_true(report.resumed);
    assert_int_equal(report.samples_trained, 2 * 180 - 7 * 15);
    recipe.checkpoint = NULL;
    ht_graph *b = trained("cnn-small", &data, &recipe, &report);
    assert_same_weights(a, b);
    ht__graph_destroy(a);
    ht__graph_destroy(b);
}

/* 3-bit weights from fresh weights, 6-bit activations: what comes out is rounded, annotated, and still right; and a run
 * that was interrupted ends the same, so the activations' ranges are part of the checkpoint. */
static void quantization_aware(void **state) {
    (void)state;
    char checkpoint[96];
    snprintf(checkpoint, sizeof checkpoint, "%s/qat", folder);
    ht_dataset data = row_set(true);
    ht_train_options recipe = recipe_for("mlp-simple", &data, 20);
    recipe.learning_rate = 0.02;
    recipe.qat_scheme = "affine";
    recipe.qat_weight_bits = 3;
    recipe.qat_activation_bits = 6;
    ht_train_report report;
    ht_graph *whole = trained("mlp-simple", &data, &recipe, &report);
    assert_true(report.last.validation_accuracy > 0.92);
    size_t rounded = 0, activations = 0;
    for (size_t i = 0; i < whole->value_count; ++i) {
        const ht_value *value = whole->values[i];
        if (value->quantization == NULL) {
            continue;
        }
        activations += value->data == NULL;
        rounded += value->data != NULL;
        const float *numbers = value->data;
        for (int64_t k = 0; numbers != NULL && k < ht__desc_elements(&value->desc); ++k) {
            float code = numbers[k] / value->quantization->scale[0];
            assert_true(fabsf(code - nearbyintf(code)) < 1e-4f && fabsf(code) <= 7.01f);
        }
    }
    assert_int_equal(rounded, 2);
    assert_int_equal(activations, 2); /* the input, and the hidden layer behind its ReLU */
    recipe.checkpoint = checkpoint;
    ht_graph *again = NULL;
    ht_error err = {.status = HT_OK};
    polls_left = 100;
    assert_int_equal(train("mlp-simple", &data, &recipe, NULL, &again, &report, &err), HT_ERROR_INTERRUPTED);
    polls_left = -1;
    again = trained("mlp-simple", &data, &recipe, &report);
    assert_true(report.resumed);
    assert_same_weights(whole, again);
    for (size_t i = 0; i < whole->value_count; ++i) {
        const ht_quantization *a = whole->values[i]->quantization;
        if (a != NULL) {
            assert_true(a->scale[0] == ht__graph_find(again, whole->values[i]->name)->quantization->scale[0]);
        }
    }
    ht__graph_destroy(whole);
    ht__graph_destroy(again);
    recipe.qat_scheme = "mid-rise";
    assert_int_equal(train("mlp-simple", &data, &recipe, NULL, &again, &report, &err), HT_ERROR_UNSUPPORTED);
}

/* A checkpoint of another recipe, and one with a byte changed, are not used. */
static void other_checkpoints_are_refused(void **state) {
    (void)state;
    char checkpoint[96];
    snprintf(checkpoint, sizeof checkpoint, "%s/other", folder);
    ht_dataset data = row_set(true);
    ht_train_options recipe = recipe_for("mlp-simple", &data, 2);
    recipe.checkpoint = checkpoint;
    ht_train_report report;
    ht__graph_destroy(trained("mlp-simple", &data, &recipe, &report));
    recipe.learning_rate *= 2;
    ht__graph_destroy(trained("mlp-simple", &data, &recipe, &report));
    assert_false(report.resumed);
    FILE *file = fopen(checkpoint, "r+b");
    assert_non_null(file);
    fseek(file, -200, SEEK_END);
    int byte = fgetc(file);
    fseek(file, -200, SEEK_END);
    fputc(byte ^ 1, file);
    fclose(file);
    ht__graph_destroy(trained("mlp-simple", &data, &recipe, &report));
    assert_false(report.resumed);
    ht__graph_destroy(trained("mlp-simple", &data, &recipe, &report));
    assert_true(report.resumed);
    assert_int_equal(report.samples_trained, 0);
}

static void stops_early_and_keeps_the_best(void **state) {
    (void)state;
    ht_dataset data = row_set(true);
    ht_train_options recipe = recipe_for("mlp-simple", &data, 200);
    recipe.learning_rate = 0.05;
    recipe.schedule = HT_SCHEDULE_CONSTANT;
    recipe.patience = 3;
    char log[96];
    snprintf(log, sizeof log, "%s/log.csv", folder);
    recipe.log = log;
    ht_train_report report;
    ht_graph *graph = trained("mlp-simple", &data, &recipe, &report);
    assert_true(report.stopped_early);
    assert_int_equal(report.epochs_done, report.best_epoch + 3);
    ht_file_view view;
    assert_int_equal(ht__file_map(log, &view, NULL), HT_OK);
    size_t lines = 0;
    for (size_t i = 0; i < view.size; ++i) {
        lines += view.data[i] == '\n';
    }
    assert_int_equal(lines, 1 + report.epochs_done);
    ht__file_unmap(&view);
    ht__graph_destroy(graph);
}

static void a_loss_that_explodes(void **state) {
    (void)state;
    ht_dataset data = row_set(false);
    ht_train_options recipe = recipe_for("mlp-simple", &data, 20);
    recipe.optimizer = HT_OPTIMIZER_SGD;
    recipe.learning_rate = 1e3;
    ht_train_report report;
    ht_graph *graph;
    ht_error err = {.status = HT_OK};
    assert_int_equal(train("mlp-simple", &data, &recipe, NULL, &graph, &report, &err), HT_ERROR_NUMERIC);
    assert_non_null(strstr(err.message, "learning rate"));
}

/* What is saved computes without Dropout, and every architecture takes pictures of an unusual size. */
static void architectures_build(void **state) {
    (void)state;
    for (size_t i = 0; i < ht_arch_count(); ++i) {
        const ht_arch_info *info = ht_arch_at(i);
        ht_dataset data = info->input_rank == 1 ? row_set(true) : picture_set(SAMPLES);
        if (info->input_rank == 3) {
            data.info.dims[1] = data.info.dims[2] = strcmp(info->name, "lenet5") == 0 ? 28 : 40;
            data.info.input_elements = data.info.dims[1] * data.info.dims[2];
        }
        ht_graph *graph = fresh(info->name, &data);
        const ht_tensor_desc *y = &graph->outputs[0]->desc;
        assert_int_equal(y->rank, 2);
        assert_int_equal(y->dims[0], -1);
        assert_int_equal(y->dims[1], 3);
        ht__graph_destroy(graph);
    }
    ht_error err = {.status = HT_OK};
    const ht_arch *arch;
    assert_int_equal(ht__arch_find("resnet-9", &arch, &err), HT_ERROR_NOT_FOUND);
    assert_non_null(strstr(err.message, "resnet9"));
}

static int start(void **state) {
    (void)state;
    const ht_context_options options = {.threads = 1, .interrupted = interrupted};
    polls_left = -1;
    strcpy(folder, "/tmp/halftone-train-XXXXXX");
    if (ht_context_create(&options, &context, NULL) != HT_OK || mkdtemp(folder) == NULL) {
        return 1;
    }
    make_data();
    return 0;
}

static int stop(void **state) {
    (void)state;
    ht_context_destroy(context);
    char command[96];
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_and_started_again), /* first: it forks, which wants no threads yet */
        cmocka_unit_test(learns_classes),
        cmocka_unit_test(learns_values),
        cmocka_unit_test(learns_pictures),
        cmocka_unit_test(same_bits_each_time),
        cmocka_unit_test(interrupted_within_an_epoch),
        cmocka_unit_test(quantization_aware),
        cmocka_unit_test(other_checkpoints_are_refused),
        cmocka_unit_test(stops_early_and_keeps_the_best),
        cmocka_unit_test(a_loss_that_explodes),
        cmocka_unit_test(architectures_build),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
