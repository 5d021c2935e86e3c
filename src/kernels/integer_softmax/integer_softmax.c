#include "kernels/integer_softmax/integer_softmax.h"

#include <math.h>

#include "kernels/codes.h"
#include "kernels/fixed_functions.h"
#include "kernels/fixed_point.h"
#include "kernels/index.h"
#include "kernels/interpolated.h"
#include "kernels/rules.h"
#include "numeric/elementary.h"

/* Tables of exp by the distance from the largest code. */
typedef struct softmax_state {
    ht_kernel_call call;
    int32_t entries;                            /* 256 or 65,536 */
    double *real;                               /* float */
    int32_t *fixed;                             /* fixed, Q0.31; of 16 bits Q0.15 */
    int16_t reciprocal[HT_INTERPOLATED_PLACES]; /* fixed, 16 bits */
} softmax_state;

static double one_over_one_plus(double x) { return 1.0 / (1.0 + x); }

static void fill_wide_tables(const ht_integer_softmax_parameters *p, softmax_state *s) {
    int16_t exponential[HT_INTERPOLATED_PLACES];
    ht__interpolated_fill(ht__exp, -10.0, 0.0, exponential);
    ht__interpolated_fill(one_over_one_plus, 0.0, 1.0, s->reciprocal);
    for (int32_t d = 0; d < s->entries; ++d) {
        int64_t at = (int64_t)ht__fixed_multiply(-d, p->multiplier, p->shift) + 32767;
        s->fixed[d] = ht__interpolated_at(exponential, at < -32768 ? -32768 : at > 32767 ? 32767 : (int32_t)at);
    }
}

static void fill_tables(const ht_integer_softmax_parameters *p, softmax_state *s) {
    if (p->requantize.rule == HT_REQUANTIZE_FIXED && s->entries > 256) {
        fill_wide_tables(p, s);
        return;
    }
    for (int32_t d = 0; d < s->entries; ++d) {
        if (p->requantize.rule != HT_REQUANTIZE_FIXED) {
            s->real[d] = ht__exp(-(double)d * (double)p->x_scale);
        } else if (-d >= p->difference_low) {
            int32_t shifted = (int32_t)(0u - ((uint32_t)d << p->shift));
            s->fixed[d] = ht__fixed_exp(ht__fixed_high(shifted, p->multiplier));
        } else {
            s->fixed[d] = 0;
        }
    }
}

static int32_t entries_of(const ht_kernel_call *call) { return ht_type_bytes(call->inputs[0].type) == 1 ? 256 : 65536; }

/* The state, then its table. */
static void layout(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_sizes *out) {
    (void)env;
    out->state_bytes = sizeof(softmax_state) + (size_t)entries_of(call) * sizeof(double);
}

static void bind(const ht_kernel_call *call, const void *packed, void *memory) {
    (void)packed;
    softmax_state *own = memory;
    *own = (softmax_state){.call = *call, .entries = entries_of(call)};
    void *table = own + 1;
    own->real = table;
    own->fixed = table;
    fill_tables(HT_PARAMETERS(ht_integer_softmax_parameters, call), own);
}

typedef struct softmax_job {
    const softmax_state *state;
    int64_t length, inner; /* of the axis; elements behind it */
    const void *x;
    void *y;
} softmax_job;

static int32_t clamp(const ht_requantize_parameters *r, double code) {
    return code > (double)r->low ? (code < (double)r->high ? (int32_t)code : r->high) : r->low;
}

static void real_row(const softmax_job *job, int64_t first, int32_t largest) {
    const softmax_state *s = job->state;
    const ht_integer_softmax_parameters *p = HT_PARAMETERS(ht_integer_softmax_parameters, &s->call);
    ht_type type = s->call.inputs[0].type;
    double sum = 0.0;
    for (int64_t i = 0; i < job->length; ++i) {
        sum += s->real[largest - ht__code_at(type, job->x, first + i * job->inner)];
    }
    for (int64_t i = 0; i < job->length; ++i) {
        int64_t at = first + i * job->inner;
        float share = (float)(s->real[largest - ht__code_at(type, job->x, at)] / sum);
        ht__code_store(s->call.outputs[0].type, job->y, at,
                       clamp(&p->requantize, (double)rintf(share / p->y_scale) + (double)p->y_zero));
    }
}

static void real_log_row(const softmax_job *job, int64_t first, int32_t largest) {
    const softmax_state *s = job->state;
    const ht_integer_softmax_parameters *p = HT_PARAMETERS(ht_integer_softmax_parameters, &s->call);
    ht_type type = s->call.inputs[0].type;
    double sum = 0.0;
    for (int64_t i = 0; i < job->length; ++i) {
        sum += s->real[largest - ht__code_at(type, job->x, first + i * job->inner)];
    }
    double log_sum = ht__log(sum);
    for (int64_t i = 0; i < job->length; ++i) {
        int64_t at = first + i * job->inner;
        double d = (double)ht__code_at(type, job->x, at) - (double)largest;
        float logarithm = (float)(d * (double)p->x_scale - log_sum);
        ht__code_store(s->call.outputs[0].type, job->y, at,
                       clamp(&p->requantize, (double)rintf(logarithm / p->y_scale) + (double)p->y_zero));
    }
}

static void fixed_log_row(const softmax_job *job, int64_t first, int32_t largest) {
    const softmax_state *s = job->state;
    const ht_integer_softmax_parameters *p = HT_PARAMETERS(ht_integer_softmax_parameters, &s->call);
    ht_type type = s->call.inputs[0].type, y_type = s->call.outputs[0].type;
    int32_t sum = 0; /* Q12.19; at least 1, that of the largest */
    for (int64_t i = 0; i < job->length; ++i) {
        sum += ht__fixed_shift(s->fixed[largest - ht__code_at(type, job->x, first + i * job->inner)], 12);
    }
    int32_t log_sum = ht__fixed_log(sum), floor_code = ht__code_low(y_type), top = floor_code + 255;
    int64_t low =
        ht__fixed_multiply((int32_t)((uint32_t)log_sum + ((uint32_t)1 << 31)), p->reverse_multiplier, p->reverse_shift);
    low = low > (int64_t)p->difference_low - 1 ? low : (int64_t)p->difference_low - 1;
    for (int64_t i = 0; i < job->length; ++i) {
        int64_t at = first + i * job->inner;
        int32_t d = ht__code_at(type, job->x, at) - largest, code = floor_code;
        if (d > low) {
            uint32_t a = (uint32_t)ht__fixed_multiply(d, p->multiplier, p->shift);
            code = ht__fixed_shift((int32_t)(a - (uint32_t)log_sum), 22) + top;
        }
        ht__code_store(y_type, job->y, at, clamp(&p->requantize, (double)code));
    }
}

static void fixed_row(const softmax_job *job, int64_t first, int32_t largest) {
    const softmax_state *s = job->state;
    const ht_integer_softmax_parameters *p = HT_PARAMETERS(ht_integer_softmax_parameters, &s->call);
    ht_type type = s->call.inputs[0].type, y_type = s->call.outputs[0].type;
    uint32_t sum = 0; /* Q12.19; at least 1, that of the largest */
    for (int64_t i = 0; i < job->length; ++i) {
        sum += (uint32_t)ht__fixed_shift(s->fixed[largest - ht__code_at(type, job->x, first + i * job->inner)], 12);
    }
    int headroom = __builtin_clz(sum);
    int32_t reciprocal = ht__fixed_reciprocal((int32_t)((sum << headroom) - ((uint32_t)1 << 31)));
    int exponent = 12 - headroom + 31 - 8 * (int)ht_type_bytes(y_type);
    for (int64_t i = 0; i < job->length; ++i) {
        int64_t at = first + i * job->inner, code = ht__code_low(y_type);
        int32_t e = s->fixed[largest - ht__code_at(type, job->x, at)];
        code += exponent <= 31 ? ht__fixed_shift(ht__fixed_high(reciprocal, e), exponent) : 0;
        ht__code_store(y_type, job->y, at, clamp(&p->requantize, (double)code));
    }
}

static void wide_row(const softmax_job *job, int64_t first, int32_t largest) {
    const softmax_state *s = job->state;
    ht_type type = s->call.inputs[0].type;
    uint32_t sum = 0; /* Q16.15 */
    for (int64_t i = 0; i < job->length; ++i) {
        sum += (uint32_t)s->fixed[largest - ht__code_at(type, job->x, first + i * job->inner)];
    }
    int zeros = __builtin_clz(sum), shift = 31 - zeros; /* at least 14: the largest gives almost 1 */
    int32_t at = (int32_t)((((int64_t)sum << (zeros - 1)) + (1 << 13)) >> 14) - (1 << 15) - (1 << 16);
    int32_t reciprocal = ht__interpolated_at(s->reciprocal, at > 32767 ? 32767 : at);
    for (int64_t i = 0; i < job->length; ++i) {
        int64_t place = first + i * job->inner;
        int64_t e = s->fixed[largest - ht__code_at(type, job->x, place)];
        int64_t code = (e * reciprocal + ((int64_t)1 << (shift - 1))) >> shift;
        ht__code_store(s->call.outputs[0].type, job->y, place, (int32_t)(code > 32767 ? 32767 : code));
    }
}

static void part(void *argument, size_t begin, size_t end, unsigned number) {
    (void)number;
    const softmax_job *job = argument;
    const softmax_state *s = job->state;
    ht_type type = s->call.inputs[0].type;
    const ht_integer_softmax_parameters *p = HT_PARAMETERS(ht_integer_softmax_parameters, &s->call);
    bool fixed = p->requantize.rule == HT_REQUANTIZE_FIXED;
    for (int64_t row = (int64_t)begin; row < (int64_t)end; ++row) {
        int64_t first = row / job->inner * job->length * job->inner + row % job->inner;
        int32_t largest = ht__code_at(type, job->x, first);
        for (int64_t i = 1; i < job->length; ++i) {
            int32_t code = ht__code_at(type, job->x, first + i * job->inner);
            largest = code > largest ? code : largest;
        }
        if (p->logarithm) {
            (fixed ? fixed_log_row : real_log_row)(job, first, largest);
        } else {
            (!fixed ? real_row : s->entries > 256 ? wide_row : fixed_row)(job, first, largest);
        }
    }
}

static ht_status run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                     ht_pool *pool) {
    (void)scratch;
    const softmax_state *s = state->data;
    const ht_tensor_desc *x = &s->call.inputs[0];
    int32_t axis = HT_PARAMETERS(ht_integer_softmax_parameters, &s->call)->axis;
    softmax_job job = {s, x->dims[axis], ht__index_product(x->dims, axis + 1, x->rank), inputs[0], outputs[0]};
    int64_t elements = ht__desc_elements(x);
    if (elements > 0) {
        ht__pool_run(pool, (size_t)(elements / job.length), 16, part, &job);
    }
    return HT_OK;
}

static const ht_kernel_variant integer_softmax_reference = {.name = "integer_softmax_reference",
                                                            .family = &ht__integer_softmax_family,
                                                            .accept = ht__kernel_accept_all,
                                                            .layout = layout,
                                                            .bind = bind,
                                                            .run = run};

/* ---- sound calls, for files ---- */

static const ht_kernel_field fields[] = {HT_I32_FIELD(ht_integer_softmax_parameters, axis, 0, HT_MAX_RANK - 1),
                                         HT_BOOL_FIELD(ht_integer_softmax_parameters, logarithm),
                                         HT_REQUANTIZE_FIELDS(ht_integer_softmax_parameters, requantize),
                                         HT_I32_FIELD(ht_integer_softmax_parameters, y_zero, INT16_MIN, UINT16_MAX),
                                         HT_F32_FIELD(ht_integer_softmax_parameters, x_scale),
                                         HT_F32_FIELD(ht_integer_softmax_parameters, y_scale),
                                         HT_I32_FIELD(ht_integer_softmax_parameters, multiplier, 0, INT32_MAX),
                                         HT_I32_FIELD(ht_integer_softmax_parameters, shift, -31, 31),
                                         HT_I32_FIELD(ht_integer_softmax_parameters, difference_low, INT32_MIN, 0),
                                         HT_I32_FIELD(ht_integer_softmax_parameters, reverse_multiplier, 0, INT32_MAX),
                                         HT_I32_FIELD(ht_integer_softmax_parameters, reverse_shift, -31, 0)};

static const char *check(const ht_kernel_call *call) {
    const ht_integer_softmax_parameters *p = HT_PARAMETERS(ht_integer_softmax_parameters, call);
    const ht_tensor_desc *x = &call->inputs[0], *y = &call->outputs[0];
    if (!ht__check_counts(call, 1, 1, 1, 1) || !ht__check_codes(x->type) || !ht__check_codes(y->type) ||
        !ht__check_limits(&p->requantize, y->type)) {
        return "operands or limits are no codes";
    }
    if (p->axis >= x->rank || !ht__desc_same_shape(x, y)) {
        return "axis or shapes do not fit";
    }
    if (p->requantize.rule != HT_REQUANTIZE_FIXED) {
        return NULL;
    }
    bool bytes = ht_type_bytes(x->type) == 1; /* sums of so many terms fit 32 bits */
    if (p->logarithm && (!bytes || x->dims[p->axis] >= 1 << 12)) {
        return "the logarithm needs codes of 8 bits and an axis below 4096";
    }
    bool fits = ht_type_bytes(y->type) == ht_type_bytes(x->type) && (bytes ? p->shift >= 0 : p->shift <= 30) &&
                x->dims[p->axis] < (bytes ? 1 << 13 : 1 << 17);
    return fits ? NULL : "shift, types or the length of the axis do not fit";
}

static const ht_kernel_rules rules = HT_RULES(fields, check);

static const ht_kernel_variant *const variants[] = {&integer_softmax_reference};

const ht_kernel_family ht__integer_softmax_family = {"integer_softmax", variants, 1, &rules};
