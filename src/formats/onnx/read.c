#include "formats/onnx/function.h"
#include "formats/onnx/onnx.h"

#include <string.h>

static ht_status set_text(ht_model *model, char **place, const char *text, ht_error *err) {
    char *copy = ht__strdup(&model->ctx->allocator, text);
    if (copy == NULL) {
        return ht__fail_memory(err, strlen(text) + 1);
    }
    ht__free(&model->ctx->allocator, *place);
    *place = copy;
    return HT_OK;
}

static ht_status fill_model(ht_model *model, const onnx_document *document, ht_error *err) {
    model->opset = document->opset;
    HT_TRY(set_text(model, &model->producer, document->producer, err));
    HT_TRY(set_text(model, &model->producer_version, document->producer_version, err));
    for (size_t i = 0; i < document->metadata_count; ++i) {
        const onnx_pair *pair = document->metadata[i];
        if (pair->key[0] != '\0' && strcmp(pair->key, ONNX_METADATA_QUANTIZATION) != 0) {
            HT_TRY(ht_model_metadata_set(model, pair->key, pair->value, err));
        }
    }
    return HT_OK;
}

static ht_status make_model(ht_context *ctx, onnx_document *document, const uint8_t *bytes, size_t size, ht_model **out,
                            ht_error *err) {
    HT_TRY(ht__onnx_decode(document, bytes, size, err));
    HT_TRY(ht__onnx_inline(document, err));
    HT_TRY(ht__onnx_capture(document, err));
    HT_TRY(ht__onnx_raise(document, err));
    HT_TRY(ht__onnx_fold(document, err));
    ht_graph *graph;
    HT_TRY(ht__onnx_build(ctx, document, &graph, err));
    ht_model *model;
    ht_status status = ht__model_create(ctx, graph, &model, err);
    if (status != HT_OK) {
        ht__graph_destroy(graph);
        return status;
    }
    model->payload = document->payload;
    document->payload = NULL;
    model->externals = document->externals->views;
    document->externals->views = (ht_file_views){0};
    status = fill_model(model, document, err);
    if (status != HT_OK) {
        ht_model_destroy(model);
        return status;
    }
    *out = model;
    return HT_OK;
}

ht_status ht__onnx_read(ht_context *ctx, const uint8_t *bytes, size_t size, const char *name, const char *folder,
                        ht_model **out, ht_error *err) {
    onnx_document *document;
    HT_TRY(ht__onnx_document_create(&ctx->allocator, name, &document, err));
    document->externals->folder = folder;
    ht_status status = make_model(ctx, document, bytes, size, out, err);
    ht__onnx_document_destroy(document);
    return status;
}

static ht_status copy_tensor(ht_context *ctx, const onnx_tensor *tensor, ht_tensor_desc *desc, void **data,
                             ht_error *err) {
    size_t bytes = 0;
    *desc = tensor->desc;
    *data = ht__desc_bytes(desc, &bytes) ? ht__alloc(&ctx->allocator, bytes) : NULL;
    if (*data == NULL) {
        return ht__fail_memory(err, bytes);
    }
    if (bytes != 0) {
        memcpy(*data, tensor->data, bytes);
    }
    return HT_OK;
}

ht_status ht__onnx_read_tensor_file(ht_context *ctx, const uint8_t *bytes, size_t size, const char *name,
                                    ht_tensor_desc *desc, void **data, ht_error *err) {
    onnx_document *document;
    onnx_tensor *tensor;
    HT_TRY(ht__onnx_document_create(&ctx->allocator, name, &document, err));
    ht_status status = ht__onnx_decode_tensor(document, bytes, size, &tensor, err);
    if (status == HT_OK) {
        status = copy_tensor(ctx, tensor, desc, data, err);
    }
    ht__onnx_document_destroy(document);
    return status;
}
