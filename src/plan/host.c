#include "plan/host.h"

#include <string.h>

typedef struct host_parameters {
    ht_context *ctx;
    const ht_node *node;
} host_parameters;

void ht__host_lower(ht_context *ctx, const ht_node *node, ht_kernel_call *call) {
    call->family = &ht__host_family;
    host_parameters parameters = {ctx, node};
    memcpy(call->parameters, &parameters, sizeof parameters);
}

/* A run of the step. */
typedef struct host_run {
    const ht_kernel_call *call;
    void *const *outputs;
} host_run;

static void *step_output(ht_host_call *evaluation, uint32_t index, const ht_tensor_desc *desc) {
    const host_run *run = evaluation->user;
    return ht__desc_same_shape(desc, &run->call->outputs[index]) ? run->outputs[index] : NULL;
}

static ht_status run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                     ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    const host_parameters *p = HT_PARAMETERS(host_parameters, call);
    ht_tensor_view views[HT_MAX_INPUTS];
    for (uint32_t i = 0; i < call->input_count; ++i) {
        views[i] = (ht_tensor_view){call->inputs[i], inputs[i]};
    }
    host_run own = {call, outputs};
    ht_host_call evaluation = {.ctx = p->ctx, .node = p->node, .inputs = views, .output = step_output, .user = &own};
    return p->node->op->evaluate(&evaluation, NULL);
}

static const ht_kernel_variant evaluate = {
    .name = HT_HOST_KERNEL, .family = &ht__host_family, .accept = ht__kernel_accept_all, .run = run};
static const ht_kernel_variant *const variants[] = {&evaluate};
const ht_kernel_family ht__host_family = {"host", variants, sizeof variants / sizeof variants[0], NULL};
