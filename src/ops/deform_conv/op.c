/* Convolution whose window elements each read x at a place of their own (Dai et al. 2017, Zhu et al. 2019):
 *
 *     y[n,o,p] = b[o] + sum over c, k of w[o,c,k] * mask[n,g,k,p] * x(n, c, p*stride + k*dilation - pad +
 * offset[n,g,k,:,p])
 *
 * x between its elements by linear interpolation, 0 outside; g is c's offset group. Two spatial dimensions.
 * Inputs x, w [O,C/G,kh,kw], offset [N, offset_group * kh * kw * 2, oh, ow], b [O], mask [N, offset_group * kh * kw,
 * oh, ow]. */
#include <math.h>

#include "ops/conv/conv_common.h"
#include "ops/reals.h"

static ht_status read(const ht_node *node, ht_conv_parameters *out, ht_tensor_desc *y, ht_error *err) {
    const ht_tensor_desc *x = &node->inputs[0]->desc, *w = &node->inputs[1]->desc, *offset = &node->inputs[2]->desc;
    ht_window window;
    if (x->rank != 4) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, node->name, "DeformConv works with two dimensions.");
    }
    HT_TRY(ht__conv_read(node, x, w, out, &window, err));
    int64_t groups = ht__node_int(node, "offset_group", 1);
    *y = (ht_tensor_desc){.type = x->type, .rank = 4, .dims = {x->dims[0], w->dims[0]}};
    for (int32_t i = 0; i < 2; ++i) {
        y->dims[2 + i] = ht__window_output(&window, i, x->dims[2 + i]);
    }
    bool fits = groups >= 1 && (x->dims[1] < 0 || x->dims[1] % groups == 0) && offset->rank == 4;
    const ht_tensor_desc *per_element[2] = {offset, ht__has_input(node, 4) ? &node->inputs[4]->desc : NULL};
    for (int k = 0; k < 2 && fits; ++k) {
        int64_t wanted[4] = {y->dims[0], 0, y->dims[2], y->dims[3]};
        fits = !__builtin_mul_overflow(groups, w->dims[2] * w->dims[3] * (k == 0 ? 2 : 1), &wanted[1]);
        for (int i = 0; i < 4 && fits && per_element[k] != NULL; ++i) {
            fits = per_element[k]->rank == 4 &&
                   (per_element[k]->dims[i] < 0 || wanted[i] < 0 || per_element[k]->dims[i] == wanted[i]);
        }
    }
    fits = fits && (!ht__has_input(node, 3) || ht__desc_elements(&node->inputs[3]->desc) < 0 ||
                    ht__desc_elements(&node->inputs[3]->desc) == w->dims[0]);
    return fits ? HT_OK
                : ht__fail_at(err, HT_ERROR_MISMATCH, node->name,
                              "The offsets, the mask or the bias of DeformConv do not fit its input and weights.");
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    ht_conv_parameters parameters;
    ht_tensor_desc y;
    HT_TRY(read(node, &parameters, &y, err));
    return ht__set_output(node, 0, &y, err);
}

static double element(const double *map, const int64_t *dims, int64_t row, int64_t column) {
    bool inside = row >= 0 && row < dims[0] && column >= 0 && column < dims[1];
    return inside ? map[row * dims[1] + column] : 0.0;
}

static double interpolate(const double *map, const int64_t *dims, double row, double column) {
    if (!(row > -1.0 && row < (double)dims[0] && column > -1.0 && column < (double)dims[1])) {
        return 0.0;
    }
    int64_t r = (int64_t)floor(row), c = (int64_t)floor(column);
    double down = row - (double)r, right = column - (double)c;
    return (1.0 - down) * ((1.0 - right) * element(map, dims, r, c) + right * element(map, dims, r, c + 1)) +
           down * ((1.0 - right) * element(map, dims, r + 1, c) + right * element(map, dims, r + 1, c + 1));
}

/* One result: image n, filter o, position (i, j). */
static double dot(const ht_real_call *call, const ht_conv_parameters *p, int64_t n, int64_t o, int64_t i, int64_t j) {
    const ht_reals *x = &call->inputs[0], *w = &call->inputs[1], *offset = &call->inputs[2], *mask = &call->inputs[4];
    const int64_t *wd = w->desc.dims, *xd = x->desc.dims, *yd = call->outputs[0].desc.dims;
    int64_t window = wd[2] * wd[3], maps = yd[2] * yd[3], at = i * yd[3] + j;
    int64_t offset_groups = offset->desc.dims[1] / (2 * window), first = o / (wd[0] / p->groups) * wd[1];
    double sum = call->inputs[3].data != NULL ? call->inputs[3].data[o] : 0.0;
    for (int64_t c = 0; c < wd[1]; ++c) {
        int64_t g = (first + c) / (xd[1] / offset_groups);
        const double *map = x->data + (n * xd[1] + first + c) * xd[2] * xd[3];
        for (int64_t k = 0; k < window; ++k) {
            int64_t place = (n * offset_groups + g) * window + k;
            double row = (double)(i * p->strides[0] + k / wd[3] * p->dilations[0] - p->pads_begin[0]);
            double column = (double)(j * p->strides[1] + k % wd[3] * p->dilations[1] - p->pads_begin[1]);
            row += offset->data[2 * place * maps + at];
            column += offset->data[(2 * place + 1) * maps + at];
            double factor = mask->data != NULL ? mask->data[place * maps + at] : 1.0;
            sum += w->data[(o * wd[1] + c) * window + k] * factor * interpolate(map, xd + 2, row, column);
        }
    }
    return sum;
}

static ht_status compute(ht_real_call *call, ht_error *err) {
    ht_conv_parameters parameters;
    ht_tensor_desc y;
    HT_TRY(read(call->node, &parameters, &y, err));
    double *to = call->outputs[0].data;
    for (int64_t n = 0; n < y.dims[0]; ++n) {
        for (int64_t o = 0; o < y.dims[1]; ++o) {
            for (int64_t i = 0; i < y.dims[2]; ++i) {
                for (int64_t j = 0; j < y.dims[3]; ++j) {
                    *to++ = dot(call, &parameters, n, o, i, j);
                }
            }
        }
    }
    return HT_OK;
}

static ht_status evaluate(ht_host_call *evaluation, ht_error *err) {
    return ht__evaluate_reals(evaluation, compute, err);
}

const ht_op ht__op_DeformConv = {
    .name = "DeformConv",
    .domain = "",
    .since = 19,
    .min_inputs = 3,
    .max_inputs = 5,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
    .macs = ht__conv_macs,
    .weight_inputs = 0x2,
    .bias_inputs = 0x8,
};
