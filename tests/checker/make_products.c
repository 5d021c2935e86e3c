/* Random convolutions, matrix products and pooling. */
#include "checker.h"
#include "kernels/conv/conv.h"
#include "kernels/matmul/matmul.h"
#include "kernels/pool/pool.h"

typedef struct convolution {
    ht_conv_parameters parameters;
    ht_tensor_desc x, w, y, bias;
    int64_t window;
} convolution;

/* A size of the map and how the window slides over it; `out` >= 1. */
static void slide(ht_rng *rng, int64_t most, int64_t *size, int64_t *stride, int64_t *dilation, int64_t *begin,
                  int64_t *end, int64_t *in, int64_t *out) {
    do {
        *size = pick(rng, 1, most);
        *stride = chance(rng, 0.6) ? 1 : pick(rng, 1, 3);
        *dilation = chance(rng, 0.8) ? 1 : 2;
        *begin = pick(rng, 0, *size / 2);
        *end = chance(rng, 0.7) ? *begin : pick(rng, 0, *size / 2);
        *in = pick(rng, 1, 14);
        *out = (*in + *begin + *end - ((*size - 1) * *dilation + 1)) / *stride + 1;
    } while (*in + *begin + *end < (*size - 1) * *dilation + 1);
}

static convolution any_convolution(ht_rng *rng) {
    convolution c = {.window = 1};
    ht_conv_parameters *p = &c.parameters;
    int64_t x[HT_MAX_RANK], w[HT_MAX_RANK], y[HT_MAX_RANK];
    p->spatial = (int32_t)(chance(rng, 0.7) ? 2 : pick(rng, 1, 3));
    int64_t most = p->spatial == 3 ? 3 : 5;
    for (int i = 0; i < p->spatial; ++i) {
        slide(rng, most, &w[2 + i], &p->strides[i], &p->dilations[i], &p->pads_begin[i], &p->pads_end[i], &x[2 + i],
              &y[2 + i]);
        c.window *= w[2 + i];
    }
    bool wide = chance(rng, 0.4); /* whole blocks of lanes, as library kernels like them */
    int64_t channels = wide ? 16 * pick(rng, 1, 3) : pick(rng, 1, 20);
    int64_t filters = wide || chance(rng, 0.2) ? 16 * pick(rng, 1, 3) : pick(rng, 1, 20);
    p->groups = chance(rng, 0.7) ? 1 : chance(rng, 0.5) ? channels : 2;
    if (p->groups == 2) {
        channels += channels % 2;
    }
    filters = (filters + p->groups - 1) / p->groups * p->groups;
    x[0] = y[0] = chance(rng, 0.03) ? 0 : pick(rng, 1, 4);
    x[1] = channels;
    y[1] = w[0] = filters;
    w[1] = channels / p->groups;
    ht_layout layout = any_layout(rng);
    c.x = tensor_of(HT_F32, p->spatial + 2, x, layout);
    c.w = tensor_of(HT_F32, p->spatial + 2, w, HT_LAYOUT_PLAIN);
    c.y = tensor_of(HT_F32, p->spatial + 2, y, layout);
    c.bias = tensor_of(chance(rng, 0.6) ? HT_F32 : HT_NONE, 1, &filters, HT_LAYOUT_PLAIN);
    return c;
}

static void set_parameters(ht_kernel_call *call, const void *parameters, size_t size) {
    for (size_t i = 0; i < size; ++i) {
        call->parameters[i] = ((const unsigned char *)parameters)[i];
    }
}

static void absolute_conv(ht_kernel_call *call) {
    ht_conv_parameters p = *HT_PARAMETERS(ht_conv_parameters, call);
    p.activation = HT_ACTIVATION_NONE;
    set_parameters(call, &p, sizeof p);
}

static void absolute_same(ht_kernel_call *call) { (void)call; }

void make_conv(ht_rng *rng, check_case *out) {
    convolution c = any_convolution(rng);
    c.parameters.activation = (ht_activation)pick(rng, HT_ACTIVATION_NONE, HT_ACTIVATION_CLIP);
    c.parameters.clip_low = -0.5f;
    c.parameters.clip_high = 6.0f;
    set_parameters(&out->call, &c.parameters, sizeof c.parameters);
    out->call.input_count = 3;
    out->call.inputs[0] = c.x;
    out->call.inputs[1] = c.w;
    out->call.inputs[2] = c.bias;
    out->call.output_count = 1;
    out->call.outputs[0] = c.y;
    out->weights[1] = out->weights[2] = true;
    out->rule = CHECK_DOT;
    out->depth = c.w.dims[1] * c.window;
    out->absolute = absolute_conv;
}

void make_conv_grad_input(ht_rng *rng, check_case *out) {
    convolution c = any_convolution(rng);
    set_parameters(&out->call, &c.parameters, sizeof c.parameters);
    int64_t channels = c.x.dims[1];
    out->call.input_count = chance(rng, 0.5) ? 2 : 3;
    out->call.inputs[0] = c.y;
    out->call.inputs[1] = c.w;
    out->call.inputs[2] = tensor_of(out->call.input_count == 3 ? HT_F32 : HT_NONE, 1, &channels, HT_LAYOUT_PLAIN);
    out->call.output_count = 1;
    out->call.outputs[0] = c.x;
    out->weights[1] = out->weights[2] = true;
    out->rule = CHECK_DOT;
    out->depth = c.w.dims[0] * c.window;
    out->absolute = absolute_same;
}

void make_conv_grad_weight(ht_rng *rng, check_case *out) {
    convolution c = any_convolution(rng);
    set_parameters(&out->call, &c.parameters, sizeof c.parameters);
    out->call.input_count = 2;
    out->call.inputs[0] = c.x;
    out->call.inputs[1] = c.y;
    out->call.output_count = 2;
    out->call.outputs[0] = c.w;
    out->call.outputs[1] = c.bias;
    out->rule = CHECK_DOT;
    out->depth = ht__desc_elements(&c.y) / c.y.dims[1];
    out->absolute = absolute_same;
}

static void absolute_matmul(ht_kernel_call *call) {
    ht_matmul_parameters p = *HT_PARAMETERS(ht_matmul_parameters, call);
    p.activation = HT_ACTIVATION_NONE;
    p.alpha = p.alpha < 0.0f ? -p.alpha : p.alpha;
    p.beta = p.beta < 0.0f ? -p.beta : p.beta;
    set_parameters(call, &p, sizeof p);
}

static int64_t matrix_size(ht_rng *rng) {
    return chance(rng, 0.03) ? 0 : chance(rng, 0.5) ? pick(rng, 1, 12) : pick(rng, 1, 90);
}

/* Leading dimensions of a and b that broadcast: equal, 1, or absent. */
static int32_t batch_dimensions(ht_rng *rng, int64_t *a, int64_t *b, int64_t *y, int32_t *rank_a, int32_t *rank_b) {
    int32_t count = chance(rng, 0.6) ? 0 : (int32_t)pick(rng, 1, 2);
    bool only_a = chance(rng, 0.3);
    for (int32_t i = 0; i < count; ++i) {
        y[i] = pick(rng, 1, 4);
        a[i] = !only_a && chance(rng, 0.2) ? 1 : y[i];
        b[i] = a[i] == y[i] && chance(rng, 0.2) ? 1 : y[i];
    }
    *rank_a = count;
    *rank_b = only_a ? 0 : count;
    return count;
}

/* Now and then one row alone, or sums so deep that they are cut. */
static void matrix_sizes(ht_rng *rng, int64_t *m, int64_t *n, int64_t *k) {
    *m = matrix_size(rng);
    *n = matrix_size(rng);
    *k = matrix_size(rng);
    if (chance(rng, 0.1)) {
        *m = 1;
        *n = pick(rng, 40, 120);
        *k = pick(rng, 40, 200);
    } else if (chance(rng, 0.05)) {
        *m = pick(rng, 1, 20);
        *k = pick(rng, 700, 1700);
    }
}

void make_matmul(ht_rng *rng, check_case *out) {
    int64_t m, n, k;
    matrix_sizes(rng, &m, &n, &k);
    int64_t a[HT_MAX_RANK], b[HT_MAX_RANK], y[HT_MAX_RANK];
    int32_t batch_a, batch_b, batch = batch_dimensions(rng, a, b, y, &batch_a, &batch_b);
    ht_matmul_parameters p = {.transpose_a = chance(rng, 0.5),
                              .transpose_b = chance(rng, 0.5),
                              .alpha = chance(rng, 0.6) ? 1.0f : -0.75f,
                              .beta = chance(rng, 0.6) ? 1.0f : 0.5f,
                              .activation = (ht_activation)pick(rng, HT_ACTIVATION_NONE, HT_ACTIVATION_CLIP),
                              .clip_low = -1.0f,
                              .clip_high = 3.0f};
    a[batch_a] = p.transpose_a ? k : m;
    a[batch_a + 1] = p.transpose_a ? m : k;
    b[batch_b] = p.transpose_b ? n : k;
    b[batch_b + 1] = p.transpose_b ? k : n;
    y[batch] = m;
    y[batch + 1] = n;
    const int64_t shapes[][2] = {{n, 0}, {1, 0}, {1, n}, {m, 1}, {m, n}};
    int shape = (int)pick(rng, -2, 4);
    set_parameters(&out->call, &p, sizeof p);
    out->call.input_count = 3;
    out->call.inputs[0] = tensor_of(HT_F32, batch_a + 2, a, HT_LAYOUT_PLAIN);
    out->call.inputs[1] = tensor_of(HT_F32, batch_b + 2, b, HT_LAYOUT_PLAIN);
    if (shape >= 0) {
        out->call.inputs[2] = tensor_of(HT_F32, shape < 2 ? 1 : 2, shapes[shape], HT_LAYOUT_PLAIN);
    }
    out->call.output_count = 1;
    out->call.outputs[0] = tensor_of(HT_F32, batch + 2, y, HT_LAYOUT_PLAIN);
    out->weights[1] = out->weights[2] = true;
    out->rule = CHECK_DOT;
    out->depth = k;
    out->absolute = absolute_matmul;
}

static void any_pooling(ht_rng *rng, ht_pool_parameters *p, ht_tensor_desc *x, ht_tensor_desc *y) {
    int64_t xd[HT_MAX_RANK], yd[HT_MAX_RANK];
    *p = (ht_pool_parameters){.kind = chance(rng, 0.5) ? HT_POOL_MAX : HT_POOL_AVERAGE,
                              .spatial = (int32_t)(chance(rng, 0.7) ? 2 : pick(rng, 1, 3)),
                              .count_include_pad = chance(rng, 0.5)};
    for (int i = 0; i < p->spatial; ++i) {
        slide(rng, 4, &p->window[i], &p->strides[i], &p->dilations[i], &p->pads_begin[i], &p->pads_end[i], &xd[2 + i],
              &yd[2 + i]);
        if (chance(rng, 0.15)) { /* global */
            p->window[i] = xd[2 + i];
            p->strides[i] = p->dilations[i] = yd[2 + i] = 1;
            p->pads_begin[i] = p->pads_end[i] = 0;
        }
    }
    xd[0] = yd[0] = chance(rng, 0.03) ? 0 : pick(rng, 1, 4);
    xd[1] = yd[1] = pick(rng, 1, 40);
    ht_layout layout = any_layout(rng);
    *x = tensor_of(HT_F32, p->spatial + 2, xd, layout);
    *y = tensor_of(HT_F32, p->spatial + 2, yd, layout);
}

void make_pool(ht_rng *rng, check_case *out) {
    ht_pool_parameters p;
    out->call.input_count = out->call.output_count = 1;
    any_pooling(rng, &p, &out->call.inputs[0], &out->call.outputs[0]);
    if (chance(rng, 0.05)) {
        p.kind = HT_POOL_NORM;
        p.power = pick(rng, 1, 3);
    }
    set_parameters(&out->call, &p, sizeof p);
    out->rule = p.kind == HT_POOL_MAX ? CHECK_EXACT : CHECK_CLOSE;
}

void make_pool_grad(ht_rng *rng, check_case *out) {
    ht_pool_parameters p;
    ht_tensor_desc x;
    any_pooling(rng, &p, &x, &out->call.inputs[0]);
    out->call.input_count = 2;
    out->call.inputs[1] = p.kind == HT_POOL_MAX ? x : (ht_tensor_desc){.type = HT_NONE};
    out->call.output_count = 1;
    out->call.outputs[0] = x;
    set_parameters(&out->call, &p, sizeof p);
    out->fill[1] = FILL_TIES;
    out->rule = CHECK_CLOSE;
}
