/* Transposed convolution: the sum of the windows that each element of x spreads over y, which is what the gradient of a
 * convolution's input is. Weights [C, O/G, k...]. */
#include <string.h>

#include "ops/conv_transpose/conv_transpose_common.h"

static ht_status check_shapes(const ht_node *node, int64_t groups, ht_error *err) {
    const ht_tensor_desc *x = &node->inputs[0]->desc, *w = &node->inputs[1]->desc;
    if (x->rank < 3 || x->rank > 5 || w->rank != x->rank) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, node->name,
                           "ConvTranspose needs an input and weights of the same rank 3 to 5, not %d and %d.",
                           (int)x->rank, (int)w->rank);
    }
    bool fits = groups >= 1 && (x->dims[1] < 0 || w->dims[0] < 0 || x->dims[1] == w->dims[0]) &&
                (w->dims[0] < 0 || w->dims[0] % groups == 0);
    return fits ? HT_OK
                : ht__fail_at(err, HT_ERROR_MISMATCH, node->name,
                              "%lld input channels do not fit weights for %lld in %lld groups.", (long long)x->dims[1],
                              (long long)w->dims[0], (long long)groups);
}

/* Padding that brings the full size of axis i to `wanted`; what is short of it stays at the end, without a window. */
static void pad_to(ht_conv_parameters *p, int32_t i, int64_t full, int64_t wanted, bool upper) {
    int64_t total = full > wanted ? full - wanted : 0;
    p->pads_begin[i] = upper ? total / 2 : total - total / 2;
    p->pads_end[i] = total - p->pads_begin[i];
}

static ht_status read_padding(const ht_node *node, ht_transposed *out, ht_error *err) {
    const ht_tensor_desc *x = &node->inputs[0]->desc, *w = &node->inputs[1]->desc;
    ht_conv_parameters *p = &out->convolution;
    const char *automatic = ht__node_text(node, "auto_pad", "NOTSET");
    int64_t extra[3], wanted[3] = {0}, pads[6];
    bool upper = strcmp(automatic, "SAME_UPPER") == 0, same = upper || strcmp(automatic, "SAME_LOWER") == 0;
    bool sized = ht__node_attribute(node, "output_shape") != NULL;
    if (!same && strcmp(automatic, "NOTSET") != 0 && strcmp(automatic, "VALID") != 0) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "The attribute auto_pad is %s.", automatic);
    }
    HT_TRY(ht__node_numbers(node, "output_padding", p->spatial, 0, 0, extra, err));
    HT_TRY(ht__node_numbers(node, "pads", 2 * p->spatial, 0, 0, pads, err));
    if (sized) {
        HT_TRY(ht__node_numbers(node, "output_shape", p->spatial, 1, 1, wanted, err));
    }
    for (int32_t i = 0; i < p->spatial; ++i) {
        int64_t in = x->dims[2 + i];
        if (in < 0 || w->dims[2 + i] < 0) {
            out->sizes[i] = sized ? wanted[i] : -1;
            continue;
        }
        int64_t full = (in - 1) * p->strides[i] + extra[i] + (w->dims[2 + i] - 1) * p->dilations[i] + 1;
        if (sized || same) {
            out->sizes[i] = sized ? wanted[i] : in * p->strides[i];
            pad_to(p, i, full, out->sizes[i], upper);
            continue;
        }
        bool given = strcmp(automatic, "NOTSET") == 0;
        p->pads_begin[i] = given ? pads[i] : 0;
        p->pads_end[i] = given ? pads[p->spatial + i] : 0;
        out->sizes[i] = full - p->pads_begin[i] - p->pads_end[i];
        if (out->sizes[i] < 0) {
            return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "The padding takes more from axis %d than there is.",
                               (int)(2 + i));
        }
    }
    return HT_OK;
}

ht_status ht__conv_transpose_read(const ht_node *node, ht_transposed *out, ht_error *err) {
    memset(out, 0, sizeof *out);
    ht_conv_parameters *p = &out->convolution;
    p->spatial = node->inputs[0]->desc.rank - 2;
    p->groups = ht__node_int(node, "group", 1);
    HT_TRY(check_shapes(node, p->groups, err));
    HT_TRY(ht__node_numbers(node, "strides", p->spatial, 1, 1, p->strides, err));
    HT_TRY(ht__node_numbers(node, "dilations", p->spatial, 1, 1, p->dilations, err));
    return read_padding(node, out, err);
}

ht_status ht__conv_transpose_infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    ht_transposed t;
    HT_TRY(ht__conv_transpose_read(node, &t, err));
    const ht_tensor_desc *x = &node->inputs[0]->desc, *w = &node->inputs[1]->desc;
    int64_t filters;
    if (w->dims[1] < 0 || __builtin_mul_overflow(w->dims[1], t.convolution.groups, &filters)) {
        filters = -1;
    }
    ht_tensor_desc y = {.type = x->type, .rank = x->rank, .dims = {x->dims[0], filters}};
    memcpy(y.dims + 2, t.sizes, (size_t)t.convolution.spatial * sizeof *t.sizes);
    return ht__set_output(node, 0, &y, err);
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    ht_transposed t;
    HT_TRY(ht__conv_transpose_read(node, &t, err));
    *HT_LOWER(ht_conv_parameters, call, ht__conv_grad_input_family) = t.convolution;
    return HT_OK;
}

int64_t ht__conv_transpose_macs(const ht_node *node) {
    const ht_tensor_desc *w = &node->inputs[1]->desc;
    int64_t total = ht__desc_elements(&node->inputs[0]->desc);
    for (int32_t i = 1; i < w->rank; ++i) {
        if (total < 0 || w->dims[i] < 0 || __builtin_mul_overflow(total, w->dims[i], &total)) {
            return -1;
        }
    }
    return total;
}

static int32_t channel_axis(const ht_node *node, uint32_t input) {
    (void)node;
    (void)input;
    return 1;
}

const ht_op ht__op_ConvTranspose = {
    .name = "ConvTranspose",
    .domain = "",
    .min_inputs = 2,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_CHANNELS_LAST,
    .plain_inputs = 1u << 1 | 1u << 2,
    .infer = ht__conv_transpose_infer,
    .lower = lower,
    .macs = ht__conv_transpose_macs,
    .integer = ht__integer_ConvTranspose,
    .codes = HT_CODES_OWN,
    .weight_inputs = 0x2,
    .bias_inputs = 0x4,
    .channel_axis = channel_axis,
    .in_f32 = true,
};
