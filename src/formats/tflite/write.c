/* From a model to a TFLite file. */
#include <string.h>

#include "formats/tflite/emit.h"
#include "formats/tflite/tflite.h"

static ht_status reserve(tflite_writing *w, size_t bytes, void *out) {
    void *memory = ht__arena_alloc(w->arena, bytes);
    memcpy(out, &memory, sizeof memory);
    return memory != NULL ? HT_OK : ht__fail_memory(w->err, bytes);
}

static ht_status add_metadata(tflite_writing *w, const ht_model *model) {
    const char **texts;
    HT_TRY(reserve(w, 2 * model->metadata_count * sizeof *texts, &texts));
    for (size_t i = 0; i < model->metadata_count; ++i) {
        texts[2 * i] = model->metadata[i].key;
        texts[2 * i + 1] = model->metadata[i].value;
    }
    w->content.metadata = texts;
    w->content.metadata_count = model->metadata_count;
    return HT_OK;
}

static ht_status write_content(tflite_writing *w, const ht_model *model, ht_buffer *out) {
    const ht_graph *graph = w->graph;
    size_t values = graph->value_count + 1;
    HT_TRY(reserve(w, values * sizeof *w->places, &w->places));
    HT_TRY(reserve(w, values * sizeof *w->annotations, &w->annotations));
    HT_TRY(reserve(w, values * sizeof *w->fusions, &w->fusions));
    HT_TRY(reserve(w, values * sizeof *w->fused, &w->fused));
    HT_TRY(reserve(w, (graph->input_count + 1) * sizeof(int32_t), &w->content.inputs));
    HT_TRY(reserve(w, (graph->output_count + 1) * sizeof(int32_t), &w->content.outputs));
    memset(w->places, 0xff, values * sizeof *w->places); /* -1 */
    w->content.name = graph->name;
    w->content.description = model->producer;
    w->content.input_count = graph->input_count;
    w->content.output_count = graph->output_count;
    HT_TRY(add_metadata(w, model));
    HT_TRY(ht__tflite_emit(w));
    return ht__tflite_encode(&w->content, out, w->err);
}

ht_status ht__tflite_write(const ht_model *model, ht_buffer *out, ht_error *err) {
    tflite_writing w = {.allocator = &model->ctx->allocator, .err = err};
    HT_TRY(ht__arena_create(w.allocator, &w.arena, err));
    ht_graph *graph = NULL, *single = NULL;
    ht_status status = ht__graph_copy(model->graph, &graph, err);
    if (status == HT_OK) {
        w.graph = graph;
        status = ht__tflite_sign_codes(graph, err);
    }
    if (status == HT_OK) {
        status = ht__graph_copy(graph, &single, err);
    }
    if (status == HT_OK) {
        (void)ht__graph_set_batch(single, 1,
                                  NULL); /* what does not fit stays unknown, and is named where it is needed */
        w.single = single;
        status = write_content(&w, model, out);
    }
    ht__graph_destroy(single);
    ht__graph_destroy(graph);
    ht__free(w.allocator, w.content.tensors);
    ht__free(w.allocator, w.content.operators);
    ht__arena_destroy(w.arena);
    return status;
}
