/* Random calls of elementwise functions, norms, reductions, softmax, losses, quantizers, dropout. */
#include <string.h>

#include "checker.h"
#include "kernels/dropout/dropout.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/line_norm/line_norm.h"
#include "kernels/norm/norm.h"
#include "kernels/quantize/quantize.h"
#include "kernels/reduce/reduce.h"
#include "kernels/resize/resize.h"
#include "kernels/softmax/softmax.h"

static int64_t any_size(ht_rng *rng) {
    return chance(rng, 0.02) ? 0 : chance(rng, 0.3) ? 1 : chance(rng, 0.7) ? pick(rng, 2, 9) : pick(rng, 2, 70);
}

/* Any shape of at most `most` dimensions and some thousand elements. */
static ht_tensor_desc any_tensor(ht_rng *rng, int32_t least, int32_t most) {
    int64_t dims[HT_MAX_RANK];
    for (;;) {
        int32_t rank = (int32_t)pick(rng, least, most);
        for (int32_t i = 0; i < rank; ++i) {
            dims[i] = any_size(rng);
        }
        ht_tensor_desc desc = tensor_of(HT_F32, rank, dims, any_layout(rng));
        if (ht__desc_elements(&desc) <= 60000) {
            return desc;
        }
    }
}

void make_unary(ht_rng *rng, check_case *out) {
    ht_unary_parameters p = {.function = (ht_unary)pick(rng, 0, HT_UNARY_SWISH), .a = 0.2f, .b = 0.5f};
    memcpy(out->call.parameters, &p, sizeof p);
    out->call.input_count = out->call.output_count = 1;
    out->call.inputs[0] = out->call.outputs[0] = any_tensor(rng, 0, 5);
    out->fill[0] = FILL_SPECIAL;
}

/* `y` with dimensions taken out or set to 1, and sometimes without its leading ones. A tensor of one direction only may
 * lie in any layout. */
static ht_tensor_desc broadcastable(ht_rng *rng, const ht_tensor_desc *y) {
    ht_tensor_desc x = *y;
    int32_t large = 0;
    for (int32_t i = 0; i < x.rank; ++i) {
        x.dims[i] = chance(rng, 0.4) ? 1 : x.dims[i];
        large += x.dims[i] != 1;
    }
    if (large <= 1 && x.rank > 0 && x.dims[0] == 1 && chance(rng, 0.5)) {
        memmove(x.dims, x.dims + 1, (size_t)(--x.rank) * sizeof x.dims[0]);
        x.layout = HT_LAYOUT_PLAIN;
    }
    return x;
}

void make_binary(ht_rng *rng, check_case *out) {
    ht_binary_parameters p = {.function = (ht_binary)pick(rng, 0, HT_BINARY_MOD), .a = -0.3f, .b = 0.7f};
    ht_tensor_desc y = any_tensor(rng, 0, 5);
    ht_tensor_desc x = chance(rng, 0.4) ? y : broadcastable(rng, &y), z = y;
    if (ht__desc_same_shape(&x, &y)) {
        z = chance(rng, 0.4) ? y : broadcastable(rng, &y);
    }
    bool swap = chance(rng, 0.5);
    out->call.inputs[swap] = x;
    out->call.inputs[!swap] = z;
    out->call.outputs[0] = y;
    out->call.input_count = 2;
    out->call.output_count = 1;
    out->fill[0] = out->fill[1] = FILL_SPECIAL;
    if (p.function <= HT_BINARY_MUL && chance(rng, 0.2)) {
        out->call.inputs[0].type = out->call.inputs[1].type = out->call.outputs[0].type = HT_I64;
        out->fill[0] = out->fill[1] = FILL_INTEGER;
        out->fill_low[0] = out->fill_low[1] = -1000;
        out->fill_high[0] = out->fill_high[1] = 1000;
    }
    memcpy(out->call.parameters, &p, sizeof p);
}

static ht_tensor_desc vector_of(int64_t size) { return tensor_of(HT_F32, 1, &size, HT_LAYOUT_PLAIN); }

static ht_tensor_desc any_map(ht_rng *rng, bool empty_too) {
    ht_tensor_desc desc;
    do {
        desc = any_tensor(rng, 2, 5);
    } while (!empty_too && ht__desc_elements(&desc) == 0);
    return desc;
}

static void norm_parameters(ht_rng *rng, check_case *out) {
    ht_batch_norm_parameters p = {.epsilon = 1e-3f, .momentum = 0.9f, .relu = chance(rng, 0.5)};
    memcpy(out->call.parameters, &p, sizeof p);
    out->rule = CHECK_CLOSE;
}

void make_batch_norm(ht_rng *rng, check_case *out) {
    norm_parameters(rng, out);
    ht_tensor_desc x = any_map(rng, true);
    out->call.input_count = 5;
    out->call.inputs[0] = out->call.outputs[0] = x;
    for (int i = 1; i < 5; ++i) {
        out->call.inputs[i] = vector_of(x.dims[1]);
        out->weights[i] = true;
    }
    out->fill[4] = FILL_POSITIVE;
    out->call.output_count = 1;
}

void make_batch_norm_train(ht_rng *rng, check_case *out) {
    make_batch_norm(rng, out);
    ht_tensor_desc x = any_map(rng, false);
    out->call.inputs[0] = out->call.outputs[0] = x;
    for (int i = 1; i < 5; ++i) {
        out->call.inputs[i] = out->call.outputs[i] = vector_of(x.dims[1]);
        out->weights[i] = false;
    }
    out->call.output_count = 5;
}

void make_batch_norm_grad(ht_rng *rng, check_case *out) {
    norm_parameters(rng, out);
    ht_tensor_desc x = any_map(rng, true);
    bool relu = HT_PARAMETERS(ht_batch_norm_parameters, &out->call)->relu;
    out->call.input_count = 6;
    out->call.inputs[0] = out->call.inputs[1] = out->call.outputs[0] = x;
    out->call.inputs[2] = out->call.inputs[3] = out->call.inputs[4] = vector_of(x.dims[1]);
    out->call.inputs[5] = relu ? x : (ht_tensor_desc){.type = HT_NONE};
    out->fill[4] = FILL_POSITIVE;
    out->call.output_count = 3;
    out->call.outputs[1] = out->call.outputs[2] = vector_of(x.dims[1]);
}

void make_reduce(ht_rng *rng, check_case *out) {
    ht_reduce_parameters p = {.function = (ht_reduce)pick(rng, 0, HT_REDUCE_LOG_SUM_EXP)};
    ht_tensor_desc x = any_tensor(rng, 1, 5), y = {.type = HT_F32};
    bool keep = chance(rng, 0.5);
    for (int32_t i = 0; i < x.rank; ++i) {
        p.axes[i] = chance(rng, 0.5);
        if (!p.axes[i] || keep) {
            y.dims[y.rank++] = p.axes[i] ? 1 : x.dims[i];
        }
    }
    memcpy(out->call.parameters, &p, sizeof p);
    out->call.input_count = out->call.output_count = 1;
    out->call.inputs[0] = x;
    out->call.outputs[0] = y;
    out->fill[0] = chance(rng, 0.2) ? FILL_SPECIAL : FILL_NORMAL;
}

void make_resize(ht_rng *rng, check_case *out) {
    ht_resize_parameters p = {.mode = (ht_resize_mode)pick(rng, 0, HT_RESIZE_CUBIC),
                              .coordinate = (ht_resize_coordinate)pick(rng, 0, HT_RESIZE_ASYMMETRIC),
                              .rounding = (ht_resize_rounding)pick(rng, 0, HT_RESIZE_CEIL),
                              .exact_length = true,
                              .antialias = chance(rng, 0.3),
                              .exclude_outside = chance(rng, 0.3),
                              .cubic_a = -0.75f};
    ht_tensor_desc x;
    do {
        x = any_tensor(rng, 1, 5);
    } while (ht__desc_elements(&x) == 0);
    ht_tensor_desc y = x;
    for (int32_t i = 0; i < x.rank; ++i) {
        y.dims[i] = chance(rng, 0.5) ? x.dims[i] : pick(rng, 1, 9);
        p.scale[i] = (float)y.dims[i] / (float)x.dims[i];
    }
    memcpy(out->call.parameters, &p, sizeof p);
    out->call.input_count = out->call.output_count = 1;
    out->call.inputs[0] = x;
    out->call.outputs[0] = y;
    out->fill[0] = FILL_NORMAL;
}

static void softmax_call(ht_rng *rng, check_case *out, uint32_t inputs) {
    ht_tensor_desc x = any_tensor(rng, 1, 4);
    x.layout = HT_LAYOUT_PLAIN;
    ht_softmax_parameters p = {.axis = (int32_t)pick(rng, 0, x.rank - 1), .logarithm = chance(rng, 0.5)};
    memcpy(out->call.parameters, &p, sizeof p);
    out->call.input_count = inputs;
    out->call.inputs[0] = out->call.inputs[1] = x;
    out->call.output_count = 1;
    out->call.outputs[0] = x;
    out->rule = CHECK_CLOSE;
}

void make_softmax(ht_rng *rng, check_case *out) { softmax_call(rng, out, 1); }
void make_softmax_grad(ht_rng *rng, check_case *out) { softmax_call(rng, out, 2); }

static void loss_call(ht_rng *rng, check_case *out, bool labels) {
    int64_t dims[2] = {pick(rng, 1, 200), pick(rng, 1, 40)};
    ht_softmax_parameters p = {.smoothing = chance(rng, 0.5) ? 0.1f : 0.0f};
    memcpy(out->call.parameters, &p, sizeof p);
    out->call.input_count = 2;
    out->call.inputs[0] = tensor_of(HT_F32, 2, dims, HT_LAYOUT_PLAIN);
    out->call.inputs[1] = tensor_of(HT_F32, labels ? 1 : 2, dims, HT_LAYOUT_PLAIN);
    out->fill[1] = labels ? FILL_INTEGER : FILL_NORMAL;
    out->fill_low[1] = chance(rng, 0.3) ? -1 : 0;
    out->fill_high[1] = dims[1] - 1;
    out->call.output_count = 1;
    out->rule = CHECK_CLOSE;
}

void make_cross_entropy(ht_rng *rng, check_case *out) {
    loss_call(rng, out, true);
    out->call.outputs[0] = (ht_tensor_desc){.type = HT_F32};
    out->call.outputs[1] = out->call.inputs[0];
    out->call.output_count = 2;
}

void make_cross_entropy_grad(ht_rng *rng, check_case *out) {
    loss_call(rng, out, true);
    out->call.outputs[0] = out->call.inputs[0];
    out->fill[0] = FILL_POSITIVE;
}

void make_squared_error(ht_rng *rng, check_case *out) {
    loss_call(rng, out, false);
    out->call.outputs[0] = (ht_tensor_desc){.type = HT_F32};
}

void make_squared_error_grad(ht_rng *rng, check_case *out) {
    loss_call(rng, out, false);
    out->call.outputs[0] = out->call.inputs[0];
}

static const ht_type code_types[] = {HT_U8, HT_I8, HT_U16, HT_I16, HT_I32};

/* x, scale and zero point, per tensor or per channel of a random axis; returns the type of the codes. */
static ht_type quantize_inputs(ht_rng *rng, check_case *out, ht_quantize_parameters *p) {
    ht_tensor_desc x = any_tensor(rng, 1, 5);
    ht_type type = code_types[ht__rng_below(rng, 5)];
    p->axis = (int32_t)pick(rng, 0, x.rank - 1);
    ht_tensor_desc scale = chance(rng, 0.5) ? vector_of(x.dims[p->axis]) : (ht_tensor_desc){.type = HT_F32};
    out->call.inputs[0] = x;
    out->call.inputs[1] = out->call.inputs[2] = scale;
    out->fill[1] = FILL_SCALE;
    out->fill[2] = FILL_INTEGER;
    out->fill_low[2] = type == HT_U8 || type == HT_U16 ? 0 : -3;
    out->fill_high[2] = 5;
    out->call.output_count = 1;
    return type;
}

void make_quantize(ht_rng *rng, check_case *out) {
    ht_quantize_parameters p = {0};
    ht_type type = quantize_inputs(rng, out, &p);
    out->call.inputs[2].type = chance(rng, 0.7) ? type : HT_NONE;
    out->call.input_count = 3;
    out->call.outputs[0] = out->call.inputs[0];
    out->call.outputs[0].type = type;
    out->fill[0] = FILL_SPECIAL;
    memcpy(out->call.parameters, &p, sizeof p);
}

void make_dequantize(ht_rng *rng, check_case *out) {
    ht_quantize_parameters p = {0};
    ht_type type = quantize_inputs(rng, out, &p);
    out->call.inputs[2].type = chance(rng, 0.7) ? type : HT_NONE;
    out->call.input_count = 3;
    out->call.outputs[0] = out->call.inputs[0];
    out->call.inputs[0].type = type;
    out->fill[0] = FILL_INTEGER;
    out->fill_low[0] = type == HT_U8 || type == HT_U16 ? 0 : -128;
    out->fill_high[0] = 127;
    memcpy(out->call.parameters, &p, sizeof p);
}

void make_dynamic_quantize(ht_rng *rng, check_case *out) {
    out->call.input_count = 1;
    out->call.inputs[0] = any_tensor(rng, 1, 4);
    out->call.output_count = 3;
    out->call.outputs[0] = out->call.inputs[0];
    out->call.outputs[0].type = out->call.outputs[2].type = HT_U8;
    out->call.outputs[1].type = HT_F32;
}

static void fake_call(ht_rng *rng, check_case *out, uint32_t inputs) {
    ht_quantize_parameters p = {.low = chance(rng, 0.5) ? -8.0f : 0.0f};
    p.high = p.low + (chance(rng, 0.5) ? 15.0f : 255.0f);
    quantize_inputs(rng, out, &p);
    out->call.input_count = inputs;
    out->call.inputs[3] = out->call.outputs[0] = out->call.inputs[0];
    out->fill[0] = FILL_SPECIAL;
    memcpy(out->call.parameters, &p, sizeof p);
}

void make_fake_quantize(ht_rng *rng, check_case *out) { fake_call(rng, out, 3); }
void make_fake_quantize_grad(ht_rng *rng, check_case *out) { fake_call(rng, out, 4); }

void make_dropout(ht_rng *rng, check_case *out) {
    ht_dropout_parameters p = {.ratio = (float)pick(rng, 0, 9) / 10.0f, .seed = ht__rng_u32(rng), .stream = 7};
    memcpy(out->call.parameters, &p, sizeof p);
    out->call.input_count = 2;
    out->call.inputs[0] = out->call.outputs[0] = any_tensor(rng, 0, 4);
    out->call.inputs[1] = (ht_tensor_desc){.type = HT_I64};
    out->fill[1] = FILL_INTEGER;
    out->fill_high[1] = 100000;
    out->call.output_count = 1;
}

/* Lines with a scale along them, a scale per channel, or none. */
void make_line_norm(ht_rng *rng, check_case *out) {
    int64_t channels = pick(rng, 1, 9), map = pick(rng, 1, 40), groups = chance(rng, 0.5) ? 1 : channels;
    int64_t dims[] = {chance(rng, 0.03) ? 0 : pick(rng, 1, 40), channels, map}, lines = dims[0] * groups;
    bool along = chance(rng, 0.5), shifted = chance(rng, 0.6);
    ht_line_norm_parameters p = {.length = along ? map : channels / groups * map,
                                 .step = along ? 1 : map,
                                 .epsilon = 1e-3f,
                                 .centred = chance(rng, 0.7)};
    memcpy(out->call.parameters, &p, sizeof p);
    ht_tensor_desc none = {.type = HT_NONE}, scale = vector_of(along ? map : channels);
    lines = along ? dims[0] * channels : lines;
    out->call.input_count = 3;
    out->call.inputs[0] = tensor_of(HT_F32, 3, dims, HT_LAYOUT_PLAIN);
    out->call.inputs[1] = chance(rng, 0.8) ? scale : none;
    out->call.inputs[2] = shifted ? scale : none;
    out->call.output_count = chance(rng, 0.5) ? 1 : 3;
    out->call.outputs[0] = out->call.inputs[0];
    out->call.outputs[1] = out->call.outputs[2] = vector_of(lines);
    out->rule = CHECK_CLOSE;
}
