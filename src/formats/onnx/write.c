#include <string.h>

#include "formats/onnx/external.h"
#include "formats/onnx/onnx.h"
#include "passes/passes.h"

static ht_status add_metadata(const ht_model *model, onnx_document *document, ht_error *err) {
    for (size_t i = 0; i < model->metadata_count; ++i) {
        onnx_pair *pair = ht__arena_alloc(document->arena, sizeof *pair);
        if (pair == NULL) {
            return ht__fail_memory(err, sizeof *pair);
        }
        *pair = (onnx_pair){model->metadata[i].key, model->metadata[i].value};
        HT_TRY(ht__onnx_push(document->arena, &document->metadata, &document->metadata_count,
                             &document->metadata_capacity, pair, err));
    }
    return HT_OK;
}

/* The text about quantization was added last; its place is in the order of keys. */
static void sort_metadata(onnx_document *document) {
    for (size_t i = document->metadata_count; i-- > 1;) {
        onnx_pair **pair = &document->metadata[i - 1];
        if (strcmp(pair[0]->key, pair[1]->key) > 0) {
            onnx_pair *smaller = pair[1];
            pair[1] = pair[0];
            pair[0] = smaller;
        }
    }
}

static ht_status write_document(onnx_document *document, const ht_onnx_output *output, ht_error *err) {
    if (output->write_data != NULL && (output->external || !ht__onnx_fits(document))) {
        ht__onnx_external_place(document, output->data_name);
        HT_TRY(ht__onnx_encode_data(document, output->write_data, output->user, err));
    }
    return ht__onnx_encode(document, output->write, output->user, err);
}

/* The graph in operators that ONNX has. *copy: made for that, to be destroyed when the document is; NULL: none was
 * needed. */
static ht_status emit(const ht_model *model, onnx_document *document, ht_graph **copy, ht_error *err) {
    *copy = NULL;
    if (!ht__has_fixed_lstm(model->graph)) {
        return ht__onnx_emit(model->graph, document, err);
    }
    HT_TRY(ht__graph_copy(model->graph, copy, err));
    HT_TRY(ht__pass_plain_lstm(*copy, err));
    return ht__onnx_emit(*copy, document, err);
}

ht_status ht__onnx_write(const ht_model *model, const ht_onnx_output *output, ht_error *err) {
    onnx_document *document;
    ht_graph *copy = NULL;
    HT_TRY(ht__onnx_document_create(&model->ctx->allocator, "", &document, err));
    document->producer = "halftone";
    document->producer_version = ht_version();
    ht_status status = add_metadata(model, document, err);
    if (status == HT_OK) {
        status = emit(model, document, &copy, err);
    }
    if (status == HT_OK) {
        sort_metadata(document);
        status = write_document(document, output, err);
    }
    ht__onnx_document_destroy(document);
    ht__graph_destroy(copy);
    return status;
}
