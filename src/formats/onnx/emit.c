/* From the graph to a document. Constants appear in the order in which nodes first use them, so that the same graph
 * always gives the same document. */
#include <string.h>

#include "formats/onnx/emit.h"
#include "formats/onnx/quantized.h"
#include "graph/op.h"

/* What each value is called in the file, by id: readers of a quantized activation read what comes out of its pair. */
typedef struct emitting {
    onnx_emission *emission;
    const char **read_as; /* NULL: by its own name */
    bool *done;           /* constants that were written */
} emitting;

static ht_status reserve_names(onnx_emission *emission) {
    for (size_t i = 0; i < emission->graph->value_count; ++i) {
        onnx_name *entry;
        HT_TRY(ht__onnx_name(&emission->names, emission->graph->values[i]->name, &entry, emission->err));
    }
    return HT_OK;
}

static ht_status emit_constant(emitting *e, const ht_value *value) {
    if (value->data == NULL || e->done[value->id]) {
        return HT_OK;
    }
    e->done[value->id] = true;
    return value->quantization != NULL ? ht__onnx_expand_constant(e->emission, value)
                                       : ht__onnx_add_tensor(e->emission->document, value->name, &value->desc,
                                                             value->data, false, NULL, e->emission->err);
}

/* What readers of a value call it; "" for an absent one. */
static const char *name_of(const emitting *e, const ht_value *value) {
    return value == NULL ? "" : e->read_as[value->id] != NULL ? e->read_as[value->id] : value->name;
}

/* ---- nodes ---- */

static ht_status emit_inner_graph(emitting *e, const ht_node *from, const ht_attribute *attribute, onnx_document **out);

static ht_status emit_tensor_attribute(emitting *e, const ht_attribute *from, onnx_attribute *attribute) {
    onnx_document *document = e->emission->document;
    HT_TRY(ht__onnx_add_tensor(document, "", &from->desc, from->data, false, &attribute->tensor, e->emission->err));
    --document->tensor_count; /* it belongs to the attribute, not to the list of constants */
    return HT_OK;
}

static ht_status emit_attribute(emitting *e, onnx_node *node, const ht_node *from_node, const ht_attribute *from) {
    static const onnx_attribute_type types[] = {
        [HT_ATTRIBUTE_INT] = ONNX_ATTRIBUTE_INT,       [HT_ATTRIBUTE_FLOAT] = ONNX_ATTRIBUTE_FLOAT,
        [HT_ATTRIBUTE_TEXT] = ONNX_ATTRIBUTE_TEXT,     [HT_ATTRIBUTE_INTS] = ONNX_ATTRIBUTE_INTS,
        [HT_ATTRIBUTE_FLOATS] = ONNX_ATTRIBUTE_FLOATS, [HT_ATTRIBUTE_TEXTS] = ONNX_ATTRIBUTE_TEXTS,
        [HT_ATTRIBUTE_TENSOR] = ONNX_ATTRIBUTE_TENSOR, [HT_ATTRIBUTE_GRAPH] = ONNX_ATTRIBUTE_GRAPH,
    };
    onnx_document *document = e->emission->document;
    if (ht__onnx_is_inner_attribute(from_node->op->name, from->name)) {
        return ht__fail_at(e->emission->err, HT_ERROR_UNSUPPORTED, node->name,
                           "This node was fused for running, which ONNX cannot express.");
    }
    onnx_attribute *attribute = ht__arena_alloc(document->arena, sizeof *attribute);
    if (attribute == NULL) {
        return ht__fail_memory(e->emission->err, sizeof *attribute);
    }
    *attribute = (onnx_attribute){.name = from->name,
                                  .type = types[from->kind],
                                  .count = from->count,
                                  .ints = from->ints,
                                  .floats = from->floats,
                                  .text = from->text,
                                  .texts = from->texts};
    if (from->kind == HT_ATTRIBUTE_TENSOR) {
        HT_TRY(emit_tensor_attribute(e, from, attribute));
    } else if (from->kind == HT_ATTRIBUTE_GRAPH) {
        HT_TRY(emit_inner_graph(e, from_node, from, &attribute->graph));
    }
    return ht__onnx_push(document->arena, &node->attributes, &node->attribute_count, &node->attribute_capacity,
                         attribute, e->emission->err);
}

/* From operator set 18 on, these have their axes as an operand. */
static bool has_axes_operand(const emitting *e, const ht_node *node, const ht_attribute *attribute) {
    return e->emission->document->opset >= 18 && attribute->kind == HT_ATTRIBUTE_INTS &&
           strcmp(attribute->name, "axes") == 0 && node->input_count == 1 && strncmp(node->op->name, "Reduce", 6) == 0;
}

static ht_status emit_axes(emitting *e, onnx_node *node, const ht_attribute *axes) {
    const char *name;
    ht_tensor_desc desc = {.type = HT_I64, .rank = 1, .dims = {(int64_t)axes->count}};
    HT_TRY(ht__onnx_fresh(&e->emission->names, node->outputs[0], ".axes", &name, e->emission->err));
    HT_TRY(ht__onnx_add_tensor(e->emission->document, name, &desc, axes->ints, false, NULL, e->emission->err));
    return ht__onnx_add_operand(e->emission->document, node, false, name, e->emission->err);
}

/* From operator set 18 on, a Split without sizes says how many pieces it gives. */
static bool lacks_count(const emitting *e, const ht_node *from) {
    return e->emission->document->opset >= 18 && strcmp(from->op->name, "Split") == 0 && from->input_count < 2 &&
           ht__node_attribute(from, "num_outputs") == NULL;
}

static ht_status emit_attributes(emitting *e, onnx_node *node, const ht_node *from) {
    if (lacks_count(e, from)) {
        HT_TRY(ht__onnx_add_int(e->emission->document, node, "num_outputs", from->output_count, e->emission->err));
    }
    for (uint32_t i = 0; i < from->attribute_count; ++i) {
        const ht_attribute *attribute = &from->attributes[i];
        HT_TRY(has_axes_operand(e, from, attribute) ? emit_axes(e, node, attribute)
                                                    : emit_attribute(e, node, from, attribute));
    }
    return HT_OK;
}

/* What the producer of a quantized activation calls its result: the value's own name belongs to what the pair gives. */
static ht_status name_output(emitting *e, const ht_value *value, const char **out) {
    *out = value->name;
    return value->quantization != NULL
               ? ht__onnx_fresh(&e->emission->names, value->name, ".real", out, e->emission->err)
               : HT_OK;
}

static ht_status emit_node(emitting *e, const ht_node *from) {
    onnx_emission *emission = e->emission;
    onnx_document *document = emission->document;
    if (from->op->domain != NULL && from->op->domain[0] != '\0') {
        return ht__fail_at(emission->err, HT_ERROR_UNSUPPORTED, from->name,
                           "The operator %s only lives inside Halftone; ONNX has none like it.", from->op->name);
    }
    for (uint32_t k = 0; k < from->input_count; ++k) {
        if (from->inputs[k] != NULL) {
            HT_TRY(emit_constant(e, from->inputs[k]));
        }
    }
    onnx_node *node;
    HT_TRY(ht__onnx_add_node(document, from->op->name, from->name, &node, emission->err));
    for (uint32_t k = 0; k < from->input_count - from->captured; ++k) { /* graphs inside read the others by name */
        HT_TRY(ht__onnx_add_operand(document, node, false, name_of(e, from->inputs[k]), emission->err));
    }
    const char *names[HT_MAX_OUTPUTS] = {0};
    for (uint32_t k = 0; k < from->output_count && k < HT_MAX_OUTPUTS; ++k) {
        names[k] = "";
        if (from->outputs[k] != NULL) {
            HT_TRY(name_output(e, from->outputs[k], &names[k]));
        }
        HT_TRY(ht__onnx_add_operand(document, node, true, names[k], emission->err));
    }
    HT_TRY(emit_attributes(e, node, from));
    for (uint32_t k = 0; k < from->output_count && k < HT_MAX_OUTPUTS; ++k) {
        if (from->outputs[k] != NULL && from->outputs[k]->quantization != NULL) {
            HT_TRY(ht__onnx_expand_activation(emission, from->outputs[k], names[k], from->outputs[k]->name));
        }
    }
    return HT_OK;
}

/* ---- inputs and outputs ---- */

/* What the batch is called: as the first input that names its first dimension does, otherwise N. */
static const char *batch_symbol(const ht_graph *graph) {
    for (size_t i = 0; i < graph->input_count; ++i) {
        const ht_value *input = graph->inputs[i];
        if (input->desc.rank > 0 && input->desc.dims[0] < 0 && input->symbols[0] != NULL) {
            return input->symbols[0];
        }
    }
    return "N";
}

static ht_status add_value(emitting *e, const ht_value *value, bool is_output) {
    onnx_document *document = e->emission->document;
    if (value->desc.type == HT_NONE && !document->is_inner) { /* inside nodes the format lets types out */
        return ht__fail_at(e->emission->err, HT_ERROR_MISMATCH, value->name,
                           "The element type of this tensor is not known.");
    }
    onnx_value *out = ht__arena_alloc(document->arena, sizeof *out);
    if (out == NULL) {
        return ht__fail_memory(e->emission->err, sizeof *out);
    }
    *out = (onnx_value){.name = value->name, .desc = value->desc};
    for (int32_t i = 0; i < value->desc.rank; ++i) {
        out->symbols[i] = value->symbols[i] == NULL && i == 0 ? batch_symbol(e->emission->graph) : value->symbols[i];
    }
    return is_output ? ht__onnx_push(document->arena, &document->outputs, &document->output_count,
                                     &document->output_capacity, out, e->emission->err)
                     : ht__onnx_push(document->arena, &document->inputs, &document->input_count,
                                     &document->input_capacity, out, e->emission->err);
}

static ht_status emit_input(emitting *e, const ht_value *input) {
    HT_TRY(add_value(e, input, false));
    if (input->quantization == NULL) {
        return HT_OK;
    }
    if (input->is_output) {
        return ht__fail_at(e->emission->err, HT_ERROR_UNSUPPORTED, input->name,
                           "An input that is an output at once cannot be quantized.");
    }
    const char *name;
    HT_TRY(ht__onnx_fresh(&e->emission->names, input->name, ".dequantized", &name, e->emission->err));
    e->read_as[input->id] = name;
    return ht__onnx_expand_activation(e->emission, input, input->name, name);
}

/* ONNX has no states: what a run begins with is one more input, what it leaves one more output. */
static ht_status emit_state(emitting *e, const ht_state *state) {
    HT_TRY(add_value(e, state->before, false));
    return state->after->is_output ? HT_OK : add_value(e, state->after, true);
}

static ht_status emit_all(emitting *e) {
    const ht_graph *graph = e->emission->graph;
    HT_TRY(reserve_names(e->emission));
    for (size_t i = 0; i < graph->input_count; ++i) {
        HT_TRY(emit_input(e, graph->inputs[i]));
    }
    for (size_t i = 0; i < graph->node_count; ++i) {
        HT_TRY(emit_node(e, graph->nodes[i]));
    }
    for (size_t i = 0; i < graph->output_count; ++i) {
        HT_TRY(emit_constant(e, graph->outputs[i]));
        HT_TRY(add_value(e, graph->outputs[i], true));
    }
    for (size_t i = 0; i < graph->state_count; ++i) {
        HT_TRY(emit_state(e, &graph->states[i]));
    }
    return ht__onnx_hints_write(graph, e->emission->document, e->emission->err);
}

/* ---- graphs inside nodes ---- */

/* An output of a graph that is one of its captured values: the graph needs a value of its own. */
static ht_status emit_passed_output(emitting *e, const ht_value *output) {
    const char *name;
    onnx_node *node;
    onnx_document *document = e->emission->document;
    HT_TRY(ht__onnx_fresh(&e->emission->names, output->name, ".passed", &name, e->emission->err));
    HT_TRY(ht__onnx_add_node(document, "Identity", name, &node, e->emission->err));
    HT_TRY(ht__onnx_add_operand(document, node, false, name_of(e, output), e->emission->err));
    HT_TRY(ht__onnx_add_operand(document, node, true, name, e->emission->err));
    HT_TRY(add_value(e, output, true));
    document->outputs[document->output_count - 1]->name = name;
    return HT_OK;
}

static ht_status emit_inner_values(emitting *e, uint32_t captured) {
    const ht_graph *graph = e->emission->graph;
    for (size_t i = 0; i + captured < graph->input_count; ++i) {
        HT_TRY(add_value(e, graph->inputs[i], false));
    }
    for (size_t i = 0; i < graph->node_count; ++i) {
        HT_TRY(emit_node(e, graph->nodes[i]));
    }
    for (size_t i = 0; i < graph->output_count; ++i) {
        const ht_value *output = graph->outputs[i];
        HT_TRY(emit_constant(e, output));
        HT_TRY(e->read_as[output->id] != NULL ? emit_passed_output(e, output) : add_value(e, output, true));
    }
    return HT_OK;
}

/* The round and the condition are single numbers, which runtimes want to read in the body of a Loop. */
static void describe_loop_inputs(const ht_node *node, const onnx_document *body) {
    static const ht_type types[] = {HT_I64, HT_BOOL};
    for (size_t i = 0; i < 2 && i < body->input_count && strcmp(node->op->name, "Loop") == 0; ++i) {
        body->inputs[i]->desc = (ht_tensor_desc){.type = types[i]};
    }
}

static ht_status emit_inner_graph(emitting *e, const ht_node *from, const ht_attribute *attribute,
                                  onnx_document **out) {
    const onnx_document *around = e->emission->document;
    const ht_graph *graph = attribute->graph;
    onnx_document *document = ht__arena_alloc(around->arena, sizeof *document);
    onnx_emission emission = {
        .document = document, .graph = graph, .names = e->emission->names, .err = e->emission->err};
    emitting inner = {.emission = &emission,
                      .read_as = ht__arena_alloc(around->arena, graph->value_count * sizeof *inner.read_as),
                      .done = ht__arena_alloc(around->arena, graph->value_count * sizeof *inner.done)};
    if (document == NULL || inner.read_as == NULL || inner.done == NULL) {
        return ht__fail_memory(emission.err, sizeof *document);
    }
    *document = (onnx_document){.is_inner = true,
                                .arena = around->arena,
                                .opset = around->opset,
                                .graph_name = graph->name,
                                .producer = "",
                                .producer_version = ""};
    for (uint32_t k = 0; k < from->captured; ++k) {
        const ht_value *input = graph->inputs[graph->input_count - from->captured + k];
        const ht_value *outer = from->inputs[from->input_count - from->captured + k];
        HT_TRY(emit_constant(e, outer));
        inner.read_as[input->id] = name_of(e, outer);
    }
    HT_TRY(reserve_names(&emission));
    HT_TRY(emit_inner_values(&inner, from->captured));
    describe_loop_inputs(from, document);
    e->emission->names = emission.names;
    *out = document;
    return HT_OK;
}

/* QuantizeLinear and DequantizeLinear got 16 bits in 21. */
static bool has_wide_codes(const ht_node *node) {
    bool quantizes = strcmp(node->op->name, "QuantizeLinear") == 0;
    if (!quantizes && strcmp(node->op->name, "DequantizeLinear") != 0) {
        return false;
    }
    const ht_value *codes = quantizes ? node->outputs[0] : node->inputs[0];
    return codes->desc.type == HT_I16 || codes->desc.type == HT_U16;
}

/* Attributes and operands that whole kinds of operators got after operator set 17 (one alone says so itself, in
 * `needs`). `op` ending in '*': all that begin so. */
typedef struct later_part {
    const char *op, *attribute; /* attribute NULL: */
    uint32_t inputs;            /* at least so many inputs */
    int64_t since;
} later_part;

static const later_part later_parts[] = {
    {"Cast*", "saturate", 0, 19},
    {"Cast*", "round_mode", 0, 24},
    {"Reduce*", "noop_with_empty_axes", 0, 18},
    {"Reduce*", NULL, 2, 18},
    {"SpaceToDepth", "mode", 0, 28},
    {"Split", "num_outputs", 0, 18},
    {"DequantizeLinear", "block_size", 0, 21},
    {"QuantizeLinear", "block_size", 0, 21},
    {"QuantizeLinear", "output_dtype", 0, 21},
    {"DequantizeLinear", "output_dtype", 0, 23},
    {"QuantizeLinear", "precision", 0, 23},
    {"QuantizeLinear", "saturate", 0, 19},
};

static bool has_part(const ht_node *node, const later_part *part) {
    size_t length = strcspn(part->op, "*");
    bool named =
        strncmp(node->op->name, part->op, length) == 0 && (part->op[length] == '*' || node->op->name[length] == '\0');
    return named && strcmp(node->op->name, "ReduceSum") != 0 &&
           (part->attribute != NULL ? ht__node_attribute(node, part->attribute) != NULL
                                    : node->input_count >= part->inputs);
}

/* The first operator set in which the node means what it means here. */
static int64_t node_since(const ht_node *node) {
    int64_t since = node->op->since, own = node->op->needs != NULL ? node->op->needs(node) : 0;
    since = own > since ? own : since;
    since = has_wide_codes(node) && since < ONNX_OPSET_WIDE ? ONNX_OPSET_WIDE : since;
    for (size_t i = 0; i < sizeof later_parts / sizeof later_parts[0]; ++i) {
        bool later = later_parts[i].since > since && has_part(node, &later_parts[i]);
        since = later ? later_parts[i].since : since;
    }
    return since;
}

/* The first operator set in which all that the graph uses means what it means here. */
static int64_t needed_opset(const ht_graph *graph) {
    int64_t needed = ONNX_OPSET;
    for (size_t i = 0; i < graph->value_count; ++i) {
        const ht_value *value = graph->values[i];
        int64_t since = ht__onnx_type_since(value->desc.type);
        int64_t quantized = value->quantization != NULL ? ht__onnx_quantization_since(value) : since;
        needed = since > needed ? since : needed;
        needed = quantized > needed ? quantized : needed;
    }
    for (size_t i = 0; i < graph->node_count; ++i) {
        const ht_node *node = graph->nodes[i];
        int64_t since = node_since(node);
        needed = since > needed ? since : needed;
        for (uint32_t k = 0; k < node->attribute_count; ++k) {
            if (node->attributes[k].kind == HT_ATTRIBUTE_GRAPH) {
                int64_t inner = needed_opset(node->attributes[k].graph);
                needed = inner > needed ? inner : needed;
            }
        }
    }
    return needed;
}

/* The first IR version that belongs to an operator set (the standard's table in docs/Versioning.md). */
static int64_t ir_version_of(int64_t opset) {
    return opset <= 18 ? 8 : opset <= 20 ? 9 : opset <= 22 ? 10 : opset <= 24 ? 11 : opset <= 25 ? 12 : 13;
}

ht_status ht__onnx_emit(const ht_graph *graph, onnx_document *document, ht_error *err) {
    onnx_emission emission = {.document = document, .graph = graph, .names = {.arena = document->arena}, .err = err};
    emitting e = {.emission = &emission};
    e.read_as = ht__arena_alloc(document->arena, graph->value_count * sizeof *e.read_as);
    e.done = ht__arena_alloc(document->arena, graph->value_count * sizeof *e.done);
    if (e.read_as == NULL || e.done == NULL) {
        return ht__fail_memory(err, graph->value_count * sizeof *e.read_as);
    }
    document->opset = needed_opset(graph);
    document->ir_version = ir_version_of(document->opset);
    document->graph_name = graph->name;
    return emit_all(&e);
}
