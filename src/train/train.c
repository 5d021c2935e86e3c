#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/model.h"
#include "graph/op.h"
#include "passes/passes.h"
#include "train/archs/arch.h"
#include "train/checkpoint.h"
#include "train/recipe.h"
#include "train/trainer.h"

/* ---- where training starts ---- */

/* Training works on logits: a Softmax at the end is taken off. */
static void strip_softmax(ht_graph *graph) {
    ht_node *last = graph->output_count == 1 ? graph->outputs[0]->producer : NULL;
    if (last != NULL && last->op == ht__op_find("", "Softmax")) {
        ht__graph_replace_uses(graph, last->outputs[0], last->inputs[0]);
        ht__graph_remove_node(graph, last);
    }
}

/* A copy of the model's graph that can be trained: shapes computed from constants are folded, so that what remains is
 * layers. */
static ht_status copy_source(const ht_model *model, ht_graph **out, ht_error *err) {
    ht_graph *graph;
    HT_TRY(ht__graph_copy(model->graph, &graph, err));
    strip_softmax(graph);
    ht_status status = ht__graph_infer(graph, err);
    if (status == HT_OK) {
        status = ht__pass_fold_constants(graph, err);
    }
    if (status != HT_OK) {
        ht__graph_destroy(graph);
        return status;
    }
    *out = graph;
    return HT_OK;
}

static ht_status make_source(ht_context *ctx, const ht_train_options *recipe, const ht_dataset_info *data,
                             ht_graph **out, ht_error *err) {
    if (recipe->from != NULL) {
        return copy_source(recipe->from, out, err);
    }
    const ht_arch *arch;
    HT_TRY(ht__arch_find(recipe->arch, &arch, err));
    return ht__arch_graph(ctx, arch, data, recipe->initialization, recipe->seed, out, err);
}

/* ---- what the model says about itself ---- */

static ht_status set_json(ht_model *model, const char *key, json_t *json, ht_error *err) {
    char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    if (text == NULL) {
        return ht__fail_memory(err, 0);
    }
    ht_status status = ht_model_metadata_set(model, key, text, err);
    free(text);
    return status;
}

static ht_status set_classes(ht_model *model, const ht_dataset_info *data, ht_error *err) {
    json_t *names = json_array();
    for (size_t i = 0; i < data->classes; ++i) {
        json_array_append_new(names, json_string(data->class_names[i]));
    }
    return set_json(model, "halftone.classes", names, err);
}

/* The SHA-256 of preprocessing and targets: says whether two models saw the same samples in the same order. */
static ht_status set_data_hash(ht_model *model, const ht_dataset *dataset, ht_error *err) {
    const ht_dataset_info *data = ht_dataset_describe(dataset);
    const char *preprocess = ht_dataset_preprocess_json(dataset);
    const float *targets = ht_dataset_targets(dataset);
    const ht_checkpoint_part parts[2] = {
        {(void *)(uintptr_t)preprocess, strlen(preprocess)},
        {(void *)(uintptr_t)targets, data->samples * data->target_width * sizeof *targets}};
    uint8_t hash[HT_FINGERPRINT_BYTES];
    char text[2 * HT_FINGERPRINT_BYTES + 1];
    HT_TRY(ht__fingerprint(parts, 2, hash, err));
    for (size_t i = 0; i < HT_FINGERPRINT_BYTES; ++i) {
        snprintf(text + 2 * i, 3, "%02x", hash[i]);
    }
    return ht_model_metadata_set(model, "halftone.data_sha256", text, err);
}

static ht_status set_recipe(ht_model *model, const ht_train_options *recipe, ht_error *err) {
    ht_buffer text;
    ht__buffer_init(&text, &model->ctx->allocator);
    ht__recipe_print(recipe, &text);
    ht_status status =
        text.failed ? ht__fail_memory(err, text.size) : ht_model_metadata_set(model, "halftone.recipe", text.data, err);
    ht__buffer_free(&text);
    return status;
}

static ht_status describe(ht_model *model, const ht_train_options *recipe, const ht_dataset *dataset, ht_error *err) {
    const ht_dataset_info *data = ht_dataset_describe(dataset);
    bool classes = data->task == HT_TASK_CLASSIFICATION;
    char name[256], seed[32];
    snprintf(name, sizeof name, "%s:%s", data->name, data->split);
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)recipe->seed);
    const char *arch = recipe->arch;
    if (arch == NULL) {
        arch = ht_model_metadata(recipe->from, "halftone.arch");
    }
    const struct {
        const char *key, *value;
    } pairs[] = {{"halftone.task", classes ? "classification" : "regression"},
                 {"halftone.preprocess", ht_dataset_preprocess_json(dataset)},
                 {"halftone.dataset", name},
                 {"halftone.arch", arch},
                 {"halftone.seed", seed},
                 {"halftone.command", recipe->command},
                 {"halftone.version", ht_version()}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; ++i) {
        HT_TRY(ht_model_metadata_set(model, pairs[i].key, pairs[i].value, err));
    }
    if (classes) {
        HT_TRY(set_classes(model, data, err));
    }
    HT_TRY(set_recipe(model, recipe, err));
    return set_data_hash(model, dataset, err);
}

/* ---- the public functions ---- */

static ht_status wrap(ht_context *ctx, ht_graph *graph, const ht_train_options *recipe, const ht_dataset *dataset,
                      ht_model **out, ht_error *err) {
    ht_model *model;
    ht_status status = ht__model_create(ctx, graph, &model, err);
    if (status != HT_OK) {
        ht__graph_destroy(graph);
        return status;
    }
    status = describe(model, recipe, dataset, err);
    if (status != HT_OK) {
        ht_model_destroy(model);
        return status;
    }
    *out = model;
    return HT_OK;
}

ht_status ht_train(ht_context *ctx, const ht_train_options *options, const ht_dataset *train,
                   const ht_dataset *validation, void (*on_epoch)(void *user, const ht_train_epoch *epoch), void *user,
                   ht_model **model, ht_train_report *report, ht_error *err) {
    const ht_dataset_info *data = ht_dataset_describe(train);
    HT_TRY(ht__recipe_check(options, data, err));
    ht_graph *source, *trained = NULL;
    HT_TRY(make_source(ctx, options, data, &source, err));
    const ht_training training = {ctx, options, source, train, validation, on_epoch, user};
    ht_train_report own;
    ht_status status = ht__train(&training, &trained, report != NULL ? report : &own, err);
    ht__graph_destroy(source);
    return status == HT_OK ? wrap(ctx, trained, options, train, model, err) : status;
}

ht_status ht_arch_build(ht_context *ctx, const char *arch, const ht_dataset_info *data,
                        ht_initialization initialization, uint64_t seed, ht_model **model, ht_error *err) {
    const ht_arch *found;
    HT_TRY(ht__arch_find(arch, &found, err));
    ht_graph *graph;
    HT_TRY(ht__arch_graph(ctx, found, data, initialization, seed, &graph, err));
    ht_status status = ht__model_create(ctx, graph, model, err);
    if (status != HT_OK) {
        ht__graph_destroy(graph);
    }
    return status;
}
