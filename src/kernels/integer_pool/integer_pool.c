#include "kernels/integer_pool/integer_pool.h"

#include <math.h>
#include <string.h>

#include "base/clones.h"
#include "kernels/codes.h"
#include "kernels/index.h"
#include "kernels/rules.h"
#include "kernels/window.h"

#define GRAIN 64       /* results per thread that make a second thread worth while */
#define ROW_WORK 16384 /* the same, of a variant that takes all channels at once */

typedef struct pool_job {
    const ht_kernel_call *call;
    const ht_integer_pool_parameters *parameters;
    ht_window window;
    const void *x;
    void *y;
} pool_job;

static int32_t average(const ht_integer_pool_parameters *p, int64_t sum, int64_t inside, int64_t count) {
    if (count <= 0) {
        return ht__limit_code(&p->requantize, p->y_zero);
    }
    if (p->requantize.rule == HT_REQUANTIZE_FIXED) {
        sum += (count - inside) * p->x_zero;
        return ht__limit_code(&p->requantize, (double)((sum > 0 ? sum + count / 2 : sum - count / 2) / count));
    }
    float multiplier = p->x_scale / (p->y_scale * (float)count);
    return ht__limit_code(&p->requantize,
                          (double)rintf((float)(sum - inside * p->x_zero) * multiplier) + (double)p->y_zero);
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
    return q->pool.kind == HT_POOL_MAX ? ht__limit_code(&q->requantize, largest)
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

static void make_job(const ht_kernel_call *call, const void *const *inputs, void *const *outputs, pool_job *out) {
    const ht_integer_pool_parameters *p = HT_PARAMETERS(ht_integer_pool_parameters, call);
    *out = (pool_job){.call = call, .parameters = p, .x = inputs[0], .y = outputs[0]};
    ht__window_make(p->pool.spatial, &call->inputs[0], &call->outputs[0], p->pool.window, p->pool.strides,
                    p->pool.dilations, p->pool.pads_begin, p->pool.pads_end, &out->window);
}

static ht_status run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                     ht_pool *pool) {
    (void)scratch;
    const ht_kernel_call *call = state->data;
    pool_job job;
    make_job(call, inputs, outputs, &job);
    ht__pool_run(pool, (size_t)ht__desc_elements(&call->outputs[0]), GRAIN, part, &job);
    return HT_OK;
}

static const ht_kernel_variant integer_pool_reference = {
    .name = "integer_pool_reference", .family = &ht__integer_pool_family, .accept = ht__kernel_accept_all, .run = run};

/* ---- channels-last maps: all channels of a position at once ---- */

#define STRETCH 256 /* channels whose sums are held at a time */

static bool accept_rows(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason) {
    (void)env;
    int64_t x[HT_MAX_RANK], y[HT_MAX_RANK];
    *reason = "takes channels-last maps";
    ht__desc_strides(&call->inputs[0], x);
    ht__desc_strides(&call->outputs[0], y);
    const ht_pool_parameters *p = &HT_PARAMETERS(ht_integer_pool_parameters, call)->pool;
    int64_t window = ht__index_product(p->window, 0, p->spatial); /* sums of 16-bit codes must fit 32 bits */
    return x[1] == 1 && y[1] == 1 && window <= INT32_MAX / UINT16_MAX;
}

/* The largest bytes, which are unsigned after ^ flip. */
HT_CLONES
static void largest_bytes(uint8_t *restrict best, const uint8_t *restrict row, int64_t count, uint8_t flip) {
    for (int64_t i = 0; i < count; ++i) {
        uint8_t code = row[i] ^ flip;
        best[i] = code > best[i] ? code : best[i];
    }
}

/* to = ht__limit_code(best) ^ flip, limits being flipped. */
HT_CLONES
static void clamp_bytes(uint8_t *restrict to, const uint8_t *restrict best, int64_t count, uint8_t low, uint8_t high,
                        uint8_t flip) {
    for (int64_t i = 0; i < count; ++i) {
        uint8_t code = best[i] > low ? best[i] : low;
        to[i] = (code < high ? code : high) ^ flip;
    }
}

static void largest_codes(int32_t *restrict best, const int32_t *restrict row, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
        best[i] = row[i] > best[i] ? row[i] : best[i];
    }
}

/* Largest codes of 8 bits: the channels first .. first + count - 1 at position p of the image that begins at x. */
static void row_of_bytes(const pool_job *job, const uint8_t *x, const int64_t p[3], int64_t count, uint8_t *y) {
    const ht_window *w = &job->window;
    const ht_requantize_parameters *r = &job->parameters->requantize;
    uint8_t best[STRETCH], flip = job->call->inputs[0].type == HT_I8 ? 0x80 : 0;
    int64_t first[3], last[3], at = 0;
    memset(best, 0, (size_t)count);
    for (int d = 0; d < 3; ++d) {
        at += ht__window_inside(w, d, p[d], &first[d], &last[d]) * w->x[2 + d];
    }
    for (int64_t a = first[0]; a < last[0]; ++a) {
        for (int64_t b = first[1]; b < last[1]; ++b) {
            for (int64_t c = first[2]; c < last[2]; ++c) {
                int64_t k = a * w->dilation[0] * w->x[2] + b * w->dilation[1] * w->x[3] + c * w->dilation[2] * w->x[4];
                largest_bytes(best, x + (at + k), count, flip);
            }
        }
    }
    clamp_bytes(y, best, count, (uint8_t)r->low ^ flip, (uint8_t)r->high ^ flip, flip);
}

static void row_of_codes(const pool_job *job, int64_t x, const int64_t p[3], int64_t first, int64_t count,
                         int32_t *codes) {
    const ht_window *w = &job->window;
    const ht_integer_pool_parameters *q = job->parameters;
    ht_type type = job->call->inputs[0].type;
    bool max = q->pool.kind == HT_POOL_MAX;
    int32_t row[STRETCH];
    int64_t k[3] = {0}, inside = 0;
    for (int64_t i = 0; i < count; ++i) {
        codes[i] = max ? ht__code_low(type) : 0;
    }
    do {
        int64_t at = ht__window_input_offset(w, p, k);
        if (at >= 0) {
            ht__codes_load(type, job->x, x + at + first, 1, count, 0, row);
            max ? largest_codes(codes, row, count) : ht__codes_add(codes, row, count);
            ++inside;
        }
    } while (ht__index_next(3, w->size, k));
    int64_t counted = ht__window_count(w, p, q->pool.count_include_pad);
    for (int64_t i = 0; i < count; ++i) {
        codes[i] = max ? ht__limit_code(&q->requantize, codes[i]) : average(q, codes[i], inside, counted);
    }
}

static void rows_part(void *argument, size_t begin, size_t end, unsigned number) {
    (void)number;
    const pool_job *job = argument;
    const ht_window *w = &job->window;
    ht_type type = job->call->inputs[0].type;
    bool bytes = job->parameters->pool.kind == HT_POOL_MAX && ht_type_bytes(type) == 1;
    int64_t channels = job->call->inputs[0].dims[1];
    int32_t codes[STRETCH];
    for (int64_t i = (int64_t)begin; i < (int64_t)end; ++i) {
        int64_t p[3] = {i / w->out[2] / w->out[1] % w->out[0], i / w->out[2] % w->out[1], i % w->out[2]};
        int64_t n = i / w->out[2] / w->out[1] / w->out[0];
        for (int64_t c = 0; c < channels; c += STRETCH) {
            int64_t some = channels - c < STRETCH ? channels - c : STRETCH;
            int64_t y = n * w->y[0] + ht__index_offset(3, p, w->y + 2) + c;
            if (bytes) {
                row_of_bytes(job, (const uint8_t *)job->x + n * w->x[0] + c, p, some, (uint8_t *)job->y + y);
            } else {
                row_of_codes(job, n * w->x[0], p, c, some, codes);
                ht__codes_store(type, job->y, y, 1, some, codes);
            }
        }
    }
}

static ht_status run_rows(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                          ht_pool *pool) {
    (void)scratch;
    const ht_kernel_call *call = state->data;
    pool_job job;
    make_job(call, inputs, outputs, &job);
    int64_t channels = call->inputs[0].dims[1];
    if (channels > 0) {
        ht__pool_run(pool, (size_t)(ht__desc_elements(&call->outputs[0]) / channels), (size_t)(ROW_WORK / channels + 1),
                     rows_part, &job);
    }
    return HT_OK;
}

static const ht_kernel_variant integer_pool_rows = {
    .name = "integer_pool_rows", .family = &ht__integer_pool_family, .accept = accept_rows, .run = run_rows};

/* ---- sound calls, for files ---- */

static const ht_kernel_field fields[] = {HT_POOL_FIELDS(ht_integer_pool_parameters, pool.),
                                         HT_REQUANTIZE_FIELDS(ht_integer_pool_parameters, requantize),
                                         HT_I32_FIELD(ht_integer_pool_parameters, x_zero, INT16_MIN, UINT16_MAX),
                                         HT_I32_FIELD(ht_integer_pool_parameters, y_zero, INT16_MIN, UINT16_MAX),
                                         HT_F32_FIELD(ht_integer_pool_parameters, x_scale),
                                         HT_F32_FIELD(ht_integer_pool_parameters, y_scale)};

static const char *check(const ht_kernel_call *call) {
    const ht_integer_pool_parameters *p = HT_PARAMETERS(ht_integer_pool_parameters, call);
    const ht_tensor_desc *x = &call->inputs[0], *y = &call->outputs[0];
    if (!ht__check_counts(call, 1, 1, 1, 1) || !ht__check_codes(x->type) ||
        !ht__check_limits(&p->requantize, y->type)) {
        return "operands or limits are no codes";
    }
    return ht__check_pool(&p->pool, x, y);
}

static const ht_kernel_rules rules = HT_RULES(fields, check);

static const ht_kernel_variant *const variants[] = {&integer_pool_rows, &integer_pool_reference};

const ht_kernel_family ht__integer_pool_family = {"integer_pool", variants, 2, &rules};
