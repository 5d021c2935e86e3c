#include <math.h>

#include "kernels/index.h"
#include "kernels/reduce/variants.h"

/* Folds one line of x into a value: `dims` are the sizes of the reduced axes and 1 elsewhere. An empty sum is 0, an
 * empty mean NaN, an empty maximum -infinity. */
static float reduce_one(ht_reduce function, const float *x, int32_t rank, const int64_t *dims, const int64_t *strides) {
    int64_t count = ht__index_product(dims, 0, rank);
    double sum = 0.0;
    float extreme = function == HT_REDUCE_MAX ? -INFINITY : INFINITY;
    int64_t index[HT_MAX_RANK] = {0};
    if (count > 0) {
        do {
            float value = x[ht__index_offset(rank, index, strides)];
            bool better = function == HT_REDUCE_MAX ? value > extreme : value < extreme;
            extreme = better || value != value ? value : extreme; /* NaN wins and stays */
            sum += value;
        } while (ht__index_next(rank, dims, index));
    }
    switch (function) {
    case HT_REDUCE_SUM: return (float)sum;
    case HT_REDUCE_MEAN: return (float)(sum / (double)count);
    case HT_REDUCE_MAX:
    case HT_REDUCE_MIN: break;
    }
    return extreme;
}

static ht_status run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                     ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    const ht_reduce_parameters *p = HT_PARAMETERS(ht_reduce_parameters, call);
    const ht_tensor_desc *xd = &call->inputs[0];
    int64_t strides[HT_MAX_RANK], kept[HT_MAX_RANK], reduced[HT_MAX_RANK];
    ht__desc_strides(xd, strides);
    for (int32_t i = 0; i < xd->rank; ++i) {
        kept[i] = p->axes[i] ? 1 : xd->dims[i];
        reduced[i] = p->axes[i] ? xd->dims[i] : 1;
    }
    if (ht__index_product(kept, 0, xd->rank) == 0) {
        return HT_OK;
    }
    float *y = outputs[0];
    int64_t index[HT_MAX_RANK] = {0};
    do {
        const float *line = (const float *)inputs[0] + ht__index_offset(xd->rank, index, strides);
        *y++ = reduce_one(p->function, line, xd->rank, reduced, strides);
    } while (ht__index_next(xd->rank, kept, index));
    return HT_OK;
}

const ht_kernel_variant ht__reduce_f32_reference = {.name = "reduce_f32_reference",
                                                    .family = &ht__reduce_family,
                                                    .accept = ht__kernel_accept_f32,
                                                    .prepare = ht__kernel_keep_call,
                                                    .run = run};
