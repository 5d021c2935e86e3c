#include "kernels/integer_mean/integer_mean.h"

#include <math.h>

#include "kernels/codes.h"
#include "kernels/fixed_point.h"
#include "kernels/index.h"
#include "kernels/reduce/rules.h"
#include "kernels/rules.h"

typedef struct mean_job {
    const ht_kernel_call *call;
    int32_t kept, reduced;                                     /* numbers of axes */
    int64_t kept_dims[HT_MAX_RANK], kept_strides[HT_MAX_RANK]; /* of x */
    int64_t dims[HT_MAX_RANK], strides[HT_MAX_RANK];           /* of the reduced axes */
    const void *x;
    void *y;
} mean_job;

static int32_t mean_of(const ht_integer_mean_parameters *p, int64_t sum, int64_t count) {
    const ht_requantize_parameters *r = &p->requantize;
    double code = p->y_zero;
    if (r->rule == HT_REQUANTIZE_FIXED) {
        code += (double)ht__fixed_multiply((int32_t)sum, p->multiplier, p->shift);
    } else if (count > 0) {
        code += (double)rintf((float)sum * (p->x_scale / (p->y_scale * (float)count)));
    }
    return ht__limit_code(&p->requantize, code);
}

static void part(void *argument, size_t begin, size_t end, unsigned number) {
    (void)number;
    const mean_job *job = argument;
    const ht_integer_mean_parameters *p = HT_PARAMETERS(ht_integer_mean_parameters, job->call);
    ht_type type = job->call->inputs[0].type;
    int64_t count = ht__index_product(job->dims, 0, job->reduced);
    for (int64_t i = (int64_t)begin; i < (int64_t)end; ++i) {
        int64_t first = 0, rest = i, index[HT_MAX_RANK] = {0}, sum = 0;
        for (int32_t k = job->kept; k-- > 0; rest /= job->kept_dims[k]) {
            first += rest % job->kept_dims[k] * job->kept_strides[k];
        }
        do {
            sum += count > 0 ? ht__code_at(type, job->x, first + ht__index_offset(job->reduced, index, job->strides)) -
                                   (int64_t)p->x_zero
                             : 0;
        } while (ht__index_next(job->reduced, job->dims, index));
        ht__code_store(job->call->outputs[0].type, job->y, i, mean_of(p, sum, count));
    }
}

static void make_job(const ht_kernel_call *call, const void *const *inputs, void *const *outputs, mean_job *out) {
    const ht_integer_mean_parameters *p = HT_PARAMETERS(ht_integer_mean_parameters, call);
    const ht_tensor_desc *x = &call->inputs[0];
    int64_t strides[HT_MAX_RANK];
    *out = (mean_job){.call = call, .x = inputs != NULL ? inputs[0] : NULL, .y = outputs != NULL ? outputs[0] : NULL};
    ht__desc_strides(x, strides);
    for (int32_t i = 0; i < x->rank; ++i) {
        int32_t place = p->axes[i] ? out->reduced++ : out->kept++;
        (p->axes[i] ? out->dims : out->kept_dims)[place] = x->dims[i];
        (p->axes[i] ? out->strides : out->kept_strides)[place] = strides[i];
    }
}

static ht_status run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                     ht_pool *pool) {
    (void)scratch;
    const ht_kernel_call *call = state->data;
    mean_job job;
    make_job(call, inputs, outputs, &job);
    ht__pool_run(pool, (size_t)ht__desc_elements(&call->outputs[0]), 16, part, &job);
    return HT_OK;
}

static const ht_kernel_variant integer_mean_reference = {
    .name = "integer_mean_reference", .family = &ht__integer_mean_family, .accept = ht__kernel_accept_all, .run = run};

/* ---- the last kept axis lies densely: all its means at once ---- */

#define STRETCH 256

static bool accept_rows(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason) {
    (void)env;
    mean_job job;
    int64_t count = 1;
    make_job(call, NULL, NULL, &job);
    for (int32_t i = 0; i < job.reduced; ++i) {
        count *= job.dims[i];
    }
    *reason = "takes kept axes that lie densely, and sums that fit 32 bits";
    return job.kept > 0 && job.kept_strides[job.kept - 1] == 1 && count > 0 && count <= INT32_MAX / (2 * UINT16_MAX);
}

/* begin, end: stretches of the last kept axis, all others before them. */
static void rows_part(void *argument, size_t begin, size_t end, unsigned number) {
    (void)number;
    const mean_job *job = argument;
    const ht_integer_mean_parameters *p = HT_PARAMETERS(ht_integer_mean_parameters, job->call);
    int64_t size = job->kept_dims[job->kept - 1], stretches = (size + STRETCH - 1) / STRETCH;
    int64_t count = ht__index_product(job->dims, 0, job->reduced);
    for (int64_t i = (int64_t)begin; i < (int64_t)end; ++i) {
        int64_t c = i % stretches * STRETCH, some = size - c < STRETCH ? size - c : STRETCH;
        int64_t first = c, rest = i / stretches, index[HT_MAX_RANK] = {0};
        int32_t sums[STRETCH] = {0}, row[STRETCH];
        for (int32_t k = job->kept - 1; k-- > 0; rest /= job->kept_dims[k]) {
            first += rest % job->kept_dims[k] * job->kept_strides[k];
        }
        do {
            ht__codes_load(job->call->inputs[0].type, job->x,
                           first + ht__index_offset(job->reduced, index, job->strides), 1, some, p->x_zero, row);
            ht__codes_add(sums, row, some);
        } while (ht__index_next(job->reduced, job->dims, index));
        for (int64_t k = 0; k < some; ++k) {
            sums[k] = mean_of(p, sums[k], count);
        }
        ht__codes_store(job->call->outputs[0].type, job->y, i / stretches * size + c, 1, some, sums);
    }
}

static ht_status run_rows(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                          ht_pool *pool) {
    (void)scratch;
    mean_job job;
    make_job(state->data, inputs, outputs, &job);
    int64_t size = job.kept_dims[job.kept - 1];
    if (size > 0) {
        int64_t rows = ht__index_product(job.kept_dims, 0, job.kept - 1);
        ht__pool_run(pool, (size_t)(rows * ((size + STRETCH - 1) / STRETCH)), 4, rows_part, &job);
    }
    return HT_OK;
}

static const ht_kernel_variant integer_mean_rows = {
    .name = "integer_mean_rows", .family = &ht__integer_mean_family, .accept = accept_rows, .run = run_rows};

/* ---- sound calls, for files ---- */

static const ht_kernel_field fields[] = {HT_BOOL_FIELD(ht_integer_mean_parameters, axes),
                                         HT_REQUANTIZE_FIELDS(ht_integer_mean_parameters, requantize),
                                         HT_I32_FIELD(ht_integer_mean_parameters, x_zero, INT16_MIN, UINT16_MAX),
                                         HT_I32_FIELD(ht_integer_mean_parameters, y_zero, INT16_MIN, UINT16_MAX),
                                         HT_F32_FIELD(ht_integer_mean_parameters, x_scale),
                                         HT_F32_FIELD(ht_integer_mean_parameters, y_scale),
                                         HT_I32_FIELD(ht_integer_mean_parameters, multiplier, INT32_MIN, INT32_MAX),
                                         HT_I32_FIELD(ht_integer_mean_parameters, shift, -31, 30)};

static const char *check(const ht_kernel_call *call) {
    const ht_integer_mean_parameters *p = HT_PARAMETERS(ht_integer_mean_parameters, call);
    const ht_tensor_desc *x = &call->inputs[0], *y = &call->outputs[0];
    if (!ht__check_counts(call, 1, 1, 1, 1) || !ht__check_codes(x->type) || !ht__check_codes(y->type) ||
        !ht__check_limits(&p->requantize, y->type)) {
        return "operands or limits are no codes";
    }
    return ht__check_reduced(x, p->axes, y) ? NULL : "the result does not fit";
}

static const ht_kernel_rules rules = HT_RULES(fields, check);

static const ht_kernel_variant *const variants[] = {&integer_mean_rows, &integer_mean_reference};

const ht_kernel_family ht__integer_mean_family = {"integer_mean", variants, 2, &rules};
