/* Short-time Fourier transform: of a signal [N,L,1 or 2] the frames of frame_length (input 3; absent: the window's, or
 * the signal's) that begin frame_step (input 1) apart, each times the window (input 2; absent: 1), transformed. Output
 * [N, frames, results, 2]; onesided (the default): frame_length / 2 + 1 results. */
#include "ops/fourier.h"

typedef struct frames {
    int64_t step, length, count, results; /* -1 unknown */
} frames;

static ht_status read(const ht_node *node, frames *out, ht_error *err) {
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    double step, length;
    bool windowed = ht__has_input(node, 2);
    if (x->rank != 3 || (x->dims[2] >= 0 && x->dims[2] != 1 && x->dims[2] != 2) ||
        (windowed && node->inputs[2]->desc.rank != 1)) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "STFT needs a signal [batch, length, 1 or 2].");
    }
    int64_t otherwise = windowed ? node->inputs[2]->desc.dims[0] : x->dims[1];
    HT_TRY(ht__constant_number(node, 1, 0.0, &step, err));
    HT_TRY(ht__constant_number(node, 3, (double)otherwise, &length, err));
    bool known = length >= 0.0 || ht__has_input(node, 3);
    if (!(step >= 1.0 && step <= (double)INT32_MAX) ||
        (known && (!(length >= 1.0 && length <= (double)INT32_MAX) ||
                   (windowed && otherwise >= 0 && (double)otherwise != length)))) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "STFT cannot make frames of %g every %g.", length, step);
    }
    out->step = (int64_t)step;
    out->length = known ? (int64_t)length : -1;
    int64_t room = x->dims[1] - out->length;
    out->count = !known || x->dims[1] < 0 ? -1 : room < 0 ? 0 : room / out->step + 1;
    bool onesided = ht__node_int(node, "onesided", 1) != 0;
    out->results = known && onesided ? out->length / 2 + 1 : out->length;
    return HT_OK;
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    frames f;
    if (node->inputs[1]->data == NULL || (ht__has_input(node, 3) && node->inputs[3]->data == NULL)) {
        return HT_OK;
    }
    HT_TRY(read(node, &f, err));
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    ht_tensor_desc y = {.type = x->type, .rank = 4, .dims = {x->dims[0], f.count, f.results, 2}};
    return ht__set_output(node, 0, &y, err);
}

static ht_status compute(ht_real_call *call, ht_error *err) {
    frames f;
    ht_fourier fourier;
    HT_TRY(read(call->node, &f, err));
    HT_TRY(ht__fourier_create(call, f.length, false, &fourier, err));
    size_t bytes = (size_t)f.length * sizeof(ht_complex);
    ht_complex *line = ht__arena_alloc(call->arena, bytes), *result = ht__arena_alloc(call->arena, bytes);
    if (line == NULL || result == NULL) {
        return ht__fail_memory(err, bytes);
    }
    const ht_reals *x = &call->inputs[0];
    const double *window = call->inputs[2].data;
    int64_t parts = x->desc.dims[2];
    double *to = call->outputs[0].data;
    for (int64_t n = 0; n < x->desc.dims[0]; ++n) {
        for (int64_t frame = 0; frame < f.count; ++frame) {
            const double *from = x->data + (n * x->desc.dims[1] + frame * f.step) * parts;
            for (int64_t i = 0; i < f.length; ++i) {
                double factor = window != NULL ? window[i] : 1.0;
                line[i] = (ht_complex){factor * from[i * parts], parts == 2 ? factor * from[i * parts + 1] : 0.0};
            }
            ht__fourier_run(&fourier, line, result);
            for (int64_t k = 0; k < f.results; ++k) {
                *to++ = result[k].real;
                *to++ = result[k].imaginary;
            }
            HT_TRY(ht__check_interrupt(call->ctx, err));
        }
    }
    return HT_OK;
}

static ht_status evaluate(ht_host_call *evaluation, ht_error *err) {
    return ht__evaluate_reals(evaluation, compute, err);
}

const ht_op ht__op_STFT = {
    .name = "STFT",
    .domain = "",
    .min_inputs = 2,
    .max_inputs = 4,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
    .content_inputs = 0xa,
};
