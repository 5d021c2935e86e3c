/* Cast: every element is read as a number and stored in the wanted type. */
#include "kernels/move/variants.h"

static ht_status run_cast(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                          ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    const ht_scalar_storing *storing = &HT_PARAMETERS(ht_cast_parameters, call)->storing;
    int64_t elements = ht__desc_elements(&call->outputs[0]);
    for (int64_t i = 0; i < elements; ++i) {
        ht__scalar_store(call->outputs[0].type, outputs[0], i, ht__scalar_load(call->inputs[0].type, inputs[0], i),
                         storing);
    }
    return HT_OK;
}

const ht_kernel_variant ht__cast_reference = {
    .name = "cast_reference", .family = &ht__cast_family, .accept = ht__kernel_accept_all, .run = run_cast};
