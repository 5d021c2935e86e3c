/* Resource variables. Operators stand in the order in which they run, so that a variable is, while they are read, the
 * value that was assigned last; at first it is a state of the graph, which begins with what CALL_ONCE assigned. States
 * begin with zeros: where that is something else, a state more says whether there was a run before. */
#include <string.h>

#include "formats/tflite/rules.h"

/* ---- handles ---- */

ht_status ht__tflite_read_handle(const tflite_call *call) {
    tflite_reading *r = call->reading;
    const char *container = ht__tflite_text(&call->op, "container"), *name = ht__tflite_text(&call->op, "shared_name");
    if (call->op.outputs.count == 0) {
        return ht__fail_at(r->err, HT_ERROR_FORMAT, call->name, "VAR_HANDLE has no output.");
    }
    tflite_variable *variable = r->variables->first;
    while (variable != NULL && (strcmp(variable->container, container) != 0 || strcmp(variable->name, name) != 0)) {
        variable = variable->next;
    }
    if (variable == NULL) {
        variable = ht__arena_alloc(r->graph->arena, sizeof *variable);
        if (variable == NULL) {
            return ht__fail_memory(r->err, sizeof *variable);
        }
        *variable = (tflite_variable){.next = r->variables->first, .container = container, .name = name};
        r->variables->first = variable;
    }
    r->slots[call->op.outputs.data[0]].variable = variable;
    return HT_OK;
}

/* The variable whose handle is input 0. */
static ht_status variable_of(const tflite_call *call, tflite_variable **out) {
    tflite_reading *r = call->reading;
    *out = r->slots[call->op.inputs.data[0]].variable;
    if (*out == NULL) {
        return ht__fail_at(r->err, HT_ERROR_FORMAT, call->name, "Input 1 of %s is not a variable's handle.",
                           call->rule->name);
    }
    return r->around == NULL || r->initialising ? HT_OK : ht__tflite_refuse(call, "inside IF or WHILE");
}

/* ---- what a variable is at the beginning of a run ---- */

static bool is_zero(const ht_value *value) {
    size_t bytes;
    if (value->data == NULL || !ht__desc_bytes(&value->desc, &bytes)) {
        return false;
    }
    for (size_t i = 0; i < bytes; ++i) {
        if (((const unsigned char *)value->data)[i] != 0) {
            return false;
        }
    }
    return true;
}

/* The state that tells whether there was a run before. */
static ht_status initialised(tflite_reading *r, ht_value **out) {
    if (r->variables->initialised == NULL) {
        static const uint8_t yes = 1;
        ht_tensor_desc desc = {.type = HT_BOOL};
        const char *name;
        ht_value *constant;
        ht_node *node;
        HT_TRY(ht__tflite_fresh(r, "initialised", NULL, &name));
        HT_TRY(ht__graph_add_state(r->graph, name, &desc, &r->variables->initialised, r->err));
        HT_TRY(ht__graph_add_constant(r->graph, NULL, &desc, &yes, false, &constant, r->err));
        HT_TRY(ht__tflite_fresh(r, "initialised", "after", &name));
        HT_TRY(ht__graph_add_node(r->graph, "Identity", name, &constant, 1, 1, &name, &node, r->err));
        ht__graph_keep(r->graph, r->variables->initialised, node->outputs[0]);
    }
    *out = r->variables->initialised;
    return HT_OK;
}

/* Makes the state, whose numbers are as `tensor` says, and the node that reads it. */
static ht_status begin(const tflite_call *call, const tflite_tensor *tensor, tflite_variable *variable) {
    tflite_reading *r = call->reading;
    ht_type type = ht__tflite_is_quantized(tensor) ? HT_F32 : ht__tflite_type(tensor->type);
    ht_tensor_desc desc = {.type = type, .rank = (int32_t)tensor->shape.count};
    bool known = type != HT_NONE && tensor->shape.count <= HT_MAX_RANK;
    for (size_t i = 0; i < tensor->shape.count && known; ++i) {
        desc.dims[i] = ht__tflite_size(tensor, i);
        known = desc.dims[i] >= 0;
    }
    if (!known || !ht__desc_is_sane(&desc)) {
        return ht__tflite_refuse(call, "of a type or shape that is not known");
    }
    if (variable->initial == NULL) {
        return ht__fail_at(r->err, HT_ERROR_FORMAT, call->name, "The variable %s is read before it is set.",
                           variable->name);
    }
    const char *name;
    ht_node *node;
    HT_TRY(ht__tflite_fresh(r, variable->name, "state", &name));
    HT_TRY(ht__graph_add_state(r->graph, name, &desc, &variable->before, r->err));
    if (is_zero(variable->initial)) {
        HT_TRY(ht__tflite_step(call, "Identity", &variable->before, 1, &node));
    } else {
        ht_value *inputs[] = {NULL, variable->before, variable->initial};
        HT_TRY(initialised(r, &inputs[0]));
        HT_TRY(ht__tflite_step(call, "Where", inputs, 3, &node));
    }
    variable->current = node->outputs[0];
    return HT_OK;
}

/* ---- the operators ---- */

ht_status ht__tflite_read_variable(const tflite_call *call) {
    tflite_variable *variable;
    HT_TRY(variable_of(call, &variable));
    if (call->reading->initialising) {
        return ht__tflite_refuse(call, "inside CALL_ONCE");
    }
    if (variable->current == NULL) {
        HT_TRY(begin(call, ht__tflite_output_tensor(call, 0), variable));
    }
    return ht__tflite_bind(call, 0, TFLITE_AS_FILED, variable->current);
}

ht_status ht__tflite_read_assignment(const tflite_call *call) {
    tflite_variable *variable;
    ht_value *value;
    HT_TRY(variable_of(call, &variable));
    HT_TRY(ht__tflite_input(call, 1, TFLITE_AS_FILED, &value));
    if (call->reading->initialising) {
        variable->initial = value;
    } else {
        variable->current = value;
    }
    return HT_OK;
}

ht_status ht__tflite_read_call_once(const tflite_call *call) {
    tflite_reading *r = call->reading;
    if (r->around != NULL) {
        return ht__tflite_refuse(call, "inside another subgraph");
    }
    for (const tflite_variable *v = r->variables->first; v != NULL; v = v->next) {
        if (v->current != NULL) {
            return ht__tflite_refuse(call, "behind operators that use variables");
        }
    }
    return ht__tflite_read_inner(call, ht__tflite_int(&call->op, "init_subgraph_index", 0), r->graph, NULL, 0, NULL, 0);
}

ht_status ht__tflite_keep_variables(tflite_reading *r) {
    for (tflite_variable *v = r->variables->first; v != NULL; v = v->next) {
        if (v->before == NULL) {
            continue;
        }
        /* A value without a producer is copied, so that what is kept has a name of its own. */
        ht_value *after = v->current;
        if (after->producer == NULL) {
            const char *name;
            ht_node *node;
            HT_TRY(ht__tflite_fresh(r, v->name, "after", &name));
            HT_TRY(ht__graph_add_node(r->graph, "Identity", name, &after, 1, 1, &name, &node, r->err));
            after = node->outputs[0];
        }
        ht__graph_keep(r->graph, v->before, after);
    }
    return HT_OK;
}
