/* Sums and means in one pass over x in memory order, with a double per result: the reference's additions in the
 * reference's order, hence its bits. */
#include <string.h>

#include "base/clones.h"
#include "kernels/index.h"
#include "kernels/reduce/variants.h"
#include "kernels/walk.h"

/* Memory order is the logical order of each sum unless channels and spatial positions, which channels-last exchanges,
 * are both summed. */
static bool order_kept(const ht_tensor_desc *x, const bool *axes) {
    bool spatial = false;
    for (int32_t i = 2; i < x->rank; ++i) {
        spatial = spatial || axes[i];
    }
    return x->rank < 3 || x->layout == HT_LAYOUT_PLAIN || !axes[1] || !spatial;
}

static bool accept(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason) {
    const ht_reduce_parameters *p = HT_PARAMETERS(ht_reduce_parameters, call);
    if (!ht__kernel_accept_f32(call, env, reason)) {
        return false;
    }
    *reason = "takes sums and means whose order is that of memory, not of empty tensors";
    return (p->function == HT_REDUCE_SUM || p->function == HT_REDUCE_MEAN) && order_kept(&call->inputs[0], p->axes) &&
           ht__desc_elements(&call->inputs[0]) != 0;
}

typedef struct reduce_state {
    ht_walk walk; /* x, and the sums with stride 0 along reduced axes */
    size_t results;
    double divisor;
} reduce_state;

static void bind(const ht_kernel_call *call, const void *packed, void *memory) {
    (void)packed;
    const ht_reduce_parameters *p = HT_PARAMETERS(ht_reduce_parameters, call);
    const ht_tensor_desc *x = &call->inputs[0];
    reduce_state *own = memory;
    int64_t strides[2][HT_MAX_RANK], next = 1, reduced = 1;
    ht__desc_strides(x, strides[0]);
    for (int32_t i = x->rank - 1; i >= 0; --i) {
        strides[1][i] = p->axes[i] ? 0 : next;
        next *= p->axes[i] ? 1 : x->dims[i];
        reduced *= p->axes[i] ? x->dims[i] : 1;
    }
    ht__walk_make(x->rank, x->dims, 2, (const int64_t(*)[HT_MAX_RANK])strides, &own->walk);
    own->results = (size_t)next;
    own->divisor = p->function == HT_REDUCE_MEAN ? (double)reduced : 1.0;
}

static void layout(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_sizes *out) {
    (void)env;
    reduce_state s;
    bind(call, NULL, &s);
    out->state_bytes = sizeof s;
    out->scratch_bytes = s.results * sizeof(double);
}

typedef struct reduce_job {
    const float *x;
    double *sums;
    int64_t step; /* between the sums of neighbouring elements */
} reduce_job;

HT_CLONES
static void add_row(double *restrict sums, const float *restrict x, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
        sums[i] += (double)x[i];
    }
}

static void segment(void *argument, const int64_t offsets[HT_WALK_TENSORS], int64_t count) {
    const reduce_job *job = argument;
    const float *x = job->x + offsets[0];
    double *sums = job->sums + offsets[1];
    if (job->step == 1) {
        add_row(sums, x, count);
        return;
    }
    if (job->step == 0) {
        double sum = *sums;
        for (int64_t i = 0; i < count; ++i) {
            sum += (double)x[i];
        }
        *sums = sum;
        return;
    }
    for (int64_t i = 0; i < count; ++i) {
        sums[i * job->step] += (double)x[i];
    }
}

static ht_status run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                     ht_pool *pool) {
    (void)pool; /* one order of addition: one thread */
    const reduce_state *s = state->data;
    reduce_job job = {inputs[0], scratch, s->walk.strides[1][s->walk.rank - 1]};
    float *y = outputs[0];
    memset(job.sums, 0, s->results * sizeof *job.sums);
    ht__walk_run(&s->walk, NULL, 1, segment, &job);
    for (size_t i = 0; i < s->results; ++i) {
        y[i] = (float)(job.sums[i] / s->divisor);
    }
    return HT_OK;
}

const ht_kernel_variant ht__reduce_f32_walk = {.name = "reduce_f32_walk",
                                               .family = &ht__reduce_family,
                                               .accept = accept,
                                               .layout = layout,
                                               .bind = bind,
                                               .run = run};
