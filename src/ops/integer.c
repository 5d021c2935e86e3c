#include "ops/integer.h"

#include <math.h>
#include <string.h>

#include "kernels/codes.h"

static const char *const rule_names[] = {[HT_REQUANTIZE_NONE] = "none",
                                         [HT_REQUANTIZE_FLOAT] = "float",
                                         [HT_REQUANTIZE_FIXED] = "fixed",
                                         [HT_REQUANTIZE_REAL] = "real"};

ht_status ht__integer_set_requantize(ht_integer *integer, ht_node *node, ht_error *err) {
    ht_graph *graph = integer->graph;
    ht_requantize_rule rule = graph->requant == HT_REQUANT_FIXED ? HT_REQUANTIZE_FIXED : HT_REQUANTIZE_FLOAT;
    HT_TRY(ht__node_set_text(graph, node, "requantize", rule_names[rule], err));
    HT_TRY(ht__node_set_int(graph, node, "low", integer->low, err));
    return ht__node_set_int(graph, node, "high", integer->high, err);
}

ht_status ht__integer_read_requantize(const ht_node *node, ht_requantize_parameters *out, ht_error *err) {
    const char *name = ht__node_text(node, "requantize", rule_names[HT_REQUANTIZE_NONE]);
    *out = (ht_requantize_parameters){.low = (int32_t)ht__node_int(node, "low", INT32_MIN),
                                      .high = (int32_t)ht__node_int(node, "high", INT32_MAX),
                                      .way = (ht_fixed_way)ht__node_int(node, "way", HT_FIXED_NARROW)};
    for (size_t i = 0; i < sizeof rule_names / sizeof rule_names[0]; ++i) {
        if (strcmp(name, rule_names[i]) == 0) {
            out->rule = (ht_requantize_rule)i;
            return HT_OK;
        }
    }
    return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "The rule of requantization %s is unknown.", name);
}

ht_type ht__integer_product_type(const ht_node *node) {
    if (strcmp(ht__node_text(node, "requantize", ""), rule_names[HT_REQUANTIZE_REAL]) == 0) {
        return HT_F32;
    }
    return ht__has_input(node, HT_PRODUCT_Y_ZERO) ? node->inputs[HT_PRODUCT_Y_ZERO]->desc.type : HT_I32;
}

ht_status ht__copy_attributes(ht_graph *graph, const ht_node *from, const char *const *names, ht_node *to,
                              ht_error *err) {
    for (; *names != NULL; ++names) {
        const ht_attribute *a = ht__node_attribute(from, *names);
        if (a != NULL) {
            HT_TRY(ht__node_copy_attribute(graph, to, a, err));
        }
    }
    return HT_OK;
}

ht_status ht__copy_all_attributes(ht_graph *graph, const ht_node *from, ht_node *to, ht_error *err) {
    for (uint32_t i = 0; i < from->attribute_count; ++i) {
        const char *const name[] = {from->attributes[i].name, NULL};
        HT_TRY(ht__copy_attributes(graph, from, name, to, err));
    }
    return HT_OK;
}

bool ht__fixed_multiplier(double m, int32_t *multiplier, int32_t *shift) {
    *multiplier = *shift = 0;
    if (!(m >= 0.0) || !isfinite(m)) {
        return false;
    }
    int exponent;
    int64_t fraction = (int64_t)round(frexp(m, &exponent) * 2147483648.0);
    if (fraction == (int64_t)1 << 31) {
        fraction /= 2;
        ++exponent;
    }
    if (m == 0.0 || exponent < -31) {
        return true;
    }
    *multiplier = (int32_t)fraction;
    *shift = exponent;
    return exponent <= 30;
}

bool ht__exact_multiplier(double m, int64_t *multiplier, int32_t *shift) {
    int exponent;
    *multiplier = *shift = 0;
    if (!(m >= 0.0) || !isfinite(m)) {
        return false;
    }
    *multiplier = (int64_t)ldexp(frexp(m, &exponent), 53);
    *shift = exponent - 53;
    return true;
}

ht_status ht__quantizer_codes(const ht_node *node, ht_type type, ht_codes *out, ht_error *err) {
    *out = (ht_codes){0};
    const ht_value *zero = ht__has_input(node, 2) ? node->inputs[2] : NULL;
    bool usable =
        ht__is_code_type(type) && ht_type_bytes(type) <= 2 && node->inputs[1]->data != NULL &&
        node->inputs[1]->desc.type == HT_F32 && ht__desc_elements(&node->inputs[1]->desc) == 1 &&
        (zero == NULL || (zero->data != NULL && zero->desc.type == type && ht__desc_elements(&zero->desc) == 1));
    if (usable) {
        HT_TRY(ht__constant_float(node, 1, 1.0f, &out->scale, err));
        out->zero = zero != NULL ? ht__code_at(type, zero->data, 0) : 0;
        out->type = out->scale > 0.0f && isfinite(out->scale) ? type : HT_NONE;
    }
    return HT_OK;
}

/* ---- products ---- */

/* The bias in units of s_x s_w: the codes that the model has, or its real numbers rounded to them. NULL when one does
 * not fit 32 bits. */
static const int32_t *bias_codes(ht_graph *graph, const ht_value *bias, float x_scale, const ht_quantization *w,
                                 int64_t columns) {
    const ht_quantization *q = bias->quantization;
    if (q != NULL && q->wide_codes != NULL) {
        return q->wide_codes;
    }
    int32_t *codes = ht__arena_alloc(graph->arena, (size_t)columns * sizeof *codes);
    const float *real = bias->data;
    for (int64_t i = 0; i < columns && codes != NULL; ++i) {
        double unit = (double)x_scale * (double)w->scale[w->groups > 1 ? i : 0];
        double code = rint((double)real[i] / unit);
        if (!(fabs(code) <= (double)INT32_MAX)) {
            return NULL;
        }
        codes[i] = (int32_t)code;
    }
    return codes;
}

static ht_status add_vector(ht_graph *graph, ht_type type, const void *data, size_t count, ht_value **out,
                            ht_error *err) {
    ht_tensor_desc desc = {.type = type, .rank = count == 1 ? 0 : 1, .dims = {(int64_t)count}};
    return ht__graph_add_constant(graph, NULL, &desc, data, false, out, err);
}

/* *usable: is the bias absent, or one that could be had in integers? */
static ht_status add_bias(ht_integer *integer, const ht_node *node, const ht_codes *x, int64_t columns, ht_value **out,
                          bool *usable, ht_error *err) {
    *out = NULL;
    *usable = true;
    if (!ht__has_input(node, 2)) {
        return HT_OK;
    }
    const ht_value *bias = node->inputs[2];
    *usable = bias->data != NULL && bias->desc.type == HT_F32 && ht__desc_elements(&bias->desc) == columns;
    const int32_t *codes =
        *usable ? bias_codes(integer->graph, bias, x->scale, node->inputs[1]->quantization, columns) : NULL;
    *usable = codes != NULL;
    ht_tensor_desc desc = {.type = HT_I32, .rank = 1, .dims = {columns}};
    return *usable ? ht__graph_add_constant(integer->graph, NULL, &desc, codes, true, out, err) : HT_OK;
}

/* One multiplier and shift per scale of w. *usable: do all fit? */
static ht_status add_fixed_scales(ht_integer *integer, const ht_quantization *w, const ht_codes *x, ht_fixed_way way,
                                  bool in_f32, ht_value **inputs, bool *usable, ht_error *err) {
    ht_arena *arena = integer->graph->arena;
    int32_t *narrow = ht__arena_alloc(arena, w->groups * sizeof *narrow);
    int64_t *exact = ht__arena_alloc(arena, w->groups * sizeof *exact);
    int32_t *shifts = ht__arena_alloc(arena, w->groups * sizeof *shifts);
    if (narrow == NULL || exact == NULL || shifts == NULL) {
        return ht__fail_memory(err, w->groups * sizeof *shifts);
    }
    *usable = true;
    for (size_t i = 0; i < w->groups && *usable; ++i) {
        double unit = in_f32 ? (double)(x->scale * w->scale[i]) : (double)x->scale * (double)w->scale[i];
        double m = unit / (double)integer->target.scale;
        *usable = way == HT_FIXED_EXACT ? ht__exact_multiplier(m, &exact[i], &shifts[i])
                                        : ht__fixed_multiplier(m, &narrow[i], &shifts[i]);
    }
    bool is_exact = way == HT_FIXED_EXACT;
    HT_TRY(add_vector(integer->graph, is_exact ? HT_I64 : HT_I32, is_exact ? (const void *)exact : narrow, w->groups,
                      &inputs[HT_PRODUCT_SCALE], err));
    return add_vector(integer->graph, HT_I32, shifts, w->groups, &inputs[HT_PRODUCT_SHIFT], err);
}

static ht_status add_scales(ht_integer *integer, const ht_quantization *w, const ht_codes *x, ht_value **inputs,
                            ht_error *err) {
    ht_graph *graph = integer->graph;
    HT_TRY(add_vector(graph, HT_F32, &x->scale, 1, &inputs[HT_PRODUCT_SCALE], err));
    HT_TRY(add_vector(graph, HT_F32, w->scale, w->groups, &inputs[HT_PRODUCT_SHIFT], err));
    return add_vector(graph, HT_F32, &integer->target.scale, 1, &inputs[HT_PRODUCT_Y_SCALE], err);
}

/* The product of codes `x` with constant weights, whose result is real. */
static ht_status real_product(ht_integer *integer, const ht_node *node, const char *op_name, int64_t columns,
                              const ht_codes *x, ht_value **inputs, ht_node **out, ht_error *err) {
    ht_value *w = node->inputs[1], *bias = ht__has_input(node, 2) ? node->inputs[2] : NULL;
    if (w->data == NULL || (bias != NULL && (bias->data == NULL || bias->desc.type != HT_F32 || bias->desc.rank > 1 ||
                                             ht__desc_elements(&bias->desc) != columns))) {
        return HT_OK;
    }
    inputs[HT_PRODUCT_BIAS] = bias;
    HT_TRY(add_vector(integer->graph, HT_F32, &x->scale, 1, &inputs[HT_PRODUCT_SCALE], err));
    HT_TRY(add_vector(integer->graph, HT_F32, w->quantization->scale, w->quantization->groups,
                      &inputs[HT_PRODUCT_SHIFT], err));
    HT_TRY(ht__integer_add(integer, op_name, node, inputs, HT_PRODUCT_Y_SCALE, HT_F32, out, err));
    return ht__node_set_text(integer->graph, *out, "requantize", rule_names[HT_REQUANTIZE_REAL], err);
}

ht_status ht__integer_product(ht_integer *integer, const ht_node *node, const char *op_name, int64_t columns,
                              ht_fixed_way way, bool in_f32, ht_node **out, ht_error *err) {
    *out = NULL;
    ht_value *inputs[HT_PRODUCT_OPERANDS] = {NULL}, *w = node->inputs[1];
    ht_codes x;
    int32_t axis = node->op->channel_axis != NULL ? node->op->channel_axis(node, 1) : 0;
    HT_TRY(ht__integer_codes(integer, node->inputs[0], &x, err));
    HT_TRY(ht__integer_weights(integer, w, axis, &inputs[HT_PRODUCT_W], err));
    if (x.value == NULL || inputs[HT_PRODUCT_W] == NULL ||
        (w->quantization->groups > 1 && (int64_t)w->quantization->groups != columns)) {
        return HT_OK;
    }
    inputs[HT_PRODUCT_X] = x.value;
    HT_TRY(ht__integer_zero_points(integer, node->inputs[0], &inputs[HT_PRODUCT_X_ZERO], err));
    HT_TRY(ht__integer_zero_points(integer, w, &inputs[HT_PRODUCT_W_ZERO], err));
    if (integer->target.type == HT_F32) {
        return real_product(integer, node, op_name, columns, &x, inputs, out, err);
    }
    bool usable;
    HT_TRY(add_bias(integer, node, &x, columns, &inputs[HT_PRODUCT_BIAS], &usable, err));
    if (!usable) {
        return HT_OK;
    }
    HT_TRY(ht__integer_zero_points(integer, integer->result, &inputs[HT_PRODUCT_Y_ZERO], err));
    if (integer->graph->requant == HT_REQUANT_FIXED) {
        HT_TRY(add_fixed_scales(integer, w->quantization, &x, way, in_f32, inputs, &usable, err));
    } else {
        HT_TRY(add_scales(integer, w->quantization, &x, inputs, err));
    }
    if (!usable) {
        return HT_OK;
    }
    HT_TRY(ht__integer_add(integer, op_name, node, inputs, HT_PRODUCT_OPERANDS, integer->target.type, out, err));
    HT_TRY(ht__node_set_int(integer->graph, *out, "way", (int64_t)way, err));
    return ht__integer_set_requantize(integer, *out, err);
}

static ht_fixed_way way_of_convolution(const ht_node *node) {
    const ht_quantization *x = node->inputs[0]->quantization;
    const ht_quantization *bias = ht__has_input(node, 2) ? node->inputs[2]->quantization : NULL;
    bool narrow = bias != NULL && bias->wide_codes != NULL && bias->narrow_sums;
    return x != NULL && x->bits > 8 && !narrow ? HT_FIXED_WIDE : HT_FIXED_NARROW;
}

ht_status ht__integer_convolution(ht_integer *integer, const ht_node *node, const char *op_name, int64_t columns,
                                  const char *const *attributes, ht_error *err) {
    const ht_quantization *x = node->inputs[0]->quantization;
    bool is_u8 = x != NULL && x->bits <= 8 && !x->is_signed;
    ht_node *product;
    HT_TRY(ht__integer_product(integer, node, op_name, columns, way_of_convolution(node), is_u8, &product, err));
    if (product != NULL) {
        HT_TRY(ht__copy_attributes(integer->graph, node, attributes, product, err));
        ht__integer_give(integer, product);
    }
    return HT_OK;
}
