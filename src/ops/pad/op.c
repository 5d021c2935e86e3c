#include <string.h>

#include "kernels/move/move.h"
#include "ops/gradient.h"

static ht_status read_parameters(const ht_node *node, ht_pad_parameters *out, ht_error *err) {
    int32_t rank = node->inputs[0]->desc.rank;
    const ht_value *pads = node->inputs[1];
    if (pads->data == NULL || pads->desc.type != HT_I64 || ht__desc_elements(&pads->desc) != 2 * (int64_t)rank ||
        ht__has_input(node, 3)) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, node->name, "Pad needs %d constant amounts and no list of axes.",
                           2 * (int)rank);
    }
    const char *mode = ht__node_text(node, "mode", "constant");
    memset(out, 0, sizeof *out);
    if (strcmp(mode, "constant") == 0) {
        out->mode = HT_PAD_CONSTANT;
    } else if (strcmp(mode, "reflect") == 0) {
        out->mode = HT_PAD_REFLECT;
    } else if (strcmp(mode, "edge") == 0) {
        out->mode = HT_PAD_EDGE;
    } else {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, node->name, "The pad mode %s is not supported.", mode);
    }
    for (int32_t i = 0; i < rank; ++i) {
        out->begin[i] = ((const int64_t *)pads->data)[i];
        out->end[i] = ((const int64_t *)pads->data)[rank + i];
        if (out->begin[i] < -INT32_MAX || out->begin[i] > INT32_MAX || out->end[i] < -INT32_MAX ||
            out->end[i] > INT32_MAX) {
            return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "A pad amount is out of range.");
        }
    }
    return ht__constant_float(node, 2, 0.0f, &out->value, err);
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    if (node->inputs[1]->data == NULL) {
        return HT_OK;
    }
    ht_pad_parameters pads;
    HT_TRY(read_parameters(node, &pads, err));
    ht_tensor_desc y = *x;
    for (int32_t i = 0; i < x->rank; ++i) {
        if (x->dims[i] >= 0) {
            y.dims[i] = x->dims[i] + pads.begin[i] + pads.end[i];
            if (y.dims[i] < 0) {
                return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "More is cropped from axis %d than there is.",
                                   (int)i);
            }
        }
    }
    return ht__set_output(node, 0, &y, err);
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    call->input_count = 1;
    return read_parameters(node, HT_LOWER(ht_pad_parameters, call, ht__pad_family), err);
}

const ht_op ht__op_Pad = {
    .name = "Pad",
    .domain = "",
    .min_inputs = 2,
    .max_inputs = 4,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_NEUTRAL,
    .plain_inputs = 0xe,
    .infer = infer,
    .lower = lower,
    .content_inputs = 0xe,
    .gradient = ht__gradient_Pad,
    .codes = HT_CODES_SAME,
};
