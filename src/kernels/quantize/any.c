/* Quantizing and dequantizing by definition, element by element: every type, every way in which scales belong to
 * elements. */
#include <math.h>

#include "kernels/index.h"
#include "kernels/quantize/variants.h"
#include "numeric/scalar.h"

/* Which scale an element has. */
typedef struct scale_place {
    int64_t elements, block;
    int32_t axis;
    ht_tensor_desc desc;
} scale_place;

static int64_t place_of(const scale_place *p, const int64_t *index) {
    if (p->elements == 1) {
        return 0;
    }
    if (p->block == 0) {
        return index[p->axis];
    }
    int64_t at = 0;
    for (int32_t i = 0; i < p->desc.rank; ++i) {
        at = at * p->desc.dims[i] + (i == p->axis ? index[i] / p->block : index[i]);
    }
    return at;
}

/* x / s and the rest in f32, as ONNX computes; what is stored in a narrow float is only divided. */
static void quantize_element(const ht_quantize_parameters *p, ht_type type, void *y, int64_t at, float x, float scale,
                             int64_t zero) {
    if (ht__type_is_float(type)) {
        ht_scalar_storing storing = {.overflows = !p->saturates};
        ht__scalar_store(type, y, at, ht__scalar_of_real((double)(x / scale)), &storing);
        return;
    }
    float steps = p->ties_away ? roundf(x / scale) : rintf(x / scale);
    double low, high, code = (double)steps + (double)zero;
    unsigned bits = ht__type_bits(type);
    bool is_signed = ht__type_is_signed(type), whole = p->low == 0.0f && p->high == 0.0f;
    low = whole ? (is_signed ? -ldexp(1.0, (int)bits - 1) : 0.0) : (double)p->low;
    high = whole ? low + ldexp(1.0, (int)bits) - 1.0 : (double)p->high;
    code = code != code ? 0.0 : code < low ? low : code > high ? high : code;
    ht__scalar_store(type, y, at, ht__scalar_of_integer((int64_t)code), NULL);
}

static int64_t zero_at(const ht_kernel_call *call, const void *const *inputs, int64_t place) {
    if (call->input_count < 3 || call->inputs[2].type == HT_NONE || ht__type_is_float(call->inputs[2].type)) {
        return 0; /* of narrow floats it is 0 */
    }
    return ht__scalar_load(call->inputs[2].type, inputs[2], place).integer;
}

static ht_status run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, bool decode) {
    const ht_kernel_call *call = state->data;
    const ht_quantize_parameters *p = HT_PARAMETERS(ht_quantize_parameters, call);
    const ht_tensor_desc *xd = &call->inputs[0], *sd = &call->inputs[1], *yd = &call->outputs[0];
    scale_place place = {ht__desc_elements(sd), p->block, p->axis, *sd};
    int64_t strides_x[HT_MAX_RANK], strides_y[HT_MAX_RANK], index[HT_MAX_RANK] = {0};
    if (ht__desc_elements(yd) == 0) {
        return HT_OK;
    }
    ht__desc_strides(xd, strides_x);
    ht__desc_strides(yd, strides_y);
    do {
        int64_t at = place_of(&place, index), to = ht__index_offset(yd->rank, index, strides_y);
        ht_scalar x = ht__scalar_load(xd->type, inputs[0], ht__index_offset(xd->rank, index, strides_x));
        float scale = (float)ht__scalar_load(sd->type, inputs[1], at).real;
        int64_t zero = zero_at(call, inputs, at);
        if (decode) {
            double centered = x.kind == HT_SCALAR_REAL ? x.real : (double)(x.integer - zero);
            ht__scalar_store(yd->type, outputs[0], to, ht__scalar_of_real((double)((float)centered * scale)), NULL);
        } else {
            quantize_element(p, yd->type, outputs[0], to, (float)ht__scalar_real(x), scale, zero);
        }
    } while (ht__index_next(yd->rank, yd->dims, index));
    return HT_OK;
}

static ht_status run_quantize(const ht_kernel_state *state, const void *const *inputs, void *const *outputs,
                              void *scratch, ht_pool *pool) {
    (void)scratch;
    (void)pool;
    return run(state, inputs, outputs, false);
}

static ht_status run_dequantize(const ht_kernel_state *state, const void *const *inputs, void *const *outputs,
                                void *scratch, ht_pool *pool) {
    (void)scratch;
    (void)pool;
    return run(state, inputs, outputs, true);
}

const ht_kernel_variant ht__quantize_reference = {
    .name = "quantize_reference", .family = &ht__quantize_family, .accept = ht__kernel_accept_all, .run = run_quantize};
const ht_kernel_variant ht__dequantize_reference = {.name = "dequantize_reference",
                                                    .family = &ht__dequantize_family,
                                                    .accept = ht__kernel_accept_all,
                                                    .run = run_dequantize};

static ht_status run_dynamic(const ht_kernel_state *state, const void *const *inputs, void *const *outputs,
                             void *scratch, ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    const float *x = inputs[0];
    bool has_scale = call->output_count > 1 && call->outputs[1].type != HT_NONE;
    bool has_zero = call->output_count > 2 && call->outputs[2].type != HT_NONE;
    float low = 0.0f, high = 0.0f, own_scale, *scale = has_scale ? outputs[1] : &own_scale;
    uint8_t own_zero, *codes = outputs[0], *zero_point = has_zero ? outputs[2] : &own_zero;
    int64_t elements = ht__desc_elements(&call->inputs[0]);
    for (int64_t i = 0; i < elements; ++i) {
        low = x[i] < low ? x[i] : low;
        high = x[i] > high ? x[i] : high;
    }
    *scale = high > low ? (high - low) / 255.0f : 1.0f;
    float zero = rintf(-low / *scale);
    *zero_point = (uint8_t)(zero > 0.0f ? (zero < 255.0f ? zero : 255.0f) : 0.0f);
    for (int64_t i = 0; i < elements; ++i) {
        float code = rintf(x[i] / *scale) + (float)*zero_point;
        codes[i] = (uint8_t)(code > 0.0f ? (code < 255.0f ? code : 255.0f) : 0.0f);
    }
    return HT_OK;
}

const ht_kernel_variant ht__dynamic_quantize_reference = {.name = "dynamic_quantize_reference",
                                                          .family = &ht__dynamic_quantize_family,
                                                          .accept = ht__kernel_accept_all,
                                                          .run = run_dynamic};
