/* One sequence of one direction after the other, in double. Weights are brought to double once, before the first step.
 */
#include <math.h>
#include <string.h>

#include "kernels/recurrent/variants.h"
#include "numeric/scalar.h"

typedef struct sizes {
    int64_t steps, batch, input, hidden, directions, gates;
} sizes;

static sizes sizes_of(const ht_kernel_call *call) {
    const ht_recurrent_parameters *p = HT_PARAMETERS(ht_recurrent_parameters, call);
    const ht_tensor_desc *x = &call->inputs[0];
    return (sizes){.steps = x->dims[p->batch_first ? 1 : 0],
                   .batch = x->dims[p->batch_first ? 0 : 1],
                   .input = x->dims[2],
                   .hidden = call->inputs[2].dims[2],
                   .directions = p->directions,
                   .gates = ht__recurrent_gates(p->kind)};
}

/* Scratch of one direction, in this order. */
typedef struct work {
    double *w, *r;       /* [gates * hidden][input or hidden] */
    double *b;           /* [2][gates * hidden], zeros when absent */
    double *peepholes;   /* [3][hidden], zeros when absent */
    double *x;           /* [input] */
    double *sums;        /* [gates][hidden]: x Wt + Wb + h Rt + Rb; GRU's last gate without the part of h */
    double *from_hidden; /* [hidden]: GRU's h Rht + Rbh */
    double *reset;       /* [hidden]: GRU's r . h */
    double *h, *c;       /* [hidden] */
} work;

static size_t divide_scratch(const sizes *s, double *memory, work *out) {
    const int64_t rows = s->gates * s->hidden;
    const int64_t counts[] = {rows * s->input, rows * s->hidden, 2 * rows,  3 * s->hidden, s->input, rows,
                              s->hidden,       s->hidden,        s->hidden, s->hidden};
    double **const parts[] = {&out->w,    &out->r,           &out->b,     &out->peepholes, &out->x,
                              &out->sums, &out->from_hidden, &out->reset, &out->h,         &out->c};
    size_t used = 0;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; ++i) {
        *parts[i] = memory != NULL ? memory + used : NULL;
        used += (size_t)counts[i];
    }
    return used * sizeof(double);
}

static void layout(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_sizes *out) {
    (void)env;
    sizes s = sizes_of(call);
    work unused;
    out->scratch_bytes = divide_scratch(&s, NULL, &unused);
}

static bool is_present(const ht_tensor_desc *descs, uint32_t count, uint32_t i) {
    return i < count && descs[i].type != HT_NONE;
}

/* `count` elements of input i from `first` on; zeros when it is absent. */
static void load(const ht_kernel_call *call, const void *const *inputs, uint32_t i, int64_t first, int64_t count,
                 double *out) {
    bool there = is_present(call->inputs, call->input_count, i);
    for (int64_t k = 0; k < count; ++k) {
        out[k] = there ? ht__scalar_real(ht__scalar_load(call->inputs[i].type, inputs[i], first + k)) : 0.0;
    }
}

static void store(const ht_kernel_call *call, void *const *outputs, uint32_t i, int64_t first, int64_t count,
                  const double *values) {
    if (!is_present(call->outputs, call->output_count, i)) {
        return;
    }
    for (int64_t k = 0; k < count; ++k) {
        ht__scalar_store(call->outputs[i].type, outputs[i], first + k, ht__scalar_of_real(values[k]), NULL);
    }
}

static double activate(ht_recurrent_activation a, float clip, double x) {
    double alpha = (double)a.alpha, beta = (double)a.beta, limit = (double)clip;
    if (limit > 0.0) {
        x = x < -limit ? -limit : x > limit ? limit : x;
    }
    switch (a.function) {
    case HT_RECURRENT_SIGMOID: return 1.0 / (1.0 + exp(-x));
    case HT_RECURRENT_TANH: return tanh(x);
    case HT_RECURRENT_RELU: return x > 0.0 ? x : 0.0;
    case HT_RECURRENT_AFFINE: return alpha * x + beta;
    case HT_RECURRENT_LEAKY_RELU: return x >= 0.0 ? x : alpha * x;
    case HT_RECURRENT_THRESHOLDED_RELU: return x > alpha ? x : 0.0;
    case HT_RECURRENT_SCALED_TANH: return alpha * tanh(beta * x);
    case HT_RECURRENT_HARD_SIGMOID: return fmin(fmax(alpha * x + beta, 0.0), 1.0);
    case HT_RECURRENT_ELU: return x >= 0.0 ? x : alpha * expm1(x);
    case HT_RECURRENT_SOFTSIGN: return x / (1.0 + fabs(x));
    case HT_RECURRENT_SOFTPLUS: break;
    }
    return fmax(x, 0.0) + log1p(exp(-fabs(x)));
}

/* out[i] = (bias ? bias[i] : out[i]) + sum over k of matrix[i][k] * v[k]. */
static void multiply(const double *matrix, const double *v, int64_t rows, int64_t columns, const double *bias,
                     double *out) {
    for (int64_t i = 0; i < rows; ++i) {
        double sum = bias != NULL ? bias[i] : out[i];
        for (int64_t k = 0; k < columns; ++k) {
            sum += matrix[i * columns + k] * v[k];
        }
        out[i] = sum;
    }
}

static void step_rnn(const ht_recurrent_activation *f, float clip, const sizes *s, work *w) {
    for (int64_t i = 0; i < s->hidden; ++i) {
        w->h[i] = activate(f[0], clip, w->sums[i]);
    }
}

static void step_gru(const ht_recurrent_activation *f, float clip, bool linear_before_reset, const sizes *s, work *w) {
    int64_t size = s->hidden;
    double *z = w->sums, *r = w->sums + size, *n = w->sums + 2 * size;
    const double *matrix = w->r + 2 * size * size, *bias = w->b + s->gates * size + 2 * size;
    for (int64_t i = 0; i < size; ++i) {
        z[i] = activate(f[0], clip, z[i]);
        r[i] = activate(f[0], clip, r[i]);
        w->reset[i] = r[i] * w->h[i];
    }
    multiply(matrix, linear_before_reset ? w->h : w->reset, size, size, bias, w->from_hidden);
    for (int64_t i = 0; i < size; ++i) {
        double part = linear_before_reset ? r[i] * w->from_hidden[i] : w->from_hidden[i];
        w->h[i] = (1.0 - z[i]) * activate(f[1], clip, n[i] + part) + z[i] * w->h[i];
    }
}

static void step_lstm(const ht_recurrent_activation *f, float clip, bool input_forget, const sizes *s, work *w) {
    int64_t size = s->hidden;
    const double *in = w->sums, *out = in + size, *forget = out + size, *cell = forget + size;
    const double *p_in = w->peepholes, *p_out = p_in + size, *p_forget = p_out + size;
    for (int64_t k = 0; k < size; ++k) {
        double i = activate(f[0], clip, in[k] + p_in[k] * w->c[k]);
        double keep = input_forget ? 1.0 - i : activate(f[0], clip, forget[k] + p_forget[k] * w->c[k]);
        w->c[k] = keep * w->c[k] + i * activate(f[1], clip, cell[k]);
        w->h[k] = activate(f[0], clip, out[k] + p_out[k] * w->c[k]) * activate(f[2], 0.0f, w->c[k]);
    }
}

/* One step of one sequence: x and the old h make the gates' sums, these the new h and c. */
static void step(const ht_recurrent_parameters *p, const sizes *s, int64_t direction, work *w) {
    const ht_recurrent_activation *f = p->activations[direction];
    int64_t rows = s->gates * s->hidden;
    int64_t with_hidden = p->kind == HT_RECURRENT_GRU ? 2 * s->hidden : rows;
    multiply(w->w, w->x, rows, s->input, w->b, w->sums);
    for (int64_t i = 0; i < with_hidden; ++i) {
        w->sums[i] += w->b[rows + i];
    }
    multiply(w->r, w->h, with_hidden, s->hidden, NULL, w->sums);
    switch (p->kind) {
    case HT_RECURRENT_RNN: step_rnn(f, p->clip, s, w); break;
    case HT_RECURRENT_GRU: step_gru(f, p->clip, p->linear_before_reset, s, w); break;
    case HT_RECURRENT_LSTM: step_lstm(f, p->clip, p->input_forget, s, w); break;
    }
}

static ht_status run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                     ht_pool *pool) {
    (void)pool;
    const ht_kernel_call *call = state->data;
    const ht_recurrent_parameters *p = HT_PARAMETERS(ht_recurrent_parameters, call);
    sizes s = sizes_of(call);
    work w;
    divide_scratch(&s, scratch, &w);
    size_t y_bytes;
    if (is_present(call->outputs, call->output_count, 0) && ht__desc_bytes(&call->outputs[0], &y_bytes) &&
        y_bytes != 0) {
        memset(outputs[0], 0, y_bytes);
    }
    int64_t rows = s.gates * s.hidden;
    for (int64_t d = 0; d < s.directions; ++d) {
        load(call, inputs, 1, d * rows * s.input, rows * s.input, w.w);
        load(call, inputs, 2, d * rows * s.hidden, rows * s.hidden, w.r);
        load(call, inputs, 3, d * 2 * rows, 2 * rows, w.b);
        load(call, inputs, 7, d * 3 * s.hidden, 3 * s.hidden, w.peepholes);
        for (int64_t n = 0; n < s.batch; ++n) {
            int64_t at_state = (p->batch_first ? n * s.directions + d : d * s.batch + n) * s.hidden;
            load(call, inputs, 5, at_state, s.hidden, w.h);
            load(call, inputs, 6, at_state, s.hidden, w.c);
            double length = (double)s.steps;
            if (is_present(call->inputs, call->input_count, 4)) {
                load(call, inputs, 4, n, 1, &length);
            }
            if (!(length >= 0.0 && length <= (double)s.steps)) {
                return HT_ERROR_ARGUMENT;
            }
            for (int64_t k = 0; k < (int64_t)length; ++k) {
                int64_t t = p->reverse || d == 1 ? (int64_t)length - 1 - k : k;
                int64_t place = p->batch_first ? n * s.steps + t : t * s.batch + n;
                int64_t at_y = p->batch_first ? place * s.directions + d : (t * s.directions + d) * s.batch + n;
                load(call, inputs, 0, place * s.input, s.input, w.x);
                step(p, &s, d, &w);
                store(call, outputs, 0, at_y * s.hidden, s.hidden, w.h);
            }
            store(call, outputs, 1, at_state, s.hidden, w.h);
            store(call, outputs, 2, at_state, s.hidden, w.c);
        }
    }
    return HT_OK;
}

const ht_kernel_variant ht__recurrent_reference = {.name = "recurrent_reference",
                                                   .family = &ht__recurrent_family,
                                                   .accept = ht__kernel_accept_all,
                                                   .layout = layout,
                                                   .run = run};
