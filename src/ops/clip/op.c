#include <math.h>
#include <string.h>

#include "ops/gradient.h"
#include "ops/host.h"
#include "ops/integer.h"

/* f32 has a kernel; of other types the host clips. */
static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    float low, high;
    if (node->inputs[0]->desc.type != HT_F32) {
        return HT_OK;
    }
    HT_TRY(ht__constant_float(node, 1, -INFINITY, &low, err));
    HT_TRY(ht__constant_float(node, 2, INFINITY, &high, err));
    ht__lower_unary(call, HT_UNARY_CLIP, low, high);
    call->input_count = 1;
    return HT_OK;
}

/* y = max(x, low), then min(y, high); the bounds are single elements of x's type. */
static ht_status evaluate(ht_host_call *call, ht_error *err) {
    const ht_tensor_view *x = &call->inputs[0];
    int64_t elements = ht__desc_elements(&x->desc);
    size_t bytes = 0;
    void *y;
    HT_TRY(ht__host_inferred(call, 0, &y, err));
    if (y == NULL || !ht__desc_bytes(&x->desc, &bytes)) {
        return HT_OK;
    }
    memcpy(y, x->data, bytes);
    for (uint32_t k = 1; k < 3; ++k) {
        if (!ht__host_has(call, k)) {
            continue;
        }
        const ht_tensor_view *bound = &call->inputs[k];
        if (bound->desc.type != x->desc.type || ht__desc_elements(&bound->desc) != 1) {
            return ht__fail_at(err, HT_ERROR_MISMATCH, call->node->name, "A bound of Clip must be one %s.",
                               ht_type_name(x->desc.type));
        }
        for (int64_t i = 0; i < elements; ++i) {
            ht__scatter_element(k == 1 ? HT_SCATTER_MAX : HT_SCATTER_MIN, x->desc.type, y, i, bound->data, 0);
        }
    }
    return HT_OK;
}

const ht_op ht__op_Clip = {
    .name = "Clip",
    .domain = "",
    .min_inputs = 1,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_NEUTRAL,
    .plain_inputs = 1u << 1 | 1u << 2,
    .infer = ht__infer_same,
    .lower = lower,
    .evaluate = evaluate,
    .content_inputs = 0x6,
    .integer = ht__integer_Clip,
    .gradient = ht__gradient_Clip,
    .completes = true,
    .codes = HT_CODES_OWN,
};
