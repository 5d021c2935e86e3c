#include "kernels/lookup/lookup.h"

#include "kernels/codes.h"
#include "kernels/rules.h"

#define GRAIN 16384 /* elements; below, a second thread costs more than it brings */

typedef struct lookup_job {
    const ht_kernel_call *call;
    const void *x, *table;
    void *y;
} lookup_job;

static void part(void *argument, size_t begin, size_t end, unsigned number) {
    (void)number;
    const lookup_job *job = argument;
    ht_type x_type = job->call->inputs[0].type, y_type = job->call->outputs[0].type;
    int32_t low = ht__code_low(x_type);
    for (size_t i = begin; i < end; ++i) {
        int32_t entry = ht__code_at(x_type, job->x, (int64_t)i) - low;
        ht__code_store(y_type, job->y, (int64_t)i, ht__code_at(y_type, job->table, entry));
    }
}

static ht_status run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                     ht_pool *pool) {
    (void)scratch;
    const ht_kernel_call *call = state->data;
    lookup_job job = {call, inputs[0], inputs[1], outputs[0]};
    ht__pool_run(pool, (size_t)ht__desc_elements(&call->outputs[0]), GRAIN, part, &job);
    return HT_OK;
}

static const ht_kernel_variant lookup_reference = {
    .name = "lookup_reference", .family = &ht__lookup_family, .accept = ht__kernel_accept_all, .run = run};

static const char *check(const ht_kernel_call *call) {
    const ht_tensor_desc *x = &call->inputs[0], *table = &call->inputs[1], *y = &call->outputs[0];
    bool fits = ht__check_counts(call, 2, 2, 1, 1) && ht__check_codes(x->type) && ht__check_codes(y->type) &&
                table->type == y->type && ht__desc_elements(x) == ht__desc_elements(y) &&
                ht__desc_elements(table) == (ht_type_bytes(x->type) == 1 ? 256 : 65536);
    return fits ? NULL : "operands do not fit";
}

static const ht_kernel_rules rules = {NULL, 0, check};

static const ht_kernel_variant *const variants[] = {&lookup_reference};

const ht_kernel_family ht__lookup_family = {"lookup", variants, 1, &rules};
