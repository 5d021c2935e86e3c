#include "kernels/requantize.h"

#include <math.h>

#include "base/clones.h"
#include "kernels/codes.h"
#include "kernels/fixed_point.h"
#include "numeric/scalar.h"

size_t ht__requantizer_room(const ht_kernel_call *call) {
    int64_t entries = ht__has_operand(call, HT_PRODUCT_SHIFT) ? ht__desc_elements(&call->inputs[HT_PRODUCT_SHIFT]) : 1;
    return entries > 1 ? (size_t)entries : 1;
}

int32_t ht__zero_point(const ht_kernel_call *call, const void *const *inputs, uint32_t i, int64_t column) {
    if (!ht__has_operand(call, i) || inputs[i] == NULL) {
        return 0;
    }
    return ht__code_at(call->inputs[i].type, inputs[i], ht__desc_elements(&call->inputs[i]) > 1 ? column : 0);
}

int64_t ht__product_bias(const ht_kernel_call *call, const void *const *inputs, int64_t column) {
    if (!ht__has_operand(call, HT_PRODUCT_BIAS) || call->inputs[HT_PRODUCT_BIAS].type == HT_F32) {
        return 0;
    }
    const void *bias = inputs[HT_PRODUCT_BIAS];
    return call->inputs[HT_PRODUCT_BIAS].type == HT_I64 ? ((const int64_t *)bias)[column]
                                                        : ((const int32_t *)bias)[column];
}

static float scale_at(const ht_kernel_call *call, const void *const *inputs, uint32_t operand, int64_t i) {
    return (float)ht__scalar_load(call->inputs[operand].type, inputs[operand], i).real;
}

void ht__requantizer_make(const ht_kernel_call *call, const ht_requantize_parameters *parameters,
                          const void *const *inputs, float *room, ht_requantizer *out) {
    *out = (ht_requantizer){.parameters = *parameters, .zero = ht__zero_point(call, inputs, HT_PRODUCT_Y_ZERO, 0)};
    size_t entries = ht__requantizer_room(call);
    out->step = entries > 1 ? 1 : 0;
    if (parameters->rule == HT_REQUANTIZE_FIXED) {
        if (parameters->way == HT_FIXED_EXACT) {
            out->exact = inputs[HT_PRODUCT_SCALE];
        } else {
            out->multiplier = inputs[HT_PRODUCT_SCALE];
        }
        out->shift = inputs[HT_PRODUCT_SHIFT];
    } else if (parameters->rule == HT_REQUANTIZE_FLOAT) {
        float x = scale_at(call, inputs, HT_PRODUCT_SCALE, 0), y = scale_at(call, inputs, HT_PRODUCT_Y_SCALE, 0);
        for (size_t i = 0; i < entries; ++i) {
            room[i] = x * scale_at(call, inputs, HT_PRODUCT_SHIFT, (int64_t)i) / y;
        }
        out->real = room;
    } else if (parameters->rule == HT_REQUANTIZE_REAL) {
        float x = scale_at(call, inputs, HT_PRODUCT_SCALE, 0);
        for (size_t i = 0; i < entries; ++i) {
            room[i] = x * scale_at(call, inputs, HT_PRODUCT_SHIFT, (int64_t)i);
        }
        out->real = room;
        out->addend = ht__has_operand(call, HT_PRODUCT_BIAS) ? inputs[HT_PRODUCT_BIAS] : NULL;
    }
}

static inline __attribute__((always_inline)) int32_t real_code(float sum, float multiplier, float low, float high,
                                                               int32_t zero) {
    float code = rintf(sum * multiplier);
    float raised = code > low ? code : low; /* NaN becomes low */
    return (int32_t)(raised < high ? raised : high) + zero;
}

static inline __attribute__((always_inline)) int32_t clamp(int32_t code, int32_t zero, int32_t low, int32_t high) {
    int64_t sum = (int64_t)code + zero;
    return (int32_t)(sum < low ? low : sum > high ? high : sum);
}

/* The clamp before the zero point is added: exact in f32, since codes have at most 16 bits. */
static float before_zero(int32_t limit, int32_t zero) { return (float)(limit - zero); }

static int32_t fixed_steps(const ht_requantizer *r, int64_t sum, int64_t i) {
    switch (r->parameters.way) {
    case HT_FIXED_WIDE: return ht__fixed_multiply_wide(sum, r->multiplier[i], r->shift[i]);
    case HT_FIXED_EXACT: return ht__fixed_multiply_exact(sum, r->exact[i], r->shift[i]);
    case HT_FIXED_NARROW: break;
    }
    return ht__fixed_multiply((int32_t)sum, r->multiplier[i], r->shift[i]);
}

int32_t ht__requantize(const ht_requantizer *r, int64_t sum, int64_t column) {
    const ht_requantize_parameters *p = &r->parameters;
    int64_t i = column * r->step;
    switch (p->rule) {
    case HT_REQUANTIZE_FLOAT:
        return real_code((float)sum, r->real[i], before_zero(p->low, r->zero), before_zero(p->high, r->zero), r->zero);
    case HT_REQUANTIZE_FIXED: return clamp(fixed_steps(r, sum, i), r->zero, p->low, p->high);
    case HT_REQUANTIZE_NONE:
    case HT_REQUANTIZE_REAL: break;
    }
    return (int32_t)(uint32_t)(uint64_t)sum;
}

float ht__requantize_real(const ht_requantizer *r, int64_t sum, int64_t column) {
    float product = (float)sum * r->real[column * r->step];
    return r->addend != NULL ? product + r->addend[column] : product;
}

HT_CLONES
static void real_row(const ht_requantizer *r, const int32_t *restrict sums, const float *restrict multipliers,
                     int64_t count, int32_t *restrict codes) {
    float low = before_zero(r->parameters.low, r->zero), high = before_zero(r->parameters.high, r->zero);
    int32_t zero = r->zero;
    if (r->step == 0) {
        float multiplier = *multipliers;
        for (int64_t i = 0; i < count; ++i) {
            codes[i] = real_code((float)sums[i], multiplier, low, high, zero);
        }
        return;
    }
    for (int64_t i = 0; i < count; ++i) {
        codes[i] = real_code((float)sums[i], multipliers[i], low, high, zero);
    }
}

void ht__requantize_row(const ht_requantizer *r, const int32_t *sums, int64_t first, int64_t count, int32_t *codes) {
    if (r->parameters.rule == HT_REQUANTIZE_FLOAT) {
        real_row(r, sums, r->real + first * r->step, count, codes);
        return;
    }
    for (int64_t i = 0; i < count; ++i) {
        codes[i] = ht__requantize(r, sums[i], first + i);
    }
}

HT_CLONES
static void scaled_row(const int32_t *restrict sums, const float *restrict multipliers, int64_t step, int64_t count,
                       float *restrict y) {
    if (step == 0) {
        float multiplier = *multipliers;
        for (int64_t i = 0; i < count; ++i) {
            y[i] = (float)sums[i] * multiplier;
        }
        return;
    }
    for (int64_t i = 0; i < count; ++i) {
        y[i] = (float)sums[i] * multipliers[i];
    }
}

HT_CLONES
static void add_row(const float *restrict addends, int64_t count, float *restrict y) {
    for (int64_t i = 0; i < count; ++i) {
        y[i] += addends[i];
    }
}

void ht__requantize_reals(const ht_requantizer *r, const int32_t *sums, int64_t first, int64_t count, float *y) {
    scaled_row(sums, r->real + first * r->step, r->step, count, y);
    if (r->addend != NULL) {
        add_row(r->addend + first, count, y);
    }
}
