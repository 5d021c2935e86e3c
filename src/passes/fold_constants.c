#include <string.h>

#include "graph/op.h"
#include "passes/passes.h"

#define MOST_BYTES ((size_t)256 << 20)

/* Is all there that the node reads? */
static bool all_constant(const ht_node *node) {
    for (uint32_t i = 0; i < node->input_count; ++i) {
        const ht_value *input = node->inputs[i];
        bool shape_only = i < 32 && (node->op->shape_inputs >> i & 1) != 0;
        if (input != NULL && input->data == NULL &&
            !(shape_only && input->desc.rank >= 0 && ht__desc_elements(&input->desc) >= 0)) {
            return false;
        }
    }
    return node->input_count > 0;
}

static void become_constant(ht_value *value, const void *data) {
    value->data = data;
    value->producer = NULL;
}

/* The call of the node's kernel with plain tensors. */
static ht_status make_call(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    memset(call, 0, sizeof *call);
    call->input_count = node->input_count;
    for (int32_t i = 0; i < HT_MAX_INPUTS; ++i) {
        operands[i] = i;
    }
    HT_TRY(node->op->lower(node, call, operands, err));
    for (uint32_t i = 0; i < call->input_count; ++i) {
        const ht_value *value = operands[i] >= 0 ? node->inputs[operands[i]] : NULL;
        if (value != NULL) {
            call->inputs[i] = value->desc;
            call->constants[i] = value->data;
        }
    }
    call->output_count = node->output_count;
    for (uint32_t i = 0; i < node->output_count; ++i) {
        call->outputs[i] = node->outputs[i] != NULL ? node->outputs[i]->desc : (ht_tensor_desc){.type = HT_NONE};
    }
    return HT_OK;
}

static ht_kernel_env environment(const ht_graph *graph) {
    return (ht_kernel_env){.allocator = &graph->ctx->allocator, .threads = 1, .reference_only = true};
}

static ht_status run_reference(ht_graph *graph, const ht_node *node, const ht_kernel_variant *variant,
                               const ht_kernel_call *call, void *const *outputs, ht_error *err) {
    const ht_allocator *allocator = &graph->ctx->allocator;
    ht_kernel_env env = environment(graph);
    ht_kernel_state state = {0};
    HT_TRY(ht__kernel_prepare(variant, call, &env, &state, err));
    void *scratch = ht__alloc(allocator, state.scratch_bytes);
    ht_status status = scratch != NULL ? variant->run(&state, call->constants, outputs, scratch, NULL)
                                       : ht__fail_memory(err, state.scratch_bytes);
    if (status != HT_OK && scratch != NULL) {
        ht__fail_at(err, status, node->name, "The constant could not be computed: %s.", ht_status_text(status));
    }
    ht__free(allocator, scratch);
    ht__kernel_release(variant, &state, allocator);
    return status;
}

/* Is there a constant to be had? Its size is known and bounded. */
static bool is_bounded(const ht_node *node) {
    for (uint32_t i = 0; i < node->output_count; ++i) {
        size_t bytes;
        const ht_value *value = node->outputs[i];
        if (value != NULL && (value->desc.rank < 0 || !ht__desc_bytes(&value->desc, &bytes) || bytes > MOST_BYTES)) {
            return false;
        }
    }
    return true;
}

/* Runs the node's kernel; *lowered is false when it has none for these types. */
static ht_status fold_by_kernel(ht_graph *graph, ht_node *node, bool *lowered, ht_error *err) {
    ht_kernel_call call;
    int32_t operands[HT_MAX_INPUTS];
    HT_TRY(make_call(node, &call, operands, err));
    ht_kernel_env env = environment(graph);
    const ht_kernel_variant *variant = call.family != NULL ? ht__kernel_choose(&call, &env) : NULL;
    *lowered = variant != NULL;
    if (!*lowered) {
        return HT_OK;
    }
    void *outputs[HT_MAX_OUTPUTS] = {NULL};
    for (uint32_t i = 0; i < node->output_count; ++i) {
        size_t bytes = 0;
        if (node->outputs[i] != NULL && ht__desc_bytes(&node->outputs[i]->desc, &bytes)) {
            outputs[i] = ht__arena_alloc(graph->arena, bytes);
            if (outputs[i] == NULL) {
                return ht__fail_memory(err, bytes);
            }
        }
    }
    HT_TRY(run_reference(graph, node, variant, &call, outputs, err));
    for (uint32_t i = 0; i < node->output_count; ++i) {
        if (node->outputs[i] != NULL) {
            become_constant(node->outputs[i], outputs[i]);
        }
    }
    return HT_OK;
}

/* Memory for an output that is evaluated; the value becomes a constant when all went well. */
static void *evaluated_output(ht_host_call *evaluation, uint32_t index, const ht_tensor_desc *desc) {
    ht_graph *graph = evaluation->user;
    size_t bytes;
    ht_value *value = evaluation->node->outputs[index];
    void *data = ht__desc_bytes(desc, &bytes) && bytes <= MOST_BYTES ? ht__arena_alloc(graph->arena, bytes) : NULL;
    if (data != NULL) {
        value->desc = *desc;
        value->data = data;
    }
    return data;
}

static ht_status fold_by_evaluation(ht_graph *graph, ht_node *node, ht_error *err) {
    ht_tensor_view *inputs = ht__calloc(&graph->ctx->allocator, node->input_count, sizeof *inputs);
    if (inputs == NULL) {
        return ht__fail_memory(err, node->input_count * sizeof *inputs);
    }
    for (uint32_t i = 0; i < node->input_count; ++i) {
        if (node->inputs[i] != NULL) {
            inputs[i] = (ht_tensor_view){node->inputs[i]->desc, node->inputs[i]->data};
        }
    }
    ht_host_call evaluation = {
        .ctx = graph->ctx, .node = node, .inputs = inputs, .output = evaluated_output, .user = graph};
    ht_status status = node->op->evaluate(&evaluation, err);
    ht__free(&graph->ctx->allocator, inputs);
    for (uint32_t i = 0; i < node->output_count; ++i) {
        if (node->outputs[i] == NULL) {
            continue;
        }
        if (status == HT_OK) {
            become_constant(node->outputs[i], node->outputs[i]->data);
        } else {
            node->outputs[i]->data = NULL;
        }
    }
    return status;
}

static ht_status fold_node(ht_graph *graph, ht_node *node, bool *done, ht_error *err) {
    bool bounded = is_bounded(node);
    if (bounded && node->op->lower != NULL && node->output_count <= HT_MAX_OUTPUTS &&
        node->input_count <= HT_MAX_INPUTS) {
        HT_TRY(fold_by_kernel(graph, node, done, err));
    }
    if (bounded && !*done && node->op->evaluate != NULL && !ht__node_has_graphs(node)) {
        *done = true;
        return fold_by_evaluation(graph, node, err);
    }
    return HT_OK;
}

ht_status ht__pass_fold_constants(ht_graph *graph, ht_error *err) {
    HT_TRY(ht__graph_infer(graph, err));
    bool changed = true;
    while (changed) {
        changed = false;
        size_t kept = 0;
        for (size_t i = 0; i < graph->node_count; ++i) {
            ht_node *node = graph->nodes[i];
            bool done = false;
            ht_status status = HT_OK;
            if (all_constant(node)) {
                status = fold_node(graph, node, &done, err);
            }
            if (status != HT_OK) { /* keep the list whole: this node and those not looked at yet */
                memmove(graph->nodes + kept, graph->nodes + i, (graph->node_count - i) * sizeof *graph->nodes);
                graph->node_count = kept + graph->node_count - i;
                return status;
            }
            changed |= done;
            if (!done) {
                graph->nodes[kept++] = node;
            }
        }
        graph->node_count = kept;
        if (changed) {
            HT_TRY(ht__graph_infer(graph, err));
        }
    }
    ht__graph_prune(graph);
    return HT_OK;
}
