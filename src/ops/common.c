#include "ops/common.h"

#include <string.h>

#include "kernels/move/move.h"
#include "numeric/scalar.h"

ht_status ht__set_output(ht_node *node, uint32_t index, const ht_tensor_desc *desc, ht_error *err) {
    ht_value *value = index < node->output_count ? node->outputs[index] : NULL;
    if (value == NULL) {
        return HT_OK;
    }
    ht_tensor_desc merged = *desc;
    const ht_tensor_desc *old = &value->desc;
    if (old->rank >= 0) {
        bool same = merged.rank == old->rank;
        for (int32_t i = 0; i < merged.rank && same; ++i) {
            if (merged.dims[i] < 0) {
                merged.dims[i] = old->dims[i];
            } else {
                same = old->dims[i] < 0 || old->dims[i] == merged.dims[i];
            }
        }
        if (!same) {
            char is[96], was[96];
            return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "%s gives %s as %s, but the model says %s.",
                               node->op->name, value->name, ht__desc_print(desc, is, sizeof is),
                               ht__desc_print(old, was, sizeof was));
        }
    }
    if (!ht__desc_is_sane(&merged)) {
        char text[96];
        return ht__fail_at(err, HT_ERROR_LIMIT, node->name, "%s would give %s, which is too large.", node->op->name,
                           ht__desc_print(&merged, text, sizeof text));
    }
    value->desc = merged;
    return HT_OK;
}

int64_t ht__dot_products(const ht_node *node, int64_t length) {
    int64_t count = ht__desc_elements(&node->outputs[0]->desc), total;
    return count < 0 || length < 0 || __builtin_mul_overflow(count, length, &total) ? -1 : total;
}

ht_status ht__infer_same(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    return ht__set_output(node, 0, &node->inputs[0]->desc, err);
}

ht_status ht__infer_like_second(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    return ht__set_output(node, 0, &node->inputs[1]->desc, err);
}

static ht_status infer_broadcast(ht_node *node, ht_type type, ht_error *err) {
    const ht_tensor_desc *a = &node->inputs[0]->desc, *b = &node->inputs[1]->desc;
    ht_tensor_desc out = {.type = type, .rank = a->rank > b->rank ? a->rank : b->rank};
    for (int32_t i = 0; i < out.rank; ++i) {
        int32_t ia = i - (out.rank - a->rank), ib = i - (out.rank - b->rank);
        int64_t da = ia >= 0 ? a->dims[ia] : 1, db = ib >= 0 ? b->dims[ib] : 1;
        if (da != db && da >= 0 && db >= 0 && da != 1 && db != 1) {
            char left[96], right[96];
            return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "%s cannot combine %s with %s.", node->op->name,
                               ht__desc_print(a, left, sizeof left), ht__desc_print(b, right, sizeof right));
        }
        out.dims[i] = da == 1 ? db : db == 1 ? da : da < 0 ? db : da;
    }
    return ht__set_output(node, 0, &out, err);
}

ht_status ht__infer_broadcast(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    return infer_broadcast(node, node->inputs[0]->desc.type, err);
}

ht_status ht__infer_compare(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    return infer_broadcast(node, HT_BOOL, err);
}

ht_status ht__infer_test(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    ht_tensor_desc y = node->inputs[0]->desc;
    y.type = HT_BOOL;
    return ht__set_output(node, 0, &y, err);
}

ht_status ht__broadcast_shape(const ht_node *node, uint32_t first, uint32_t count, ht_tensor_desc *out, ht_error *err) {
    *out = (ht_tensor_desc){.type = node->inputs[first]->desc.type};
    for (uint32_t k = first; k < first + count; ++k) {
        if (node->inputs[k] == NULL) {
            return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "Input %u of %s is missing.", k + 1, node->op->name);
        }
        out->rank = node->inputs[k]->desc.rank > out->rank ? node->inputs[k]->desc.rank : out->rank;
    }
    for (int32_t i = 0; i < out->rank; ++i) {
        out->dims[i] = 1;
        for (uint32_t k = first; k < first + count; ++k) {
            const ht_tensor_desc *x = &node->inputs[k]->desc;
            int32_t axis = i - (out->rank - x->rank);
            int64_t size = axis >= 0 ? x->dims[axis] : 1;
            if (size >= 0 && size != 1 && out->dims[i] >= 0 && out->dims[i] != 1 && size != out->dims[i]) {
                return ht__fail_at(err, HT_ERROR_MISMATCH, node->name,
                                   "%s cannot combine %lld with %lld elements along axis %d.", node->op->name,
                                   (long long)size, (long long)out->dims[i], (int)i);
            }
            out->dims[i] = size == 1 || (size < 0 && out->dims[i] != 1) ? out->dims[i] : size;
        }
    }
    return HT_OK;
}

ht_status ht__infer_from_shape_attribute(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    size_t count;
    const int64_t *shape = ht__node_ints(node, "shape", &count);
    if (shape == NULL || count > HT_MAX_RANK) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "%s needs the attribute shape.", node->op->name);
    }
    ht_tensor_desc desc = {.type = HT_F32, .rank = (int32_t)count};
    memcpy(desc.dims, shape, count * sizeof *shape);
    return ht__set_output(node, 0, &desc, err);
}

ht_status ht__normal_axis(const ht_node *node, int64_t axis, int32_t rank, int32_t *out, ht_error *err) {
    int64_t normal = axis < 0 ? axis + rank : axis;
    if (normal < 0 || normal >= rank) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "Axis %lld does not exist in a tensor of rank %d.",
                           (long long)axis, (int)rank);
    }
    *out = (int32_t)normal;
    return HT_OK;
}

ht_status ht__quantize_axis(const ht_node *node, int64_t otherwise, int32_t *out, ht_error *err) {
    if (ht__desc_elements(&node->inputs[1]->desc) == 1) {
        *out = 0;
        return HT_OK;
    }
    return ht__normal_axis(node, ht__node_int(node, "axis", otherwise), node->inputs[0]->desc.rank, out, err);
}

/* The scale is a float, and the zero point a code like the others, one for each scale. */
static ht_status check_parameters(const ht_node *node, ht_error *err) {
    const ht_tensor_desc *scale = &node->inputs[1]->desc;
    const ht_value *zero = ht__has_input(node, 2) ? node->inputs[2] : NULL;
    bool decodes = node->op->name[0] == 'D';
    ht_type codes = decodes ? node->inputs[0]->desc.type : node->outputs[0]->desc.type;
    if (!ht__type_is_float(scale->type)) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "The scale of %s cannot be of type %s.", node->op->name,
                           ht_type_name(scale->type));
    }
    if (zero != NULL && (zero->desc.type != codes || ht__desc_elements(&zero->desc) != ht__desc_elements(scale))) {
        char text[96];
        return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "The zero point %s of %s does not fit codes of type %s.",
                           ht__desc_print(&zero->desc, text, sizeof text), node->op->name, ht_type_name(codes));
    }
    return HT_OK;
}

ht_status ht__quantize_block(const ht_node *node, int64_t *out, ht_error *err) {
    const ht_tensor_desc *x = &node->inputs[0]->desc, *scale = &node->inputs[1]->desc;
    int32_t axis;
    HT_TRY(check_parameters(node, err));
    *out = ht__node_int(node, "block_size", 0);
    if (ht__desc_elements(scale) == 1 || (*out == 0 && scale->rank == 1)) {
        *out = 0;
        int64_t count = ht__desc_elements(scale);
        if (count == 1) {
            return HT_OK;
        }
        HT_TRY(ht__quantize_axis(node, 1, &axis, err));
        return count < 0 || x->dims[axis] < 0 || x->dims[axis] == count
                   ? HT_OK
                   : ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "%lld scales do not fit %lld channels.",
                                 (long long)count, (long long)x->dims[axis]);
    }
    HT_TRY(ht__quantize_axis(node, 1, &axis, err));
    bool fits = *out >= 0 && scale->rank == x->rank;
    for (int32_t i = 0; i < x->rank && fits; ++i) {
        int64_t size = x->dims[i], places = scale->dims[i];
        if (i == axis && *out == 0 && size > 0 && places > 0) {
            *out = (size - 1) / places + 1; /* not said: what the shapes say */
        }
        int64_t wanted = i == axis && size > 0 && *out > 0 ? (size - 1) / *out + 1 : size;
        fits = size < 0 || places < 0 || places == wanted;
    }
    return fits ? HT_OK
                : ht__fail_at(err, HT_ERROR_MISMATCH, node->name,
                              "The scales of %s do not fit blocks of %lld along axis %d.", node->op->name,
                              (long long)*out, (int)axis);
}

ht_status ht__constant_ints(const ht_node *node, uint32_t index, int64_t out[HT_MAX_RANK], size_t *count,
                            ht_error *err) {
    const ht_value *value = node->inputs[index];
    int64_t elements = ht__desc_elements(&value->desc);
    if (value->data == NULL) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, node->name, "Input %s of %s must be a constant.", value->name,
                           node->op->name);
    }
    if (elements < 0 || elements > HT_MAX_RANK || (value->desc.type != HT_I64 && value->desc.type != HT_I32)) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "Input %s of %s must be at most %d integers.", value->name,
                           node->op->name, HT_MAX_RANK);
    }
    for (int64_t i = 0; i < elements; ++i) {
        out[i] = value->desc.type == HT_I64 ? ((const int64_t *)value->data)[i] : ((const int32_t *)value->data)[i];
    }
    *count = (size_t)elements;
    return HT_OK;
}

ht_status ht__constant_float(const ht_node *node, uint32_t index, float otherwise, float *out, ht_error *err) {
    *out = otherwise;
    if (!ht__has_input(node, index)) {
        return HT_OK;
    }
    const ht_value *value = node->inputs[index];
    if (value->data == NULL || value->desc.type != HT_F32 || ht__desc_elements(&value->desc) != 1) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, node->name, "Input %s of %s must be one constant f32 number.",
                           value->name, node->op->name);
    }
    memcpy(out, value->data, sizeof *out);
    return HT_OK;
}

/* ---- windows ---- */

ht_status ht__node_numbers(const ht_node *node, const char *name, int32_t wanted, int64_t otherwise, int64_t least,
                           int64_t *out, ht_error *err) {
    size_t count;
    const int64_t *values = ht__node_ints(node, name, &count);
    if (values != NULL && count != (size_t)wanted) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "The attribute %s has %zu numbers, %d are needed.", name,
                           count, (int)wanted);
    }
    for (int32_t i = 0; i < wanted; ++i) {
        out[i] = values != NULL ? values[i] : otherwise;
        if (out[i] < least || out[i] > INT32_MAX) {
            return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "The attribute %s has the value %lld.", name,
                               (long long)out[i]);
        }
    }
    return HT_OK;
}

static ht_status window_pads(const ht_node *node, const ht_tensor_desc *x, ht_window *w, ht_error *err) {
    const char *automatic = ht__node_text(node, "auto_pad", "NOTSET");
    if (strcmp(automatic, "NOTSET") == 0) {
        int64_t pads[6];
        HT_TRY(ht__node_numbers(node, "pads", 2 * w->spatial, 0, 0, pads, err));
        for (int32_t i = 0; i < w->spatial; ++i) {
            w->pads_begin[i] = pads[i];
            w->pads_end[i] = pads[w->spatial + i];
        }
        return HT_OK;
    }
    bool upper = strcmp(automatic, "SAME_UPPER") == 0, lower = strcmp(automatic, "SAME_LOWER") == 0;
    if (!upper && !lower && strcmp(automatic, "VALID") != 0) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "The attribute auto_pad is %s.", automatic);
    }
    for (int32_t i = 0; i < w->spatial && (upper || lower); ++i) {
        int64_t size = x->dims[2 + i];
        if (size < 0) {
            continue; /* the result's size is not known either */
        }
        int64_t out = (size + w->strides[i] - 1) / w->strides[i];
        int64_t total = (out - 1) * w->strides[i] + (w->kernel[i] - 1) * w->dilations[i] + 1 - size;
        total = total < 0 ? 0 : total;
        w->pads_begin[i] = upper ? total / 2 : total - total / 2;
        w->pads_end[i] = total - w->pads_begin[i];
    }
    return HT_OK;
}

ht_status ht__window_read(const ht_node *node, const ht_tensor_desc *x, const int64_t *kernel, ht_window *out,
                          ht_error *err) {
    *out = (ht_window){.spatial = x->rank - 2};
    if (out->spatial < 1 || out->spatial > 3) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, node->name, "%s works on tensors of rank 3 to 5, not %d.",
                           node->op->name, (int)x->rank);
    }
    if (kernel != NULL) {
        memcpy(out->kernel, kernel, (size_t)out->spatial * sizeof *kernel);
    } else if (ht__node_attribute(node, "kernel_shape") == NULL) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "%s needs the attribute kernel_shape.", node->op->name);
    } else {
        HT_TRY(ht__node_numbers(node, "kernel_shape", out->spatial, 1, 1, out->kernel, err));
    }
    HT_TRY(ht__node_numbers(node, "strides", out->spatial, 1, 1, out->strides, err));
    HT_TRY(ht__node_numbers(node, "dilations", out->spatial, 1, 1, out->dilations, err));
    out->ceil_mode = ht__node_int(node, "ceil_mode", 0) != 0;
    return window_pads(node, x, out, err);
}

int64_t ht__window_output(const ht_window *w, int32_t i, int64_t size) {
    if (size < 0) {
        return -1;
    }
    int64_t room = size + w->pads_begin[i] + w->pads_end[i] - ((w->kernel[i] - 1) * w->dilations[i] + 1);
    if (room < 0) {
        return 0;
    }
    int64_t out = room / w->strides[i] + 1;
    if (w->ceil_mode && room % w->strides[i] != 0 && out * w->strides[i] < size + w->pads_begin[i]) {
        ++out; /* a last window that begins inside the input or its left padding */
    }
    return out;
}

/* ---- elementwise ---- */

void ht__lower_unary(ht_kernel_call *call, ht_unary function, float a, float b) {
    *HT_LOWER(ht_unary_parameters, call, ht__unary_family) = (ht_unary_parameters){function, a, b};
}

void ht__lower_binary(ht_kernel_call *call, ht_binary function, float a, float b) {
    *HT_LOWER(ht_binary_parameters, call, ht__binary_family) = (ht_binary_parameters){function, a, b};
}

/* ---- cast ---- */

ht_type ht__onnx_type(int64_t number) {
    switch (number) {
#define TYPE_CASE(NAME, name, bytes, onnx) \
    case onnx: return HT_##NAME;
        HT_TYPE_LIST(TYPE_CASE)
#undef TYPE_CASE
    default: return HT_NONE;
    }
}

ht_status ht__lower_cast(const ht_node *node, ht_kernel_call *call, ht_error *err) {
    ht_scalar_storing *storing = &HT_LOWER(ht_cast_parameters, call, ht__cast_family)->storing;
    const char *rounding = ht__node_text(node, "round_mode", "up");
    bool up = strcmp(rounding, "up") == 0, down = strcmp(rounding, "down") == 0;
    if (!up && !down && strcmp(rounding, "nearest") != 0) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "The attribute round_mode is %s.", rounding);
    }
    storing->overflows = ht__node_int(node, "saturate", 1) == 0;
    storing->rounding = up ? HT_SCALAR_UP : down ? HT_SCALAR_DOWN : HT_SCALAR_NEAREST;
    call->input_count = 1;
    return HT_OK;
}
