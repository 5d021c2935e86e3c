#include "kernels/integer_resize/integer_resize.h"

#include <math.h>

#include "base/memory.h"
#include "kernels/codes.h"
#include "kernels/index.h"
#include "kernels/resize/rules.h"
#include "kernels/resize/taps.h"
#include "kernels/rules.h"

#define POINT 10 /* bits of a coordinate behind the point */

typedef struct resizing {
    const ht_integer_resize_parameters *parameters;
    ht_type type;
    const void *x;
    int64_t x_strides[HT_MAX_RANK];
} resizing;

/* ---- float ---- */

static double load(const void *source, int64_t offset) {
    const resizing *r = source;
    return (double)((float)(ht__code_at(r->type, r->x, offset) - r->parameters->x_zero) * r->parameters->x_scale);
}

static int32_t real_result(const ht_integer_resize_parameters *p, const ht_resize_reading *reading) {
    int64_t offset;
    float real = ht__resize_is_outside(reading, &offset) ? p->resize.extrapolation
                                                         : (float)ht__resize_interpolate(reading, 0, 0);
    return ht__limit_code(&p->requantize, (double)rintf(real / p->y_scale) + (double)p->y_zero);
}

/* ---- fixed ---- */

typedef struct place {
    int64_t low, high, fraction;
} place;

static place place_of(const ht_resize_parameters *p, int64_t o, int64_t in, int64_t out) {
    bool corners = p->coordinate == HT_RESIZE_ALIGN_CORNERS && out > 1;
    int64_t scale =
        corners ? ((in - 1) * (1 << POINT) + (out - 1) / 2) / (out - 1) : (in * (1 << POINT) + out / 2) / out;
    int64_t at = o * scale + (p->coordinate == HT_RESIZE_HALF_PIXEL ? scale / 2 - (1 << (POINT - 1)) : 0);
    int64_t low = at / (1 << POINT), high = (at + (1 << POINT) - 1) / (1 << POINT);
    low = low > 0 ? low : 0;
    low = low < in ? low : in - 1; /* a scale of few bits, rounded up, leads past the edge of far enlarged maps */
    return (place){low, high < in ? high : in - 1, at - low * (1 << POINT)};
}

static int32_t fixed_result(const resizing *r, const ht_kernel_call *call, const int64_t index[HT_MAX_RANK]) {
    const ht_tensor_desc *x = &call->inputs[0], *y = &call->outputs[0];
    int64_t first = index[0] * r->x_strides[0] + index[1] * r->x_strides[1], sum = 0;
    place row = place_of(&r->parameters->resize, index[2], x->dims[2], y->dims[2]);
    place column = place_of(&r->parameters->resize, index[3], x->dims[3], y->dims[3]);
    for (int k = 0; k < 4; ++k) {
        bool below = k & 1, behind = k & 2;
        int64_t weight = (below ? row.fraction : (1 << POINT) - row.fraction) *
                         (behind ? column.fraction : (1 << POINT) - column.fraction);
        sum += weight * ht__code_at(r->type, r->x,
                                    first + (below ? row.high : row.low) * r->x_strides[2] +
                                        (behind ? column.high : column.low) * r->x_strides[3]);
    }
    int64_t half = (int64_t)1 << (2 * POINT - 1);
    return ht__limit_code(&r->parameters->requantize, (double)((sum + (sum > 0 ? half : -half)) / (2 * half)));
}

/* ---- the kernel ---- */

static void layout(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_sizes *out) {
    (void)env;
    const ht_integer_resize_parameters *p = HT_PARAMETERS(ht_integer_resize_parameters, call);
    bool fixed = p->requantize.rule == HT_REQUANTIZE_FIXED;
    out->state_bytes = ht__resize_state_bytes(call, fixed ? NULL : &p->resize);
}

static void bind(const ht_kernel_call *call, const void *packed, void *memory) {
    (void)packed;
    const ht_integer_resize_parameters *p = HT_PARAMETERS(ht_integer_resize_parameters, call);
    bool fixed = p->requantize.rule == HT_REQUANTIZE_FIXED;
    ht__resize_bind(call, fixed ? NULL : &p->resize, memory);
}

static ht_status run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                     ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_resize_state *own = state->data;
    const ht_tensor_desc *xd = &own->call.inputs[0], *yd = &own->call.outputs[0];
    resizing r = {HT_PARAMETERS(ht_integer_resize_parameters, &own->call), xd->type, inputs[0], {0}};
    int64_t y_strides[HT_MAX_RANK], index[HT_MAX_RANK] = {0};
    ht__desc_strides(xd, r.x_strides);
    ht__desc_strides(yd, y_strides);
    if (ht__desc_elements(yd) == 0) {
        return HT_OK;
    }
    if (ht__desc_elements(xd) == 0) {
        return HT_ERROR_ARGUMENT;
    }
    bool fixed = r.parameters->requantize.rule == HT_REQUANTIZE_FIXED;
    ht_resize_reading reading = {own->axes, index, r.x_strides, xd->rank, load, &r};
    do {
        int32_t code = fixed ? fixed_result(&r, &own->call, index) : real_result(r.parameters, &reading);
        ht__code_store(yd->type, outputs[0], ht__index_offset(yd->rank, index, y_strides), code);
    } while (ht__index_next(yd->rank, yd->dims, index));
    return HT_OK;
}

static const ht_kernel_variant integer_resize_reference = {.name = "integer_resize_reference",
                                                           .family = &ht__integer_resize_family,
                                                           .accept = ht__kernel_accept_all,
                                                           .layout = layout,
                                                           .bind = bind,
                                                           .run = run};

/* ---- sound calls, for files ---- */

static const ht_kernel_field fields[] = {HT_RESIZE_FIELDS(ht_integer_resize_parameters, resize.),
                                         HT_REQUANTIZE_FIELDS(ht_integer_resize_parameters, requantize),
                                         HT_F32_FIELD(ht_integer_resize_parameters, x_scale),
                                         HT_F32_FIELD(ht_integer_resize_parameters, y_scale),
                                         HT_I32_FIELD(ht_integer_resize_parameters, x_zero, INT16_MIN, UINT16_MAX),
                                         HT_I32_FIELD(ht_integer_resize_parameters, y_zero, INT16_MIN, UINT16_MAX)};

/* Coordinates of the rule fixed grow with o, by rounded steps: the last one must still lie inside. */
static bool places_fit(const ht_resize_parameters *p, const ht_tensor_desc *x, const ht_tensor_desc *y) {
    bool fits = x->rank == 4 && x->dims[0] == y->dims[0] && x->dims[1] == y->dims[1];
    for (int32_t i = 2; fits && i < 4 && ht__desc_elements(y) > 0; ++i) {
        fits = x->dims[i] < HT_MOST_STEP && y->dims[i] < HT_MOST_STEP &&
               place_of(p, y->dims[i] - 1, x->dims[i], y->dims[i]).low < x->dims[i];
    }
    return fits;
}

static const char *check(const ht_kernel_call *call) {
    const ht_integer_resize_parameters *p = HT_PARAMETERS(ht_integer_resize_parameters, call);
    const ht_tensor_desc *x = &call->inputs[0], *y = &call->outputs[0];
    if (!ht__check_counts(call, 1, 1, 1, 1) || !ht__check_codes(x->type) ||
        !ht__check_limits(&p->requantize, y->type)) {
        return "operands or limits are no codes";
    }
    bool fixed = p->requantize.rule == HT_REQUANTIZE_FIXED;
    return ht__check_resize(&p->resize, x, y) && (!fixed || places_fit(&p->resize, x, y))
               ? NULL
               : "sizes or scales do not fit";
}

static const ht_kernel_rules rules = HT_RULES(fields, check);

static const ht_kernel_variant *const variants[] = {&integer_resize_reference};

const ht_kernel_family ht__integer_resize_family = {"integer_resize", variants, 1, &rules};
