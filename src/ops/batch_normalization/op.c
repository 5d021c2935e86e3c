#include <math.h>

#include "kernels/norm/norm.h"
#include "ops/reals.h"

/* With training_mode the statistics are the batch's own, and outputs 1 and 2 the running ones afterwards. */
static bool is_training(const ht_node *node) { return ht__node_int(node, "training_mode", 0) != 0; }

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    if (!is_training(node) && node->output_count > 1) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name,
                           "A BatchNormalization gives statistics in training mode only.");
    }
    for (uint32_t i = 1; i < 5; ++i) {
        int64_t numbers = ht__desc_elements(&node->inputs[i]->desc);
        if (x->rank < 2 || (numbers >= 0 && x->dims[1] >= 0 && numbers != x->dims[1])) {
            return ht__fail_at(err, HT_ERROR_MISMATCH, node->name,
                               "%s has %lld numbers, which is not one for each channel.", node->inputs[i]->name,
                               (long long)numbers);
        }
    }
    HT_TRY(ht__set_output(node, 1, &node->inputs[3]->desc, err));
    HT_TRY(ht__set_output(node, 2, &node->inputs[4]->desc, err));
    return ht__infer_same(graph, node, err);
}

/* Kernels take f32 and given statistics; everything else is evaluated. */
static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    (void)err;
    bool reals = true;
    for (uint32_t i = 0; i < 5; ++i) {
        reals = reals && node->inputs[i]->desc.type == HT_F32;
    }
    if (reals && !is_training(node)) {
        *HT_LOWER(ht_batch_norm_parameters, call, ht__batch_norm_family) =
            (ht_batch_norm_parameters){.epsilon = ht__node_float(node, "epsilon", 1e-5f),
                                       .momentum = ht__node_float(node, "momentum", 0.9f),
                                       .relu = ht__node_int(node, "relu", 0) != 0};
    }
    return HT_OK;
}

/* Mean and (biased) variance of a channel. */
static void moments(const double *x, ht_axis_view view, int64_t channel, double *mean, double *variance) {
    double sum = 0.0, squares = 0.0, count = (double)(view.outer * view.inner);
    for (int64_t o = 0; o < view.outer; ++o) {
        for (int64_t i = 0; i < view.inner; ++i) {
            sum += x[(o * view.size + channel) * view.inner + i];
        }
    }
    *mean = sum / count;
    for (int64_t o = 0; o < view.outer; ++o) {
        for (int64_t i = 0; i < view.inner; ++i) {
            double deviation = x[(o * view.size + channel) * view.inner + i] - *mean;
            squares += deviation * deviation;
        }
    }
    *variance = squares / count;
}

static ht_status compute(ht_real_call *call, ht_error *err) {
    (void)err;
    const ht_node *node = call->node;
    double epsilon = (double)ht__node_float(node, "epsilon", 1e-5f),
           kept = (double)ht__node_float(node, "momentum", 0.9f);
    bool relu = ht__node_int(node, "relu", 0) != 0;
    const double *x = call->inputs[0].data;
    ht_axis_view view = ht__axis_view(&call->inputs[0].desc, 1);
    for (int64_t c = 0; c < view.size; ++c) {
        double mean = call->inputs[3].data[c], variance = call->inputs[4].data[c];
        double running[2] = {mean, variance};
        if (is_training(node) && view.outer * view.inner > 0) {
            moments(x, view, c, &mean, &variance);
        }
        for (uint32_t k = 1; k < 3; ++k) {
            if (call->outputs[k].data != NULL) {
                call->outputs[k].data[c] = kept * running[k - 1] + (1.0 - kept) * (k == 1 ? mean : variance);
            }
        }
        double factor = call->inputs[1].data[c] / sqrt(variance + epsilon);
        for (int64_t i = 0; i < view.outer * view.inner; ++i) {
            int64_t at = (i / view.inner * view.size + c) * view.inner + i % view.inner;
            double y = (x[at] - mean) * factor + call->inputs[2].data[c];
            call->outputs[0].data[at] = relu && y < 0.0 ? 0.0 : y;
        }
    }
    return HT_OK;
}

static ht_status evaluate(ht_host_call *evaluation, ht_error *err) {
    return ht__evaluate_reals(evaluation, compute, err);
}

const ht_op ht__op_BatchNormalization = {
    .name = "BatchNormalization",
    .domain = "",
    .min_inputs = 5,
    .max_inputs = 5,
    .min_outputs = 1,
    .max_outputs = 3,
    .layout = HT_OP_CHANNELS_LAST,
    .plain_inputs = 0x1e,
    .infer = infer,
    .lower = lower,
    .evaluate = evaluate,
    .norm_inputs = 0x6,
    .completes = true,
    .in_f32 = true,
};
