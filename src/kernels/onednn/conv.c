/* Convolution and its gradients through oneDNN, f32 or from operands rounded to bf16 with f32 sums and results.
 *
 * Activations keep the layout of the call where operands are f32 (oneDNN has fast kernels for both layouts); weights
 * are brought into the blocked format that the kernel asks for, once when they are constants, else in each run. */
#include "kernels/conv/conv.h"
#include "kernels/onednn/script.h"
#include "kernels/onednn/variants.h"

#define SHORT_ROW 4

/* The geometry in oneDNN's terms. */
typedef struct geometry {
    dnnl_dims_t strides, dilations, pads_begin, pads_end;
} geometry;

static geometry geometry_of(const ht_conv_parameters *p) {
    geometry g = {0};
    for (int32_t i = 0; i < p->spatial; ++i) {
        g.strides[i] = p->strides[i];
        g.dilations[i] = p->dilations[i] - 1; /* oneDNN counts the skipped elements */
        g.pads_begin[i] = p->pads_begin[i];
        g.pads_end[i] = p->pads_end[i];
    }
    return g;
}

/* [O, C/G, k...], or [G, O/G, C/G, k...] when there are groups. */
static dnnl_memory_desc_t weights_desc(ht_dnn_script *script, const ht_tensor_desc *w, int64_t groups,
                                       dnnl_data_type_t type, bool any) {
    int64_t dims[HT_MAX_RANK + 1];
    int shift = groups > 1 ? 1 : 0;
    dims[0] = groups;
    for (int32_t i = 0; i < w->rank; ++i) {
        dims[shift + i] = w->dims[i];
    }
    dims[shift] = w->dims[0] / groups;
    return ht__dnn_dense(script, w->rank + shift, dims, type, any);
}

static bool present(const ht_tensor_desc *descs, uint32_t count, uint32_t i) {
    return i < count && descs[i].type != HT_NONE;
}

static bool accept_f32(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason) {
    if (!ht__kernel_accept_f32(call, env, reason)) {
        return false;
    }
    *reason = "takes no empty tensors";
    return ht__desc_elements(&call->inputs[0]) != 0 && ht__desc_elements(&call->inputs[1]) != 0 &&
           ht__desc_elements(&call->outputs[0]) != 0;
}

static bool bf16_allowed(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason) {
    if (!accept_f32(call, env, reason) || !ht__dnn_bf16(reason)) {
        return false;
    }
    *reason = "bf16 is not allowed";
    return env->allow_bf16;
}

/* Rounding the operands takes time of its own. Measured with halftone_check --bench (AMX): depthwise, first layers and
 * the gradients of narrow 1x1 convolutions are faster in f32. */
static const char *const too_narrow = "too narrow: rounding to bf16 takes longer than it saves";

static int64_t channels_of(const ht_tensor_desc *w) { return w->dims[1]; }
static int64_t filters_of(const ht_kernel_call *call, const ht_tensor_desc *w) {
    return w->dims[0] / HT_PARAMETERS(ht_conv_parameters, call)->groups;
}
static int64_t window_of(const ht_tensor_desc *w) { return ht__desc_elements(w) / (w->dims[0] * w->dims[1]); }

static bool accept_bf16(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason) {
    const ht_tensor_desc *w = &call->inputs[1];
    if (!bf16_allowed(call, env, reason)) {
        return false;
    }
    *reason = too_narrow;
    return channels_of(w) >= 8 && filters_of(call, w) >= 8;
}

/* Would a convolution of dx's size give dy's? A transposed convolution may leave its last results to the bias alone. */
static bool is_gradient(const ht_kernel_call *call, const char **reason) {
    const ht_conv_parameters *p = HT_PARAMETERS(ht_conv_parameters, call);
    const ht_tensor_desc *dy = &call->inputs[0], *w = &call->inputs[1], *dx = &call->outputs[0];
    *reason = "a transposed convolution with a bias, or of another size than a gradient";
    bool fits = !present(call->inputs, call->input_count, 2);
    for (int32_t i = 0; i < p->spatial && fits; ++i) {
        int64_t room = dx->dims[2 + i] + p->pads_begin[i] + p->pads_end[i] - (w->dims[2 + i] - 1) * p->dilations[i] - 1;
        fits = room >= 0 && room / p->strides[i] + 1 == dy->dims[2 + i];
    }
    return fits;
}

static bool accept_f32_grad_input(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason) {
    return accept_f32(call, env, reason) && is_gradient(call, reason);
}

static bool accept_bf16_grad_input(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason) {
    const ht_tensor_desc *w = &call->inputs[1];
    if (!bf16_allowed(call, env, reason) || !is_gradient(call, reason)) {
        return false;
    }
    *reason = too_narrow;
    return filters_of(call, w) >= 8 && window_of(w) * filters_of(call, w) >= 128;
}

/* oneDNN 2.6's bf16 gradient of the weights multiplies uninitialised scratch by zero where the window is larger than
 * the map: NaN in the scratch then reaches the result. */
static bool window_exceeds(const ht_tensor_desc *w, const ht_tensor_desc *x) {
    for (int32_t i = 2; i < x->rank; ++i) {
        if (w->dims[i] > x->dims[i]) {
            return true;
        }
    }
    return false;
}

static bool accept_bf16_grad_weight(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason) {
    const ht_tensor_desc *w = &call->outputs[0];
    if (!bf16_allowed(call, env, reason)) {
        return false;
    }
    if (window_exceeds(w, &call->inputs[0])) {
        *reason = "the window is larger than the map";
        return false;
    }
    int64_t channels = channels_of(w), filters = filters_of(call, w), least = channels < filters ? channels : filters;
    *reason = too_narrow;
    return least >= 8 && window_of(w) * least >= 128;
}

static const ht_dnn_place input_0 = {HT_DNN_INPUT, 0}, input_1 = {HT_DNN_INPUT, 1}, input_2 = {HT_DNN_INPUT, 2},
                          output_0 = {HT_DNN_OUTPUT, 0}, output_1 = {HT_DNN_OUTPUT, 1};

/* ---- forward ---- */

static void add_activation(ht_dnn_script *script, const ht_conv_parameters *p, dnnl_primitive_attr_t attributes) {
    dnnl_post_ops_t post = NULL;
    if (p->activation == HT_ACTIVATION_NONE || script->failed != dnnl_success ||
        dnnl_post_ops_create(&post) != dnnl_success) {
        return;
    }
    bool relu = p->activation == HT_ACTIVATION_RELU;
    dnnl_post_ops_append_eltwise(post, 1.0f, relu ? dnnl_eltwise_relu : dnnl_eltwise_clip, relu ? 0.0f : p->clip_low,
                                 relu ? 0.0f : p->clip_high);
    dnnl_primitive_attr_set_post_ops(attributes, post);
    dnnl_post_ops_destroy(post);
}

static dnnl_primitive_desc_t describe_forward(ht_dnn_script *script, const ht_kernel_call *call,
                                              dnnl_data_type_t type) {
    const ht_conv_parameters *p = HT_PARAMETERS(ht_conv_parameters, call);
    geometry g = geometry_of(p);
    bool has_bias = present(call->inputs, call->input_count, 2);
    dnnl_memory_desc_t x = ht__dnn_desc(script, &call->inputs[0], type, false),
                       w = weights_desc(script, &call->inputs[1], p->groups, type, true),
                       y = ht__dnn_desc(script, &call->outputs[0], dnnl_f32, false), b = {0};
    if (has_bias) {
        b = ht__dnn_desc(script, &call->inputs[2], dnnl_f32, false);
    }
    dnnl_convolution_desc_t operation;
    dnnl_status_t status = dnnl_dilated_convolution_forward_desc_init(
        &operation, dnnl_forward_inference, dnnl_convolution_direct, &x, &w, has_bias ? &b : NULL, &y, g.strides,
        g.dilations, g.pads_begin, g.pads_end);
    if (status != dnnl_success) {
        script->failed = status;
        return NULL;
    }
    dnnl_primitive_attr_t attributes = ht__dnn_attributes(script);
    add_activation(script, p, attributes);
    /* brgemm, oneDNN 2.6's first choice, multiplies row by row of the map: slow where rows are short. */
    int64_t row = call->outputs[0].dims[call->outputs[0].rank - 1];
    bool direct = type == dnnl_f32 && row <= SHORT_ROW && window_of(&call->inputs[1]) > 1;
    dnnl_primitive_desc_t pd = direct ? ht__dnn_describe_direct(script, &operation, attributes)
                                      : ht__dnn_describe(script, &operation, attributes, NULL);
    dnnl_primitive_attr_destroy(attributes);
    return pd;
}

/* Weights at input 1 in the format that the primitive chose. */
static ht_dnn_place bring_weights(ht_dnn_script *script, const ht_kernel_call *call, const dnnl_memory_desc_t *chosen) {
    int64_t groups = HT_PARAMETERS(ht_conv_parameters, call)->groups;
    dnnl_memory_desc_t plain = weights_desc(script, &call->inputs[1], groups, dnnl_f32, false);
    if (script->failed == dnnl_success && call->constants[1] != NULL && !dnnl_memory_desc_equal(&plain, chosen)) {
        return ht__dnn_pack(script, call->constants[1], &plain, chosen);
    }
    return ht__dnn_bring(script, input_1, &plain, chosen);
}

static ht_status prepare_forward(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_state *state,
                                 ht_error *err, dnnl_data_type_t type) {
    ht_dnn_script *script = ht__dnn_script_create(env);
    if (script == NULL) {
        return ht__fail_memory(err, sizeof *script);
    }
    dnnl_primitive_desc_t pd = describe_forward(script, call, type);
    dnnl_memory_desc_t user_x = ht__dnn_desc(script, &call->inputs[0], dnnl_f32, false),
                       x = ht__dnn_chosen(pd, DNNL_ARG_SRC), w = ht__dnn_chosen(pd, DNNL_ARG_WEIGHTS),
                       y = ht__dnn_chosen(pd, DNNL_ARG_DST), b = ht__dnn_chosen(pd, DNNL_ARG_BIAS);
    ht_dnn_place at_x = ht__dnn_bring(script, input_0, &user_x, &x), at_w = bring_weights(script, call, &w);
    ht__dnn_add(script, pd);
    ht__dnn_argument(script, DNNL_ARG_SRC, at_x, &x);
    ht__dnn_argument(script, DNNL_ARG_WEIGHTS, at_w, &w);
    if (present(call->inputs, call->input_count, 2)) {
        ht__dnn_argument(script, DNNL_ARG_BIAS, input_2, &b);
    }
    ht__dnn_argument(script, DNNL_ARG_DST, output_0, &y);
    return ht__dnn_script_finish(script, "convolution", state, err);
}

static ht_status prepare_forward_f32(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_state *state,
                                     ht_error *err) {
    return prepare_forward(call, env, state, err, dnnl_f32);
}
static ht_status prepare_forward_bf16(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_state *state,
                                      ht_error *err) {
    return prepare_forward(call, env, state, err, dnnl_bf16);
}

const ht_kernel_variant ht__conv_f32_onednn = {.name = "conv_f32_onednn",
                                               .family = &ht__conv_family,
                                               .accept = accept_f32,
                                               .prepare = prepare_forward_f32,
                                               .run = ht__dnn_script_run,
                                               .release = ht__dnn_script_release};
const ht_kernel_variant ht__conv_bf16_onednn = {.name = "conv_bf16_onednn",
                                                .family = &ht__conv_family,
                                                .accept = accept_bf16,
                                                .prepare = prepare_forward_bf16,
                                                .run = ht__dnn_script_run,
                                                .release = ht__dnn_script_release};

/* ---- gradients: oneDNN wants the forward description as a hint ---- */

/* The call of the forward convolution that a gradient's tensors belong to. */
static ht_kernel_call forward_call(const ht_kernel_call *gradient, const ht_tensor_desc *x, const ht_tensor_desc *w,
                                   const ht_tensor_desc *y) {
    ht_kernel_call call = *gradient;
    call.inputs[0] = *x;
    call.inputs[1] = *w;
    call.input_count = 2;
    call.outputs[0] = *y;
    return call;
}

static ht_status prepare_grad_input(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_state *state,
                                    ht_error *err, dnnl_data_type_t type) {
    ht_dnn_script *script = ht__dnn_script_create(env);
    if (script == NULL) {
        return ht__fail_memory(err, sizeof *script);
    }
    const ht_conv_parameters *p = HT_PARAMETERS(ht_conv_parameters, call);
    geometry g = geometry_of(p);
    ht_kernel_call forward = forward_call(call, &call->outputs[0], &call->inputs[1], &call->inputs[0]);
    dnnl_primitive_desc_t hint = describe_forward(script, &forward, type);
    dnnl_memory_desc_t user_dy = ht__dnn_desc(script, &call->inputs[0], dnnl_f32, false),
                       dy = ht__dnn_desc(script, &call->inputs[0], type, false),
                       w = weights_desc(script, &call->inputs[1], p->groups, type, true),
                       dx = ht__dnn_desc(script, &call->outputs[0], dnnl_f32, false);
    dnnl_convolution_desc_t operation;
    dnnl_primitive_desc_t pd = NULL;
    if (hint != NULL) {
        script->failed = dnnl_dilated_convolution_backward_data_desc_init(
            &operation, dnnl_convolution_direct, &dx, &w, &dy, g.strides, g.dilations, g.pads_begin, g.pads_end);
        dnnl_primitive_attr_t attributes = ht__dnn_attributes(script);
        pd = ht__dnn_describe(script, &operation, attributes, hint);
        dnnl_primitive_attr_destroy(attributes);
        dnnl_primitive_desc_destroy(hint);
    }
    w = ht__dnn_chosen(pd, DNNL_ARG_WEIGHTS);
    ht_dnn_place at_dy = ht__dnn_bring(script, input_0, &user_dy, &dy), at_w = bring_weights(script, call, &w);
    ht__dnn_add(script, pd);
    ht__dnn_argument(script, DNNL_ARG_DIFF_DST, at_dy, &dy);
    ht__dnn_argument(script, DNNL_ARG_WEIGHTS, at_w, &w);
    ht__dnn_argument(script, DNNL_ARG_DIFF_SRC, output_0, &dx);
    return ht__dnn_script_finish(script, "convolution gradient", state, err);
}

static ht_status prepare_grad_input_f32(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_state *state,
                                        ht_error *err) {
    return prepare_grad_input(call, env, state, err, dnnl_f32);
}
static ht_status prepare_grad_input_bf16(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_state *state,
                                         ht_error *err) {
    return prepare_grad_input(call, env, state, err, dnnl_bf16);
}

const ht_kernel_variant ht__conv_grad_input_f32_onednn = {.name = "conv_grad_input_f32_onednn",
                                                          .family = &ht__conv_grad_input_family,
                                                          .accept = accept_f32_grad_input,
                                                          .prepare = prepare_grad_input_f32,
                                                          .run = ht__dnn_script_run,
                                                          .release = ht__dnn_script_release};
const ht_kernel_variant ht__conv_grad_input_bf16_onednn = {.name = "conv_grad_input_bf16_onednn",
                                                           .family = &ht__conv_grad_input_family,
                                                           .accept = accept_bf16_grad_input,
                                                           .prepare = prepare_grad_input_bf16,
                                                           .run = ht__dnn_script_run,
                                                           .release = ht__dnn_script_release};

static ht_status prepare_grad_weight(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_state *state,
                                     ht_error *err, dnnl_data_type_t type) {
    ht_dnn_script *script = ht__dnn_script_create(env);
    if (script == NULL) {
        return ht__fail_memory(err, sizeof *script);
    }
    const ht_conv_parameters *p = HT_PARAMETERS(ht_conv_parameters, call);
    geometry g = geometry_of(p);
    bool has_bias = present(call->outputs, call->output_count, 1);
    ht_kernel_call forward = forward_call(call, &call->inputs[0], &call->outputs[0], &call->inputs[1]);
    dnnl_primitive_desc_t hint = describe_forward(script, &forward, type), pd = NULL;
    dnnl_memory_desc_t user_x = ht__dnn_desc(script, &call->inputs[0], dnnl_f32, false),
                       user_dy = ht__dnn_desc(script, &call->inputs[1], dnnl_f32, false),
                       x = ht__dnn_desc(script, &call->inputs[0], type, false),
                       dy = ht__dnn_desc(script, &call->inputs[1], type, false),
                       dw = weights_desc(script, &call->outputs[0], p->groups, dnnl_f32, true),
                       user_dw = weights_desc(script, &call->outputs[0], p->groups, dnnl_f32, false), db = {0};
    if (has_bias) {
        db = ht__dnn_desc(script, &call->outputs[1], dnnl_f32, false);
    }
    dnnl_convolution_desc_t operation;
    if (hint != NULL) {
        script->failed = dnnl_dilated_convolution_backward_weights_desc_init(&operation, dnnl_convolution_direct, &x,
                                                                             &dw, has_bias ? &db : NULL, &dy, g.strides,
                                                                             g.dilations, g.pads_begin, g.pads_end);
        dnnl_primitive_attr_t attributes = ht__dnn_attributes(script);
        pd = ht__dnn_describe(script, &operation, attributes, hint);
        dnnl_primitive_attr_destroy(attributes);
        dnnl_primitive_desc_destroy(hint);
    }
    dw = ht__dnn_chosen(pd, DNNL_ARG_DIFF_WEIGHTS);
    ht_dnn_place at_x = ht__dnn_bring(script, input_0, &user_x, &x),
                 at_dy = ht__dnn_bring(script, input_1, &user_dy, &dy);
    bool direct = pd != NULL && dnnl_memory_desc_equal(&dw, &user_dw);
    ht_dnn_place at_dw = direct ? output_0 : ht__dnn_reserve(script, &dw);
    ht__dnn_add(script, pd);
    ht__dnn_argument(script, DNNL_ARG_SRC, at_x, &x);
    ht__dnn_argument(script, DNNL_ARG_DIFF_DST, at_dy, &dy);
    ht__dnn_argument(script, DNNL_ARG_DIFF_WEIGHTS, at_dw, &dw);
    if (has_bias) {
        ht__dnn_argument(script, DNNL_ARG_DIFF_BIAS, output_1, &db);
    }
    if (!direct) {
        ht__dnn_reorder(script, at_dw, &dw, output_0, &user_dw);
    }
    return ht__dnn_script_finish(script, "convolution gradient", state, err);
}

static ht_status prepare_grad_weight_f32(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_state *state,
                                         ht_error *err) {
    return prepare_grad_weight(call, env, state, err, dnnl_f32);
}
static ht_status prepare_grad_weight_bf16(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_state *state,
                                          ht_error *err) {
    return prepare_grad_weight(call, env, state, err, dnnl_bf16);
}

const ht_kernel_variant ht__conv_grad_weight_f32_onednn = {.name = "conv_grad_weight_f32_onednn",
                                                           .family = &ht__conv_grad_weight_family,
                                                           .accept = accept_f32,
                                                           .prepare = prepare_grad_weight_f32,
                                                           .run = ht__dnn_script_run,
                                                           .release = ht__dnn_script_release};
const ht_kernel_variant ht__conv_grad_weight_bf16_onednn = {.name = "conv_grad_weight_bf16_onednn",
                                                            .family = &ht__conv_grad_weight_family,
                                                            .accept = accept_bf16_grad_weight,
                                                            .prepare = prepare_grad_weight_bf16,
                                                            .run = ht__dnn_script_run,
                                                            .release = ht__dnn_script_release};
