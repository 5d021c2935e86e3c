#include "kernels/rules.h"

#include "kernels/codes.h"
#include "numeric/scalar.h"

static bool counts_hold(const ht_tensor_desc *descs, uint32_t count, uint32_t least, uint32_t most) {
    if (count < least || count > most) {
        return false;
    }
    for (uint32_t i = 0; i < least; ++i) {
        if (descs[i].type == HT_NONE) {
            return false;
        }
    }
    return true;
}

bool ht__check_counts(const ht_kernel_call *call, uint32_t least, uint32_t most, uint32_t least_outputs,
                      uint32_t most_outputs) {
    return counts_hold(call->inputs, call->input_count, least, most) &&
           counts_hold(call->outputs, call->output_count, least_outputs, most_outputs);
}

bool ht__check_alike(const ht_tensor_desc *a, const ht_tensor_desc *b) {
    return a->type == b->type && ht__desc_same_shape(a, b);
}

bool ht__check_broadcasts(const ht_tensor_desc *from, const ht_tensor_desc *to) {
    int32_t shift = to->rank - from->rank;
    for (int32_t i = 0; shift >= 0 && i < from->rank; ++i) {
        if (from->dims[i] != 1 && from->dims[i] != to->dims[i + shift]) {
            return false;
        }
    }
    return shift >= 0;
}

bool ht__check_vector(const ht_kernel_call *call, uint32_t i, ht_type type, int64_t elements) {
    if (!ht__has_operand(call, i)) {
        return true;
    }
    return (type == HT_NONE || call->inputs[i].type == type) && ht__desc_elements(&call->inputs[i]) == elements;
}

bool ht__check_codes(ht_type type) { return ht__is_code_type(type) && type != HT_I32; }

bool ht__check_limits(const ht_requantize_parameters *p, ht_type type) {
    return p->low <= p->high && p->low >= ht__code_low(type) && p->high <= ht__code_high(type);
}

/* ---- windows ---- */

bool ht__check_window(int32_t spatial, const ht_tensor_desc *x, const ht_tensor_desc *y, const int64_t *sizes,
                      const int64_t *strides, const int64_t *dilations, const int64_t *pads_begin,
                      const int64_t *pads_end) {
    if (x->rank != 2 + spatial || y->rank != x->rank || x->layout != y->layout || x->dims[0] != y->dims[0]) {
        return false;
    }
    for (int32_t i = 0; i < spatial; ++i) {
        int64_t padded = x->dims[2 + i] + pads_begin[i] + pads_end[i], out = y->dims[2 + i];
        if (sizes[i] < 1 || sizes[i] > HT_MOST_SIZE || strides[i] < 1 || dilations[i] < 1 || out > HT_MOST_SIZE ||
            (out > 0 && ((sizes[i] - 1) * dilations[i] >= padded || (out - 1) * strides[i] >= padded))) {
            return false;
        }
    }
    return true;
}

const char *ht__check_conv(const ht_conv_parameters *p, const ht_tensor_desc *x, const ht_tensor_desc *w,
                           const ht_tensor_desc *y) {
    if (w->rank != 2 + p->spatial || w->layout != HT_LAYOUT_PLAIN ||
        !ht__check_window(p->spatial, x, y, w->dims + 2, p->strides, p->dilations, p->pads_begin, p->pads_end)) {
        return "windows do not fit the maps";
    }
    bool channels = w->dims[0] == y->dims[1] && w->dims[0] % p->groups == 0 && x->dims[1] % p->groups == 0 &&
                    w->dims[1] == x->dims[1] / p->groups;
    return channels ? NULL : "channels and groups do not fit the weights";
}

const char *ht__check_pool(const ht_pool_parameters *p, const ht_tensor_desc *x, const ht_tensor_desc *y) {
    bool fits = x->type == y->type &&
                ht__check_window(p->spatial, x, y, p->window, p->strides, p->dilations, p->pads_begin, p->pads_end) &&
                x->dims[1] == y->dims[1];
    return fits ? NULL : "windows do not fit the maps";
}

/* ---- integer products ---- */

static bool shifts_hold(const ht_kernel_call *call, int32_t low, int32_t high) {
    const int32_t *shifts = call->constants[HT_PRODUCT_SHIFT];
    int64_t count = ht__desc_elements(&call->inputs[HT_PRODUCT_SHIFT]);
    for (int64_t i = 0; shifts != NULL && i < count; ++i) {
        if (shifts[i] < low || shifts[i] > high) {
            return false;
        }
    }
    return shifts != NULL;
}

static const char *check_multipliers(const ht_kernel_call *call, const ht_requantize_parameters *p, int64_t columns) {
    if (!ht__has_operand(call, HT_PRODUCT_SCALE) || !ht__has_operand(call, HT_PRODUCT_SHIFT)) {
        return "multipliers are missing";
    }
    int64_t entries = ht__desc_elements(&call->inputs[HT_PRODUCT_SHIFT]);
    if (entries != 1 && entries != columns) {
        return "there are neither one multiplier nor as many as columns";
    }
    if (p->rule == HT_REQUANTIZE_FIXED) {
        bool exact = p->way == HT_FIXED_EXACT, wide = p->way == HT_FIXED_WIDE;
        bool fits = ht__check_vector(call, HT_PRODUCT_SCALE, exact ? HT_I64 : HT_I32, entries) &&
                    call->inputs[HT_PRODUCT_SHIFT].type == HT_I32 &&
                    (exact ? shifts_hold(call, -4096, 4096) : shifts_hold(call, -31, wide ? 7 : 30));
        return fits ? NULL : "multipliers and shifts do not fit each other";
    }
    bool is_real = p->rule == HT_REQUANTIZE_REAL;
    bool fits = (is_real || ht__has_operand(call, HT_PRODUCT_Y_SCALE)) &&
                ht__check_vector(call, HT_PRODUCT_SCALE, HT_NONE, 1) &&
                ht__check_vector(call, HT_PRODUCT_Y_SCALE, HT_NONE, 1);
    for (uint32_t i = HT_PRODUCT_SCALE; fits && i < (is_real ? HT_PRODUCT_Y_SCALE : HT_PRODUCT_OPERANDS); ++i) {
        fits = ht__type_is_float(call->inputs[i].type);
    }
    return fits ? NULL : "scales do not fit";
}

const char *ht__check_product(const ht_kernel_call *call, const ht_requantize_parameters *p, int64_t columns) {
    if (!ht__check_counts(call, 2, HT_PRODUCT_OPERANDS, 1, 1)) {
        return "operands are missing";
    }
    ht_type x = call->inputs[HT_PRODUCT_X].type, w = call->inputs[HT_PRODUCT_W].type, y = call->outputs[0].type;
    bool sums = p->rule == HT_REQUANTIZE_NONE, is_real = p->rule == HT_REQUANTIZE_REAL;
    if (!ht__check_codes(x) || !ht__check_codes(w) ||
        (sums      ? y != HT_I32
         : is_real ? y != HT_F32
                   : !ht__check_codes(y))) {
        return "operands are no codes";
    }
    ht_type bias = ht__has_operand(call, HT_PRODUCT_BIAS) ? call->inputs[HT_PRODUCT_BIAS].type : HT_NONE;
    bool known = bias == HT_NONE || (is_real ? bias == HT_F32 : bias == HT_I32 || bias == HT_I64);
    if (!known || !ht__check_vector(call, HT_PRODUCT_BIAS, HT_NONE, columns)) {
        return "the bias does not fit";
    }
    if (!ht__check_vector(call, HT_PRODUCT_X_ZERO, x, 1) || !ht__check_vector(call, HT_PRODUCT_Y_ZERO, y, 1) ||
        !(ht__check_vector(call, HT_PRODUCT_W_ZERO, w, 1) || ht__check_vector(call, HT_PRODUCT_W_ZERO, w, columns))) {
        return "zero points do not fit";
    }
    if (sums) {
        return NULL;
    }
    return is_real || ht__check_limits(p, y) ? check_multipliers(call, p, columns) : "limits are no codes";
}
