#include "kernels/integer_pool/integer_pool.h"

#include <math.h>

#include "kernels/codes.h"
#include "kernels/index.h"
#include "kernels/window.h"

#define GRAIN 64 /* results per thread that make a second thread worth while */

typedef struct pool_job {
    const ht_kernel_call *call;
    const ht_integer_pool_parameters *parameters;
    ht_window window;
    const void *x;
    void *y;
} pool_job;

static int32_t clamp(const ht_requantize_parameters *r, double code) {
    return code > (double)r->low ? (code < (double)r->high ? (int32_t)code : r->high) : r->low;
}

static int32_t average(const ht_integer_pool_parameters *p, int64_t sum, int64_t inside, int64_t count) {
    if (count <= 0) {
        return clamp(&p->requantize, p->y_zero);
    }
    if (p->requantize.rule == HT_REQUANTIZE_FIXED) {
        sum += (count - inside) * p->x_zero;
        return clamp(&p->requantize, (double)((sum > 0 ? sum + count / 2 : sum - count / 2) / count));
    }
    float multiplier = p->x_scale / (p->y_scale * (float)count);
    return clamp(&p->requantize, (double)rintf((float)(sum - inside * p->x_zero) * multiplier) + (double)p->y_zero);
}

/* The result at p of the map that begins at element `first` of x. */
static int32_t result(const pool_job *job, int64_t first, const int64_t p[3]) {
    const ht_window *w = &job->window;
    const ht_integer_pool_parameters *q = job->parameters;
    ht_type type = job->call->inputs[0].type;
    int64_t k[3] = {0}, sum = 0, inside = 0;
    int32_t largest = ht__code_low(type);
    do {
        int64_t at = ht__window_input_offset(w, p, k);
        if (at >= 0) {
            int32_t code = ht__code_at(type, job->x, first + at);
            largest = code > largest ? code : largest;
            sum += code;
            ++inside;
        }
    } while (ht__index_next(3, w->size, k));
    return q->pool.kind == HT_POOL_MAX ? clamp(&q->requantize, largest)
                                       : average(q, sum, inside, ht__window_count(w, p, q->pool.count_include_pad));
}

static void part(void *argument, size_t begin, size_t end, unsigned number) {
    (void)number;
    const pool_job *job = argument;
    const ht_window *w = &job->window;
    int64_t channels = job->call->inputs[0].dims[1];
    for (int64_t i = (int64_t)begin; i < (int64_t)end; ++i) { /* channels innermost */
        int64_t c = i % channels, at = i / channels;
        int64_t p[3] = {at / w->out[2] / w->out[1] % w->out[0], at / w->out[2] % w->out[1], at % w->out[2]};
        int64_t n = at / w->out[2] / w->out[1] / w->out[0];
        ht__code_store(job->call->outputs[0].type, job->y, n * w->y[0] + c * w->y[1] + ht__index_offset(3, p, w->y + 2),
                       result(job, n * w->x[0] + c * w->x[1], p));
    }
}

static ht_status run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                     ht_pool *pool) {
    (void)scratch;
    const ht_kernel_call *call = state->data;
    const ht_integer_pool_parameters *p = HT_PARAMETERS(ht_integer_pool_parameters, call);
    pool_job job = {.call = call, .parameters = p, .x = inputs[0], .y = outputs[0]};
    ht__window_make(p->pool.spatial, &call->inputs[0], &call->outputs[0], p->pool.window, p->pool.strides,
                    p->pool.dilations, p->pool.pads_begin, p->pool.pads_end, &job.window);
    ht__pool_run(pool, (size_t)ht__desc_elements(&call->outputs[0]), GRAIN, part, &job);
    return HT_OK;
}

static const ht_kernel_variant integer_pool_reference = {.name = "integer_pool_reference",
                                                         .family = &ht__integer_pool_family,
                                                         .accept = ht__kernel_accept_all,
                                                         .prepare = ht__kernel_keep_call,
                                                         .run = run};

static const ht_kernel_variant *const variants[] = {&integer_pool_reference};

const ht_kernel_family ht__integer_pool_family = {"integer_pool", variants, 1};
