#include <stdlib.h>
#include <string.h>

#include "data/dataset.h"
#include "data/readers/readers.h"

void ht__opening_end(ht__opening *job) {
    for (size_t i = 0; i < HT__MAX_PARTS; ++i) {
        if (job->parts[i].loaded && job->parts[i].source.close != NULL) {
            job->parts[i].source.close(&job->parts[i].source);
        }
    }
    ht__description_free(&job->description);
    ht__arena_destroy(job->arena);
    job->arena = NULL;
}

ht_status ht__opening_begin(ht_context *ctx, const char *spec, const ht_dataset_options *options, ht__opening *out,
                            ht_error *err) {
    memset(out, 0, sizeof *out);
    out->ctx = ctx;
    out->data_dir = options != NULL ? options->data_dir : NULL;
    out->seed = options != NULL ? options->seed : 0;
    HT_TRY(ht__arena_create(&ctx->allocator, &out->arena, err));
    HT_TRY(ht__spec_parse(out->arena, spec, &out->spec, err));
    return ht__description_find(ctx, out->arena, out->spec.base, &out->description, err);
}

/* The fitted preprocessing of a model in place of the description's. */
static ht_status parse_pipeline(ht__opening *job, const char *preprocess_json, ht_error *err) {
    if (preprocess_json == NULL) {
        return ht__pipeline_parse(job->arena, job->description.file, job->description.preprocess, &job->pipeline, err);
    }
    json_error_t problem;
    json_t *root = json_loads(preprocess_json, JSON_REJECT_DUPLICATES, &problem);
    if (root == NULL) {
        return ht__fail_line(err, HT_ERROR_FORMAT, "halftone.preprocess", problem.line,
                             "The preprocessing stored with the model cannot be read: %.100s.", problem.text);
    }
    ht_status status = HT_OK;
    if (json_integer_value(json_object_get(root, "version")) != HT__PREPROCESS_VERSION) {
        status =
            ht__fail_at(err, HT_ERROR_UNSUPPORTED, "halftone.preprocess",
                        "The preprocessing stored with the model has another version than %d.", HT__PREPROCESS_VERSION);
    } else {
        status =
            ht__pipeline_parse(job->arena, "halftone.preprocess", json_object_get(root, "steps"), &job->pipeline, err);
    }
    json_decref(root);
    return status;
}

ht_status ht__collect_slice(const ht__opening *job, size_t available, ht_dataset *out, size_t *begin, ht_error *err) {
    const ht__spec *spec = &job->spec;
    *begin = spec->sliced ? spec->slice_begin : 0;
    size_t end = spec->sliced && spec->slice_end < available ? spec->slice_end : available;
    if (available == 0) {
        return ht__fail_at(err, HT_ERROR_ARGUMENT, spec->split_text, "This split of %s has no samples.",
                           out->info.name);
    }
    if (*begin >= end) {
        return ht__fail_at(err, HT_ERROR_ARGUMENT, spec->split_text, "The slice begins at %zu; there are %zu samples.",
                           *begin, available);
    }
    out->info.samples = end - *begin;
    return HT_OK;
}

ht_status ht__collect_classes(ht_dataset *out, const char *const *classes, size_t count, ht_error *err) {
    const char **names = ht__arena_alloc(out->arena, (count + 1) * sizeof *names);
    for (size_t i = 0; names != NULL && i < count; ++i) {
        names[i] = ht__arena_strdup(out->arena, classes[i]);
        if (names[i] == NULL) {
            names = NULL;
        }
    }
    if (names == NULL) {
        return ht__fail_memory(err, count * sizeof *names);
    }
    out->info.class_names = names;
    out->info.classes = count;
    return HT_OK;
}

static json_t *output_shape(const ht_dataset *out) {
    const ht_dataset_info *info = &out->info;
    if (info->input_names != NULL) {
        return json_pack("{s:o}", "names", ht__json_texts(info->input_names, info->dims[0]));
    }
    json_t *dims = json_array();
    for (size_t i = 0; i < info->rank; ++i) {
        json_array_append_new(dims, json_integer((json_int_t)info->dims[i]));
    }
    return json_pack("{s:o}", "dims", dims);
}

/* Writes what was fitted, and compares its shape with what a given preprocessing was made for. */
static ht_status store_preprocess(ht__opening *job, const char *given, ht_dataset *out, ht_error *err) {
    json_t *shape = output_shape(out);
    if (given != NULL) {
        json_t *root = json_loads(given, 0, NULL);
        const json_t *wanted = json_object_get(root, "output");
        bool equal = wanted == NULL || json_equal(wanted, shape);
        json_decref(root);
        if (!equal) {
            json_decref(shape);
            return ht__fail_at(
                err, HT_ERROR_MISMATCH, out->info.name,
                "The model's preprocessing gives inputs of another shape or other names for this data set.");
        }
    }
    json_t *root = json_pack("{s:i, s:o, s:o}", "version", HT__PREPROCESS_VERSION, "steps",
                             ht__pipeline_print(&job->pipeline), "output", shape);
    char *text = root != NULL ? json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(root);
    out->preprocess_json = text != NULL ? ht__arena_strdup(out->arena, text) : NULL;
    free(text);
    return out->preprocess_json != NULL ? HT_OK : ht__fail_memory(err, 1024);
}

/* Without a split, what needs no description means all of it. */
static ht_status choose_split(ht__opening *job, ht_error *err) {
    if (job->spec.split_count != 0) {
        return HT_OK;
    }
    const char *file = job->description.file;
    size_t length = strlen(file);
    if (length > 5 && strcmp(file + length - 5, ".yaml") == 0) {
        return ht__fail_at(err, HT_ERROR_ARGUMENT, job->spec.base,
                           "Name a split: %s:train, :validation, :test, :calibration or :all.", job->spec.base);
    }
    job->spec.splits[0] = HT__SPLIT_ALL;
    job->spec.split_count = 1;
    return HT_OK;
}

static ht_status collect(ht__opening *job, ht_dataset *out, ht_error *err) {
    ht__segments wanted;
    HT_TRY(ht__spec_samples(job, &wanted, err));
    switch (job->parts[wanted.segment[0].part].source.kind) {
    case HT__SOURCE_TABLE: return ht__collect_table(job, &wanted, out, err);
    case HT__SOURCE_PICTURES: return ht__collect_pictures(job, &wanted, out, err);
    case HT__SOURCE_VALUES: return ht__collect_values(job, &wanted, out, err);
    }
    return ht__fail(err, HT_ERROR_INTERNAL, "A reader made a source of an unknown kind.");
}

static ht_status fill(ht__opening *job, const char *given, ht_dataset *out, ht_error *err) {
    HT_TRY(choose_split(job, err));
    HT_TRY(parse_pipeline(job, given, err));
    out->info.name = ht__arena_strdup(out->arena, job->description.name);
    out->info.split = ht__arena_strdup(out->arena, job->spec.split_text[0] != '\0' ? job->spec.split_text : "all");
    out->info.task = job->description.task;
    if (out->info.name == NULL || out->info.split == NULL) {
        return ht__fail_memory(err, 256);
    }
    out->info.is_ready = job->description.reader == &ht__reader_arrays;
    HT_TRY(collect(job, out, err));
    return store_preprocess(job, given, out, err);
}

/* What was said now counts before what a model remembers, and that before the description. */
static ht_status fill_as_asked(ht__opening *job, const ht_dataset_options *options, ht_dataset *out, ht_error *err) {
    bool ready = job->description.reader == &ht__reader_arrays;
    if (options == NULL || options->preprocess == NULL) {
        return fill(job, options != NULL && !ready ? options->preprocess_json : NULL, out, err);
    }
    char *json;
    HT_TRY(ht_preprocess_read(job->ctx, options->preprocess, &json, err));
    ht_status status = fill(job, json, out, err);
    ht_text_free(job->ctx, json);
    return status;
}

ht_status ht_dataset_open(ht_context *ctx, const char *spec, const ht_dataset_options *options, ht_dataset **out,
                          ht_error *err) {
    *out = NULL;
    ht__opening *job = ht__calloc(&ctx->allocator, 1, sizeof *job);
    ht_dataset *dataset = ht__calloc(&ctx->allocator, 1, sizeof *dataset);
    ht_status status = job != NULL && dataset != NULL ? HT_OK : ht__fail_memory(err, sizeof *job);
    if (status == HT_OK) {
        dataset->ctx = ctx;
        status = ht__opening_begin(ctx, spec, options, job, err);
        if (status == HT_OK) {
            status = ht__arena_create(&ctx->allocator, &dataset->arena, err);
        }
        if (status == HT_OK) {
            status = fill_as_asked(job, options, dataset, err);
        }
        ht__opening_end(job);
    }
    ht__free(&ctx->allocator, job);
    if (status != HT_OK) {
        ht_dataset_close(dataset);
        return status;
    }
    *out = dataset;
    return HT_OK;
}

void ht_dataset_close(ht_dataset *dataset) {
    if (dataset == NULL) {
        return;
    }
    const ht_allocator *allocator = &dataset->ctx->allocator;
    ht__free(allocator, dataset->pixels);
    ht__free(allocator, dataset->values);
    ht__free(allocator, dataset->targets);
    ht__arena_destroy(dataset->arena);
    ht__free(allocator, dataset);
}
