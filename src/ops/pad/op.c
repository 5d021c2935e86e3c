#include <string.h>

#include "kernels/move/move.h"
#include "ops/gradient.h"
#include "ops/integer.h"

static ht_status read_mode(const ht_node *node, ht_pad_mode *out, ht_error *err) {
    static const char *const modes[] = {"constant", "reflect", "edge", "wrap"}; /* as the enumeration lists them */
    const char *mode = ht__node_text(node, "mode", "constant");
    for (int i = 0; i < 4; ++i) {
        if (strcmp(mode, modes[i]) == 0) {
            *out = (ht_pad_mode)i;
            return HT_OK;
        }
    }
    return ht__fail_at(err, HT_ERROR_UNSUPPORTED, node->name, "The pad mode %s is not supported.", mode);
}

/* The axes that the amounts speak of, in their order: input 3, or all. */
static ht_status read_axes(const ht_node *node, int32_t axes[HT_MAX_RANK], size_t *count, ht_error *err) {
    int32_t rank = node->inputs[0]->desc.rank;
    int64_t listed[HT_MAX_RANK];
    *count = (size_t)rank;
    bool given = ht__has_input(node, 3), seen[HT_MAX_RANK] = {false};
    if (given) {
        HT_TRY(ht__constant_ints(node, 3, listed, count, err));
    }
    for (size_t i = 0; i < *count; ++i) {
        HT_TRY(ht__normal_axis(node, given ? listed[i] : (int64_t)i, rank, &axes[i], err));
        if (seen[axes[i]]) {
            return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "Pad names axis %d twice.", (int)axes[i]);
        }
        seen[axes[i]] = true;
    }
    return HT_OK;
}

/* What constant padding is filled with. */
static ht_status read_filler(const ht_node *node, ht_pad_parameters *out, ht_error *err) {
    if (!ht__has_input(node, 2) || ht__desc_elements(&node->inputs[2]->desc) == 0) {
        return HT_OK;
    }
    const ht_value *value = node->inputs[2];
    if (value->data == NULL || value->desc.type != node->inputs[0]->desc.type || ht__desc_elements(&value->desc) != 1) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, node->name,
                           "The value of Pad must be one constant number of its input's type.");
    }
    memcpy(out->filler, value->data, ht_type_bytes(value->desc.type));
    return HT_OK;
}

static ht_status read_parameters(const ht_node *node, ht_pad_parameters *out, ht_error *err) {
    const ht_value *pads = node->inputs[1];
    int32_t axes[HT_MAX_RANK];
    size_t count;
    memset(out, 0, sizeof *out);
    HT_TRY(read_mode(node, &out->mode, err));
    HT_TRY(read_axes(node, axes, &count, err));
    if (pads->data == NULL || pads->desc.type != HT_I64 || ht__desc_elements(&pads->desc) != 2 * (int64_t)count) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, node->name, "Pad needs %zu constant amounts.", 2 * count);
    }
    for (size_t i = 0; i < count; ++i) {
        int64_t begin = ((const int64_t *)pads->data)[i], end = ((const int64_t *)pads->data)[count + i];
        if (begin < -INT32_MAX || begin > INT32_MAX || end < -INT32_MAX || end > INT32_MAX) {
            return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "A pad amount is out of range.");
        }
        out->begin[axes[i]] = begin;
        out->end[axes[i]] = end;
    }
    return read_filler(node, out, err);
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    ht_tensor_desc y = *x;
    for (uint32_t i = 1; i < node->input_count; ++i) {
        if (node->inputs[i] != NULL && node->inputs[i]->data == NULL) {
            for (int32_t k = 0; k < y.rank; ++k) {
                y.dims[k] = -1;
            }
            return ht__set_output(node, 0, &y, err);
        }
    }
    ht_pad_parameters pads;
    HT_TRY(read_parameters(node, &pads, err));
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

static int64_t needs(const ht_node *node) {
    return strcmp(ht__node_text(node, "mode", ""), "wrap") == 0 ? 19 : ht__has_input(node, 3) ? 18 : 0;
}

const ht_op ht__op_Pad = {
    .name = "Pad",
    .domain = "",
    .needs = needs,
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
    .integer = ht__integer_Pad,
};
