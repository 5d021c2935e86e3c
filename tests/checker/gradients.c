/* Gradients against finite differences. With L(x) = sum dy f(x) and a random direction d,
 *
 *     (L(x + h d) - L(x - h d)) / 2h  must be  sum dx d,   dx being what the gradient's reference says.
 *
 * fake_quantize_grad is left out: its straight-through gradient is a definition, not a derivative. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checker.h"
#include "kernels/conv/conv.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/norm/norm.h"
#include "kernels/pool/pool.h"
#include "kernels/softmax/softmax.h"

static const ht_kernel_env env = {.allocator = &ht__system_allocator, .threads = 1, .reference_only = true};

/* Tensors of one check: inputs and outputs of the forward call, and the gradient of its first output. */
typedef struct tape {
    ht_kernel_call forward;
    float *inputs[HT_MAX_INPUTS], *outputs[HT_MAX_OUTPUTS], *dy;
} tape;

static bool run_call(const ht_kernel_call *call, float *const *inputs, float *const *outputs) {
    const ht_kernel_variant *reference = call->family->variants[call->family->variant_count - 1];
    ht_kernel_state state = {0};
    const void *in[HT_MAX_INPUTS] = {0};
    void *out[HT_MAX_OUTPUTS] = {0};
    for (uint32_t i = 0; i < call->input_count; ++i) {
        in[i] = inputs[i];
    }
    for (uint32_t i = 0; i < call->output_count; ++i) {
        out[i] = outputs[i];
    }
    if (ht__kernel_prepare(reference, call, &env, &state, NULL) != HT_OK) {
        return false;
    }
    bool done = reference->run(&state, in, out, NULL, NULL) == HT_OK;
    ht__free(env.allocator, state.data);
    return done;
}

static float *values_for(ht_rng *rng, const ht_tensor_desc *desc) {
    int64_t count = desc->type == HT_NONE ? 0 : ht__desc_elements(desc);
    float *values = calloc((size_t)count + 1, sizeof *values);
    for (int64_t i = 0; values != NULL && i < count; ++i) {
        values[i] = (float)ht__rng_normal(rng);
    }
    return values;
}

/* Distinct values at least 0.01 apart and from 0: small steps change no maximum and no sign. */
static void separate(ht_rng *rng, float *values, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
        values[i] = 0.02f * ((float)(i - count / 2) + 0.5f);
    }
    for (int64_t i = count; i > 1; --i) {
        int64_t j = (int64_t)ht__rng_below(rng, (uint64_t)i);
        float keep = values[i - 1];
        values[i - 1] = values[j];
        values[j] = keep;
    }
}

static void open_tape(ht_rng *rng, tape *t) {
    for (uint32_t i = 0; i < t->forward.input_count; ++i) {
        t->inputs[i] = values_for(rng, &t->forward.inputs[i]);
    }
    for (uint32_t i = 0; i < t->forward.output_count; ++i) {
        t->outputs[i] = values_for(rng, &t->forward.outputs[i]);
    }
    t->dy = values_for(rng, &t->forward.outputs[0]);
}

static void close_tape(tape *t) {
    for (int i = 0; i < HT_MAX_INPUTS; ++i) {
        free(t->inputs[i]);
    }
    for (int i = 0; i < HT_MAX_OUTPUTS; ++i) {
        free(t->outputs[i]);
    }
    free(t->dy);
}

static double loss(tape *t, double *scale) {
    double sum = 0.0;
    *scale = 0.0;
    run_call(&t->forward, t->inputs, t->outputs);
    for (int64_t i = 0; i < ht__desc_elements(&t->forward.outputs[0]); ++i) {
        sum += (double)t->outputs[0][i] * t->dy[i];
        *scale += fabs((double)t->outputs[0][i] * t->dy[i]);
    }
    return sum;
}

/* The number of failures: 1 when dx is not the gradient of input `which`. */
static int compare(const char *name, ht_rng *rng, tape *t, uint32_t which, const float *dx) {
    const ht_tensor_desc *desc = &t->forward.inputs[which];
    int64_t count = ht__desc_elements(desc);
    float *x = t->inputs[which], *kept = calloc((size_t)count + 1, sizeof *x), *d = values_for(rng, desc);
    const double h = 2e-3;
    double analytic = 0.0, size = 0.0, scale = 0.0, numeric = 0.0;
    memcpy(kept, x, (size_t)count * sizeof *x);
    for (int sign = 1; sign >= -1; sign -= 2) {
        for (int64_t i = 0; i < count; ++i) {
            x[i] = (float)(kept[i] + sign * h * d[i]);
        }
        numeric += sign * loss(t, &scale) / (2.0 * h);
    }
    for (int64_t i = 0; i < count; ++i) {
        analytic += (double)dx[i] * d[i];
        size += fabs((double)dx[i] * d[i]);
    }
    memcpy(x, kept, (size_t)count * sizeof *x);
    free(kept);
    free(d);
    if (fabs(analytic - numeric) <= 5e-3 * size + 1e-4 * scale + 1e-4) {
        return 0;
    }
    printf("FAIL %s: input %u: gradient along a direction %.6g, finite difference %.6g\n", name, which, analytic,
           numeric);
    return 1;
}

static void make_forward(tape *t, const ht_kernel_family *family, const ht_kernel_call *like) {
    t->forward = (ht_kernel_call){.family = family};
    memcpy(t->forward.parameters, like->parameters, sizeof like->parameters);
}

static bool any_empty(const ht_kernel_call *call) {
    for (uint32_t i = 0; i < call->input_count; ++i) {
        if (call->inputs[i].type != HT_NONE && ht__desc_elements(&call->inputs[i]) == 0) {
            return true;
        }
    }
    return false;
}

static int check_conv(ht_rng *rng) {
    check_case grad = {.call.family = &ht__conv_grad_weight_family};
    make_conv_grad_weight(rng, &grad);
    tape t = {0};
    make_forward(&t, &ht__conv_family, &grad.call);
    t.forward.input_count = 3;
    t.forward.inputs[0] = grad.call.inputs[0];
    t.forward.inputs[1] = grad.call.outputs[0];
    t.forward.inputs[2] = grad.call.outputs[1];
    t.forward.output_count = 1;
    t.forward.outputs[0] = grad.call.inputs[1];
    if (any_empty(&t.forward)) {
        return 0;
    }
    open_tape(rng, &t);
    float *dx = values_for(rng, &t.forward.inputs[0]), *dw = values_for(rng, &t.forward.inputs[1]),
          *db = values_for(rng, &t.forward.inputs[2]);
    run_call(&grad.call, (float *[]){t.inputs[0], t.dy}, (float *[]){dw, db});
    int failures = compare("conv_grad_weight", rng, &t, 1, dw);
    if (t.forward.inputs[2].type != HT_NONE) {
        failures += compare("conv_grad_weight (bias)", rng, &t, 2, db);
    }
    ht_kernel_call input = t.forward;
    input.family = &ht__conv_grad_input_family;
    input.inputs[0] = t.forward.outputs[0];
    input.input_count = 2;
    input.outputs[0] = t.forward.inputs[0];
    run_call(&input, (float *[]){t.dy, t.inputs[1]}, (float *[]){dx});
    failures += compare("conv_grad_input", rng, &t, 0, dx);
    free(dx);
    free(dw);
    free(db);
    close_tape(&t);
    return failures;
}

static int check_pool(ht_rng *rng) {
    check_case grad = {.call.family = &ht__pool_grad_family};
    make_pool_grad(rng, &grad);
    tape t = {0};
    make_forward(&t, &ht__pool_family, &grad.call);
    t.forward.input_count = t.forward.output_count = 1;
    t.forward.inputs[0] = grad.call.outputs[0];
    t.forward.outputs[0] = grad.call.inputs[0];
    if (any_empty(&t.forward)) {
        return 0;
    }
    open_tape(rng, &t);
    separate(rng, t.inputs[0], ht__desc_elements(&t.forward.inputs[0]));
    float *dx = values_for(rng, &t.forward.inputs[0]);
    double scale;
    loss(&t, &scale);
    run_call(&grad.call, (float *[]){t.dy, t.inputs[0]}, (float *[]){dx});
    /* a dilated window can lie in the padding altogether: its maximum is -infinity */
    int failures = isfinite(scale) ? compare("pool_grad", rng, &t, 0, dx) : 0;
    free(dx);
    close_tape(&t);
    return failures;
}

/* Does a value before the ReLU lie so close to 0 that a step could carry it across? */
static bool near_kink(tape *t) {
    double scale;
    ht_batch_norm_parameters p = *HT_PARAMETERS(ht_batch_norm_parameters, &t->forward), linear = p;
    linear.relu = false;
    memcpy(t->forward.parameters, &linear, sizeof linear);
    loss(t, &scale);
    memcpy(t->forward.parameters, &p, sizeof p);
    bool near = false;
    for (int64_t i = 0; p.relu && i < ht__desc_elements(&t->forward.outputs[0]); ++i) {
        near = near || fabsf(t->outputs[0][i]) < 0.05f;
    }
    return near;
}

static int check_batch_norm(ht_rng *rng) {
    tape t = {0};
    check_case train = {.call.family = &ht__batch_norm_train_family};
    make_batch_norm_train(rng, &train);
    t.forward = train.call;
    open_tape(rng, &t);
    if (near_kink(&t)) {
        close_tape(&t);
        return 0;
    }
    double scale;
    loss(&t, &scale); /* y, batch_mean and batch_inverse_std */
    ht_tensor_desc x = t.forward.inputs[0], c = t.forward.inputs[1];
    bool relu = HT_PARAMETERS(ht_batch_norm_parameters, &t.forward)->relu;
    ht_kernel_call grad = {.family = &ht__batch_norm_grad_family,
                           .input_count = 6,
                           .output_count = 3,
                           .inputs = {x, x, c, c, c, relu ? x : (ht_tensor_desc){.type = HT_NONE}},
                           .outputs = {x, c, c}};
    memcpy(grad.parameters, t.forward.parameters, sizeof grad.parameters);
    float *dx = values_for(rng, &x), *dgamma = values_for(rng, &c), *dbeta = values_for(rng, &c);
    run_call(&grad, (float *[]){t.dy, t.inputs[0], t.inputs[1], t.outputs[3], t.outputs[4], t.outputs[0]},
             (float *[]){dx, dgamma, dbeta});
    int64_t each = ht__desc_elements(&x) / x.dims[1];
    int failures =
        compare("batch_norm_grad (gamma)", rng, &t, 1, dgamma) + compare("batch_norm_grad (beta)", rng, &t, 2, dbeta);
    failures += each >= 8 ? compare("batch_norm_grad", rng, &t, 0, dx) : 0; /* few elements: too curved for the step */
    free(dx);
    free(dgamma);
    free(dbeta);
    close_tape(&t);
    return failures;
}

static int check_softmax(ht_rng *rng) {
    check_case grad = {.call.family = &ht__softmax_grad_family};
    make_softmax_grad(rng, &grad);
    tape t = {0};
    make_forward(&t, &ht__softmax_family, &grad.call);
    t.forward.input_count = t.forward.output_count = 1;
    t.forward.inputs[0] = t.forward.outputs[0] = grad.call.inputs[0];
    if (any_empty(&t.forward)) {
        return 0;
    }
    open_tape(rng, &t);
    double scale;
    loss(&t, &scale);
    float *dx = values_for(rng, &t.forward.inputs[0]);
    run_call(&grad.call, (float *[]){t.outputs[0], t.dy}, (float *[]){dx});
    int failures = compare("softmax_grad", rng, &t, 0, dx);
    free(dx);
    close_tape(&t);
    return failures;
}

static int check_losses(ht_rng *rng) {
    int failures = 0;
    for (int entropy = 0; entropy < 2; ++entropy) {
        check_case forward = {.call.family = entropy ? &ht__cross_entropy_family : &ht__squared_error_family};
        (entropy ? make_cross_entropy : make_squared_error)(rng, &forward);
        tape t = {.forward = forward.call};
        open_tape(rng, &t);
        t.dy[0] = 1.0f;
        for (int64_t i = 0; entropy && i < t.forward.inputs[1].dims[0]; ++i) {
            t.inputs[1][i] = (float)pick(rng, -1, t.forward.inputs[0].dims[1] - 1);
        }
        double scale;
        loss(&t, &scale);
        ht_kernel_call grad = t.forward;
        grad.family = entropy ? &ht__cross_entropy_grad_family : &ht__squared_error_grad_family;
        grad.output_count = 1;
        grad.outputs[0] = grad.inputs[0];
        float *dx = values_for(rng, &grad.inputs[0]);
        run_call(&grad, (float *[]){entropy ? t.outputs[1] : t.inputs[0], t.inputs[1]}, (float *[]){dx});
        failures += compare(grad.family->name, rng, &t, 0, dx);
        free(dx);
        close_tape(&t);
    }
    return failures;
}

static int check_elementwise(ht_rng *rng) {
    static const struct {
        ht_unary forward;
        ht_binary gradient;
        bool from_result; /* the gradient reads y instead of x */
        const char *name;
    } pairs[] = {{HT_UNARY_RELU, HT_BINARY_RELU_GRAD, true, "relu_grad"},
                 {HT_UNARY_LEAKY_RELU, HT_BINARY_LEAKY_RELU_GRAD, false, "leaky_relu_grad"},
                 {HT_UNARY_CLIP, HT_BINARY_CLIP_GRAD, false, "clip_grad"},
                 {HT_UNARY_SIGMOID, HT_BINARY_SIGMOID_GRAD, true, "sigmoid_grad"},
                 {HT_UNARY_TANH, HT_BINARY_TANH_GRAD, true, "tanh_grad"}};
    int failures = 0;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; ++i) {
        int64_t count = pick(rng, 1, 300);
        ht_tensor_desc x = tensor_of(HT_F32, 1, &count, HT_LAYOUT_PLAIN);
        ht_unary_parameters p = {pairs[i].forward, -0.4f, 0.8f};
        ht_binary_parameters q = {pairs[i].gradient, p.a, p.b};
        tape t = {.forward = {
                      .family = &ht__unary_family, .input_count = 1, .output_count = 1, .inputs = {x}, .outputs = {x}}};
        ht_kernel_call grad = {
            .family = &ht__binary_family, .input_count = 2, .output_count = 1, .inputs = {x, x}, .outputs = {x}};
        memcpy(t.forward.parameters, &p, sizeof p);
        memcpy(grad.parameters, &q, sizeof q);
        open_tape(rng, &t);
        separate(rng, t.inputs[0], count);
        double scale;
        loss(&t, &scale);
        float *dx = values_for(rng, &x);
        run_call(&grad, (float *[]){pairs[i].from_result ? t.outputs[0] : t.inputs[0], t.dy}, (float *[]){dx});
        failures += compare(pairs[i].name, rng, &t, 0, dx);
        free(dx);
        close_tape(&t);
    }
    return failures;
}

int check_gradients(uint64_t seed, int cases) {
    static int (*const checks[])(ht_rng *) = {check_conv,    check_pool,   check_batch_norm,
                                              check_softmax, check_losses, check_elementwise};
    int failures = 0;
    for (size_t k = 0; k < sizeof checks / sizeof checks[0]; ++k) {
        for (int i = 0; i < cases && failures < 5; ++i) {
            ht_rng rng = {seed, 0x4000000 + k * 1000003 + (uint64_t)i, 0};
            failures += checks[k](&rng);
        }
    }
    printf("%-34s %5d cases\n", "gradients", cases);
    return failures;
}
