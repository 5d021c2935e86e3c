/* IF and WHILE: their subgraphs become graphs inside ONNX's If and Loop. */
#include "formats/tflite/rules.h"
#include "graph/op.h"

/* ---- subgraphs as graphs of their own ---- */

/* An input whose shape says the node that runs the graph: it may change from one round to the next. */
static ht_status add_input(const tflite_call *call, ht_graph *graph, const char *name, ht_type type, ht_value **out) {
    ht_tensor_desc desc = {.type = type, .rank = -1};
    return ht__graph_add_input(graph, name, &desc, out, call->reading->err);
}

/* The operands from `first` on as inputs of `graph`. */
static ht_status add_operands(const tflite_call *call, uint32_t first, ht_graph *graph, ht_value **values) {
    for (uint32_t i = first; i < call->op.inputs.count; ++i) {
        const char *name = ht__arena_printf(graph->arena, "%s/operand%u", call->name, i);
        ht_type type = ht__tflite_type(ht__tflite_input_tensor(call, i)->type);
        HT_TRY(name != NULL ? add_input(call, graph, name, type, &values[i - first])
                            : ht__fail_memory(call->reading->err, 1));
    }
    return HT_OK;
}

/* An output of its own, also where the value is an input, a constant, or an output already. */
static ht_status add_output(const tflite_call *call, ht_graph *graph, ht_value *value, uint32_t index) {
    const char *name = ht__arena_printf(graph->arena, "%s/result%u", call->name, index);
    ht_node *node;
    if (name == NULL) {
        return ht__fail_memory(call->reading->err, 1);
    }
    HT_TRY(ht__graph_add_node(graph, "Identity", name, &value, 1, 1, &name, &node, call->reading->err));
    return ht__graph_mark_output(graph, node->outputs[0], call->reading->err);
}

static ht_status finish(const tflite_call *call, ht_graph *graph) {
    HT_TRY(ht__graph_sort(graph, call->reading->err));
    HT_TRY(ht__graph_validate(graph, call->reading->err));
    ht__graph_prune(graph);
    return ht__graph_infer(graph, call->reading->err);
}

static ht_value **reserve(const tflite_call *call, size_t count) {
    return ht__arena_alloc(call->reading->graph->arena, (count + 1) * sizeof(ht_value *));
}

/* Gives `node` the graph that `fill` makes. */
static ht_status set_graph(const tflite_call *call, ht_node *node, const char *attribute, int64_t subgraph,
                           ht_status (*fill)(const tflite_call *call, int64_t subgraph, ht_graph *graph)) {
    tflite_reading *r = call->reading;
    ht_graph *graph;
    HT_TRY(ht__graph_create(r->graph->ctx, attribute, &graph, r->err));
    graph->requant = r->graph->requant;
    ht_status status = fill(call, subgraph, graph);
    if (status == HT_OK) {
        status = finish(call, graph);
    }
    if (status == HT_OK) {
        status = ht__node_set_graph(r->graph, node, attribute, graph, r->err);
    }
    if (status != HT_OK) {
        ht__graph_destroy(graph);
    }
    return status;
}

/* What the file says of an output; nothing of its shape where that is computed. */
static ht_tensor_desc output_desc(const tflite_tensor *tensor) {
    ht_tensor_desc desc = {.type = ht__tflite_type(tensor->type), .rank = (int32_t)tensor->shape.count};
    bool known = tensor->shape.count != 0 && tensor->shape.count <= HT_MAX_RANK;
    for (size_t i = 0; i < tensor->shape.count && known; ++i) {
        desc.dims[i] = ht__tflite_size(tensor, i);
        known = desc.dims[i] >= 0;
    }
    desc.rank = known && ht__desc_is_sane(&desc) ? desc.rank : -1;
    return desc;
}

/* The node with new values as its outputs, from which those of the operator are. */
static ht_status add_node(const tflite_call *call, const char *op, ht_value *const *inputs, uint32_t count,
                          ht_node **node) {
    tflite_reading *r = call->reading;
    uint32_t results = (uint32_t)call->op.outputs.count;
    ht_value **outputs = reserve(call, results);
    if (outputs == NULL) {
        return ht__fail_memory(r->err, results);
    }
    for (uint32_t i = 0; i < results; ++i) {
        const tflite_tensor *tensor = ht__tflite_output_tensor(call, i);
        const char *name;
        ht_tensor_desc desc = output_desc(tensor);
        bool quantized = ht__tflite_is_quantized(tensor);
        HT_TRY(quantized ? ht__tflite_fresh(r, tensor->name, "codes", &name)
                         : ht__tflite_output_name(call, i, TFLITE_AS_FILED, &name));
        HT_TRY(ht__graph_add_value(r->graph, name, &desc, &outputs[i], r->err));
    }
    HT_TRY(ht__graph_add_node_raw(r->graph, "", op, call->name, inputs, count, outputs, results, node, r->err));
    for (uint32_t i = 0; i < results; ++i) {
        const tflite_tensor *tensor = ht__tflite_output_tensor(call, i);
        ht_value *value = outputs[i];
        if (ht__tflite_is_quantized(tensor)) {
            HT_TRY(ht__tflite_take_codes(r, call, tensor, value, &value));
        }
        HT_TRY(ht__tflite_bind(call, i, TFLITE_AS_FILED, value));
    }
    return HT_OK;
}

/* Operand `i` as the file has it: codes cross the border to a subgraph as codes. */
static ht_status read_operand(const tflite_call *call, uint32_t i, ht_value **out) {
    if (!ht__tflite_has(call, i)) {
        return ht__fail_at(call->reading->err, HT_ERROR_FORMAT, call->name, "Input %u of %s is missing.", i + 1,
                           call->rule->name);
    }
    const tflite_tensor *tensor = ht__tflite_input_tensor(call, i);
    HT_TRY(ht__tflite_input(call, i, TFLITE_AS_FILED, out));
    return ht__tflite_is_quantized(tensor) ? ht__tflite_give_codes(call->reading, call, tensor, *out, out) : HT_OK;
}

/* ---- IF: the condition, then what both subgraphs take ---- */

static ht_status fill_branch(const tflite_call *call, int64_t subgraph, ht_graph *graph) {
    uint32_t count = (uint32_t)call->op.inputs.count - 1, results = (uint32_t)call->op.outputs.count;
    ht_value **inputs = reserve(call, count), **outputs = reserve(call, results);
    if (inputs == NULL || outputs == NULL) {
        return ht__fail_memory(call->reading->err, count);
    }
    HT_TRY(add_operands(call, 1, graph, inputs));
    HT_TRY(ht__tflite_read_inner(call, subgraph, graph, inputs, count, outputs, results));
    for (uint32_t i = 0; i < results; ++i) {
        HT_TRY(add_output(call, graph, outputs[i], i));
    }
    return HT_OK;
}

ht_status ht__tflite_read_if(const tflite_call *call) {
    uint32_t count = (uint32_t)call->op.inputs.count;
    ht_value **inputs = reserve(call, count);
    ht_node *node;
    HT_TRY(inputs != NULL ? HT_OK : ht__fail_memory(call->reading->err, count));
    for (uint32_t i = 0; i < count; ++i) {
        HT_TRY(read_operand(call, i, &inputs[i]));
    }
    HT_TRY(add_node(call, "If", inputs, count, &node));
    node->captured = count - 1;
    HT_TRY(set_graph(call, node, "then_branch", ht__tflite_int(&call->op, "then_subgraph_index", 0), fill_branch));
    return set_graph(call, node, "else_branch", ht__tflite_int(&call->op, "else_subgraph_index", 0), fill_branch);
}

/* ---- WHILE: a subgraph for the condition, one for the round. Loop wants the condition from the round before, so that
 * the condition's subgraph stands before the Loop and at the end of its body. ---- */

static int64_t condition_of(const tflite_call *call) { return ht__tflite_int(&call->op, "cond_subgraph_index", 0); }

static ht_status fill_body(const tflite_call *call, int64_t subgraph, ht_graph *graph) {
    uint32_t count = (uint32_t)call->op.inputs.count;
    ht_value **inputs = reserve(call, count), **results = reserve(call, count), *round, *before, *condition;
    if (inputs == NULL || results == NULL) {
        return ht__fail_memory(call->reading->err, count);
    }
    HT_TRY(add_input(call, graph, "round", HT_I64, &round));
    HT_TRY(add_input(call, graph, "before", HT_BOOL, &before));
    HT_TRY(add_operands(call, 0, graph, inputs));
    HT_TRY(ht__tflite_read_inner(call, subgraph, graph, inputs, count, results, count));
    HT_TRY(ht__tflite_read_inner(call, condition_of(call), graph, results, count, &condition, 1));
    HT_TRY(add_output(call, graph, condition, count));
    for (uint32_t i = 0; i < count; ++i) {
        HT_TRY(add_output(call, graph, results[i], i));
    }
    return HT_OK;
}

ht_status ht__tflite_read_while(const tflite_call *call) {
    tflite_reading *r = call->reading;
    uint32_t count = (uint32_t)call->op.inputs.count;
    ht_value **inputs = reserve(call, count + 2);
    ht_node *node;
    HT_TRY(inputs != NULL ? HT_OK : ht__fail_memory(r->err, count));
    if (call->op.outputs.count != count) {
        return ht__fail_at(r->err, HT_ERROR_FORMAT, call->name, "WHILE has %u inputs and %zu outputs.", count,
                           call->op.outputs.count);
    }
    for (uint32_t i = 0; i < count; ++i) {
        HT_TRY(read_operand(call, i, &inputs[2 + i]));
    }
    inputs[0] = NULL; /* as many rounds as it takes */
    HT_TRY(ht__tflite_read_inner(call, condition_of(call), r->graph, inputs + 2, count, &inputs[1], 1));
    HT_TRY(add_node(call, "Loop", inputs, count + 2, &node));
    return set_graph(call, node, "body", ht__tflite_int(&call->op, "body_subgraph_index", 0), fill_body);
}
