#include "ops/conv/conv_common.h"

#include <string.h>

ht_status ht__read_activation(const ht_node *node, ht_activation *kind, float *low, float *high, ht_error *err) {
    const char *name = ht__node_text(node, "activation", "none");
    *low = ht__node_float(node, "clip_low", 0.0f);
    *high = ht__node_float(node, "clip_high", 0.0f);
    if (strcmp(name, "none") == 0) {
        *kind = HT_ACTIVATION_NONE;
    } else if (strcmp(name, "relu") == 0) {
        *kind = HT_ACTIVATION_RELU;
    } else if (strcmp(name, "clip") == 0) {
        *kind = HT_ACTIVATION_CLIP;
    } else {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "The fused activation %s is unknown.", name);
    }
    return HT_OK;
}

ht_status ht__conv_read(const ht_node *node, const ht_tensor_desc *x, const ht_tensor_desc *w, ht_conv_parameters *out,
                        ht_window *window, ht_error *err) {
    if (x->rank < 3 || x->rank > 5 || w->rank != x->rank) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, node->name,
                           "A convolution needs an input and weights of the same rank 3 to 5, not %d and %d.",
                           (int)x->rank, (int)w->rank);
    }
    for (int32_t i = 0; i < w->rank; ++i) {
        if (w->dims[i] < 1) {
            return ht__fail_at(err, HT_ERROR_UNSUPPORTED, node->name,
                               "The shape of the weights must be known, and none "
                               "of its dimensions 0.");
        }
    }
    HT_TRY(ht__window_read(node, x, w->dims + 2, window, err));
    memset(out, 0, sizeof *out);
    out->spatial = window->spatial;
    out->groups = ht__node_int(node, "group", 1);
    for (int i = 0; i < 3; ++i) {
        out->strides[i] = window->strides[i];
        out->dilations[i] = window->dilations[i];
        out->pads_begin[i] = window->pads_begin[i];
        out->pads_end[i] = window->pads_end[i];
    }
    HT_TRY(ht__read_activation(node, &out->activation, &out->clip_low, &out->clip_high, err));
    if (out->groups < 1 || w->dims[0] % out->groups != 0 ||
        (x->dims[1] >= 0 && x->dims[1] != w->dims[1] * out->groups)) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, node->name,
                           "%lld input channels do not fit weights for %lld channels in each of %lld groups.",
                           (long long)x->dims[1], (long long)w->dims[1], (long long)out->groups);
    }
    return HT_OK;
}

int64_t ht__conv_macs(const ht_node *node) {
    const ht_tensor_desc *w = &node->inputs[1]->desc;
    int64_t total = ht__desc_elements(&node->outputs[0]->desc);
    for (int32_t i = 1; i < w->rank; ++i) {
        if (total < 0 || w->dims[i] < 0 || __builtin_mul_overflow(total, w->dims[i], &total)) {
            return -1;
        }
    }
    return total;
}
