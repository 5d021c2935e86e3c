#include "formats/model.h"

#include <string.h>

#ifdef HT_WITH_ONNX
#include "formats/onnx/onnx.h"
#endif
#ifdef HT_WITH_TFLITE
#include "formats/tflite/tflite.h"
#endif

ht_status ht__model_create(ht_context *ctx, ht_graph *graph, ht_model **out, ht_error *err) {
    ht_model *model = ht__calloc(&ctx->allocator, 1, sizeof *model);
    char *producer = ht__strdup(&ctx->allocator, "halftone");
    char *version = ht__strdup(&ctx->allocator, ht_version());
    if (model == NULL || producer == NULL || version == NULL) {
        ht__free(&ctx->allocator, model);
        ht__free(&ctx->allocator, producer);
        ht__free(&ctx->allocator, version);
        return ht__fail_memory(err, sizeof *model);
    }
    *model = (ht_model){.ctx = ctx,
                        .graph = graph,
                        .producer = producer,
                        .producer_version = version,
                        .opset = 17,
                        .format = HT_FORMAT_ONNX};
    *out = model;
    return HT_OK;
}

ht_status ht__model_copy(const ht_model *source, ht_model **out, ht_error *err) {
    ht_graph *graph;
    HT_TRY(ht__graph_copy(source->graph, &graph, err));
    ht_model *model;
    ht_status status = ht__model_create(source->ctx, graph, &model, err);
    if (status != HT_OK) {
        ht__graph_destroy(graph);
        return status;
    }
    model->opset = source->opset;
    model->format = source->format;
    for (size_t i = 0; i < source->metadata_count && status == HT_OK; ++i) {
        status = ht_model_metadata_set(model, source->metadata[i].key, source->metadata[i].value, err);
    }
    if (status != HT_OK) {
        ht_model_destroy(model);
        return status;
    }
    *out = model;
    return HT_OK;
}

void ht_model_destroy(ht_model *model) {
    if (model == NULL) {
        return;
    }
    const ht_allocator *allocator = &model->ctx->allocator;
    for (size_t i = 0; i < model->metadata_count; ++i) {
        ht__free(allocator, model->metadata[i].key);
        ht__free(allocator, model->metadata[i].value);
    }
    ht__free(allocator, model->metadata);
    ht__free(allocator, model->producer);
    ht__free(allocator, model->producer_version);
    ht__graph_destroy(model->graph);
    ht__arena_destroy(model->payload); /* only now: constants may lie in it and in the files */
    ht__file_views_free(allocator, &model->externals);
    ht__file_unmap(&model->file);
    ht__free(allocator, model->bytes);
    ht__free(allocator, model);
}

/* ---- files ---- */

/* What the file with large tensors' data is called: the model's name with this behind it. */
#define DATA_SUFFIX ".data"

#ifndef HT_WITH_ONNX
static ht_status ht__onnx_read(ht_context *ctx, const uint8_t *bytes, size_t size, const char *name, const char *folder,
                               ht_model **out, ht_error *err) {
    (void)ctx, (void)bytes, (void)size, (void)folder, (void)out;
    return ht__fail_at(err, HT_ERROR_UNSUPPORTED, name, "This build leaves out ONNX (HALFTONE_WITH_ONNX).");
}

typedef struct ht_onnx_output {
    bool (*write)(void *user, const void *bytes, size_t size),
        (*write_data)(void *user, const void *bytes, size_t size);
    const char *data_name;
    bool external;
    void *user;
} ht_onnx_output;

static ht_status ht__onnx_write(const ht_model *model, const ht_onnx_output *output, ht_error *err) {
    (void)model, (void)output;
    return ht__fail(err, HT_ERROR_UNSUPPORTED, "This build leaves out ONNX (HALFTONE_WITH_ONNX).");
}
#endif
#ifndef HT_WITH_TFLITE
static ht_status ht__tflite_read(ht_context *ctx, const uint8_t *bytes, size_t size, const char *name, ht_model **out,
                                 ht_error *err) {
    (void)ctx, (void)bytes, (void)size, (void)out;
    return ht__fail_at(err, HT_ERROR_UNSUPPORTED, name, "This build leaves out TFLite (HALFTONE_WITH_TFLITE).");
}

static ht_status ht__tflite_write(const ht_model *model, ht_buffer *out, ht_error *err) {
    (void)model, (void)out;
    return ht__fail(err, HT_ERROR_UNSUPPORTED, "This build leaves out TFLite (HALFTONE_WITH_TFLITE).");
}
#endif

/* A TFLite file says so behind its first offset; an ONNX file has no mark. */
static bool is_tflite(const ht_file_view *file) { return file->size >= 8 && memcmp(file->data + 4, "TFL3", 4) == 0; }

/* Data in other files is looked for in the folder of the model, as the user named it. */
static ht_status read_onnx(ht_context *ctx, const ht_file_view *file, const char *path, ht_model **out, ht_error *err) {
    char *folder = ht__strdup(&ctx->allocator, path);
    if (folder == NULL) {
        return ht__fail_memory(err, strlen(path) + 1);
    }
    char *slash = strrchr(folder, '/');
    if (slash != NULL) {
        slash[slash == folder] = '\0';
    }
    ht_status status = ht__onnx_read(ctx, file->data, file->size, path, slash != NULL ? folder : ".", out, err);
    ht__free(&ctx->allocator, folder);
    return status;
}

/* What the model's file says about the model, once it is read. */
static void settle(ht_model *model, const ht_file_view *file) {
    model->file = *file;
    model->format = is_tflite(file) ? HT_FORMAT_TFLITE : HT_FORMAT_ONNX;
    const char *rule = ht_model_metadata(model, HT_METADATA_REQUANTIZE);
    if (rule != NULL && (strcmp(rule, "fixed") == 0 || strcmp(rule, "float") == 0)) {
        model->graph->requant = rule[1] == 'i' ? HT_REQUANT_FIXED : HT_REQUANT_FLOAT;
    }
}

ht_status ht_model_load(ht_context *ctx, const char *path, ht_model **out, ht_error *err) {
    ht_file_view file;
    if (!ht__file_exists(path)) {
        return ht__fail_at(err, HT_ERROR_NOT_FOUND, path, "There is no such model file.");
    }
    HT_TRY(ht__file_map(path, &file, err));
    ht_model *model;
    ht_status status = is_tflite(&file) ? ht__tflite_read(ctx, file.data, file.size, path, &model, err)
                                        : read_onnx(ctx, &file, path, &model, err);
    if (status != HT_OK) {
        ht__file_unmap(&file);
        return status;
    }
    settle(model, &file);
    *out = model;
    return HT_OK;
}

/* ---- a file in memory ---- */

static bool append_piece(void *user, const void *bytes, size_t size) {
    ht__buffer_append(user, bytes, size);
    return !((ht_buffer *)user)->failed;
}

static ht_status write_buffer(const ht_model *model, bool tflite, ht_buffer *out, ht_error *err) {
    ht_status status = tflite ? ht__tflite_write(model, out, err)
                              : ht__onnx_write(model, &(ht_onnx_output){.write = append_piece, .user = out}, err);
    return out->failed ? ht__fail_memory(err, out->size) : status;
}

ht_status ht_model_reread(const ht_model *model, ht_model_format format, ht_model **out, ht_error *err) {
    static const char name[] = "the model in memory";
    bool tflite = format == HT_FORMAT_TFLITE;
    ht_context *ctx = model->ctx;
    ht_buffer buffer;
    ht__buffer_init(&buffer, &ctx->allocator);
    ht_status status = write_buffer(model, tflite, &buffer, err);
    ht_file_view file = {.data = (const uint8_t *)buffer.data, .size = buffer.size};
    ht_model *read = NULL;
    if (status == HT_OK) {
        status = tflite ? ht__tflite_read(ctx, file.data, file.size, name, &read, err)
                        : ht__onnx_read(ctx, file.data, file.size, name, NULL, &read, err);
    }
    if (status != HT_OK) {
        ht__buffer_free(&buffer);
        return status;
    }
    read->bytes = buffer.data;
    settle(read, &file);
    *out = read;
    return HT_OK;
}

/* The files of a model that is written. */
typedef struct model_writer {
    const ht_model *model;
    const char *path; /* of the model */
    bool overwrite;
    ht_file_writer file;
    ht_file_writer data; /* the file beside it; stream NULL: not needed so far */
    ht_status data_status;
    ht_error data_error; /* why it could not be made */
    ht_error *err;
} model_writer;

static bool write_piece(void *user, const void *bytes, size_t size) {
    return fwrite(bytes, 1, size, ((model_writer *)user)->file.stream) == size;
}

/* The data file appears with its first piece. */
static bool write_data_piece(void *user, const void *bytes, size_t size) {
    model_writer *w = user;
    if (w->data.stream == NULL) {
        ht_buffer path;
        ht__buffer_init(&path, &w->model->ctx->allocator);
        ht__buffer_printf(&path, "%s" DATA_SUFFIX, w->path);
        w->data_status = path.failed
                             ? ht__fail_memory(w->err, strlen(w->path))
                             : ht__file_create(path.allocator, path.data, w->overwrite, &w->data, &w->data_error);
        ht__buffer_free(&path);
    }
    return w->data_status == HT_OK && fwrite(bytes, 1, size, w->data.stream) == size;
}

static ht_status write_tflite(model_writer *w) {
    ht_buffer buffer;
    ht__buffer_init(&buffer, &w->model->ctx->allocator);
    ht_status status = ht__tflite_write(w->model, &buffer, w->err);
    if (status == HT_OK && !write_piece(w, buffer.data, buffer.size)) {
        status = HT_ERROR_IO;
    }
    ht__buffer_free(&buffer);
    return status;
}

static ht_status write_onnx(model_writer *w, bool external) {
    const char *slash = strrchr(w->path, '/');
    ht_buffer name;
    ht__buffer_init(&name, &w->model->ctx->allocator);
    ht__buffer_printf(&name, "%s" DATA_SUFFIX, slash != NULL ? slash + 1 : w->path);
    ht_onnx_output output = {
        .write = write_piece, .write_data = write_data_piece, .data_name = name.data, .external = external, .user = w};
    ht_status status =
        name.failed ? ht__fail_memory(w->err, strlen(w->path)) : ht__onnx_write(w->model, &output, w->err);
    ht__buffer_free(&name);
    return status;
}

static bool is_tflite_wanted(const char *path, const ht_model_save_options *options) {
    size_t length = strlen(path);
    ht_model_format format = options != NULL ? options->format : HT_FORMAT_BY_NAME;
    return format == HT_FORMAT_TFLITE ||
           (format == HT_FORMAT_BY_NAME && length > 7 && strcmp(path + length - 7, ".tflite") == 0);
}

/* The data first: a model that names it is never seen without it. */
static ht_status commit(model_writer *w) {
    if (w->data.stream != NULL) {
        ht_status status = ht__file_commit(&w->data, w->err); /* fails with the system's reason */
        if (status != HT_OK) {
            ht__file_discard(&w->file);
            return status;
        }
    }
    return ht__file_commit(&w->file, w->err);
}

ht_status ht_model_save(const ht_model *model, const char *path, const ht_model_save_options *options, ht_error *err) {
    static const ht_model_save_options none = {0};
    options = options != NULL ? options : &none;
    model_writer w = {.model = model,
                      .path = path,
                      .overwrite = options->overwrite,
                      .data = {.allocator = &model->ctx->allocator},
                      .err = err};
    bool tflite = is_tflite_wanted(path, options);
    if (tflite && options->external_data) {
        return ht__fail_at(err, HT_ERROR_ARGUMENT, path, "A TFLite file holds its data itself.");
    }
    HT_TRY(ht__file_create(&model->ctx->allocator, path, options->overwrite, &w.file, err));
    ht_status status = tflite ? write_tflite(&w) : write_onnx(&w, options->external_data);
    if (status == HT_OK || (status == HT_ERROR_IO && w.data_status == HT_OK)) {
        return commit(&w);
    }
    ht__file_discard(&w.data);
    ht__file_discard(&w.file);
    if (w.data_status != HT_OK && err != NULL) {
        *err = w.data_error;
    }
    return w.data_status != HT_OK ? w.data_status : status;
}

/* ---- metadata: a sorted array ---- */

/* The index of `key`, or where it belongs; *found says which. */
static size_t find_key(const ht_model *model, const char *key, bool *found) {
    size_t low = 0, high = model->metadata_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(model->metadata[middle].key, key);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *found = false;
    return low;
}

const char *ht_model_metadata(const ht_model *model, const char *key) {
    bool found;
    size_t index = find_key(model, key, &found);
    return found ? model->metadata[index].value : NULL;
}

bool ht_model_metadata_at(const ht_model *model, size_t index, const char **key, const char **value) {
    if (index >= model->metadata_count) {
        return false;
    }
    if (key != NULL) {
        *key = model->metadata[index].key;
    }
    if (value != NULL) {
        *value = model->metadata[index].value;
    }
    return true;
}

static void remove_entry(ht_model *model, size_t index) {
    ht_metadata *entry = &model->metadata[index];
    ht__free(&model->ctx->allocator, entry->key);
    ht__free(&model->ctx->allocator, entry->value);
    memmove(entry, entry + 1, (model->metadata_count - index - 1) * sizeof *entry);
    --model->metadata_count;
}

ht_status ht_model_metadata_set(ht_model *model, const char *key, const char *value, ht_error *err) {
    if (key == NULL || key[0] == '\0') {
        return ht__fail(err, HT_ERROR_ARGUMENT, "A metadata key is empty.");
    }
    bool found;
    size_t index = find_key(model, key, &found);
    const ht_allocator *allocator = &model->ctx->allocator;
    if (value == NULL) {
        if (found) {
            remove_entry(model, index);
        }
        return HT_OK;
    }
    char *copy = ht__strdup(allocator, value);
    if (copy == NULL) {
        return ht__fail_memory(err, strlen(value) + 1);
    }
    if (found) {
        ht__free(allocator, model->metadata[index].value);
        model->metadata[index].value = copy;
        return HT_OK;
    }
    char *own_key = ht__strdup(allocator, key);
    ht_status status = own_key == NULL ? ht__fail_memory(err, strlen(key) + 1)
                                       : ht__grow(allocator, &model->metadata, sizeof *model->metadata,
                                                  &model->metadata_capacity, model->metadata_count + 1, err);
    if (status != HT_OK) {
        ht__free(allocator, own_key);
        ht__free(allocator, copy);
        return status;
    }
    ht_metadata *place = model->metadata + index;
    memmove(place + 1, place, (model->metadata_count - index) * sizeof *place);
    *place = (ht_metadata){own_key, copy};
    ++model->metadata_count;
    return HT_OK;
}
