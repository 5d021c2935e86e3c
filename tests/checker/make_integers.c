/* Random calls of the families that work on codes. */
#include <string.h>

#include "checker.h"
#include "kernels/codes.h"
#include "kernels/integer_binary/integer_binary.h"
#include "kernels/integer_conv/integer_conv.h"
#include "kernels/integer_matmul/integer_matmul.h"
#include "kernels/integer_mean/integer_mean.h"
#include "kernels/integer_pool/integer_pool.h"
#include "kernels/integer_resize/integer_resize.h"
#include "kernels/integer_softmax/integer_softmax.h"
#include "kernels/lookup/lookup.h"

static const ht_type code_types[] = {HT_U8, HT_I8, HT_U16, HT_I16};

static ht_type any_code(ht_rng *rng, bool narrow) { return code_types[ht__rng_below(rng, narrow ? 2 : 4)]; }

static void fill_codes(check_case *out, uint32_t input) {
    out->fill[input] = FILL_INTEGER;
    out->fill_low[input] = ht__code_low(out->call.inputs[input].type);
    out->fill_high[input] = ht__code_high(out->call.inputs[input].type);
}

/* One zero point of the type of operand `of`, or `count` of them; sometimes none. */
static void add_zero_point(ht_rng *rng, check_case *out, uint32_t input, ht_type type, int64_t count) {
    int64_t dims[] = {count};
    ht_type own = chance(rng, 0.8) ? type : HT_NONE;
    out->call.inputs[input] = tensor_of(own, count > 1 ? 1 : 0, dims, HT_LAYOUT_PLAIN);
    if (own != HT_NONE) {
        fill_codes(out, input);
        out->weights[input] = true;
    }
}

/* Everything of a product but x, w and y's shape. */
static ht_requantize_parameters finish_product(ht_rng *rng, check_case *out, int64_t columns, bool may_be_real) {
    ht_type y_type = any_code(rng, chance(rng, 0.7));
    ht_requantize_parameters p = {.rule = (ht_requantize_rule)pick(
                                      rng, HT_REQUANTIZE_NONE, may_be_real ? HT_REQUANTIZE_REAL : HT_REQUANTIZE_FIXED),
                                  .low = ht__code_low(y_type),
                                  .high = ht__code_high(y_type)};
    if (chance(rng, 0.3)) {
        p.low = p.low / 2 + 3;
        p.high = p.high / 2 + 5;
    }
    int64_t per = chance(rng, 0.5) ? columns : 1, dims[] = {columns};
    ht_tensor_desc one = {.type = HT_F32}, each = tensor_of(HT_F32, per > 1 ? 1 : 0, dims, HT_LAYOUT_PLAIN);
    ht_tensor_desc *inputs = out->call.inputs;
    out->call.input_count = HT_PRODUCT_OPERANDS;
    fill_codes(out, HT_PRODUCT_X);
    fill_codes(out, HT_PRODUCT_W);
    if (inputs[HT_PRODUCT_W].type == HT_I8 && chance(rng, 0.5)) { /* many small weights, as networks have */
        out->fill_high[HT_PRODUCT_W] = pick(rng, 1, 90);
        out->fill_low[HT_PRODUCT_W] = -out->fill_high[HT_PRODUCT_W];
    }
    inputs[HT_PRODUCT_BIAS] = tensor_of(chance(rng, 0.7) ? HT_I32 : HT_NONE, 1, dims, HT_LAYOUT_PLAIN);
    out->fill[HT_PRODUCT_BIAS] = FILL_INTEGER;
    out->fill_low[HT_PRODUCT_BIAS] = -100000;
    out->fill_high[HT_PRODUCT_BIAS] = 100000;
    out->weights[HT_PRODUCT_BIAS] = out->weights[HT_PRODUCT_W] = true;
    add_zero_point(rng, out, HT_PRODUCT_X_ZERO, inputs[HT_PRODUCT_X].type, 1);
    add_zero_point(rng, out, HT_PRODUCT_W_ZERO, inputs[HT_PRODUCT_W].type, chance(rng, 0.5) ? columns : 1);
    bool is_real = p.rule == HT_REQUANTIZE_REAL;
    if (is_real && inputs[HT_PRODUCT_BIAS].type != HT_NONE) {
        inputs[HT_PRODUCT_BIAS].type = HT_F32;
        out->fill[HT_PRODUCT_BIAS] = FILL_NORMAL;
    }
    if (p.rule != HT_REQUANTIZE_NONE && !is_real) {
        add_zero_point(rng, out, HT_PRODUCT_Y_ZERO, y_type, 1);
    }
    if (p.rule == HT_REQUANTIZE_FLOAT || is_real) {
        inputs[HT_PRODUCT_SCALE] = inputs[HT_PRODUCT_Y_SCALE] = one;
        inputs[HT_PRODUCT_SHIFT] = each;
        out->fill[HT_PRODUCT_SCALE] = out->fill[HT_PRODUCT_SHIFT] = FILL_SCALE;
        out->fill[HT_PRODUCT_Y_SCALE] = FILL_POSITIVE;
    } else if (p.rule == HT_REQUANTIZE_FIXED) {
        p.way = (ht_fixed_way)pick(rng, HT_FIXED_NARROW, HT_FIXED_EXACT);
        bool exact = p.way == HT_FIXED_EXACT;
        each.type = HT_I32;
        inputs[HT_PRODUCT_SCALE] = inputs[HT_PRODUCT_SHIFT] = each;
        inputs[HT_PRODUCT_SCALE].type = exact ? HT_I64 : HT_I32;
        out->fill[HT_PRODUCT_SCALE] = out->fill[HT_PRODUCT_SHIFT] = FILL_INTEGER;
        out->fill_low[HT_PRODUCT_SCALE] = exact ? (int64_t)1 << 52 : 1 << 30;
        out->fill_high[HT_PRODUCT_SCALE] = exact ? ((int64_t)1 << 53) - 1 : INT32_MAX;
        out->fill_low[HT_PRODUCT_SHIFT] = exact ? -66 : -14;
        out->fill_high[HT_PRODUCT_SHIFT] = exact ? -56 : -4;
    }
    out->call.outputs[0].type = p.rule == HT_REQUANTIZE_NONE ? HT_I32 : is_real ? HT_F32 : y_type;
    return p;
}

void make_integer_conv(ht_rng *rng, check_case *out) {
    make_conv(rng, out);            /* shapes */
    bool common = chance(rng, 0.4); /* 8 bits and channels-last: what the vector variants take */
    ht_integer_conv_parameters p = {.conv = *HT_PARAMETERS(ht_conv_parameters, &out->call)};
    p.conv.activation = HT_ACTIVATION_NONE;
    out->call.inputs[HT_PRODUCT_X].type = any_code(rng, common || chance(rng, 0.9));
    out->call.inputs[HT_PRODUCT_W].type = common ? HT_I8 : any_code(rng, chance(rng, 0.9));
    if (common) {
        out->call.inputs[HT_PRODUCT_X].layout = out->call.outputs[0].layout = HT_LAYOUT_CHANNELS_LAST;
    }
    if (chance(rng, 0.5)) { /* depthwise */
        p.conv.groups = out->call.inputs[HT_PRODUCT_X].dims[1];
        out->call.inputs[HT_PRODUCT_W].dims[0] = out->call.outputs[0].dims[1] = p.conv.groups;
        out->call.inputs[HT_PRODUCT_W].dims[1] = 1;
    }
    p.requantize = finish_product(rng, out, out->call.inputs[HT_PRODUCT_W].dims[0], false);
    if (common) {
        out->call.inputs[HT_PRODUCT_W_ZERO].type = HT_NONE;
    }
    memcpy(out->call.parameters, &p, sizeof p);
    out->rule = CHECK_EXACT;
}

void make_integer_conv_transpose(ht_rng *rng, check_case *out) {
    make_conv_grad_input(rng, out); /* shapes */
    ht_integer_conv_parameters p = {.conv = *HT_PARAMETERS(ht_conv_parameters, &out->call)};
    out->call.inputs[HT_PRODUCT_X].type = any_code(rng, chance(rng, 0.9));
    out->call.inputs[HT_PRODUCT_W].type = any_code(rng, chance(rng, 0.9));
    p.requantize = finish_product(rng, out, out->call.outputs[0].dims[1], false);
    memcpy(out->call.parameters, &p, sizeof p);
    out->rule = CHECK_EXACT;
}

void make_integer_matmul(ht_rng *rng, check_case *out) {
    bool common = chance(rng, 0.4); /* bytes by one matrix of i8, up to several panels and steps of the engines */
    int64_t m = pick(rng, 1, 40), n = pick(rng, 1, 50), k = chance(rng, 0.05) ? 0 : pick(rng, 1, 60);
    if (common) {
        m = chance(rng, 0.2) ? pick(rng, 100, 300) : pick(rng, 1, 60);
        n = pick(rng, 1, 140);
        k = pick(rng, 1, 300);
    }
    ht_integer_matmul_parameters p = {.transpose_x = chance(rng, 0.3), .transpose_w = chance(rng, 0.5)};
    int32_t rank = (int32_t)pick(rng, 2, common ? 3 : 4), w_rank = common || chance(rng, 0.6) ? 2 : rank;
    int64_t x[4], w[4], y[4];
    for (int32_t i = 0; i + 2 < rank; ++i) {
        y[i] = pick(rng, 1, 3);
        x[i] = w_rank == rank && chance(rng, 0.2) ? 1 : y[i];
        w[i] = x[i] == y[i] && chance(rng, 0.3) ? 1 : y[i];
    }
    x[rank - 2] = p.transpose_x ? k : m;
    x[rank - 1] = p.transpose_x ? m : k;
    w[w_rank - 2] = p.transpose_w ? n : k;
    w[w_rank - 1] = p.transpose_w ? k : n;
    y[rank - 2] = m;
    y[rank - 1] = n;
    out->call.inputs[HT_PRODUCT_X] = tensor_of(any_code(rng, common || chance(rng, 0.9)), rank, x, HT_LAYOUT_PLAIN);
    out->call.inputs[HT_PRODUCT_W] = tensor_of(
        common ? (chance(rng, 0.8) ? HT_I8 : HT_U8) : any_code(rng, chance(rng, 0.9)), w_rank, w, HT_LAYOUT_PLAIN);
    out->call.output_count = 1;
    out->call.outputs[0] = tensor_of(HT_I32, rank, y, HT_LAYOUT_PLAIN);
    p.requantize = finish_product(rng, out, n, true);
    if (common && out->call.inputs[HT_PRODUCT_W].type == HT_I8) {
        out->call.inputs[HT_PRODUCT_W_ZERO].type = HT_NONE;
    }
    out->weights[HT_PRODUCT_W] = chance(rng, 0.7);
    if (out->call.inputs[HT_PRODUCT_W_ZERO].type == HT_U8 && chance(rng, 0.7)) { /* in the middle */
        out->fill_low[HT_PRODUCT_W_ZERO] = out->fill_high[HT_PRODUCT_W_ZERO] = 128;
    }
    memcpy(out->call.parameters, &p, sizeof p);
    out->rule = CHECK_EXACT;
}

/* ---- families that requantize by parameters ---- */

static ht_requantize_parameters any_rule(ht_rng *rng, ht_type y_type) {
    ht_requantize_parameters p = {.rule = chance(rng, 0.5) ? HT_REQUANTIZE_FLOAT : HT_REQUANTIZE_FIXED,
                                  .low = ht__code_low(y_type),
                                  .high = ht__code_high(y_type)};
    if (chance(rng, 0.3)) {
        p.low = p.low / 2 + 3;
        p.high = p.high / 2 + 5;
    }
    return p;
}

static int32_t any_zero(ht_rng *rng, ht_type type) {
    return (int32_t)pick(rng, ht__code_low(type), ht__code_high(type));
}

static float any_scale(ht_rng *rng) { return 0.004f + 0.05f * (float)ht__rng_uniform(rng); }

void make_integer_binary(ht_rng *rng, check_case *out) {
    make_binary(rng, out); /* shapes */
    ht_integer_binary_parameters p = {.function = (ht_integer_binary)pick(rng, HT_INTEGER_ADD, HT_INTEGER_PRELU)};
    ht_tensor_desc *tensors[] = {&out->call.inputs[0], &out->call.inputs[1], &out->call.outputs[0]};
    bool narrow = chance(rng, 0.8);
    for (int i = 0; i < 3; ++i) {
        tensors[i]->type = any_code(rng, narrow);
        p.zero[i] = any_zero(rng, tensors[i]->type);
        p.scale[i] = any_scale(rng);
        p.multiplier[i] = (int32_t)pick(rng, 1 << 30, INT32_MAX);
        p.shift[i] = (int32_t)pick(rng, i == 2 ? -18 : -2, 0);
    }
    p.left = narrow ? 20 : 13;
    p.requantize = any_rule(rng, tensors[2]->type);
    fill_codes(out, 0);
    fill_codes(out, 1);
    memcpy(out->call.parameters, &p, sizeof p);
    out->rule = CHECK_EXACT;
}

void make_integer_pool(ht_rng *rng, check_case *out) {
    make_pool(rng, out); /* shapes */
    ht_type type = any_code(rng, chance(rng, 0.8));
    ht_integer_pool_parameters p = {.pool = *HT_PARAMETERS(ht_pool_parameters, &out->call),
                                    .requantize = any_rule(rng, type),
                                    .x_zero = any_zero(rng, type),
                                    .y_zero = any_zero(rng, type),
                                    .x_scale = any_scale(rng),
                                    .y_scale = any_scale(rng)};
    out->call.inputs[0].type = out->call.outputs[0].type = type;
    fill_codes(out, 0);
    memcpy(out->call.parameters, &p, sizeof p);
    out->rule = CHECK_EXACT;
}

void make_integer_mean(ht_rng *rng, check_case *out) {
    int64_t dims[4];
    int32_t rank = (int32_t)pick(rng, 1, 4);
    ht_integer_mean_parameters p = {.x_scale = any_scale(rng), .y_scale = any_scale(rng)};
    ht_tensor_desc y = {.type = any_code(rng, true)};
    bool keep = chance(rng, 0.5);
    for (int32_t i = 0; i < rank; ++i) {
        dims[i] = chance(rng, 0.03) ? 0 : pick(rng, 1, 9);
        p.axes[i] = chance(rng, 0.5);
        if (!p.axes[i] || keep) {
            y.dims[y.rank++] = p.axes[i] ? 1 : dims[i];
        }
    }
    out->call.input_count = out->call.output_count = 1;
    out->call.inputs[0] = tensor_of(any_code(rng, true), rank, dims, any_layout(rng));
    out->call.outputs[0] = y;
    p.requantize = any_rule(rng, y.type);
    p.x_zero = any_zero(rng, out->call.inputs[0].type);
    p.y_zero = any_zero(rng, y.type);
    p.multiplier = (int32_t)pick(rng, 1 << 28, INT32_MAX);
    p.shift = (int32_t)pick(rng, -12, 0);
    fill_codes(out, 0);
    memcpy(out->call.parameters, &p, sizeof p);
    out->rule = CHECK_EXACT;
}

void make_integer_resize(ht_rng *rng, check_case *out) {
    int64_t dims[] = {pick(rng, 1, 2), pick(rng, 1, 3), pick(rng, 1, 8), pick(rng, 1, 8)};
    ht_type type = any_code(rng, chance(rng, 0.8));
    ht_integer_resize_parameters p = {.resize = {.mode = chance(rng, 0.7) ? HT_RESIZE_LINEAR : HT_RESIZE_CUBIC,
                                                 .coordinate = (ht_resize_coordinate)pick(rng, 0, HT_RESIZE_ASYMMETRIC),
                                                 .exact_length = true,
                                                 .cubic_a = -0.75f},
                                      .requantize = any_rule(rng, type),
                                      .x_scale = any_scale(rng),
                                      .y_scale = any_scale(rng),
                                      .x_zero = any_zero(rng, type),
                                      .y_zero = any_zero(rng, type)};
    out->call.input_count = out->call.output_count = 1;
    out->call.inputs[0] = tensor_of(type, 4, dims, any_layout(rng));
    out->call.outputs[0] = out->call.inputs[0];
    for (int i = 0; i < 4; ++i) {
        out->call.outputs[0].dims[i] = i > 1 ? pick(rng, 1, 12) : dims[i];
        p.resize.scale[i] = (float)out->call.outputs[0].dims[i] / (float)dims[i];
    }
    fill_codes(out, 0);
    memcpy(out->call.parameters, &p, sizeof p);
    out->rule = CHECK_EXACT;
}

void make_integer_softmax(ht_rng *rng, check_case *out) {
    int64_t dims[3] = {pick(rng, 1, 5), pick(rng, 1, 9), pick(rng, 1, 20)};
    int32_t rank = (int32_t)pick(rng, 1, 3);
    ht_type type = any_code(rng, true);
    ht_integer_softmax_parameters p = {.axis = (int32_t)pick(rng, 0, rank - 1),
                                       .requantize = any_rule(rng, type),
                                       .y_zero = ht__code_low(type),
                                       .x_scale = any_scale(rng),
                                       .y_scale = 1.0f / 256.0f,
                                       .multiplier = (int32_t)pick(rng, 1 << 30, INT32_MAX),
                                       .shift = (int32_t)pick(rng, 20, 24),
                                       .difference_low = -124};
    if (ht_type_bytes(type) == 1 && chance(rng, 0.5)) {
        p.logarithm = true;
        p.y_zero = ht__code_low(type) + 255;
        p.y_scale = 1.0f / 16.0f;
        p.reverse_multiplier = (int32_t)pick(rng, 1 << 30, INT32_MAX);
        p.reverse_shift = -p.shift;
    }
    out->call.input_count = out->call.output_count = 1;
    out->call.inputs[0] = out->call.outputs[0] = tensor_of(type, rank, dims, HT_LAYOUT_PLAIN);
    fill_codes(out, 0);
    memcpy(out->call.parameters, &p, sizeof p);
    out->rule = CHECK_EXACT;
}

void make_lookup(ht_rng *rng, check_case *out) {
    int64_t dims[3] = {pick(rng, 0, 5), pick(rng, 1, 9), pick(rng, 1, 40)};
    ht_type x_type = any_code(rng, chance(rng, 0.8));
    ht_layout layout = any_layout(rng);
    out->call.input_count = 2;
    out->call.output_count = 1;
    out->call.inputs[0] = out->call.outputs[0] = tensor_of(x_type, 3, dims, layout);
    out->call.outputs[0].type = any_code(rng, chance(rng, 0.8));
    out->call.inputs[1] = (ht_tensor_desc){
        .type = out->call.outputs[0].type, .rank = 1, .dims = {ht_type_bytes(x_type) == 1 ? 256 : 65536}};
    fill_codes(out, 0);
    fill_codes(out, 1);
    out->weights[1] = true;
    out->rule = CHECK_EXACT;
}
