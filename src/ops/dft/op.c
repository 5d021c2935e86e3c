/* Discrete Fourier transform along an axis, as operator set 20 says it. The last axis holds real and imaginary part, or
 * the real one alone. Input 1 is the length (absent: the axis's own), input 2 the axis (-2). onesided: only the first
 * length / 2 + 1 results, or with inverse: from these, to real numbers. */
#include "ops/fourier.h"

typedef struct settings {
    int32_t axis;
    int64_t length, results; /* -1 unknown */
    bool inverse, onesided;
} settings;

static ht_status read(const ht_node *node, settings *out, ht_error *err) {
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    double axis, length;
    HT_TRY(ht__constant_number(node, 2, -2.0, &axis, err));
    int64_t whole_axis = axis >= -HT_MAX_RANK && axis <= HT_MAX_RANK ? (int64_t)axis : HT_MAX_RANK;
    HT_TRY(ht__normal_axis(node, whole_axis, x->rank, &out->axis, err));
    int64_t parts = x->dims[x->rank - 1];
    if (out->axis == x->rank - 1 || (parts >= 0 && parts != 1 && parts != 2)) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, node->name,
                           "The last axis of DFT holds the 1 or 2 parts of a number.");
    }
    out->inverse = ht__node_int(node, "inverse", 0) != 0;
    out->onesided = ht__node_int(node, "onesided", 0) != 0;
    int64_t size = x->dims[out->axis], whole = out->inverse && out->onesided ? 2 * (size - 1) : size;
    HT_TRY(ht__constant_number(node, 1, size < 0 ? -1.0 : (double)whole, &length, err));
    if (!(length >= 1.0 && length <= (double)INT32_MAX) && (size >= 0 || ht__has_input(node, 1))) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "DFT cannot have a length of %g.", length);
    }
    out->length = (int64_t)length;
    out->results = out->length >= 0 && out->onesided && !out->inverse ? out->length / 2 + 1 : out->length;
    return HT_OK;
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    settings s;
    ht_tensor_desc y = node->inputs[0]->desc;
    if (y.rank < 2) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "DFT needs a tensor of rank 2 or more.");
    }
    for (uint32_t i = 1; i < node->input_count; ++i) {
        if (node->inputs[i] != NULL && node->inputs[i]->data == NULL) {
            return HT_OK;
        }
    }
    HT_TRY(read(node, &s, err));
    y.dims[s.axis] = s.results;
    y.dims[y.rank - 1] = s.inverse && s.onesided ? 1 : 2;
    return ht__set_output(node, 0, &y, err);
}

/* The numbers of one line, cut or filled with zeros to the transform's length; of one-sided ones also the mirrored. */
static void load_line(const settings *s, const double *x, int64_t count, int64_t step, int64_t parts, ht_complex *to) {
    for (int64_t i = 0; i < s->length; ++i) {
        bool mirrored = s->inverse && s->onesided && i > s->length / 2;
        int64_t from = mirrored ? s->length - i : i;
        bool there = from < count;
        double real = there ? x[from * step * parts] : 0.0;
        double imaginary = there && parts == 2 ? x[from * step * parts + 1] : 0.0;
        to[i] = (ht_complex){real, mirrored ? -imaginary : imaginary};
    }
}

static ht_status compute(ht_real_call *call, ht_error *err) {
    settings s;
    ht_fourier fourier;
    HT_TRY(read(call->node, &s, err));
    const ht_tensor_desc *x = &call->inputs[0].desc, *y = &call->outputs[0].desc;
    HT_TRY(ht__fourier_create(call, s.length, s.inverse, &fourier, err));
    size_t bytes = (size_t)s.length * sizeof(ht_complex);
    ht_complex *line = ht__arena_alloc(call->arena, bytes), *result = ht__arena_alloc(call->arena, bytes);
    if (line == NULL || result == NULL) {
        return ht__fail_memory(err, bytes);
    }
    int64_t parts = x->dims[x->rank - 1], out_parts = y->dims[y->rank - 1];
    ht_axis_view view = ht__axis_view(x, s.axis);
    int64_t inner = parts > 0 ? view.inner / parts : 0;
    double factor = s.inverse ? 1.0 / (double)s.length : 1.0;
    for (int64_t o = 0; o < view.outer; ++o) {
        for (int64_t i = 0; i < inner; ++i) {
            load_line(&s, call->inputs[0].data + (o * view.size * inner + i) * parts, view.size, inner, parts, line);
            ht__fourier_run(&fourier, line, result);
            double *to = call->outputs[0].data + (o * s.results * inner + i) * out_parts;
            for (int64_t k = 0; k < s.results; ++k, to += inner * out_parts) {
                to[0] = result[k].real * factor;
                if (out_parts == 2) {
                    to[1] = result[k].imaginary * factor;
                }
            }
        }
        HT_TRY(ht__check_interrupt(call->ctx, err));
    }
    return HT_OK;
}

static ht_status evaluate(ht_host_call *evaluation, ht_error *err) {
    return ht__evaluate_reals(evaluation, compute, err);
}

const ht_op ht__op_DFT = {
    .name = "DFT",
    .domain = "",
    .since = 20,
    .min_inputs = 1,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
    .content_inputs = 0x6,
};
