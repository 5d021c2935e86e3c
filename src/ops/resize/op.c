/* Resize, as operator sets 18 and 19 say it. Region, scales and sizes are constants by the time that it is run. */
#include <math.h>
#include <string.h>

#include "numeric/scalar.h"
#include "ops/resize/resize_common.h"

/* The place of `text` in a NULL-terminated list; HT_ERROR_FORMAT naming the attribute when it is not there. */
static ht_status read_word(const ht_node *node, const char *name, const char *otherwise, const char *const *words,
                           int *place, ht_error *err) {
    const char *text = ht__node_text(node, name, otherwise);
    for (int i = 0; words[i] != NULL; ++i) {
        if (strcmp(words[i], text) == 0) {
            *place = i;
            return HT_OK;
        }
    }
    return ht__fail_at(err, HT_ERROR_UNSUPPORTED, node->name, "Resize with %s = %s is not supported.", name, text);
}

static ht_status read_modes(const ht_node *node, ht_resize_parameters *out, ht_error *err) {
    static const char *const modes[] = {"nearest", "linear", "cubic", NULL};
    static const char *const coordinates[] = {
        "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_crop_and_resize",
        NULL};
    static const char *const roundings[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil", NULL};
    int mode, coordinate, rounding;
    HT_TRY(read_word(node, "mode", "nearest", modes, &mode, err));
    HT_TRY(read_word(node, "coordinate_transformation_mode", "half_pixel", coordinates, &coordinate, err));
    HT_TRY(read_word(node, "nearest_mode", "round_prefer_floor", roundings, &rounding, err));
    out->mode = (ht_resize_mode)mode;
    out->coordinate = (ht_resize_coordinate)coordinate;
    out->rounding = (ht_resize_rounding)rounding;
    out->antialias = ht__node_int(node, "antialias", 0) != 0;
    out->exclude_outside = ht__node_int(node, "exclude_outside", 0) != 0;
    out->cubic_a = ht__node_float(node, "cubic_coeff_a", -0.75f);
    out->extrapolation = ht__node_float(node, "extrapolation_value", 0.0f);
    return HT_OK;
}

/* The axes that region, scales and sizes speak of, in their order: the attribute axes, or all. */
static ht_status read_axes(const ht_node *node, int32_t axes[HT_MAX_RANK], size_t *count, ht_error *err) {
    int32_t rank = node->inputs[0]->desc.rank;
    const int64_t *listed = ht__node_ints(node, "axes", count);
    bool seen[HT_MAX_RANK] = {false};
    if (listed == NULL) {
        *count = (size_t)rank;
    }
    if (*count > (size_t)rank) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "Resize names %zu axes of a tensor of rank %d.", *count,
                           (int)rank);
    }
    for (size_t i = 0; i < *count; ++i) {
        HT_TRY(ht__normal_axis(node, listed != NULL ? listed[i] : (int64_t)i, rank, &axes[i], err));
        if (seen[axes[i]]) {
            return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "Resize names axis %d twice.", (int)axes[i]);
        }
        seen[axes[i]] = true;
    }
    return HT_OK;
}

/* Has the operand any elements? An empty one counts as absent. */
static bool is_given(const ht_node *node, uint32_t index) {
    return ht__has_input(node, index) && ht__desc_elements(&node->inputs[index]->desc) != 0;
}

/* The elements of a constant operand of `count` real numbers. */
static ht_status read_reals(const ht_node *node, uint32_t index, size_t count, float *out, ht_error *err) {
    const ht_value *value = node->inputs[index];
    if (value->data == NULL || !ht__type_is_float(value->desc.type) ||
        ht__desc_elements(&value->desc) != (int64_t)count) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, node->name,
                           "Input %u of Resize must be %zu constant real numbers.", index + 1, count);
    }
    for (size_t i = 0; i < count; ++i) {
        out[i] = (float)ht__scalar_real(ht__scalar_load(value->desc.type, value->data, (int64_t)i));
    }
    return HT_OK;
}

static ht_status read_scales(const ht_node *node, const int32_t *axes, size_t count, ht_resize_parameters *out,
                             ht_tensor_desc *y, ht_error *err) {
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    float scales[HT_MAX_RANK];
    HT_TRY(read_reals(node, 2, count, scales, err));
    for (size_t i = 0; i < count; ++i) {
        int64_t size = x->dims[axes[i]];
        if (!(scales[i] > 0.0f && scales[i] <= 65536.0f)) {
            return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "A scale of %g is not usable.", (double)scales[i]);
        }
        out->scale[axes[i]] = scales[i];
        y->dims[axes[i]] = size >= 0 ? (int64_t)floorf((float)size * scales[i]) : -1;
    }
    return HT_OK;
}

/* The one scale that all sizes are brought to (attribute keep_aspect_ratio_policy); 0 when each keeps its own, -1 when
 * it cannot be known yet. */
static ht_status common_scale(const ht_node *node, const int32_t *axes, size_t count, const int64_t *sizes,
                              double *scale, ht_error *err) {
    static const char *const policies[] = {"stretch", "not_larger", "not_smaller", NULL};
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    int policy;
    HT_TRY(read_word(node, "keep_aspect_ratio_policy", "stretch", policies, &policy, err));
    *scale = 0.0;
    for (size_t i = 0; i < count && policy != 0; ++i) {
        if (x->dims[axes[i]] < 0) {
            *scale = -1.0;
            return HT_OK;
        }
        double own = (double)sizes[i] / (double)x->dims[axes[i]];
        *scale = i == 0 || (policy == 1 ? own < *scale : own > *scale) ? own : *scale;
    }
    return HT_OK;
}

static ht_status read_sizes(const ht_node *node, const int32_t *axes, size_t count, ht_resize_parameters *out,
                            ht_tensor_desc *y, ht_error *err) {
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    int64_t sizes[HT_MAX_RANK];
    size_t given;
    double scale;
    HT_TRY(ht__constant_ints(node, 3, sizes, &given, err));
    if (given != count) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "Resize needs %zu sizes.", count);
    }
    for (size_t i = 0; i < count; ++i) {
        if (sizes[i] <= 0 || sizes[i] > INT32_MAX || x->dims[axes[i]] == 0) {
            return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "A size of %lld is not usable.", (long long)sizes[i]);
        }
    }
    HT_TRY(common_scale(node, axes, count, sizes, &scale, err));
    out->exact_length = true;
    for (size_t i = 0; i < count; ++i) {
        int64_t size = x->dims[axes[i]];
        if (scale > 0.0) {
            double rounded = floor(scale * (double)size + 0.5);
            sizes[i] = rounded < 1.0 ? 1 : rounded > (double)INT32_MAX ? INT32_MAX : (int64_t)rounded;
        }
        y->dims[axes[i]] = scale < 0.0 ? -1 : sizes[i];
        out->scale[axes[i]] = scale > 0.0 ? (float)scale : size > 0 ? (float)sizes[i] / (float)size : 1.0f;
    }
    return HT_OK;
}

static ht_status read_region(const ht_node *node, const int32_t *axes, size_t count, ht_resize_parameters *out,
                             ht_error *err) {
    float region[2 * HT_MAX_RANK];
    for (int32_t i = 0; i < HT_MAX_RANK; ++i) {
        out->end[i] = 1.0f;
    }
    if (out->coordinate != HT_RESIZE_CROP) {
        return HT_OK;
    }
    if (!is_given(node, 1)) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "Resize of a region needs the region.");
    }
    HT_TRY(read_reals(node, 1, 2 * count, region, err));
    for (size_t i = 0; i < count; ++i) {
        out->begin[axes[i]] = region[i];
        out->end[axes[i]] = region[count + i];
    }
    return HT_OK;
}

ht_status ht__resize_read(const ht_node *node, ht_resize_parameters *out, ht_tensor_desc *y, ht_error *err) {
    int32_t axes[HT_MAX_RANK];
    size_t count;
    *y = node->inputs[0]->desc;
    memset(out, 0, sizeof *out);
    for (int32_t i = 0; i < HT_MAX_RANK; ++i) {
        out->scale[i] = 1.0f;
    }
    HT_TRY(read_modes(node, out, err));
    HT_TRY(read_axes(node, axes, &count, err));
    bool scales = is_given(node, 2), sizes = is_given(node, 3);
    if (scales == sizes) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "Resize needs either scales or sizes.");
    }
    HT_TRY(read_region(node, axes, count, out, err));
    return scales ? read_scales(node, axes, count, out, y, err) : read_sizes(node, axes, count, out, y, err);
}

/* Of an operand that is not known yet only the rank of the result follows. */
static bool is_waiting(const ht_node *node) {
    for (uint32_t i = 1; i < node->input_count; ++i) {
        if (is_given(node, i) && node->inputs[i]->data == NULL) {
            return true;
        }
    }
    return false;
}

ht_status ht__resize_infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    ht_resize_parameters parameters;
    ht_tensor_desc y = node->inputs[0]->desc;
    if (is_waiting(node)) {
        for (int32_t i = 0; i < y.rank; ++i) {
            y.dims[i] = -1;
        }
        return ht__set_output(node, 0, &y, err);
    }
    HT_TRY(ht__resize_read(node, &parameters, &y, err));
    return ht__set_output(node, 0, &y, err);
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    ht_tensor_desc y;
    call->input_count = 1;
    return ht__resize_read(node, HT_LOWER(ht_resize_parameters, call, ht__resize_family), &y, err);
}

static int64_t needs(const ht_node *node) {
    const char *coordinate = ht__node_text(node, "coordinate_transformation_mode", "");
    bool later = ht__node_attribute(node, "antialias") != NULL || ht__node_attribute(node, "axes") != NULL ||
                 ht__node_attribute(node, "keep_aspect_ratio_policy") != NULL;
    return strcmp(coordinate, "half_pixel_symmetric") == 0 ? 19 : later ? 18 : 0;
}

const ht_op ht__op_Resize = {
    .name = "Resize",
    .domain = "",
    .needs = needs,
    .min_inputs = 1,
    .max_inputs = 4,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_NEUTRAL,
    .plain_inputs = 0xe,
    .infer = ht__resize_infer,
    .lower = lower,
    .content_inputs = 0xe,
    .integer = ht__integer_Resize,
    .codes = HT_CODES_SAME,
};
