#include <string.h>

#include "kernels/move/move.h"
#include "ops/common.h"
#include "ops/lookup/lookup.h"

static int64_t clamp(int64_t value, int64_t low, int64_t high) {
    return value < low ? low : value > high ? high : value;
}

/* Resolves starts, ends, axes and steps against x as NumPy does. `sizes` gets the output's dimensions. */
static ht_status resolve(const ht_node *node, ht_slice_parameters *out, int64_t sizes[HT_MAX_RANK], ht_error *err) {
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    int64_t starts[HT_MAX_RANK], ends[HT_MAX_RANK], axes[HT_MAX_RANK], steps[HT_MAX_RANK];
    size_t count, end_count, axis_count = 0, step_count = 0;
    HT_TRY(ht__constant_ints(node, 1, starts, &count, err));
    HT_TRY(ht__constant_ints(node, 2, ends, &end_count, err));
    if (ht__has_input(node, 3)) {
        HT_TRY(ht__constant_ints(node, 3, axes, &axis_count, err));
    }
    if (ht__has_input(node, 4)) {
        HT_TRY(ht__constant_ints(node, 4, steps, &step_count, err));
    }
    if (end_count != count || (axis_count != 0 && axis_count != count) || (step_count != 0 && step_count != count) ||
        count > (size_t)x->rank) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "Slice's starts, ends, axes and steps differ in length.");
    }
    for (int32_t i = 0; i < HT_MAX_RANK; ++i) {
        out->begin[i] = 0;
        out->step[i] = 1;
        sizes[i] = i < x->rank ? x->dims[i] : 0;
    }
    for (size_t k = 0; k < count; ++k) {
        int32_t axis;
        HT_TRY(ht__normal_axis(node, axis_count != 0 ? axes[k] : (int64_t)k, x->rank, &axis, err));
        int64_t step = step_count != 0 ? steps[k] : 1, size = x->dims[axis];
        if (step == 0 || step < -INT32_MAX || step > INT32_MAX) {
            return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "A slice step of %lld is not usable.",
                               (long long)step);
        }
        if (size < 0) {
            sizes[axis] = -1;
            continue;
        }
        int64_t start = starts[k] < 0 ? starts[k] + size : starts[k], end = ends[k] < 0 ? ends[k] + size : ends[k];
        int64_t low = step > 0 ? 0 : -1, high = step > 0 ? size : size - 1;
        start = clamp(start, step > 0 ? 0 : low, high);
        end = ends[k] < 0 && end < 0 ? low : clamp(end, low, high);
        int64_t length = step > 0 ? (end - start + step - 1) / step : (start - end - step - 1) / -step;
        out->begin[axis] = start < 0 ? 0 : start;
        out->step[axis] = step;
        sizes[axis] = length > 0 ? length : 0;
    }
    return HT_OK;
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    for (uint32_t i = 1; i < node->input_count; ++i) {
        if (node->inputs[i] != NULL && node->inputs[i]->data == NULL) {
            return HT_OK;
        }
    }
    ht_slice_parameters parameters;
    ht_tensor_desc y = node->inputs[0]->desc;
    HT_TRY(resolve(node, &parameters, y.dims, err));
    return ht__set_output(node, 0, &y, err);
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    int64_t sizes[HT_MAX_RANK];
    call->input_count = 1;
    return resolve(node, HT_LOWER(ht_slice_parameters, call, ht__slice_family), sizes, err);
}

const ht_op ht__op_Slice = {
    .name = "Slice",
    .domain = "",
    .min_inputs = 3,
    .max_inputs = 5,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .lower = lower,
    .content_inputs = 0x1e,
    .integer = ht__integer_move,
    .selects = true,
};
