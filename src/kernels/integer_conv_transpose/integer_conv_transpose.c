#include "kernels/integer_conv_transpose/integer_conv_transpose.h"

#include "kernels/codes.h"
#include "kernels/index.h"
#include "kernels/window.h"

typedef struct transposed {
    const ht_kernel_call *call;
    const void *const *inputs;
    void *y;
    ht_window window;                       /* of the convolution, whose input is y here */
    int64_t filters, channels, window_size; /* of one group */
    ht_requantizer requantizer;
} transposed;

/* The sum over c, k for the result at `i`; x is the offset of image and group, w that of (the group's first c, o'). */
static int64_t sum_of(const transposed *t, int64_t x, int64_t w, int64_t o, const int64_t i[3]) {
    ht_type x_type = t->call->inputs[HT_PRODUCT_X].type, w_type = t->call->inputs[HT_PRODUCT_W].type;
    int64_t x_zero = ht__zero_point(t->call, t->inputs, HT_PRODUCT_X_ZERO, 0);
    int64_t w_zero = ht__zero_point(t->call, t->inputs, HT_PRODUCT_W_ZERO, o);
    int64_t sum = 0, k[3] = {0}, next = t->filters * t->window_size; /* from one c to the next */
    do {
        int64_t at = ht__window_output_offset(&t->window, i, k);
        for (int64_t c = 0; at >= 0 && c < t->channels; ++c) {
            sum += (ht__code_at(x_type, t->inputs[HT_PRODUCT_X], x + at + c * t->window.y[1]) - x_zero) *
                   (ht__code_at(w_type, t->inputs[HT_PRODUCT_W], w + c * next) - w_zero);
        }
        ++w;
    } while (ht__index_next(3, t->window.size, k));
    return sum;
}

/* Images and output channels begin .. end. */
static void part(void *argument, size_t begin, size_t end, unsigned number) {
    (void)number;
    const transposed *t = argument;
    int64_t columns = t->call->outputs[0].dims[1];
    bool summed = t->channels * t->window_size > 0;
    for (int64_t i = (int64_t)begin; i < (int64_t)end; ++i) {
        int64_t n = i / columns, o = i % columns, group = o / t->filters, at[3] = {0};
        int64_t x = n * t->window.y[0] + group * t->channels * t->window.y[1];
        int64_t w = (group * t->channels * t->filters + o % t->filters) * t->window_size;
        int64_t y = n * t->window.x[0] + o * t->window.x[1], bias = ht__product_bias(t->call, t->inputs, o);
        do {
            int64_t sum = bias + (summed ? sum_of(t, x, w, o, at) : 0);
            ht__code_store(t->call->outputs[0].type, t->y, y + ht__index_offset(3, at, t->window.x + 2),
                           ht__requantize(&t->requantizer, sum, o));
        } while (ht__index_next(3, t->window.in, at));
    }
}

static ht_status run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                     ht_pool *pool) {
    const ht_kernel_call *call = state->data;
    const ht_integer_conv_parameters *p = HT_PARAMETERS(ht_integer_conv_parameters, call);
    const ht_tensor_desc *xd = &call->inputs[HT_PRODUCT_X], *wd = &call->inputs[HT_PRODUCT_W], *yd = &call->outputs[0];
    if (ht__desc_elements(yd) == 0) {
        return HT_OK;
    }
    transposed t = {.call = call,
                    .inputs = inputs,
                    .y = outputs[0],
                    .filters = wd->dims[1],
                    .channels = wd->dims[0] / p->conv.groups,
                    .window_size = ht__index_product(wd->dims, 2, wd->rank)};
    ht__window_make(p->conv.spatial, yd, xd, wd->dims + 2, p->conv.strides, p->conv.dilations, p->conv.pads_begin,
                    p->conv.pads_end, &t.window);
    ht__requantizer_make(call, &p->requantize, inputs, scratch, &t.requantizer);
    ht__pool_run(pool, (size_t)(yd->dims[0] * yd->dims[1]), 1, part, &t);
    return HT_OK;
}

static void layout(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_sizes *out) {
    (void)env;
    out->scratch_bytes = ht__requantizer_room(call) * sizeof(float);
}

static const ht_kernel_variant reference = {.name = "integer_conv_transpose_reference",
                                            .family = &ht__integer_conv_transpose_family,
                                            .accept = ht__kernel_accept_all,
                                            .layout = layout,
                                            .run = run};

static const ht_kernel_variant *const variants[] = {&reference};

const ht_kernel_family ht__integer_conv_transpose_family = {"integer_conv_transpose", variants, 1,
                                                            &ht__integer_conv_transpose_rules};
