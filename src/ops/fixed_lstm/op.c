/* A long short-term memory on codes, as LiteRT's reference kernel of UNIDIRECTIONAL_SEQUENCE_LSTM computes it with int8
 * activations and weights and int16 cells: all in integers.
 *
 * Inputs: x i8 [batch, steps, inputs] ([steps, batch, inputs] with time_major), weights i8 [gates units, inputs],
 * recurrent weights i8 [gates units, units], bias i32 [gates units], hidden state i16 [batch, units] (codes less their
 * zero point, so that zeros are zeros) and cell i16 [batch, units]. Gates are input, forget, cell, output; the input
 * gate is missing when there are three, and is then what the forget gate leaves of 1. Outputs: y i8 like x with units,
 * hidden state and cell after it.
 *
 * With M(v, m) = v m as ht__fixed_multiply has it, sums and gates saturating at 16 bits:
 *     gate   = f(M(sum (x - zero_x) w + bias, s_x s_w 2^12) + M(sum (h - zero_h) r, s_h s_r 2^12)),   Q3.12 to Q0.15
 *     cell   = round(forget cell / 2^15) + round(input new / 2^(30 + cell_exponent)), within +-cell_clip if that is not
 * 0 h = y  = clamp(M(output tanh(cell), 2^-30 / s_y) + zero_y) f is tanh for the cell gate and the logistic function
 * for others (ht__fixed_logistic16, ht__fixed_tanh16).
 *
 * Attributes: scales [s_x, s_h, s_y], zeros [zero_x, zero_h, zero_y], weight_scales and recurrent_scales, one for each
 * gate, cell_exponent (a cell's code is worth 2^cell_exponent), cell_clip, time_major. */
#include <string.h>

#include "kernels/fixed_functions.h"
#include "kernels/fixed_point.h"
#include "ops/host.h"
#include "ops/integer.h"

enum { X, WEIGHTS, RECURRENT, BIAS, HIDDEN, CELL };

typedef struct factor {
    int32_t multiplier, shift;
} factor;

typedef struct lstm {
    int64_t batch, steps, inputs, units, gates;
    bool time_major;
    int32_t zero_x, zero_h, zero_y, cell_exponent, cell_clip;
    factor weights[4], recurrent[4], output;
} lstm;

/* ---- attributes and shapes ---- */

static bool read_factor(float m, factor *out) { return ht__fixed_multiplier((double)m, &out->multiplier, &out->shift); }

static bool read_numbers(const ht_node *node, lstm *l) {
    size_t scales, zeros, weights, recurrent;
    const float *s = ht__node_floats(node, "scales", &scales);
    const int64_t *z = ht__node_ints(node, "zeros", &zeros);
    const float *w = ht__node_floats(node, "weight_scales", &weights);
    const float *r = ht__node_floats(node, "recurrent_scales", &recurrent);
    int64_t clip = ht__node_int(node, "cell_clip", 0), exponent = ht__node_int(node, "cell_exponent", 0);
    if (scales != 3 || zeros != 3 || weights != recurrent || (weights != 3 && weights != 4) || clip < 0 ||
        clip > INT16_MAX || exponent < -15 || exponent > -9) {
        return false;
    }
    l->gates = (int64_t)weights;
    l->time_major = ht__node_int(node, "time_major", 0) != 0;
    l->cell_exponent = (int32_t)exponent;
    l->cell_clip = (int32_t)clip;
    const float gate = 1.0f / 4096, fraction = 1.0f / 32768;
    bool good = read_factor(fraction / s[2] * fraction, &l->output);
    for (size_t k = 0; k < weights; ++k) { /* in f32, in this order */
        good = good && read_factor(w[k] * s[0] / gate, &l->weights[k]) &&
               read_factor(r[k] * s[1] / gate, &l->recurrent[k]);
    }
    for (size_t i = 0; i < 3; ++i) {
        good = good && z[i] >= INT8_MIN && z[i] <= INT8_MAX;
    }
    if (good) {
        l->zero_x = (int32_t)z[0];
        l->zero_h = (int32_t)z[1];
        l->zero_y = (int32_t)z[2];
    }
    return good;
}

/* Is the operand what it must be? -1 in `dims`: any. */
static bool fits(const ht_node *node, uint32_t i, ht_type type, int32_t rank, const int64_t *dims) {
    const ht_tensor_desc *desc = &node->inputs[i]->desc;
    bool good = desc->type == type && desc->rank == rank;
    for (int32_t k = 0; k < rank && good; ++k) {
        good = dims[k] < 0 || desc->dims[k] == dims[k];
    }
    return good;
}

static ht_status read(const ht_node *node, lstm *l, ht_error *err) {
    const ht_tensor_desc *x = &node->inputs[X]->desc, *h = &node->inputs[HIDDEN]->desc;
    *l = (lstm){0};
    if (!read_numbers(node, l)) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "An attribute of this LSTM is out of range.");
    }
    l->units = h->rank == 2 ? h->dims[1] : 0;
    l->batch = x->rank == 3 ? x->dims[l->time_major ? 1 : 0] : -1;
    l->steps = x->rank == 3 ? x->dims[l->time_major ? 0 : 1] : -1;
    l->inputs = x->rank == 3 ? x->dims[2] : -1;
    int64_t rows = l->gates * l->units;
    bool good = l->units > 0 && l->batch >= 0 && l->steps >= 0 && l->inputs > 0 && fits(node, X, HT_I8, 3, x->dims) &&
                fits(node, WEIGHTS, HT_I8, 2, (int64_t[]){rows, l->inputs}) &&
                fits(node, RECURRENT, HT_I8, 2, (int64_t[]){rows, l->units}) &&
                fits(node, BIAS, HT_I32, 1, (int64_t[]){rows}) &&
                fits(node, HIDDEN, HT_I16, 2, (int64_t[]){l->batch, l->units}) &&
                fits(node, CELL, HT_I16, 2, (int64_t[]){l->batch, l->units});
    return good ? HT_OK : ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "The operands of this LSTM do not fit.");
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    lstm l;
    if (node->inputs[X]->desc.rank < 0) {
        return HT_OK;
    }
    HT_TRY(read(node, &l, err));
    ht_tensor_desc y = node->inputs[X]->desc, state = node->inputs[HIDDEN]->desc;
    y.dims[2] = l.units;
    HT_TRY(ht__set_output(node, 0, &y, err));
    HT_TRY(ht__set_output(node, 1, &state, err));
    return ht__set_output(node, 2, &state, err);
}

/* ---- the computation ---- */

static int32_t clamp(int64_t x, int32_t low, int32_t high) { return (int32_t)(x < low ? low : x > high ? high : x); }

static int16_t saturate(int64_t x) { return (int16_t)clamp(x, INT16_MIN, INT16_MAX); }

/* The sums of all gates before their functions, for one sample at one step. */
static void sum_gates(const lstm *l, const ht_host_call *call, const int8_t *x, const int16_t *h, int16_t *sums) {
    const int8_t *w = call->inputs[WEIGHTS].data, *r = call->inputs[RECURRENT].data;
    const int32_t *bias = call->inputs[BIAS].data;
    for (int64_t row = 0; row < l->gates * l->units; ++row) {
        const factor *of_x = &l->weights[row / l->units], *of_h = &l->recurrent[row / l->units];
        int64_t from_x = bias[row], from_h = 0;
        for (int64_t i = 0; i < l->inputs; ++i) {
            from_x += (x[i] - l->zero_x) * w[row * l->inputs + i];
        }
        for (int64_t i = 0; i < l->units; ++i) {
            from_h += h[i] * r[row * l->units + i];
        }
        int16_t sum = saturate(ht__fixed_multiply((int32_t)from_x, of_x->multiplier, of_x->shift));
        sums[row] = saturate((int64_t)ht__fixed_multiply((int32_t)from_h, of_h->multiplier, of_h->shift) + sum);
    }
}

/* One sample, one step: the hidden state and the cell change, y is the former as codes. */
static void step(const lstm *l, const int16_t *sums, int16_t *h, int16_t *c, int8_t *y) {
    const int16_t *forget = sums + (l->gates - 3) * l->units, *fresh = forget + l->units, *output = fresh + l->units;
    for (int64_t i = 0; i < l->units; ++i) {
        int32_t kept = ht__fixed_logistic16(forget[i]), new = ht__fixed_tanh16(fresh[i], 3);
        int32_t taken = l->gates == 4 ? ht__fixed_logistic16(sums[i]) : INT16_MAX - kept;
        int16_t old = (int16_t)ht__fixed_shift(kept * c[i], 15);
        c[i] = saturate(old + (int16_t)ht__fixed_shift(taken * new, 30 + l->cell_exponent));
        if (l->cell_clip != 0) {
            c[i] = (int16_t)clamp(c[i], -l->cell_clip, l->cell_clip);
        }
        int32_t shown = ht__fixed_logistic16(output[i]) * ht__fixed_tanh16(c[i], 15 + l->cell_exponent);
        int64_t code = (int64_t)ht__fixed_multiply(shown, l->output.multiplier, l->output.shift) + l->zero_y;
        y[i] = (int8_t)clamp(code, INT8_MIN, INT8_MAX);
        h[i] = (int16_t)(y[i] - l->zero_h);
    }
}

static void run(const lstm *l, const ht_host_call *call, int16_t *h, int16_t *c, int16_t *sums, int8_t *y) {
    const int8_t *x = call->inputs[X].data;
    for (int64_t b = 0; b < l->batch; ++b) {
        for (int64_t t = 0; t < l->steps; ++t) {
            int64_t place = l->time_major ? t * l->batch + b : b * l->steps + t;
            sum_gates(l, call, x + place * l->inputs, h + b * l->units, sums);
            step(l, sums, h + b * l->units, c + b * l->units, y + place * l->units);
        }
    }
}

static ht_status give(ht_host_call *call, uint32_t index, const void *data, ht_error *err) {
    void *to;
    size_t bytes;
    HT_TRY(ht__host_inferred(call, index, &to, err));
    if (to != NULL && ht__desc_bytes(&call->node->outputs[index]->desc, &bytes) && bytes != 0) {
        memcpy(to, data, bytes);
    }
    return HT_OK;
}

static ht_status evaluate(ht_host_call *call, ht_error *err) {
    lstm l;
    HT_TRY(read(call->node, &l, err));
    const ht_allocator *allocator = &call->ctx->allocator;
    size_t state = (size_t)(l.batch * l.units), rows = (size_t)(l.gates * l.units);
    int16_t *numbers = ht__calloc(allocator, 2 * state + rows, sizeof *numbers);
    int8_t *y = ht__calloc(allocator, state, (size_t)l.steps);
    ht_status status = numbers != NULL && y != NULL ? HT_OK : ht__fail_memory(err, state * (size_t)l.steps);
    if (status == HT_OK) {
        memcpy(numbers, call->inputs[HIDDEN].data, state * sizeof *numbers);
        memcpy(numbers + state, call->inputs[CELL].data, state * sizeof *numbers);
        run(&l, call, numbers, numbers + state, numbers + 2 * state, y);
        const void *results[] = {y, numbers, numbers + state};
        for (uint32_t i = 0; i < 3 && status == HT_OK; ++i) {
            status =
                i < call->node->output_count && call->node->outputs[i] != NULL ? give(call, i, results[i], err) : HT_OK;
        }
    }
    ht__free(allocator, numbers);
    ht__free(allocator, y);
    return status;
}

static int64_t macs(const ht_node *node) {
    const ht_tensor_desc *x = &node->inputs[X]->desc;
    int64_t w = ht__desc_elements(&node->inputs[WEIGHTS]->desc), r = ht__desc_elements(&node->inputs[RECURRENT]->desc),
            total;
    bool known = x->rank == 3 && x->dims[0] >= 0 && x->dims[1] >= 0 && w >= 0 && r >= 0;
    return known && !__builtin_mul_overflow(x->dims[0] * x->dims[1], w + r, &total) ? total : -1;
}

const ht_op ht__op_FixedLstm = {
    .name = "FixedLstm",
    .domain = "halftone",
    .min_inputs = 6,
    .max_inputs = 6,
    .min_outputs = 1,
    .max_outputs = 3,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
    .macs = macs,
};
