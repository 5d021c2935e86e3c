/* Weights [dft_length / 2 + 1, bins] that sum a spectrum into triangles, equally spaced on the mel scale
 * mel(f) = 2595 log10(1 + f / 700) between two frequencies. Inputs: number of bins, length of the transform, samples
 * per second, lower and upper frequency. */
#include <math.h>

#include "ops/reals.h"

typedef struct settings {
    int64_t bins, length, spectrum;
    double rate, low, high;
} settings;

static ht_status read(const ht_node *node, settings *out, ht_error *err) {
    double numbers[5];
    for (uint32_t i = 0; i < 5; ++i) {
        HT_TRY(ht__constant_number(node, i, 0.0, &numbers[i], err));
    }
    bool usable = numbers[0] >= 1.0 && numbers[0] <= 65536.0 && numbers[1] >= 1.0 && numbers[1] <= 16777216.0 &&
                  numbers[2] >= 1.0 && numbers[3] >= 0.0 && numbers[4] >= numbers[3] && numbers[4] <= numbers[2];
    if (!usable) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name,
                           "MelWeightMatrix cannot spread %g bins over %g to %g Hz of %g samples per second.",
                           numbers[0], numbers[3], numbers[4], numbers[2]);
    }
    *out = (settings){(int64_t)numbers[0], (int64_t)numbers[1], (int64_t)numbers[1] / 2 + 1,
                      floor(numbers[2]),   numbers[3],          numbers[4]};
    return HT_OK;
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    settings s;
    for (uint32_t i = 0; i < 5; ++i) {
        if (node->inputs[i]->data == NULL) {
            return HT_OK;
        }
    }
    HT_TRY(read(node, &s, err));
    ht_type type = ht__onnx_type(ht__node_int(node, "output_datatype", 1));
    ht_tensor_desc y = {.type = type, .rank = 2, .dims = {s.spectrum, s.bins}};
    return ht__set_output(node, 0, &y, err);
}

static double mel(double frequency) { return 2595.0 * log10(1.0 + frequency / 700.0); }

/* The element of the spectrum where triangle i begins, i - 1 has its top, and i - 2 ends. */
static int64_t corner(const settings *s, int64_t i) {
    double step = (mel(s->high) - mel(s->low)) / (double)(s->bins + 2);
    double frequency = 700.0 * (pow(10.0, (mel(s->low) + (double)i * step) / 2595.0) - 1.0);
    double at = floor((double)(s->length + 1) * frequency / s->rate);
    return at < (double)s->spectrum ? (at > 0.0 ? (int64_t)at : 0) : s->spectrum - 1;
}

static ht_status compute(ht_real_call *call, ht_error *err) {
    settings s;
    HT_TRY(read(call->node, &s, err));
    for (int64_t i = 0; i < s.bins; ++i) {
        double *column = call->outputs[0].data + i;
        int64_t begin = corner(&s, i), top = corner(&s, i + 1), end = corner(&s, i + 2);
        for (int64_t k = begin; k <= top; ++k) {
            column[k * s.bins] = top > begin ? (double)(k - begin) / (double)(top - begin) : 1.0;
        }
        for (int64_t k = top; k < end; ++k) {
            column[k * s.bins] = (double)(end - k) / (double)(end - top);
        }
    }
    return HT_OK;
}

static ht_status evaluate(ht_host_call *evaluation, ht_error *err) {
    return ht__evaluate_reals(evaluation, compute, err);
}

const ht_op ht__op_MelWeightMatrix = {
    .name = "MelWeightMatrix",
    .domain = "",
    .min_inputs = 5,
    .max_inputs = 5,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
    .content_inputs = 0x1f,
};
