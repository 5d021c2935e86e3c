/* From a TFLite file to a model. */
#include "formats/tflite/tflite.h"

#include <stdio.h>
#include <string.h>

#include "formats/tflite/reading.h"
#include "graph/op.h"

/* Constants, decoded, may take this many times the file: an 8-bit code becomes an f32 number and a 16-bit code. */
#define EXPANSION 32
#define SMALL_FILE ((size_t)1 << 20)
/* The graph and what it is read with may take this many bytes for each one of the file, and some for files of any size.
 */
#define GRAPH_EXPANSION 80
#define GRAPH_BYTES ((size_t)64 << 20)
/* Operators and tensors that are read, for each one of the file: subgraphs are read once for each use. Beyond these
 * there are some for the steps of recurrent layers, each of which becomes nodes of its own. */
#define EXTRA_ENTRIES 8192
#define USES 8
/* Subgraphs within subgraphs; each takes a few frames of the stack. */
#define MAX_DEPTH 16

/* ---- tensors and operators of the file ---- */

static ht_status check_indices(const tflite_reading *r, const tflite_ints *indices, bool may_be_absent) {
    for (size_t i = 0; i < indices->count; ++i) {
        int32_t index = indices->data[i];
        if (index >= (int32_t)r->slot_count || index < (may_be_absent ? -1 : 0)) {
            return ht__fail_at(r->err, HT_ERROR_FORMAT, r->file->name, "The file uses tensor %d, which does not exist.",
                               (int)index);
        }
    }
    return HT_OK;
}

static ht_status load_tensors(tflite_reading *r, const tflite_subgraph *graph) {
    size_t bytes;
    if (!ht__mul(graph->tensors + 1, sizeof *r->slots, &bytes) || bytes > r->room) {
        return ht__fail_at(r->err, HT_ERROR_LIMIT, r->file->name,
                           "This file speaks of %zu tensors, which is out of proportion to its size.", graph->tensors);
    }
    r->room -= bytes;
    r->slot_count = graph->tensors;
    r->slots = ht__arena_alloc(r->memory, bytes);
    if (r->slots == NULL) {
        return ht__fail_memory(r->err, graph->tensors * sizeof *r->slots);
    }
    for (size_t i = 0; i < graph->tensors; ++i) {
        HT_TRY(ht__tflite_tensor(r->file, r->subgraph, i, &r->slots[i].tensor, r->err));
    }
    HT_TRY(check_indices(r, &graph->inputs, false));
    HT_TRY(check_indices(r, &graph->outputs, false));
    for (size_t i = 0; i < graph->inputs.count; ++i) {
        r->slots[graph->inputs.data[i]].is_end = true;
    }
    for (size_t i = 0; i < graph->outputs.count; ++i) {
        r->slots[graph->outputs.data[i]].is_end = true;
    }
    return HT_OK;
}

static ht_status load_call(tflite_reading *r, size_t index, tflite_call *call) {
    *call = (tflite_call){.reading = r};
    HT_TRY(ht__tflite_operator(r->file, r->subgraph, index, &call->op, r->err));
    HT_TRY(check_indices(r, &call->op.inputs, true));
    HT_TRY(check_indices(r, &call->op.outputs, false));
    call->rule = ht__tflite_rule(&call->op);
    if (call->op.outputs.count != 0) {
        call->name = r->slots[call->op.outputs.data[0]].tensor.name;
        return HT_OK;
    }
    call->name = call->rule != NULL ? call->rule->name : r->file->name;
    return call->rule == NULL || ht__tflite_gives_nothing(call->rule)
               ? HT_OK
               : ht__fail_at(r->err, HT_ERROR_FORMAT, r->file->name, "Operator %zu has no output.", index);
}

/* ---- operators that we do not have: all of them in one sentence ---- */

#define MOST_KINDS 8

static const char *kind_of(const tflite_operator *op, char number[32]) {
    const char *name = op->custom[0] != '\0' ? op->custom : ht__tflite_operator_name(op->code);
    if (name == NULL) {
        snprintf(number, 32, "number %d", (int)op->code);
    }
    return name != NULL ? name : number;
}

static ht_status check_operators(tflite_reading *r, size_t count) {
    char list[400] = "", numbers[MOST_KINDS][32];
    const char *kinds[MOST_KINDS], *first = "";
    size_t found = 0, used = 0;
    for (size_t i = 0; i < count && found < MOST_KINDS; ++i) {
        tflite_call call;
        HT_TRY(load_call(r, i, &call));
        if (call.rule != NULL) {
            continue;
        }
        const char *kind = kinds[found] = kind_of(&call.op, numbers[found]);
        bool named = false;
        for (size_t k = 0; k < found; ++k) {
            named = named || strcmp(kinds[k], kind) == 0;
        }
        if (!named) {
            int written =
                snprintf(list + used, sizeof list - used, "%s%.40s (%.40s)", found != 0 ? ", " : "", kind, call.name);
            used = written > 0 && used + (size_t)written < sizeof list ? used + (size_t)written : sizeof list - 1;
            first = found == 0 ? call.name : first;
            ++found;
        }
    }
    return found == 0 ? HT_OK
                      : ht__fail_at(r->err, HT_ERROR_UNSUPPORTED, first,
                                    "These TFLite operators are not supported: %s.", list);
}

/* ---- inputs and outputs ---- */

static ht_status describe_input(const tflite_reading *r, const tflite_tensor *tensor, ht_tensor_desc *out) {
    *out = (ht_tensor_desc){.type = ht__tflite_type(tensor->type), .rank = (int32_t)tensor->shape.count};
    if (out->type == HT_NONE) {
        return ht__fail_at(r->err, HT_ERROR_UNSUPPORTED, tensor->name,
                           "The element type of this input (TFLite's number %d) is not supported.", (int)tensor->type);
    }
    if (tensor->shape.count > HT_MAX_RANK) {
        return ht__fail_at(r->err, HT_ERROR_LIMIT, tensor->name, "This input has more than %d dimensions.",
                           HT_MAX_RANK);
    }
    for (int32_t i = 0; i < out->rank; ++i) {
        bool open = (size_t)i < tensor->signature.count && tensor->signature.data[i] < 0;
        out->dims[i] = open ? -1 : tensor->shape.data[i];
        if (out->dims[i] < -1) {
            return ht__fail_at(r->err, HT_ERROR_FORMAT, tensor->name, "This input has a negative dimension.");
        }
    }
    return ht__desc_is_sane(out) ? HT_OK
                                 : ht__fail_at(r->err, HT_ERROR_LIMIT, tensor->name, "This input is too large.");
}

static ht_status add_input(tflite_reading *r, size_t index) {
    tflite_slot *slot = &r->slots[index];
    const char *name;
    ht_tensor_desc desc;
    HT_TRY(describe_input(r, &slot->tensor, &desc));
    HT_TRY(ht__tflite_fresh(r, slot->tensor.name, NULL, &name));
    HT_TRY(ht__graph_add_input(r->graph, name, &desc, &slot->end, r->err));
    if (!ht__tflite_is_quantized(&slot->tensor)) {
        return ht__tflite_define(r, index, TFLITE_AS_FILED, slot->end);
    }
    ht_value *real;
    HT_TRY(ht__tflite_fresh(r, slot->tensor.name, "inside", &name));
    HT_TRY(ht__tflite_convert(r, &slot->tensor, "DequantizeLinear", slot->end, name, &real));
    return ht__tflite_define(r, index, TFLITE_AS_FILED, real);
}

/* The value that the model gives: called by the tensor's name, of its type, without an annotation. */
static ht_status make_output(tflite_reading *r, size_t index) {
    tflite_slot *slot = &r->slots[index];
    const char *name;
    ht_value *value;
    ht_node *node;
    HT_TRY(ht__tflite_value(r, index, TFLITE_AS_FILED, &value));
    bool quantized = ht__tflite_is_quantized(&slot->tensor) && slot->tensor.data == NULL;
    bool as_it_is =
        !quantized && value->quantization == NULL && value->data == NULL && strcmp(value->name, slot->tensor.name) == 0;
    if (as_it_is) {
        slot->end = value;
        return HT_OK;
    }
    HT_TRY(ht__tflite_fresh(r, slot->tensor.name, NULL, &name));
    if (quantized) {
        return ht__tflite_convert(r, &slot->tensor, "QuantizeLinear", value, name, &slot->end);
    }
    const char *node_name = ht__arena_printf(r->graph->arena, "%s/Identity", name);
    HT_TRY(node_name == NULL ? ht__fail_memory(r->err, 1)
                             : ht__graph_add_node(r->graph, "Identity", node_name, &value, 1, 1, &name, &node, r->err));
    slot->end = node->outputs[0];
    return HT_OK;
}

static ht_status add_output(tflite_reading *r, size_t index) {
    if (r->slots[index].end == NULL) {
        HT_TRY(make_output(r, index));
    }
    return ht__graph_mark_output(r->graph, r->slots[index].end, r->err);
}

/* ---- the whole ---- */

static ht_status read_operators(tflite_reading *r, size_t count) {
    HT_TRY(check_operators(r, count));
    for (size_t i = 0; i < count; ++i) {
        tflite_call call;
        HT_TRY(load_call(r, i, &call));
        for (uint32_t k = 0; k < call.rule->least_inputs; ++k) {
            if (!ht__tflite_has(&call, k)) {
                return ht__fail_at(r->err, HT_ERROR_FORMAT, call.name, "Input %u of %s is missing.", k + 1,
                                   call.rule->name);
            }
        }
        HT_TRY(call.rule->read(&call));
    }
    return HT_OK;
}

/* ---- subgraphs in operators ---- */

static ht_status check_inner(const tflite_call *call, int64_t index) {
    const tflite_reading *r = call->reading;
    if (index < 0 || (uint64_t)index >= ht__tflite_subgraphs(r->file)) {
        return ht__fail_at(r->err, HT_ERROR_FORMAT, call->name, "%s names the subgraph %lld, which does not exist.",
                           call->rule->name, (long long)index);
    }
    for (; r != NULL; r = r->around) {
        if (r->subgraph == (size_t)index) {
            return ht__fail_at(r->err, HT_ERROR_FORMAT, call->name, "%s runs a subgraph that it stands in.",
                               call->rule->name);
        }
    }
    return call->reading->depth < MAX_DEPTH
               ? HT_OK
               : ht__fail_at(call->reading->err, HT_ERROR_LIMIT, call->name,
                             "Subgraphs lie within subgraphs more than %d deep.", MAX_DEPTH);
}

/* What goes in and comes out is as the file has it: codes where the tensor is quantized. */
static ht_status define_inner_input(tflite_reading *r, const tflite_call *call, size_t index, ht_value *value) {
    const tflite_tensor *tensor = &r->slots[index].tensor;
    if (ht__tflite_is_quantized(tensor)) {
        HT_TRY(ht__tflite_take_codes(r, call, tensor, value, &value));
    }
    return ht__tflite_define(r, index, TFLITE_AS_FILED, value);
}

static ht_status inner_output(tflite_reading *r, const tflite_call *call, size_t index, ht_value **out) {
    const tflite_tensor *tensor = &r->slots[index].tensor;
    HT_TRY(ht__tflite_value(r, index, TFLITE_AS_FILED, out));
    return ht__tflite_is_quantized(tensor) ? ht__tflite_give_codes(r, call, tensor, *out, out) : HT_OK;
}

/* The tensor is called after the use of its subgraph. */
static ht_status name_inner(tflite_reading *r, tflite_tensor *tensor, unsigned use) {
    size_t bytes = strlen(tensor->name) + 32;
    if (bytes > r->room) {
        return ht__fail_at(r->err, HT_ERROR_LIMIT, r->file->name,
                           "The names in this file are used out of proportion to its size.");
    }
    r->room -= bytes;
    tensor->name = ht__arena_printf(r->memory, "inner%u/%s", use, tensor->name);
    return tensor->name != NULL ? HT_OK : ht__fail_memory(r->err, bytes);
}

static ht_status read_inner(tflite_reading *r, const tflite_call *call, const tflite_subgraph *subgraph,
                            ht_value *const *inputs, ht_value **outputs) {
    size_t entries = subgraph->tensors + subgraph->operators;
    if (entries > r->entries) {
        return ht__fail_at(r->err, HT_ERROR_LIMIT, r->file->name,
                           "The subgraphs of this file are used out of proportion to its size.");
    }
    r->entries -= entries;
    HT_TRY(load_tensors(r, subgraph));
    unsigned use = ++r->copies; /* makes the names those of this use */
    for (size_t i = 0; i < r->slot_count; ++i) {
        tflite_tensor *tensor = &r->slots[i].tensor;
        HT_TRY(name_inner(r, tensor, use));
    }
    for (size_t i = 0; i < subgraph->inputs.count; ++i) {
        HT_TRY(define_inner_input(r, call, (size_t)subgraph->inputs.data[i], inputs[i]));
    }
    HT_TRY(read_operators(r, subgraph->operators));
    for (size_t i = 0; i < subgraph->outputs.count; ++i) {
        HT_TRY(inner_output(r, call, (size_t)subgraph->outputs.data[i], &outputs[i]));
    }
    return HT_OK;
}

ht_status ht__tflite_read_inner(const tflite_call *call, int64_t index, ht_graph *graph, ht_value *const *inputs,
                                uint32_t input_count, ht_value **outputs, uint32_t output_count) {
    tflite_reading *around = call->reading, inner = *around;
    tflite_subgraph subgraph;
    HT_TRY(check_inner(call, index));
    ht__tflite_subgraph(around->file, (size_t)index, &subgraph);
    if (subgraph.inputs.count != input_count || subgraph.outputs.count != output_count) {
        return ht__fail_at(around->err, HT_ERROR_FORMAT, call->name,
                           "Subgraph %lld takes %zu tensors and gives %zu; %s has %u for it and wants %u.",
                           (long long)index, subgraph.inputs.count, subgraph.outputs.count, call->rule->name,
                           input_count, output_count);
    }
    if (graph != around->graph) {
        inner.graph = graph;
        inner.counted = 0;
    }
    inner.subgraph = (size_t)index;
    inner.around = around;
    inner.depth = around->depth + 1;
    inner.initialising = around->initialising || ht__tflite_gives_nothing(call->rule);
    ht_status status = read_inner(&inner, call, &subgraph, inputs, outputs);
    around->budget = inner.budget; /* all draw on the same */
    around->room = inner.room;
    around->counted = graph == around->graph ? inner.counted : around->counted;
    around->entries = inner.entries;
    around->copies = inner.copies;
    return status;
}

/* What the file says of an output goes in where inference left it open: which sizes of computed ones are known. A file
 * that says no signature knows all of them, unless it says nothing at all. */
static void complete_output(const tflite_slot *slot) {
    ht_tensor_desc *desc = &slot->end->desc;
    size_t rank = slot->tensor.shape.count;
    if (desc->rank >= 0 || rank == 0 || rank > HT_MAX_RANK ||
        (slot->tensor.signature.count != 0 && slot->tensor.signature.count != rank)) {
        return;
    }
    *desc = (ht_tensor_desc){.type = ht__tflite_type(slot->tensor.type), .rank = (int32_t)rank};
    for (size_t i = 0; i < rank; ++i) {
        desc->dims[i] = ht__tflite_size(&slot->tensor, i);
    }
}

static ht_status read_subgraph(tflite_reading *r, const tflite_subgraph *subgraph) {
    for (size_t i = 0; i < subgraph->inputs.count; ++i) {
        HT_TRY(add_input(r, (size_t)subgraph->inputs.data[i]));
    }
    HT_TRY(read_operators(r, subgraph->operators));
    HT_TRY(ht__tflite_keep_variables(r));
    for (size_t i = 0; i < subgraph->outputs.count; ++i) {
        HT_TRY(add_output(r, (size_t)subgraph->outputs.data[i]));
    }
    HT_TRY(ht__graph_sort(r->graph, r->err));
    HT_TRY(ht__graph_validate(r->graph, r->err));
    ht__graph_prune(r->graph);
    HT_TRY(ht__graph_infer(r->graph, r->err));
    for (size_t i = 0; i < subgraph->outputs.count; ++i) {
        complete_output(&r->slots[subgraph->outputs.data[i]]);
    }
    return HT_OK;
}

static ht_status check_file(const tflite_file *file, ht_error *err) {
    HT_TRY(ht__tflite_open(file, err));
    if (ht__tflite_version(file) != 3) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, file->name, "This TFLite file has version %u, not 3.",
                           (unsigned)ht__tflite_version(file));
    }
    return ht__tflite_subgraphs(file) != 0
               ? HT_OK
               : ht__fail_at(err, HT_ERROR_FORMAT, file->name, "This TFLite file holds no network.");
}

/* Entries that are texts, as ours are; runtimes pad theirs with zeros. */
static ht_status read_metadata(const tflite_file *file, ht_model *model, ht_error *err) {
    const char *name;
    const uint8_t *data;
    size_t bytes;
    for (size_t i = 0; ht__tflite_metadata(file, i, &name, &data, &bytes); ++i) {
        size_t length = data != NULL ? strnlen((const char *)data, bytes) : 0;
        bool padded = true;
        for (size_t k = length; k < bytes; ++k) {
            padded = padded && data[k] == 0;
        }
        if (length == 0 || !padded || name[0] == '\0') {
            continue;
        }
        char *text = ht__arena_alloc(model->payload, length + 1);
        if (text == NULL) {
            return ht__fail_memory(err, length + 1);
        }
        memcpy(text, data, length);
        HT_TRY(ht_model_metadata_set(model, name, text, err));
    }
    return HT_OK;
}

static ht_status finish_model(const tflite_file *file, ht_model *model, ht_error *err) {
    const ht_allocator *allocator = &model->ctx->allocator;
    ht__free(allocator, model->producer);
    ht__free(allocator, model->producer_version);
    model->producer = ht__strdup(allocator, ht__tflite_description(file));
    model->producer_version = ht__strdup(allocator, "");
    if (model->producer == NULL || model->producer_version == NULL) {
        return ht__fail_memory(err, 1);
    }
    return read_metadata(file, model, err);
}

/* Makes graph and payload; on failure the caller frees them. */
static ht_status read_graph(ht_context *ctx, const tflite_file *file, ht_arena *memory, ht_arena *payload,
                            ht_graph **graph, ht_error *err) {
    tflite_subgraph subgraph;
    ht__tflite_subgraph(file, 0, &subgraph);
    HT_TRY(ht__graph_create(ctx, subgraph.name[0] != '\0' ? subgraph.name : "main", graph, err));
    (*graph)->requant = HT_REQUANT_FIXED;
    size_t budget = file->size < SMALL_FILE ? EXPANSION * SMALL_FILE : EXPANSION * file->size;
    size_t entries = EXTRA_ENTRIES;
    for (size_t i = 0; i < ht__tflite_subgraphs(file); ++i) {
        tflite_subgraph each;
        ht__tflite_subgraph(file, i, &each);
        entries += USES * (each.tensors + each.operators);
    }
    tflite_variables variables = {NULL, NULL};
    tflite_reading reading = {.file = file,
                              .graph = *graph,
                              .payload = payload,
                              .budget = budget,
                              .room = GRAPH_BYTES + GRAPH_EXPANSION * file->size,
                              .entries = entries,
                              .variables = &variables,
                              .memory = memory,
                              .err = err};
    HT_TRY(load_tensors(&reading, &subgraph));
    return read_subgraph(&reading, &subgraph);
}

ht_status ht__tflite_read(ht_context *ctx, const uint8_t *bytes, size_t size, const char *name, ht_model **out,
                          ht_error *err) {
    tflite_file file = {bytes, size, name};
    HT_TRY(check_file(&file, err));
    ht_arena *memory, *payload;
    ht_graph *graph = NULL;
    ht_model *model = NULL;
    HT_TRY(ht__arena_create(&ctx->allocator, &memory, err));
    ht_status status = ht__arena_create(&ctx->allocator, &payload, err);
    if (status != HT_OK) {
        ht__arena_destroy(memory);
        return status;
    }
    HT_TRY_GOTO(read_graph(ctx, &file, memory, payload, &graph, err), end);
    HT_TRY_GOTO(ht__model_create(ctx, graph, &model, err), end);
    graph = NULL;
    model->payload = payload;
    payload = NULL;
    HT_TRY_GOTO(finish_model(&file, model, err), end);
    *out = model;
    model = NULL;
end:
    ht_model_destroy(model);
    ht__graph_destroy(graph);
    if (payload != NULL) {
        ht__arena_destroy(payload);
    }
    ht__arena_destroy(memory);
    return status;
}
