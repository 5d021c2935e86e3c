/* Biases as 32-bit codes. */
#include <math.h>
#include <string.h>

#include "graph/op.h"
#include "graph/quantization.h"
#include "quant/static.h"

/* Sums grow beyond the bias; a quarter of what 32 bits hold is left to them. */
#define LARGEST_BIAS 1.6e9

/* The operands of a product with a bias. */
typedef struct product {
    const ht_node *node;
    ht_value *input, *weight, *bias;
    uint32_t bias_index;
    int64_t channels;
} product;

static uint32_t lowest_bit(uint32_t mask) {
    uint32_t bit = 0;
    while ((mask >> bit & 1) == 0) {
        ++bit;
    }
    return bit;
}

static bool is_whole_affine(const ht_quantization *q) {
    return q != NULL && !q->codebook && q->element == HT_NONE && q->bits <= 16 && q->block == 0 &&
           q->zero_point[0] == floorf(q->zero_point[0]);
}

/* Has the node codes for input and weights, and a real bias of one number per channel? */
static bool find_product(const ht_node *node, product *out) {
    const ht_op *op = node->op;
    if (op->weight_inputs == 0 || op->bias_inputs == 0 || ht__node_float(node, "alpha", 1.0f) != 1.0f ||
        ht__node_float(node, "beta", 1.0f) != 1.0f) {
        return false;
    }
    uint32_t weight = lowest_bit(op->weight_inputs), bias = lowest_bit(op->bias_inputs);
    if (bias >= node->input_count || node->inputs[bias] == NULL) {
        return false;
    }
    *out = (product){.node = node,
                     .input = node->inputs[0],
                     .weight = node->inputs[weight],
                     .bias = node->inputs[bias],
                     .bias_index = bias};
    int32_t axis = op->channel_axis != NULL ? op->channel_axis(node, weight) : 0;
    const ht_quantization *x = out->input->quantization, *w = out->weight->quantization;
    out->channels = out->weight->desc.dims[axis];
    bool fits = is_whole_affine(x) && x->groups == 1 && out->weight->data != NULL && is_whole_affine(w) &&
                (w->groups == 1 || (w->axis == axis && (int64_t)w->groups == out->channels));
    return fits && out->bias->data != NULL && out->bias->quantization == NULL && out->bias->desc.type == HT_F32 &&
           out->bias->desc.rank == 1 && out->bias->desc.dims[0] == out->channels;
}

/* Gives the weights of group `group` the scale `scale` instead of their own. */
static void rescale_group(ht_value *weight, const ht_group_view *view, size_t group, float scale) {
    ht_quantization *q = weight->quantization;
    uint16_t *codes = (uint16_t *)q->codes;
    float *numbers = (float *)weight->data, *scales = (float *)q->scale;
    int32_t offset = q->is_signed ? 1 << (q->bits - 1) : 0;
    double ratio = (double)scales[group] / (double)scale;
    for (int64_t i = 0; i < ht__desc_elements(&weight->desc); ++i) {
        if (ht__group_of(view, i) == group) {
            double code = rint(((double)codes[i] - offset - (double)q->zero_point[group]) * ratio);
            codes[i] = (uint16_t)((int32_t)code + offset + (int32_t)q->zero_point[group]);
            numbers[i] = (float)code * scale;
        }
    }
    scales[group] = scale;
}

/* Makes scales larger where the bias would not fit. The arrays are this graph's own: quantizing made them. */
static ht_status make_room(const product *p, ht_error *err) {
    const ht_quantization *w = p->weight->quantization;
    const float *bias = p->bias->data;
    double input_scale = (double)p->input->quantization->scale[0];
    ht_group_view view;
    HT_TRY(ht__group_view(w, &p->weight->desc, &view, err));
    for (int64_t channel = 0; channel < p->channels; ++channel) {
        size_t group = w->groups == 1 ? 0 : (size_t)channel;
        double least = fabs((double)bias[channel]) / LARGEST_BIAS / input_scale;
        if (!isfinite(least)) {
            return ht__fail_at(err, HT_ERROR_NUMERIC, p->bias->name, "The bias %s has values that are not finite.",
                               p->bias->name);
        }
        if (least > (double)w->scale[group]) {
            rescale_group(p->weight, &view, group, (float)least);
        }
    }
    return HT_OK;
}

static ht_status annotate_bias(ht_graph *graph, const product *p, ht_error *err) {
    const ht_quantization *w = p->weight->quantization;
    size_t channels = (size_t)p->channels;
    ht_value *value = p->bias;
    if (ht__graph_consumers(graph, value, NULL, 0) > 1) {
        HT_TRY(ht__graph_add_constant(graph, NULL, &value->desc, value->data, true, &value, err));
        p->node->inputs[p->bias_index] = value;
    }
    ht_quantization *q = ht__arena_alloc(graph->arena, sizeof *q);
    float *scale = ht__arena_alloc(graph->arena, w->groups * sizeof *scale);
    float *zero = ht__arena_alloc(graph->arena, w->groups * sizeof *zero);
    int32_t *codes = ht__arena_alloc(graph->arena, channels * sizeof *codes);
    float *numbers = ht__arena_alloc(graph->arena, channels * sizeof *numbers);
    if (q == NULL || scale == NULL || zero == NULL || codes == NULL || numbers == NULL) {
        return ht__fail_memory(err, channels * sizeof *codes);
    }
    for (size_t i = 0; i < w->groups; ++i) {
        scale[i] = p->input->quantization->scale[0] * w->scale[i]; /* f32, as the runtimes multiply them */
    }
    for (size_t i = 0; i < channels; ++i) {
        float step = scale[w->groups == 1 ? 0 : i];
        double code = step > 0.0f ? rint((double)((const float *)p->bias->data)[i] / (double)step) : 0.0;
        codes[i] = (int32_t)fmin(fmax(code, INT32_MIN), INT32_MAX);
        numbers[i] = (float)codes[i] * step;
    }
    *q = (ht_quantization){.bits = 32,
                           .is_signed = true,
                           .axis = w->groups == 1 ? -1 : 0,
                           .groups = w->groups,
                           .scale = scale,
                           .zero_point = zero,
                           .wide_codes = codes};
    value->data = numbers;
    value->quantization = q;
    return HT_OK;
}

ht_status ht__quantize_biases(ht_graph *graph, ht_error *err) {
    for (int pass = 0; pass < 2; ++pass) { /* a weight that two nodes read has its last scales before either bias */
        for (size_t i = 0; i < graph->node_count; ++i) {
            product p;
            if (find_product(graph->nodes[i], &p)) {
                HT_TRY(pass == 0 ? make_room(&p, err) : annotate_bias(graph, &p, err));
            }
        }
    }
    return HT_OK;
}
