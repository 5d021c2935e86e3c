/* References: f32 as it stands; every other type through one number per element (numeric/scalar.h), floats computed in
 * f64 and rounded once, integers exactly, in 64 bits, then cut to the type. */
#include "kernels/elementwise/functions.h"
#include "kernels/elementwise/variants.h"
#include "kernels/index.h"
#include "numeric/scalar.h"

/* ---- unary ---- */

static ht_scalar unary_integer(const ht_unary_parameters *p, ht_scalar x) {
    bool negative = x.kind == HT_SCALAR_SIGNED && x.integer < 0;
    switch (p->function) {
    case HT_UNARY_ABS: x.integer = negative ? (int64_t)(0 - (uint64_t)x.integer) : x.integer; break;
    case HT_UNARY_NEG: x.integer = (int64_t)(0 - (uint64_t)x.integer); break;
    case HT_UNARY_SIGN: x.integer = negative ? -1 : x.integer != 0; break;
    case HT_UNARY_RELU: x.integer = negative ? 0 : x.integer; break;
    default: break;
    }
    return x;
}

static ht_status run_unary(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                           ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    const ht_unary_parameters *p = HT_PARAMETERS(ht_unary_parameters, call);
    ht_type type = call->inputs[0].type;
    const float *x = inputs[0];
    float *y = outputs[0];
    int64_t elements = ht__desc_elements(&call->outputs[0]);
    for (int64_t i = 0; i < elements; ++i) {
        if (type == HT_F32) {
            y[i] = ht__unary_value(p->function, x[i], p->a, p->b);
            continue;
        }
        ht_scalar value = ht__scalar_load(type, inputs[0], i);
        value = value.kind == HT_SCALAR_REAL
                    ? ht__scalar_of_real(ht__unary_real(p->function, value.real, (double)p->a, (double)p->b))
                    : unary_integer(p, value);
        ht__scalar_store(type, outputs[0], i, value, NULL);
    }
    return HT_OK;
}

static bool accept_unary(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason) {
    (void)env;
    ht_unary function = HT_PARAMETERS(ht_unary_parameters, call)->function;
    ht_type type = call->inputs[0].type;
    bool integer =
        function == HT_UNARY_ABS || function == HT_UNARY_NEG || function == HT_UNARY_SIGN || function == HT_UNARY_RELU;
    *reason = "takes floats of one type, or integers for abs, neg, sign and relu";
    return type == call->outputs[0].type && type != HT_BOOL && (ht__type_is_float(type) || integer);
}

const ht_kernel_variant ht__unary_reference = {
    .name = "unary_reference", .family = &ht__unary_family, .accept = accept_unary, .run = run_unary};

/* ---- binary ---- */

typedef struct integer_pair {
    int64_t x, z;
    bool is_unsigned; /* both are the bits of u64 */
} integer_pair;

static bool is_less(integer_pair p) { return p.is_unsigned ? (uint64_t)p.x < (uint64_t)p.z : p.x < p.z; }

/* Quotient truncated towards zero and the remainder with the sign of x; z is not 0. -2^63 / -1 wraps. */
static void divide(integer_pair p, int64_t *quotient, int64_t *remainder) {
    if (p.is_unsigned) {
        *quotient = (int64_t)((uint64_t)p.x / (uint64_t)p.z);
        *remainder = (int64_t)((uint64_t)p.x % (uint64_t)p.z);
        return;
    }
    *quotient = p.z == -1 ? (int64_t)(0 - (uint64_t)p.x) : p.x / p.z;
    *remainder = p.z == -1 ? 0 : p.x % p.z;
}

/* x^z by squaring; negative powers are the truncated reciprocal. */
static int64_t power(int64_t x, int64_t z) {
    if (z < 0) {
        return x == 1 ? 1 : x == -1 ? (z % 2 != 0 ? -1 : 1) : 0;
    }
    uint64_t result = 1, base = (uint64_t)x;
    for (uint64_t left = (uint64_t)z; left != 0; left /= 2) {
        result *= left % 2 != 0 ? base : 1;
        base *= base;
    }
    return (int64_t)result;
}

/* Shifting right keeps the sign. Shifted by 64 places and more (or less than 0) nothing else is left. */
static int64_t shift(integer_pair p, bool left) {
    uint64_t places = (uint64_t)p.z, sign = !left && !p.is_unsigned && p.x < 0 ? UINT64_MAX : 0;
    if (places >= 64) {
        return (int64_t)sign;
    }
    uint64_t shifted = left ? (uint64_t)p.x << places : (uint64_t)p.x >> places;
    return (int64_t)(places != 0 ? shifted | (sign << (64 - places)) : shifted);
}

/* Wraps like two's complement instead of overflowing. False: division by zero. */
static bool integer_value(ht_binary function, integer_pair p, int64_t *y) {
    int64_t quotient = 0, remainder = 0;
    if (function == HT_BINARY_DIV || function == HT_BINARY_MOD || function == HT_BINARY_FMOD) {
        if (p.z == 0) {
            return false;
        }
        divide(p, &quotient, &remainder);
    }
    switch (function) {
    case HT_BINARY_ADD: *y = (int64_t)((uint64_t)p.x + (uint64_t)p.z); break;
    case HT_BINARY_SUB: *y = (int64_t)((uint64_t)p.x - (uint64_t)p.z); break;
    case HT_BINARY_MUL: *y = (int64_t)((uint64_t)p.x * (uint64_t)p.z); break;
    case HT_BINARY_DIV: *y = quotient; break;
    case HT_BINARY_FMOD: *y = remainder; break;
    case HT_BINARY_MOD: /* the sign of the divisor */
        *y = remainder != 0 && !p.is_unsigned && (remainder < 0) != (p.z < 0) ? remainder + p.z : remainder;
        break;
    case HT_BINARY_POW: *y = power(p.x, p.z); break;
    case HT_BINARY_MIN: *y = is_less(p) ? p.x : p.z; break;
    case HT_BINARY_MAX: *y = is_less(p) ? p.z : p.x; break;
    case HT_BINARY_PRELU: *y = !p.is_unsigned && p.x < 0 ? (int64_t)((uint64_t)p.x * (uint64_t)p.z) : p.x; break;
    case HT_BINARY_EQUAL: *y = p.x == p.z; break;
    case HT_BINARY_LESS: *y = is_less(p); break;
    case HT_BINARY_LESS_OR_EQUAL: *y = p.x == p.z || is_less(p); break;
    case HT_BINARY_GREATER: *y = p.x != p.z && !is_less(p); break;
    case HT_BINARY_GREATER_OR_EQUAL: *y = !is_less(p); break;
    case HT_BINARY_BIT_AND: *y = p.x & p.z; break;
    case HT_BINARY_BIT_OR: *y = p.x | p.z; break;
    case HT_BINARY_BIT_XOR: *y = p.x ^ p.z; break;
    case HT_BINARY_SHIFT_LEFT: *y = shift(p, true); break;
    case HT_BINARY_SHIFT_RIGHT: *y = shift(p, false); break;
    default: *y = p.x; break;
    }
    return true;
}

static ht_scalar real_value(const ht_binary_parameters *p, double x, double z) {
    switch (p->function) {
    case HT_BINARY_EQUAL: return ht__scalar_of_integer(x == z);
    case HT_BINARY_LESS: return ht__scalar_of_integer(x < z);
    case HT_BINARY_LESS_OR_EQUAL: return ht__scalar_of_integer(x <= z);
    case HT_BINARY_GREATER: return ht__scalar_of_integer(x > z);
    case HT_BINARY_GREATER_OR_EQUAL: return ht__scalar_of_integer(x >= z);
    default: return ht__scalar_of_real(ht__binary_real(p->function, x, z, (double)p->a, (double)p->b));
    }
}

/* y[iy] = f(x[ix], z[iz]). False: division by zero. */
static bool binary_element(const ht_kernel_call *call, const void *x, int64_t ix, const void *z, int64_t iz, void *y,
                           int64_t iy) {
    const ht_binary_parameters *p = HT_PARAMETERS(ht_binary_parameters, call);
    ht_type type = call->outputs[0].type;
    if (type == HT_F32 && call->inputs[0].type == HT_F32 && call->inputs[1].type == HT_F32) {
        ((float *)y)[iy] = ht__binary_value(p->function, ((const float *)x)[ix], ((const float *)z)[iz], p->a, p->b);
        return true;
    }
    ht_scalar left = ht__scalar_load(call->inputs[0].type, x, ix), right = ht__scalar_load(call->inputs[1].type, z, iz);
    ht_scalar value = left;
    if (left.kind == HT_SCALAR_REAL || right.kind == HT_SCALAR_REAL) {
        value = real_value(p, ht__scalar_real(left), ht__scalar_real(right));
    } else {
        integer_pair pair = {left.integer, right.integer, left.kind == HT_SCALAR_UNSIGNED};
        if (!integer_value(p->function, pair, &value.integer)) {
            return false;
        }
    }
    ht__scalar_store(type, y, iy, value, NULL);
    return true;
}

static ht_status run_binary(const ht_kernel_state *state, const void *const *inputs, void *const *outputs,
                            void *scratch, ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    const ht_tensor_desc *yd = &call->outputs[0];
    if (ht__desc_elements(yd) == 0) {
        return HT_OK;
    }
    int64_t stride_x[HT_MAX_RANK], stride_z[HT_MAX_RANK], stride_y[HT_MAX_RANK];
    ht__index_broadcast(&call->inputs[0], yd->rank, stride_x);
    ht__index_broadcast(&call->inputs[1], yd->rank, stride_z);
    ht__desc_strides(yd, stride_y);
    int64_t index[HT_MAX_RANK] = {0};
    do {
        int64_t ix = ht__index_offset(yd->rank, index, stride_x), iz = ht__index_offset(yd->rank, index, stride_z),
                iy = ht__index_offset(yd->rank, index, stride_y);
        if (!binary_element(call, inputs[0], ix, inputs[1], iz, outputs[0], iy)) {
            return HT_ERROR_NUMERIC;
        }
    } while (ht__index_next(yd->rank, yd->dims, index));
    return HT_OK;
}

static bool accept_binary(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason) {
    (void)env;
    ht_type x = call->inputs[0].type, z = call->inputs[1].type, y = call->outputs[0].type;
    ht_binary function = HT_PARAMETERS(ht_binary_parameters, call)->function;
    *reason = "takes operands of one type (but for the exponent of pow); no bits of floats, no gradients of integers";
    if (x != z && function != HT_BINARY_POW) {
        return false;
    }
    if (function >= HT_BINARY_EQUAL && function <= HT_BINARY_GREATER_OR_EQUAL) {
        return y == HT_BOOL;
    }
    bool bits = function >= HT_BINARY_BIT_AND && function <= HT_BINARY_SHIFT_RIGHT;
    bool gradient = function >= HT_BINARY_RELU_GRAD && function <= HT_BINARY_TANH_GRAD;
    return x == y && (ht__type_is_float(x) ? !bits : !gradient);
}

const ht_kernel_variant ht__binary_reference = {
    .name = "binary_reference", .family = &ht__binary_family, .accept = accept_binary, .run = run_binary};
