/* Resize: nearest and linear. Scales or sizes must be constants. */
#include <math.h>
#include <string.h>

#include "kernels/resize/resize.h"
#include "ops/common.h"

static ht_status unsupported(const ht_node *node, const char *name, const char *value, ht_error *err) {
    return ht__fail_at(err, HT_ERROR_UNSUPPORTED, node->name, "Resize with %s = %s is not supported.", name, value);
}

/* The place of `text` in a NULL-terminated list, or -1. */
static int find_word(const char *const *words, const char *text) {
    for (int i = 0; words[i] != NULL; ++i) {
        if (strcmp(words[i], text) == 0) {
            return i;
        }
    }
    return -1;
}

static ht_status read_modes(const ht_node *node, ht_resize_parameters *out, ht_error *err) {
    static const char *const modes[] = {"nearest", "linear", NULL};
    static const char *const coordinates[] = {"half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", NULL};
    static const char *const roundings[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil", NULL};
    const char *mode = ht__node_text(node, "mode", "nearest");
    const char *coordinate = ht__node_text(node, "coordinate_transformation_mode", "half_pixel");
    const char *rounding = ht__node_text(node, "nearest_mode", "round_prefer_floor");
    const char *policy = ht__node_text(node, "keep_aspect_ratio_policy", "stretch");
    int m = find_word(modes, mode), c = find_word(coordinates, coordinate), r = find_word(roundings, rounding);
    if (m < 0) {
        return unsupported(node, "mode", mode, err);
    }
    if (c < 0) {
        return unsupported(node, "coordinate_transformation_mode", coordinate, err);
    }
    if (r < 0) {
        return unsupported(node, "nearest_mode", rounding, err);
    }
    if (strcmp(policy, "stretch") != 0) {
        return unsupported(node, "keep_aspect_ratio_policy", policy, err);
    }
    if (ht__node_int(node, "antialias", 0) != 0 || ht__node_attribute(node, "axes") != NULL) {
        return unsupported(node, "antialias or axes", "(set)", err);
    }
    out->mode = (ht_resize_mode)m;
    out->coordinate = (ht_resize_coordinate)c;
    out->rounding = (ht_resize_rounding)r;
    return HT_OK;
}

/* Has the operand any elements? An empty one counts as absent. */
static bool is_given(const ht_node *node, uint32_t index) {
    return ht__has_input(node, index) && ht__desc_elements(&node->inputs[index]->desc) != 0;
}

static ht_status read_scales(const ht_node *node, ht_resize_parameters *out, ht_tensor_desc *y, ht_error *err) {
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    const ht_value *scales = node->inputs[2];
    if (scales->data == NULL || scales->desc.type != HT_F32 || ht__desc_elements(&scales->desc) != x->rank) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, node->name, "Resize needs %d constant f32 scales.", (int)x->rank);
    }
    for (int32_t i = 0; i < x->rank; ++i) {
        float scale = ((const float *)scales->data)[i];
        if (!(scale > 0.0f && scale <= 65536.0f)) {
            return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "A scale of %g is not usable.", (double)scale);
        }
        out->scale[i] = scale;
        y->dims[i] = x->dims[i] >= 0 ? (int64_t)floorf((float)x->dims[i] * scale) : -1;
    }
    return HT_OK;
}

static ht_status read_sizes(const ht_node *node, ht_resize_parameters *out, ht_tensor_desc *y, ht_error *err) {
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    size_t count;
    HT_TRY(ht__constant_ints(node, 3, y->dims, &count, err));
    if (count != (size_t)x->rank) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "Resize needs %d sizes.", (int)x->rank);
    }
    for (int32_t i = 0; i < x->rank; ++i) {
        if (y->dims[i] <= 0 || x->dims[i] == 0) {
            return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "A size of %lld is not usable.",
                               (long long)y->dims[i]);
        }
        out->scale[i] = x->dims[i] > 0 ? (float)y->dims[i] / (float)x->dims[i] : 1.0f;
    }
    return HT_OK;
}

static ht_status read(const ht_node *node, ht_resize_parameters *out, ht_tensor_desc *y, ht_error *err) {
    *y = node->inputs[0]->desc;
    memset(out, 0, sizeof *out);
    HT_TRY(read_modes(node, out, err));
    bool scales = is_given(node, 2), sizes = is_given(node, 3);
    if (scales == sizes) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "Resize needs either scales or sizes.");
    }
    return scales ? read_scales(node, out, y, err) : read_sizes(node, out, y, err);
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    ht_resize_parameters parameters;
    ht_tensor_desc y;
    HT_TRY(read(node, &parameters, &y, err));
    return ht__set_output(node, 0, &y, err);
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    ht_tensor_desc y;
    call->input_count = 1;
    return read(node, HT_LOWER(ht_resize_parameters, call, ht__resize_family), &y, err);
}

const ht_op ht__op_Resize = {
    .name = "Resize",
    .domain = "",
    .min_inputs = 1,
    .max_inputs = 4,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_NEUTRAL,
    .plain_inputs = 0xe,
    .infer = infer,
    .lower = lower,
    .codes = HT_CODES_SAME,
    .content_inputs = 0xe,
};
