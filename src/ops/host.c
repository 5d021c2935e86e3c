#include "ops/host.h"

#include <string.h>

ht_status ht__host_one_int(const ht_host_call *call, uint32_t index, int64_t otherwise, int64_t *out, ht_error *err) {
    *out = otherwise;
    if (!ht__host_has(call, index)) {
        return HT_OK;
    }
    const ht_tensor_view *view = &call->inputs[index];
    if (ht__desc_elements(&view->desc) != 1 || ht__type_is_float(view->desc.type)) {
        return ht__fail_at(err, HT_ERROR_FORMAT, call->node->name, "Input %u of %s must be one integer.", index + 1,
                           call->node->op->name);
    }
    *out = ht__host_int(view, 0);
    return HT_OK;
}

ht_axis_view ht__axis_view(const ht_tensor_desc *desc, int32_t axis) {
    ht_axis_view view = {1, desc->dims[axis], 1};
    for (int32_t i = 0; i < desc->rank; ++i) {
        view.outer *= i < axis ? desc->dims[i] : 1;
        view.inner *= i > axis ? desc->dims[i] : 1;
    }
    return view;
}

ht_status ht__host_slices(const ht_node *node, const ht_tensor_desc *x, ht_tensor_desc *sliced, int32_t *axis,
                          ht_error *err) {
    *sliced = *x;
    *axis = 0;
    if (ht__node_attribute(node, "axis") != NULL) {
        return ht__normal_axis(node, ht__node_int(node, "axis", 0), x->rank, axis, err);
    }
    *sliced = (ht_tensor_desc){.type = x->type, .rank = 1, .dims = {ht__desc_elements(x)}};
    return HT_OK;
}

ht_status ht__scatter_read(const ht_node *node, ht_scatter *out, ht_error *err) {
    static const char *const names[] = {"none", "add", "mul", "max", "min"};
    const char *text = ht__node_text(node, "reduction", "none");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; ++i) {
        if (strcmp(names[i], text) == 0) {
            *out = (ht_scatter)i;
            return HT_OK;
        }
    }
    return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "The attribute reduction is %s.", text);
}

static double join_real(ht_scatter how, double a, double b) {
    switch (how) {
    case HT_SCATTER_ADD: return a + b;
    case HT_SCATTER_MUL: return a * b;
    case HT_SCATTER_MAX: return a > b || a != a ? a : b;
    case HT_SCATTER_MIN: return a < b || a != a ? a : b;
    case HT_SCATTER_NONE: break;
    }
    return b;
}

static int64_t join_integer(ht_scatter how, ht_scalar a, ht_scalar b) {
    bool less = a.kind == HT_SCALAR_UNSIGNED ? (uint64_t)a.integer < (uint64_t)b.integer : a.integer < b.integer;
    switch (how) {
    case HT_SCATTER_ADD: return (int64_t)((uint64_t)a.integer + (uint64_t)b.integer);
    case HT_SCATTER_MUL: return (int64_t)((uint64_t)a.integer * (uint64_t)b.integer);
    case HT_SCATTER_MAX: return less ? b.integer : a.integer;
    case HT_SCATTER_MIN: return less ? a.integer : b.integer;
    case HT_SCATTER_NONE: break;
    }
    return b.integer;
}

void ht__scatter_element(ht_scatter how, ht_type type, void *y, int64_t iy, const void *x, int64_t ix) {
    size_t bytes = ht_type_bytes(type);
    if (how == HT_SCATTER_NONE) {
        memcpy((unsigned char *)y + (size_t)iy * bytes, (const unsigned char *)x + (size_t)ix * bytes, bytes);
        return;
    }
    ht_scalar a = ht__scalar_load(type, y, iy), b = ht__scalar_load(type, x, ix);
    a.real = join_real(how, a.real, b.real);
    a.integer = join_integer(how, a, b);
    ht__scalar_store(type, y, iy, a, NULL);
}

int ht__host_order(const ht_tensor_view *x, int64_t i, int64_t k) {
    ht_scalar a = ht__scalar_load(x->desc.type, x->data, i), b = ht__scalar_load(x->desc.type, x->data, k);
    if (a.kind == HT_SCALAR_REAL) {
        bool nan_a = a.real != a.real, nan_b = b.real != b.real;
        return nan_a || nan_b ? nan_a - nan_b : (a.real > b.real) - (a.real < b.real);
    }
    if (a.kind == HT_SCALAR_UNSIGNED) {
        return ((uint64_t)a.integer > (uint64_t)b.integer) - ((uint64_t)a.integer < (uint64_t)b.integer);
    }
    return (a.integer > b.integer) - (a.integer < b.integer);
}

ht_status ht__arg_infer(ht_node *node, ht_error *err) {
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    ht_tensor_desc y = {.type = HT_I64};
    int32_t axis;
    HT_TRY(ht__normal_axis(node, ht__node_int(node, "axis", 0), x->rank, &axis, err));
    bool keep = ht__node_int(node, "keepdims", 1) != 0;
    for (int32_t i = 0; i < x->rank; ++i) {
        if (i != axis || keep) {
            y.dims[y.rank++] = i == axis ? 1 : x->dims[i];
        }
    }
    return x->dims[axis] != 0 ? ht__set_output(node, 0, &y, err)
                              : ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "Axis %d has no elements.", (int)axis);
}

ht_status ht__arg_evaluate(ht_host_call *call, int sign, ht_error *err) {
    const ht_tensor_view *x = &call->inputs[0];
    bool last = ht__node_int(call->node, "select_last_index", 0) != 0;
    int32_t axis;
    void *y;
    HT_TRY(ht__normal_axis(call->node, ht__node_int(call->node, "axis", 0), x->desc.rank, &axis, err));
    HT_TRY(ht__host_inferred(call, 0, &y, err));
    ht_axis_view view = ht__axis_view(&x->desc, axis);
    for (int64_t line = 0; y != NULL && line < view.outer * view.inner; ++line) {
        int64_t first = line / view.inner * view.size * view.inner + line % view.inner, best = 0;
        for (int64_t i = 1; i < view.size; ++i) {
            int order = sign * ht__host_order(x, first + i * view.inner, first + best * view.inner);
            best = order > 0 || (order == 0 && last) ? i : best;
        }
        ((int64_t *)y)[line] = best;
    }
    return HT_OK;
}

ht_status ht__cumulate(ht_host_call *call, bool product, ht_error *err) {
    const ht_tensor_view *x = &call->inputs[0];
    bool exclusive = ht__node_int(call->node, "exclusive", 0) != 0,
         reverse = ht__node_int(call->node, "reverse", 0) != 0;
    int64_t wanted;
    int32_t axis;
    void *y;
    HT_TRY(ht__host_one_int(call, 1, 0, &wanted, err));
    HT_TRY(ht__normal_axis(call->node, wanted, x->desc.rank, &axis, err));
    HT_TRY(ht__host_inferred(call, 0, &y, err));
    ht_axis_view view = ht__axis_view(&x->desc, axis);
    for (int64_t line = 0; y != NULL && line < view.outer * view.inner; ++line) {
        int64_t first = line / view.inner * view.size * view.inner + line % view.inner;
        ht_scalar running = {ht__scalar_kind(x->desc.type), product ? 1.0 : 0.0, product ? 1 : 0};
        for (int64_t k = 0; k < view.size; ++k) {
            int64_t at = first + (reverse ? view.size - 1 - k : k) * view.inner;
            ht_scalar value = ht__scalar_load(x->desc.type, x->data, at), before = running;
            uint64_t so_far = (uint64_t)running.integer, next = (uint64_t)value.integer; /* integers wrap */
            running.real = product ? running.real * value.real : running.real + value.real;
            running.integer = (int64_t)(product ? so_far * next : so_far + next);
            ht__scalar_store(x->desc.type, y, at, exclusive ? before : running, NULL);
        }
    }
    return HT_OK;
}
