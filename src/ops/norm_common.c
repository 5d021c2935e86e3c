#include "ops/norm_common.h"

#include "kernels/index.h"

/* Do the dimensions of a scale or shift, aligned at the end, run along the line, or repeat? */
static ht_status check_along(const ht_node *node, uint32_t input, int32_t axis, ht_error *err) {
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    if (!ht__has_input(node, input)) {
        return HT_OK;
    }
    const ht_tensor_desc *scale = &node->inputs[input]->desc;
    bool fits = scale->rank <= x->rank, repeats = false;
    for (int32_t i = scale->rank - 1; fits && i >= 0; --i) {
        int32_t at = i + x->rank - scale->rank;
        int64_t size = scale->dims[i], whole = x->dims[at];
        bool same = size == whole || size < 0 || whole < 0;
        fits = same ? !repeats || size == 1 : size == 1;
        fits = fits && (at >= axis || size == 1 || size < 0);
        repeats = repeats || (!same && size == 1);
    }
    if (!fits) {
        char scale_text[96], x_text[96];
        return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "%s cannot scale %s by %s from axis %d on.",
                           node->op->name, ht__desc_print(x, x_text, sizeof x_text),
                           ht__desc_print(scale, scale_text, sizeof scale_text), (int)axis);
    }
    return HT_OK;
}

static ht_status read_axis(const ht_node *node, int32_t *axis, ht_error *err) {
    return ht__normal_axis(node, ht__node_int(node, "axis", -1), node->inputs[0]->desc.rank, axis, err);
}

ht_status ht__norm_along_axis_infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    int32_t axis;
    HT_TRY(read_axis(node, &axis, err));
    for (uint32_t i = 1; i < node->input_count; ++i) {
        HT_TRY(check_along(node, i, axis, err));
    }
    ht_tensor_desc statistics = *x;
    statistics.type = ht__onnx_type(ht__node_int(node, "stash_type", 1));
    for (int32_t i = axis; i < x->rank; ++i) {
        statistics.dims[i] = 1;
    }
    for (uint32_t i = 1; i < node->output_count; ++i) {
        HT_TRY(ht__set_output(node, i, &statistics, err));
    }
    return ht__set_output(node, 0, x, err);
}

static void lower_lines(const ht_node *node, ht_line_norm_parameters parameters, ht_kernel_call *call) {
    parameters.epsilon = ht__node_float(node, "epsilon", 1e-5f);
    parameters.length = parameters.length > 0 ? parameters.length : 1; /* an empty tensor */
    parameters.step = parameters.step > 0 ? parameters.step : 1;
    *HT_LOWER(ht_line_norm_parameters, call, ht__line_norm_family) = parameters;
}

/* The last dimensions that a scale repeats along: neighbours have the same number. */
static int32_t repeated_dimensions(const ht_tensor_desc *scale) {
    int32_t count = 0;
    while (count < scale->rank && scale->dims[scale->rank - 1 - count] == 1) {
        ++count;
    }
    return count;
}

ht_status ht__norm_along_axis_lower(const ht_node *node, bool centred, ht_kernel_call *call, ht_error *err) {
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    int32_t axis, trailing = repeated_dimensions(&node->inputs[1]->desc);
    HT_TRY(read_axis(node, &axis, err));
    if (ht__has_input(node, 2) && trailing != repeated_dimensions(&node->inputs[2]->desc)) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, node->name, "The scale and the shift of %s differ in shape.",
                           node->op->name);
    }
    lower_lines(node,
                (ht_line_norm_parameters){.length = ht__index_product(x->dims, axis, x->rank),
                                          .step = ht__index_product(x->dims, x->rank - trailing, x->rank),
                                          .centred = centred},
                call);
    return HT_OK;
}

ht_status ht__norm_in_groups_infer(ht_node *node, int64_t groups, ht_error *err) {
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    if (x->rank < 2) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "%s needs a tensor with channels, not one of rank %d.",
                           node->op->name, (int)x->rank);
    }
    int64_t channels = x->dims[1];
    if (groups < 1 || (channels >= 0 && channels % groups != 0)) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "%lld channels cannot be split into %lld groups.",
                           (long long)channels, (long long)groups);
    }
    for (uint32_t i = 1; i < 3; ++i) {
        int64_t numbers = ht__desc_elements(&node->inputs[i]->desc);
        if (channels >= 0 && numbers >= 0 && numbers != channels) {
            return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "%s has %lld numbers, but there are %lld channels.",
                               node->inputs[i]->name, (long long)numbers, (long long)channels);
        }
    }
    return ht__set_output(node, 0, x, err);
}

ht_status ht__norm_in_groups_lower(const ht_node *node, int64_t groups, ht_kernel_call *call, ht_error *err) {
    (void)err;
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    int64_t map = ht__index_product(x->dims, 2, x->rank);
    lower_lines(node, (ht_line_norm_parameters){.length = x->dims[1] / groups * map, .step = map, .centred = true},
                call);
    return HT_OK;
}
