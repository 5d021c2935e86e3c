/* Integer convolution by its definition; sums in 64 bits. */
#include "kernels/codes.h"
#include "kernels/index.h"
#include "kernels/integer_conv/variants.h"
#include "kernels/window.h"

typedef struct convolution {
    const ht_kernel_call *call;
    const void *const *inputs;
    ht_window window;
    int64_t channels, window_size; /* channels of one group */
} convolution;

/* The sum over c, k for the result p of filter o; x is the offset of image and group. */
static int64_t sum_of(const convolution *v, int64_t x, int64_t o, const int64_t p[3]) {
    ht_type x_type = v->call->inputs[HT_PRODUCT_X].type, w_type = v->call->inputs[HT_PRODUCT_W].type;
    int64_t x_zero = ht__zero_point(v->call, v->inputs, HT_PRODUCT_X_ZERO, 0);
    int64_t w_zero = ht__zero_point(v->call, v->inputs, HT_PRODUCT_W_ZERO, o);
    int64_t w = o * v->channels * v->window_size, sum = 0, k[3] = {0};
    do {
        int64_t at = ht__window_input_offset(&v->window, p, k);
        for (int64_t c = 0; at >= 0 && c < v->channels; ++c) {
            sum += (ht__code_at(x_type, v->inputs[HT_PRODUCT_X], x + at + c * v->window.x[1]) - x_zero) *
                   (ht__code_at(w_type, v->inputs[HT_PRODUCT_W], w + c * v->window_size) - w_zero);
        }
        ++w;
    } while (ht__index_next(3, v->window.size, k));
    return sum;
}

static ht_status run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                     ht_pool *pool) {
    (void)pool;
    const ht_kernel_call *call = state->data;
    const ht_integer_conv_parameters *p = HT_PARAMETERS(ht_integer_conv_parameters, call);
    const ht_tensor_desc *xd = &call->inputs[HT_PRODUCT_X], *wd = &call->inputs[HT_PRODUCT_W], *yd = &call->outputs[0];
    if (ht__desc_elements(yd) == 0) {
        return HT_OK;
    }
    convolution v = {call, inputs, .channels = wd->dims[1], .window_size = ht__index_product(wd->dims, 2, wd->rank)};
    ht__window_make(p->conv.spatial, xd, yd, wd->dims + 2, p->conv.strides, p->conv.dilations, p->conv.pads_begin,
                    p->conv.pads_end, &v.window);
    ht_requantizer requantizer;
    ht__requantizer_make(call, &p->requantize, inputs, scratch, &requantizer);
    int64_t filters = wd->dims[0] / p->conv.groups;
    for (int64_t n = 0; n < xd->dims[0]; ++n) {
        for (int64_t o = 0; o < wd->dims[0]; ++o) {
            int64_t x = n * v.window.x[0] + o / filters * v.channels * v.window.x[1];
            int64_t y = n * v.window.y[0] + o * v.window.y[1], at[3] = {0};
            int64_t bias = ht__product_bias(call, inputs, o);
            do {
                int64_t sum = bias + (v.channels * v.window_size > 0 ? sum_of(&v, x, o, at) : 0);
                ht__code_store(yd->type, outputs[0], y + ht__index_offset(3, at, v.window.y + 2),
                               ht__requantize(&requantizer, sum, o));
            } while (ht__index_next(3, v.window.out, at));
        }
    }
    return HT_OK;
}

static void layout(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_sizes *out) {
    (void)env;
    out->scratch_bytes = ht__requantizer_room(call) * sizeof(float);
}

const ht_kernel_variant ht__integer_conv_reference = {.name = "integer_conv_reference",
                                                      .family = &ht__integer_conv_family,
                                                      .accept = ht__kernel_accept_all,
                                                      .layout = layout,
                                                      .run = run};
