#include <math.h>

#include "kernels/index.h"
#include "kernels/reduce/variants.h"
#include "numeric/scalar.h"

/* What has been seen of a line: enough for every function. */
typedef struct running {
    double sum, extreme;
    uint64_t whole;   /* sum or product of integers, wrapping */
    int64_t limit;    /* largest or smallest integer */
    bool is_unsigned; /* ... as the bits of a u64 */
    bool any;         /* is `limit` one of the line's? */
} running;

/* What one number adds to a sum. */
static double term(ht_reduce function, double value) {
    switch (function) {
    case HT_REDUCE_L1: return fabs(value);
    case HT_REDUCE_L2:
    case HT_REDUCE_SUM_SQUARE: return value * value;
    default: return value;
    }
}

static void add_real(ht_reduce function, running *r, double value) {
    bool better = function == HT_REDUCE_MAX ? value > r->extreme : value < r->extreme;
    r->extreme = better || value != value ? value : r->extreme; /* NaN wins and stays */
    if (function == HT_REDUCE_PROD) {
        r->sum *= value;
    } else if (function != HT_REDUCE_LOG_SUM_EXP) {
        r->sum += term(function, value);
    }
}

static void add_integer(ht_reduce function, running *r, ht_scalar value) {
    uint64_t bits = (uint64_t)value.integer;
    bool below = r->is_unsigned ? bits < (uint64_t)r->limit : value.integer < r->limit;
    if (!r->any || (value.integer != r->limit && below == (function == HT_REDUCE_MIN))) {
        r->limit = value.integer;
    }
    r->any = true;
    switch (function) {
    case HT_REDUCE_PROD: r->whole *= bits; break;
    case HT_REDUCE_L1: r->whole += !r->is_unsigned && value.integer < 0 ? 0 - bits : bits; break;
    case HT_REDUCE_SUM_SQUARE: r->whole += bits * bits; break;
    default: r->whole += bits; break;
    }
    if (function == HT_REDUCE_L2) {
        r->sum += ht__scalar_real(value) * ht__scalar_real(value);
    }
}

/* A line of x: `dims` are the sizes of the reduced axes and 1 elsewhere. */
typedef struct line {
    ht_type type;
    const void *x;
    int64_t offset; /* of its first element */
    int32_t rank;
    const int64_t *dims, *strides;
    int64_t count;
} line;

/* log(sum(exp(x))), with the largest value taken out so that nothing overflows. */
static double log_sum_exp(const line *l, double largest) {
    int64_t index[HT_MAX_RANK] = {0};
    double sum = 0.0;
    if (l->count == 0 || isinf(largest)) {
        return l->count == 0 ? -(double)INFINITY : largest;
    }
    do {
        int64_t at = l->offset + ht__index_offset(l->rank, index, l->strides);
        sum += exp(ht__scalar_real(ht__scalar_load(l->type, l->x, at)) - largest);
    } while (ht__index_next(l->rank, l->dims, index));
    return largest + log(sum);
}

/* An empty sum is 0, an empty product 1, an empty mean NaN, an empty maximum -infinity. */
static double real_result(ht_reduce function, const line *l, const running *r) {
    switch (function) {
    case HT_REDUCE_MEAN: return r->sum / (double)l->count;
    case HT_REDUCE_MAX:
    case HT_REDUCE_MIN: return r->extreme;
    case HT_REDUCE_L2: return sqrt(r->sum);
    case HT_REDUCE_LOG_SUM: return log(r->sum);
    case HT_REDUCE_LOG_SUM_EXP: return log_sum_exp(l, r->extreme);
    default: return r->sum;
    }
}

/* The smallest integer of a type for an empty maximum, the largest for an empty minimum: a saturated infinity. */
static ht_scalar empty_limit(ht_reduce function, ht_type type) {
    if (type == HT_BOOL) {
        return ht__scalar_of_integer(function == HT_REDUCE_MIN);
    }
    return ht__scalar_of_real(function == HT_REDUCE_MAX ? -(double)INFINITY : (double)INFINITY);
}

static ht_scalar integer_result(ht_reduce function, const line *l, const running *r) {
    ht_scalar whole = {r->is_unsigned ? HT_SCALAR_UNSIGNED : HT_SCALAR_SIGNED, 0.0, (int64_t)r->whole};
    switch (function) {
    case HT_REDUCE_MAX:
    case HT_REDUCE_MIN:
        if (!r->any) {
            return empty_limit(function, l->type);
        }
        whole.integer = r->limit;
        return whole;
    case HT_REDUCE_MEAN: return ht__scalar_of_real(ht__scalar_real(whole) / (double)l->count);
    case HT_REDUCE_L2: return ht__scalar_of_real(sqrt(r->sum));
    case HT_REDUCE_LOG_SUM: return ht__scalar_of_real(log(ht__scalar_real(whole)));
    case HT_REDUCE_LOG_SUM_EXP: return ht__scalar_of_real(log_sum_exp(l, l->count != 0 ? (double)r->limit : 0.0));
    default: return whole;
    }
}

static ht_scalar reduce_line(ht_reduce function, const line *l) {
    ht_scalar_kind kind = ht__scalar_kind(l->type);
    bool lowest = function == HT_REDUCE_MIN, product = function == HT_REDUCE_PROD;
    running r = {.sum = product ? 1.0 : 0.0,
                 .whole = product,
                 .extreme = lowest ? (double)INFINITY : -(double)INFINITY,
                 .is_unsigned = kind == HT_SCALAR_UNSIGNED};
    /* The largest number is what log_sum_exp takes out. */
    ht_reduce seen = function == HT_REDUCE_LOG_SUM_EXP ? HT_REDUCE_MAX : function;
    int64_t index[HT_MAX_RANK] = {0};
    if (l->count > 0) {
        do {
            ht_scalar value = ht__scalar_load(l->type, l->x, l->offset + ht__index_offset(l->rank, index, l->strides));
            if (kind == HT_SCALAR_REAL) {
                add_real(seen, &r, value.real);
            } else {
                add_integer(seen, &r, value);
            }
        } while (ht__index_next(l->rank, l->dims, index));
    }
    return kind == HT_SCALAR_REAL ? ht__scalar_of_real(real_result(function, l, &r)) : integer_result(function, l, &r);
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
    line l = {xd->type, inputs[0], 0, xd->rank, reduced, strides, ht__index_product(reduced, 0, xd->rank)};
    int64_t index[HT_MAX_RANK] = {0}, at = 0;
    do {
        l.offset = ht__index_offset(xd->rank, index, strides);
        ht__scalar_store(call->outputs[0].type, outputs[0], at++, reduce_line(p->function, &l), NULL);
    } while (ht__index_next(xd->rank, kept, index));
    return HT_OK;
}

static bool accept(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason) {
    (void)env;
    *reason = "gives the type that it takes";
    return call->inputs[0].type == call->outputs[0].type;
}

const ht_kernel_variant ht__reduce_reference = {
    .name = "reduce_reference", .family = &ht__reduce_family, .accept = accept, .run = run};
