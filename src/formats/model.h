/* The inside of a model: a graph and what a file says about it. */
#ifndef HT_FORMATS_MODEL_H
#define HT_FORMATS_MODEL_H

#include "base/file.h"
#include "graph/graph.h"
#include "halftone/model.h"

typedef struct ht_metadata {
    char *key, *value;
} ht_metadata;

struct ht_model {
    ht_context *ctx;
    ht_graph *graph;         /* owned; its constants may lie in the files and in `payload` */
    ht_arena *payload;       /* owned; NULL for a model made here */
    ht_file_view file;       /* empty for a model made here */
    void *bytes;             /* owned; what `file` views when it was no file (ht_model_reread) */
    ht_file_views externals; /* files beside it that hold tensors' data */
    char *producer, *producer_version;
    int64_t opset;
    ht_model_format format; /* of its file; HT_FORMAT_ONNX for a model made here */
    ht_metadata *metadata;  /* sorted by key */
    size_t metadata_count, metadata_capacity;
};

/* A model around a graph. On success the graph belongs to the model; on failure it stays the caller's. */
ht_status ht__model_create(ht_context *ctx, ht_graph *graph, ht_model **out, ht_error *err);
/* A copy whose graph, annotations and metadata may be changed on their own; constant data is shared, so that `source`
 * must outlive it. */
ht_status ht__model_copy(const ht_model *source, ht_model **out, ht_error *err);

#endif
