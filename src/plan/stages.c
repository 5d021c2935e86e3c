#include "plan/stages.h"

#include <string.h>

#include "passes/passes.h"
#include "plan/compile.h"
#include "plan/host.h"

/* Graphs inside graphs: far beyond any model, and the stack stays bounded. */
#define MAX_DEPTH 32

/* What there is of a value. */
typedef struct place {
    const void *data; /* NULL: not computed yet */
    void *owned;      /* the same when the runner has to free it */
} place;

typedef struct runner {
    ht_graph *graph; /* a copy: nodes leave it when they are done */
    ht_stage_options options;
    int depth;
    const ht_allocator *allocator;
    place *places;   /* by value id */
    bool *reachable; /* by value id: there, or made in the stage that is being put together */
    bool *in_stage;  /* by node */
    ht_error *err;
} runner;

static ht_status run_at_depth(const ht_graph *graph, const ht_tensor_view *inputs, ht_tensor_owned *outputs,
                              const ht_stage_options *options, int depth, ht_error *err);

static bool is_there(const runner *r, const ht_value *value) {
    return value->data != NULL || r->places[value->id].data != NULL;
}

static const void *data_of(const runner *r, const ht_value *value) {
    return value->data != NULL ? value->data : r->places[value->id].data;
}

static bool is_known(const ht_value *value) {
    return value->desc.type != HT_NONE && value->desc.rank >= 0 && ht__desc_elements(&value->desc) >= 0;
}

static bool wants_content(const ht_node *node, uint32_t i) {
    return i < 32 && (node->op->content_inputs >> i & 1) != 0;
}

/* ---- settling: what is known becomes constants, shapes and further constants follow ---- */

/* Contents that operators have to know become constants, as soon as they are there. */
static bool reveal_contents(runner *r) {
    bool changed = false;
    for (size_t n = 0; n < r->graph->node_count; ++n) {
        const ht_node *node = r->graph->nodes[n];
        for (uint32_t i = 0; i < node->input_count; ++i) {
            ht_value *input = node->inputs[i];
            if (input != NULL && wants_content(node, i) && input->data == NULL && is_there(r, input)) {
                input->data = r->places[input->id].data;
                changed = true;
            }
        }
    }
    return changed;
}

static ht_status settle(runner *r, bool *changed) {
    *changed = reveal_contents(r);
    size_t before = r->graph->node_count;
    HT_TRY(ht__pass_fold_constants(r->graph, r->err));
    *changed = *changed || r->graph->node_count != before;
    return HT_OK;
}

/* ---- one stage ---- */

/* May the node be part of a program now? */
static bool is_ready(const runner *r, const ht_node *node) {
    for (uint32_t i = 0; i < node->input_count; ++i) {
        const ht_value *input = node->inputs[i];
        if (input != NULL && (!r->reachable[input->id] || (wants_content(node, i) && input->data == NULL))) {
            return false;
        }
    }
    for (uint32_t i = 0; i < node->output_count; ++i) {
        if (node->outputs[i] != NULL && !is_known(node->outputs[i])) {
            return false;
        }
    }
    return !ht__node_has_graphs(node) && node->output_count <= HT_MAX_OUTPUTS && node->input_count <= HT_MAX_INPUTS;
}

static size_t choose_nodes(runner *r) {
    size_t count = 0;
    for (size_t i = 0; i < r->graph->value_count; ++i) {
        r->reachable[i] = is_there(r, r->graph->values[i]);
    }
    for (size_t n = 0; n < r->graph->node_count; ++n) {
        const ht_node *node = r->graph->nodes[n];
        r->in_stage[n] = is_ready(r, node);
        count += r->in_stage[n];
        for (uint32_t i = 0; i < node->output_count && r->in_stage[n]; ++i) {
            if (node->outputs[i] != NULL) {
                r->reachable[node->outputs[i]->id] = true;
            }
        }
    }
    return count;
}

/* The stage as a graph of its own over the same values: `nodes`, what they read and what others read of them. */
typedef struct stage {
    ht_graph view;
    ht_value **inputs, **outputs;
    bool *listed; /* by value id: is an input or an output of the stage */
} stage;

static void list_value(const stage *s, ht_value **list, size_t *count, ht_value *value) {
    if (!s->listed[value->id]) {
        s->listed[value->id] = true;
        list[(*count)++] = value;
    }
}

static void list_ends(const runner *r, stage *s) {
    const ht_graph *graph = r->graph;
    for (size_t n = 0; n < graph->node_count; ++n) {
        const ht_node *node = graph->nodes[n];
        for (uint32_t i = 0; i < node->input_count; ++i) {
            ht_value *input = node->inputs[i];
            if (input == NULL || input->data != NULL) {
                continue;
            }
            if (r->in_stage[n] && r->places[input->id].data != NULL) {
                list_value(s, s->inputs, &s->view.input_count, input);
            } else if (!r->in_stage[n] && r->reachable[input->id] && r->places[input->id].data == NULL) {
                list_value(s, s->outputs, &s->view.output_count, input);
            }
        }
    }
    for (size_t i = 0; i < graph->output_count; ++i) {
        ht_value *output = graph->outputs[i];
        if (output->data == NULL && r->reachable[output->id] && r->places[output->id].data == NULL) {
            list_value(s, s->outputs, &s->view.output_count, output);
        }
    }
    for (size_t i = 0; i < s->view.output_count; ++i) {
        s->outputs[i]->is_output = true; /* the compiler must not let it share an operand's memory */
    }
}

/* Runs the program; results go into the places of the stage's outputs. */
static ht_status run_program(runner *r, const stage *s, const ht_program *program) {
    const ht_graph *view = &s->view;
    const void **inputs = ht__calloc(r->allocator, view->input_count, sizeof *inputs);
    void **outputs = ht__calloc(r->allocator, view->output_count, sizeof *outputs);
    void *arena = ht__alloc(r->allocator, ht__program_run_bytes(program));
    ht_status status = inputs != NULL && outputs != NULL && arena != NULL
                           ? HT_OK
                           : ht__fail_memory(r->err, ht__program_run_bytes(program));
    for (size_t i = 0; i < view->input_count && status == HT_OK; ++i) {
        inputs[i] = r->places[s->inputs[i]->id].data;
    }
    for (size_t i = 0; i < view->output_count && status == HT_OK; ++i) {
        size_t bytes = 0;
        place *to = &r->places[s->outputs[i]->id];
        to->owned = ht__desc_bytes(&s->outputs[i]->desc, &bytes) ? ht__alloc(r->allocator, bytes) : NULL;
        to->data = outputs[i] = to->owned;
        status = to->owned != NULL ? HT_OK : ht__fail_memory(r->err, bytes);
    }
    if (status == HT_OK) {
        ht_run_arguments arguments = {
            .inputs = inputs, .outputs = outputs, .arena = arena, .pool = r->graph->ctx->pool};
        status = ht__program_run(program, &arguments, r->err);
    }
    ht__free(r->allocator, arena);
    ht__free(r->allocator, outputs);
    ht__free(r->allocator, inputs);
    return status;
}

static ht_status compile_and_run(runner *r, stage *s) {
    ht_program *program;
    ht_compile_options options = {.reference_only = r->options.reference_only};
    HT_TRY(ht__compile(&s->view, &options, &program, r->err));
    ht_status status = run_program(r, s, program);
    for (size_t i = 0; i < program->step_count && status == HT_OK && r->options.visit != NULL; ++i) {
        r->options.visit(r->options.user, program->steps[i].name, program->steps[i].variant->name);
    }
    ht__program_destroy(program);
    return status;
}

/* Takes the nodes of the stage out of the graph. */
static void drop_stage(runner *r) {
    size_t kept = 0;
    for (size_t n = 0; n < r->graph->node_count; ++n) {
        ht_node *node = r->graph->nodes[n];
        for (uint32_t i = 0; i < node->output_count && r->in_stage[n]; ++i) {
            if (node->outputs[i] != NULL) {
                node->outputs[i]->producer = NULL;
            }
        }
        if (!r->in_stage[n]) {
            r->graph->nodes[kept++] = node;
        }
    }
    r->graph->node_count = kept;
}

static ht_status run_stage(runner *r, size_t count) {
    const ht_graph *graph = r->graph;
    stage s = {.view = *graph};
    ht_node **nodes = ht__calloc(r->allocator, count, sizeof *nodes);
    s.inputs = ht__calloc(r->allocator, graph->value_count, sizeof *s.inputs);
    s.outputs = ht__calloc(r->allocator, graph->value_count, sizeof *s.outputs);
    s.listed = ht__calloc(r->allocator, graph->value_count, sizeof *s.listed);
    s.view.nodes = nodes;
    s.view.inputs = s.inputs;
    s.view.outputs = s.outputs;
    s.view.node_count = s.view.input_count = s.view.output_count = 0;
    s.view.state_count = 0; /* what they begin with is there, and nobody asks what they leave */
    ht_status status = HT_OK;
    if (nodes == NULL || s.inputs == NULL || s.outputs == NULL || s.listed == NULL) {
        status = ht__fail_memory(r->err, graph->value_count * sizeof *s.inputs);
    } else {
        for (size_t n = 0; n < graph->node_count; ++n) {
            if (r->in_stage[n]) {
                nodes[s.view.node_count++] = graph->nodes[n];
            }
        }
        list_ends(r, &s);
        status = compile_and_run(r, &s);
    }
    if (status == HT_OK) {
        drop_stage(r);
    }
    ht__free(r->allocator, s.listed);
    ht__free(r->allocator, s.outputs);
    ht__free(r->allocator, s.inputs);
    ht__free(r->allocator, nodes);
    return status;
}

/* ---- nodes that the host evaluates ---- */

static void *evaluated_output(ht_host_call *evaluation, uint32_t index, const ht_tensor_desc *desc) {
    runner *r = evaluation->user;
    ht_value *value = evaluation->node->outputs[index];
    place *to = &r->places[value->id];
    size_t bytes;
    if (to->data != NULL || !ht__desc_bytes(desc, &bytes)) {
        return NULL;
    }
    value->desc = *desc;
    to->data = to->owned = ht__alloc(r->allocator, bytes);
    return to->owned;
}

static ht_status run_inner(ht_host_call *evaluation, const ht_graph *graph, const ht_tensor_view *inputs,
                           ht_tensor_owned *outputs, ht_error *err) {
    const runner *r = evaluation->user;
    return run_at_depth(graph, inputs, outputs, &r->options, r->depth + 1, err);
}

static ht_status evaluate(runner *r, const ht_node *node) {
    ht_tensor_view *inputs = ht__calloc(r->allocator, node->input_count, sizeof *inputs);
    if (inputs == NULL) {
        return ht__fail_memory(r->err, node->input_count * sizeof *inputs);
    }
    for (uint32_t i = 0; i < node->input_count; ++i) {
        if (node->inputs[i] != NULL) {
            inputs[i] = (ht_tensor_view){node->inputs[i]->desc, data_of(r, node->inputs[i])};
        }
    }
    ht_host_call evaluation = {.ctx = r->graph->ctx,
                               .node = node,
                               .inputs = inputs,
                               .output = evaluated_output,
                               .run_graph = run_inner,
                               .user = r};
    ht_status status = node->op->evaluate(&evaluation, r->err);
    if (status == HT_OK && r->options.visit != NULL) {
        r->options.visit(r->options.user, node->name, HT_HOST_KERNEL);
    }
    ht__free(r->allocator, inputs);
    return status;
}

static bool is_fed(const runner *r, const ht_node *node) {
    for (uint32_t i = 0; i < node->input_count; ++i) {
        if (node->inputs[i] != NULL && !is_there(r, node->inputs[i])) {
            return false;
        }
    }
    return true;
}

/* Which nodes are evaluated is decided before the first of them is: what they give has to be settled, so that shapes
 * are inferred, before another node may read it. */
static ht_status evaluate_ready_nodes(runner *r, size_t *count) {
    *count = 0;
    for (size_t n = 0; n < r->graph->node_count; ++n) {
        r->in_stage[n] = r->graph->nodes[n]->op->evaluate != NULL && is_fed(r, r->graph->nodes[n]);
        *count += r->in_stage[n];
    }
    for (size_t n = 0; n < r->graph->node_count; ++n) {
        if (r->in_stage[n]) {
            HT_TRY(ht__check_interrupt(r->graph->ctx, r->err));
            HT_TRY(evaluate(r, r->graph->nodes[n]));
        }
    }
    drop_stage(r);
    return HT_OK;
}

/* ---- the whole ---- */

/* Frees what no node reads any more. */
static void release_read(runner *r) {
    for (size_t i = 0; i < r->graph->value_count; ++i) {
        r->reachable[i] = r->graph->values[i]->data != NULL; /* constants may be read by folding still */
    }
    for (size_t n = 0; n < r->graph->node_count; ++n) {
        for (uint32_t i = 0; i < r->graph->nodes[n]->input_count; ++i) {
            if (r->graph->nodes[n]->inputs[i] != NULL) {
                r->reachable[r->graph->nodes[n]->inputs[i]->id] = true;
            }
        }
    }
    for (size_t i = 0; i < r->graph->output_count; ++i) {
        r->reachable[r->graph->outputs[i]->id] = true;
    }
    for (size_t i = 0; i < r->graph->value_count; ++i) {
        if (!r->reachable[i] && r->places[i].owned != NULL) {
            ht__free(r->allocator, r->places[i].owned);
            r->places[i] = (place){NULL, NULL};
        }
    }
}

/* Nothing can go on: names the first node that has all it reads. */
static ht_status name_obstacle(const runner *r) {
    for (size_t n = 0; n < r->graph->node_count; ++n) {
        const ht_node *node = r->graph->nodes[n];
        if (is_fed(r, node)) {
            return ht__fail_at(r->err, HT_ERROR_UNSUPPORTED, node->name,
                               "%s cannot be run: the shape of its result does not follow from its inputs.",
                               node->op->name);
        }
    }
    return ht__fail_at(r->err, HT_ERROR_INTERNAL, r->graph->name, "No node of the graph can be run.");
}

static ht_status run_nodes(runner *r) {
    bool changed;
    HT_TRY(settle(r, &changed));
    while (r->graph->node_count != 0) {
        HT_TRY(ht__check_interrupt(r->graph->ctx, r->err));
        size_t in_stage = choose_nodes(r), evaluated = 0;
        if (in_stage != 0) {
            HT_TRY(run_stage(r, in_stage));
        }
        if (r->graph->node_count != 0) {
            HT_TRY(settle(r, &changed));
            if (!changed) {
                HT_TRY(evaluate_ready_nodes(r, &evaluated));
                HT_TRY(settle(r, &changed));
            }
        }
        if (in_stage == 0 && evaluated == 0 && !changed) {
            return name_obstacle(r);
        }
        release_read(r);
    }
    return HT_OK;
}

static ht_status take_shapes(runner *r, const ht_tensor_view *inputs) {
    for (size_t i = 0; i < r->graph->input_count; ++i) {
        ht_value *input = r->graph->inputs[i];
        if (input->desc.type != HT_NONE && input->desc.type != inputs[i].desc.type) {
            return ht__fail_at(r->err, HT_ERROR_MISMATCH, input->name, "This input is %s, but %s was given.",
                               ht_type_name(input->desc.type), ht_type_name(inputs[i].desc.type));
        }
        input->desc = inputs[i].desc;
    }
    return HT_OK;
}

/* States begin with zeros. */
static ht_status make_states(runner *r) {
    for (size_t i = 0; i < r->graph->state_count; ++i) {
        const ht_value *before = r->graph->states[i].before;
        place *to = &r->places[before->id];
        size_t bytes;
        to->data = to->owned = ht__desc_bytes(&before->desc, &bytes) ? ht__calloc(r->allocator, 1, bytes) : NULL;
        if (to->owned == NULL) {
            return ht__fail_memory(r->err, bytes);
        }
    }
    return HT_OK;
}

/* Everything that adds values to the graph; afterwards their number stays. */
static ht_status prepare(runner *r, const ht_tensor_view *inputs) {
    HT_TRY(take_shapes(r, inputs));
    HT_TRY(ht__pass_fold_constants(r->graph, r->err));
    HT_TRY(ht__pass_widen(r->graph, r->err));
    HT_TRY(r->options.simulate ? ht__pass_simulate_quantization(r->graph, r->err) : ht__pass_integer(r->graph, r->err));
    HT_TRY(ht__pass_fuse_activation(r->graph, r->err));
    r->places = ht__calloc(r->allocator, r->graph->value_count, sizeof *r->places);
    r->reachable = ht__calloc(r->allocator, r->graph->value_count, sizeof *r->reachable);
    r->in_stage = ht__calloc(r->allocator, r->graph->node_count, sizeof *r->in_stage);
    if (r->places == NULL || r->reachable == NULL || r->in_stage == NULL) {
        return ht__fail_memory(r->err, r->graph->value_count * sizeof *r->places);
    }
    for (size_t i = 0; i < r->graph->input_count; ++i) {
        r->places[r->graph->inputs[i]->id].data = inputs[i].data;
    }
    return make_states(r);
}

/* Hands results over: memory of ours goes as it is, everything else is copied. */
static ht_status take_outputs(runner *r, ht_tensor_owned *outputs) {
    for (size_t i = 0; i < r->graph->output_count; ++i) {
        const ht_value *value = r->graph->outputs[i];
        place *from = &r->places[value->id];
        outputs[i].desc = value->desc;
        if (!is_there(r, value)) {
            return ht__fail_at(r->err, HT_ERROR_INTERNAL, value->name, "This output was not computed.");
        }
        if (from->owned != NULL && value->data == NULL) {
            outputs[i].data = from->owned;
            from->owned = NULL; /* `data` stays for an output that is listed twice */
            continue;
        }
        size_t bytes = 0;
        bool fits = ht__desc_bytes(&value->desc, &bytes);
        outputs[i].data = fits ? ht__alloc(r->allocator, bytes) : NULL;
        if (outputs[i].data == NULL) {
            return ht__fail_memory(r->err, bytes);
        }
        if (bytes != 0) {
            memcpy(outputs[i].data, data_of(r, value), bytes);
        }
    }
    return HT_OK;
}

static ht_status run_at_depth(const ht_graph *graph, const ht_tensor_view *inputs, ht_tensor_owned *outputs,
                              const ht_stage_options *options, int depth, ht_error *err) {
    for (size_t i = 0; i < graph->output_count; ++i) {
        outputs[i] = (ht_tensor_owned){.data = NULL};
    }
    if (depth > MAX_DEPTH) {
        return ht__fail_at(err, HT_ERROR_LIMIT, graph->name, "Graphs lie within graphs more than %d deep.", MAX_DEPTH);
    }
    runner r = {.options = *options, .depth = depth, .allocator = &graph->ctx->allocator, .err = err};
    HT_TRY(ht__graph_copy(graph, &r.graph, err));
    ht_status status = prepare(&r, inputs);
    if (status == HT_OK) {
        status = run_nodes(&r);
    }
    if (status == HT_OK) {
        status = take_outputs(&r, outputs);
    }
    for (size_t i = 0; r.places != NULL && i < r.graph->value_count; ++i) {
        ht__free(r.allocator, r.places[i].owned);
    }
    ht__free(r.allocator, r.in_stage);
    ht__free(r.allocator, r.reachable);
    ht__free(r.allocator, r.places);
    ht__graph_destroy(r.graph);
    return status;
}

ht_status ht__run_graph(const ht_graph *graph, const ht_tensor_view *inputs, ht_tensor_owned *outputs,
                        const ht_stage_options *options, ht_error *err) {
    ht_stage_options defaults = {0};
    return run_at_depth(graph, inputs, outputs, options != NULL ? options : &defaults, 0, err);
}
