/* Sound calls of the families that move elements, for files. */
#include "kernels/rules.h"
#include "kernels/move/variants.h"

static const char *const count_fault = "operands are missing", *const shape_fault = "shapes or types do not fit";

/* ---- transpose ---- */

static const ht_kernel_field transpose_fields[] = {
    HT_I32_FIELD(ht_transpose_parameters, permutation, 0, HT_MAX_RANK - 1)};

static const char *check_transpose(const ht_kernel_call *call) {
    const ht_tensor_desc *x = &call->inputs[0], *y = &call->outputs[0];
    const int32_t *from = HT_PARAMETERS(ht_transpose_parameters, call)->permutation;
    if (!ht__check_counts(call, 1, 1, 1, 1)) {
        return count_fault;
    }
    bool taken[HT_MAX_RANK] = {false}, fits = x->type == y->type && x->rank == y->rank;
    for (int32_t i = 0; fits && i < x->rank; ++i) {
        fits = from[i] < x->rank && !taken[from[i]] && y->dims[i] == x->dims[from[i]];
        taken[from[i]] = true;
    }
    return fits ? NULL : shape_fault;
}

const ht_kernel_rules ht__transpose_rules = HT_RULES(transpose_fields, check_transpose);

/* ---- copy and expand, which have no parameters ---- */

static const char *check_copy(const ht_kernel_call *call) {
    if (!ht__check_counts(call, 1, 1, 1, 1)) {
        return count_fault;
    }
    const ht_tensor_desc *x = &call->inputs[0], *y = &call->outputs[0];
    return x->type == y->type && ht__desc_elements(x) == ht__desc_elements(y) ? NULL : shape_fault;
}

static const char *check_expand(const ht_kernel_call *call) {
    if (!ht__check_counts(call, 1, 1, 1, 1)) {
        return count_fault;
    }
    const ht_tensor_desc *x = &call->inputs[0], *y = &call->outputs[0];
    return x->type == y->type && ht__check_broadcasts(x, y) ? NULL : shape_fault;
}

const ht_kernel_rules ht__copy_rules = {NULL, 0, check_copy};
const ht_kernel_rules ht__expand_rules = {NULL, 0, check_expand};

/* ---- concat and gather ---- */

static const ht_kernel_field axis_fields[] = {HT_I32_FIELD(ht_axis_parameters, axis, 0, HT_MAX_RANK - 1)};

static const char *check_concat(const ht_kernel_call *call) {
    const ht_tensor_desc *y = &call->outputs[0];
    int32_t axis = HT_PARAMETERS(ht_axis_parameters, call)->axis;
    int64_t length = 0;
    if (!ht__check_counts(call, call->input_count, HT_MAX_INPUTS, 1, 1) || call->input_count == 0) {
        return count_fault;
    }
    for (uint32_t n = 0; n < call->input_count; ++n) {
        ht_tensor_desc x = call->inputs[n];
        if (axis >= x.rank || axis >= y->rank) {
            return shape_fault;
        }
        length += x.dims[axis];
        x.dims[axis] = y->dims[axis];
        if (!ht__check_alike(&x, y)) {
            return shape_fault;
        }
    }
    return length == y->dims[axis] ? NULL : shape_fault;
}

static const char *check_gather(const ht_kernel_call *call) {
    if (!ht__check_counts(call, 2, 2, 1, 1)) {
        return count_fault;
    }
    const ht_tensor_desc *x = &call->inputs[0], *y = &call->outputs[0];
    int32_t axis = HT_PARAMETERS(ht_axis_parameters, call)->axis;
    if (axis >= x->rank || x->type != y->type) {
        return shape_fault;
    }
    int64_t rest = 1, moved = ht__desc_elements(&call->inputs[1]);
    for (int32_t i = 0; i < x->rank; ++i) {
        rest *= i == axis ? 1 : x->dims[i];
    }
    return !__builtin_mul_overflow(rest, moved, &moved) && moved == ht__desc_elements(y) ? NULL : shape_fault;
}

const ht_kernel_rules ht__concat_rules = HT_RULES(axis_fields, check_concat);
const ht_kernel_rules ht__gather_rules = HT_RULES(axis_fields, check_gather);

/* ---- pad and slice ---- */

#define MOST_ELEMENTS (INT64_C(1) << 40)
static const ht_kernel_field pad_fields[] = {HT_I32_FIELD(ht_pad_parameters, mode, 0, 3),
                                             HT_BYTE_FIELD(ht_pad_parameters, filler),
                                             HT_I64_FIELD(ht_pad_parameters, begin, -MOST_ELEMENTS, MOST_ELEMENTS),
                                             HT_I64_FIELD(ht_pad_parameters, end, -MOST_ELEMENTS, MOST_ELEMENTS)};

static const char *check_pad(const ht_kernel_call *call) {
    const ht_pad_parameters *p = HT_PARAMETERS(ht_pad_parameters, call);
    const ht_tensor_desc *x = &call->inputs[0], *y = &call->outputs[0];
    if (!ht__check_counts(call, 1, 1, 1, 1)) {
        return count_fault;
    }
    bool fits = x->type == y->type && x->rank == y->rank;
    for (int32_t i = 0; fits && i < x->rank; ++i) {
        fits = y->dims[i] == x->dims[i] + p->begin[i] + p->end[i];
    }
    return fits ? NULL : shape_fault;
}

static const ht_kernel_field slice_fields[] = {HT_I64_FIELD(ht_slice_parameters, begin, -MOST_ELEMENTS, MOST_ELEMENTS),
                                               HT_I64_FIELD(ht_slice_parameters, step, -MOST_ELEMENTS, MOST_ELEMENTS)};

static const char *check_slice(const ht_kernel_call *call) {
    const ht_slice_parameters *p = HT_PARAMETERS(ht_slice_parameters, call);
    const ht_tensor_desc *x = &call->inputs[0], *y = &call->outputs[0];
    if (!ht__check_counts(call, 1, 1, 1, 1)) {
        return count_fault;
    }
    bool fits = x->type == y->type && x->rank == y->rank, empty = ht__desc_elements(y) == 0;
    for (int32_t i = 0; fits && i < x->rank && !empty; ++i) {
        int64_t moved;
        bool counted = !__builtin_mul_overflow(y->dims[i] - 1, p->step[i], &moved) &&
                       !__builtin_add_overflow(moved, p->begin[i], &moved);
        fits = counted && p->begin[i] >= 0 && p->begin[i] < x->dims[i] && moved >= 0 && moved < x->dims[i];
    }
    return fits ? NULL : shape_fault;
}

const ht_kernel_rules ht__pad_rules = HT_RULES(pad_fields, check_pad);
const ht_kernel_rules ht__slice_rules = HT_RULES(slice_fields, check_slice);

/* ---- cast ---- */

static const ht_kernel_field cast_fields[] = {HT_BOOL_FIELD(ht_cast_parameters, storing.overflows),
                                              HT_I32_FIELD(ht_cast_parameters, storing.rounding, 0, 2)};

static const char *check_cast(const ht_kernel_call *call) {
    if (!ht__check_counts(call, 1, 1, 1, 1)) {
        return count_fault;
    }
    return ht__desc_elements(&call->inputs[0]) == ht__desc_elements(&call->outputs[0]) ? NULL : shape_fault;
}

const ht_kernel_rules ht__cast_rules = HT_RULES(cast_fields, check_cast);
