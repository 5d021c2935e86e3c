/* From an accumulator of products of codes back to a code, or to a real number: the end of every integer product.
 *
 *     none   y = accumulator (i32, wrapped as two's complement does)
 *     float  y = clamp(zero + round_half_even(f32(accumulator) * m)), m = (x_scale * w_scale) / y_scale in f32, in
 *            that order: ONNX's QLinearConv and QLinearMatMul
 *     fixed  y = clamp(zero + accumulator * multiplier * 2^shift) in one of LiteRT's ways: its reference kernels
 *     real   y = f32(accumulator) * (x_scale * w_scale) + bias, all in f32, in that order: what follows ONNX's
 *            MatMulInteger where dynamic quantization put it. The bias is not part of the accumulator
 *
 * clamp keeps y within low .. high, which lie in the range of y's type: its saturation, and a fused activation.
 */
#ifndef HT_KERNELS_REQUANTIZE_H
#define HT_KERNELS_REQUANTIZE_H

#include "kernels/kernel.h"

typedef enum ht_requantize_rule {
    HT_REQUANTIZE_NONE,
    HT_REQUANTIZE_FLOAT,
    HT_REQUANTIZE_FIXED,
    HT_REQUANTIZE_REAL
} ht_requantize_rule;

/* How `fixed` multiplies: which of LiteRT's ways the operator's reference kernel takes. */
typedef enum ht_fixed_way {
    HT_FIXED_NARROW, /* ht__fixed_multiply: multiplier i32 */
    HT_FIXED_WIDE,   /* ht__fixed_multiply_wide: multiplier i32; for 16-bit activations with 64-bit sums */
    HT_FIXED_EXACT   /* ht__fixed_multiply_exact: multiplier i64; fully connected layers */
} ht_fixed_way;

typedef struct ht_requantize_parameters {
    ht_requantize_rule rule;
    int32_t low, high; /* the codes that may come out; none, real: not used */
    ht_fixed_way way;  /* fixed */
} ht_requantize_parameters;

/* The operands of an integer product, in this order. Absent zero points are 0. */
enum {
    HT_PRODUCT_X,       /* u8, i8, u16 or i16 */
    HT_PRODUCT_W,       /* the same types */
    HT_PRODUCT_BIAS,    /* i32 or i64, one per column, in units of x_scale * w_scale; real: f32; may be absent */
    HT_PRODUCT_X_ZERO,  /* of x's type, one */
    HT_PRODUCT_W_ZERO,  /* of w's type, one or one per column */
    HT_PRODUCT_Y_ZERO,  /* of y's type, one */
    HT_PRODUCT_SCALE,   /* float, real: x_scale f32 (or f16, bf16), one; fixed: multiplier i32 or i64, one or one per
                           column */
    HT_PRODUCT_SHIFT,   /* float, real: w_scale f32, one or one per column; fixed: shift i32, as many as multipliers */
    HT_PRODUCT_Y_SCALE, /* float: f32, one */
    HT_PRODUCT_OPERANDS
};
/* What variants that pack their weights take over, as a mask of inputs (ht_kernel_sizes). */
#define HT_PRODUCT_WEIGHTS (1u << HT_PRODUCT_W | 1u << HT_PRODUCT_W_ZERO)

/* The same for running. Column c takes entry c * step. */
typedef struct ht_requantizer {
    ht_requantize_parameters parameters;
    int32_t zero;
    const float *real;                 /* float, real */
    const float *addend;               /* real: one per column, or NULL */
    const int32_t *multiplier, *shift; /* fixed */
    const int64_t *exact;              /* fixed: multipliers of HT_FIXED_EXACT */
    int64_t step;                      /* 0: one entry for all columns */
} ht_requantizer;

/* Floats that ht__requantizer_make needs room for. */
size_t ht__requantizer_room(const ht_kernel_call *call);
/* Reads the operands of a product; `room` lies in the step's scratch and must stay while *out is used. */
void ht__requantizer_make(const ht_kernel_call *call, const ht_requantize_parameters *parameters,
                          const void *const *inputs, float *room, ht_requantizer *out);
/* The code for one accumulator. */
int32_t ht__requantize(const ht_requantizer *requantizer, int64_t accumulator, int64_t column);
/* codes[i] = the code for sums[i], of column first + i; under the rule real the sum itself. */
void ht__requantize_row(const ht_requantizer *requantizer, const int32_t *sums, int64_t first, int64_t count,
                        int32_t *codes);
/* The number for one accumulator under the rule real. */
float ht__requantize_real(const ht_requantizer *requantizer, int64_t accumulator, int64_t column);
/* y[i] = the number for sums[i], of column first + i, under the rule real. */
void ht__requantize_reals(const ht_requantizer *requantizer, const int32_t *sums, int64_t first, int64_t count,
                          float *y);

/* A code that is computed as a real number, within the limits; NaN becomes the lower one. */
static inline int32_t ht__limit_code(const ht_requantize_parameters *parameters, double code) {
    return code > (double)parameters->low ? (code < (double)parameters->high ? (int32_t)code : parameters->high)
                                          : parameters->low;
}

/* Is operand i of the call there? */
static inline bool ht__has_operand(const ht_kernel_call *call, uint32_t i) {
    return i < call->input_count && call->inputs[i].type != HT_NONE;
}
/* The zero point in operand i for a column; 0 when absent, or packed and not at hand. */
int32_t ht__zero_point(const ht_kernel_call *call, const void *const *inputs, uint32_t i, int64_t column);
/* The bias of a column in the accumulator; 0 when absent, and under the rule real. */
int64_t ht__product_bias(const ht_kernel_call *call, const void *const *inputs, int64_t column);

#endif
