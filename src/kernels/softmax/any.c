/* Softmax of any floating-point type, in double. Of f16 and bf16 each step of ONNX's definition gives numbers of that
 * type: the difference from the largest, its power, the sum, the result; of bf16 the sum is rounded after each term, as
 * in the standard's node tests. */
#include <math.h>

#include "kernels/index.h"
#include "kernels/softmax/variants.h"
#include "numeric/scalar.h"

typedef struct line {
    ht_type type;
    const void *x;
    void *y;
    int64_t first, length, step; /* elements */
    bool logarithm;
} line;

static double x_at(const line *l, int64_t i) {
    return ht__scalar_real(ht__scalar_load(l->type, l->x, l->first + i * l->step));
}

static double y_at(const line *l, int64_t i) {
    return ht__scalar_real(ht__scalar_load(l->type, l->y, l->first + i * l->step));
}

/* Stores a number where it ends up, and gives what it was rounded to. */
static double keep(const line *l, int64_t i, double value) {
    ht__scalar_store(l->type, l->y, l->first + i * l->step, ht__scalar_of_real(value), NULL);
    return y_at(l, i);
}

static double rounded(ht_type type, double value) {
    uint64_t room;
    ht__scalar_store(type, &room, 0, ht__scalar_of_real(value), NULL);
    return ht__scalar_real(ht__scalar_load(type, &room, 0));
}

static void softmax_line(const line *l) {
    double largest = x_at(l, 0), sum = 0.0;
    for (int64_t i = 1; i < l->length; ++i) {
        double x = x_at(l, i);
        largest = x > largest || x != x ? x : largest;
    }
    for (int64_t i = 0; i < l->length; ++i) {
        double power = rounded(l->type, exp(rounded(l->type, x_at(l, i) - largest)));
        sum = l->type == HT_BF16 ? rounded(l->type, sum + power) : sum + power;
        keep(l, i, power);
    }
    sum = rounded(l->type, sum);
    double log_sum = rounded(l->type, log(sum));
    for (int64_t i = 0; i < l->length; ++i) {
        keep(l, i, l->logarithm ? rounded(l->type, x_at(l, i) - largest) - log_sum : y_at(l, i) / sum);
    }
}

static bool accept(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason) {
    (void)env;
    *reason = "takes floating-point types only";
    return ht__type_is_float(call->inputs[0].type) && call->outputs[0].type == call->inputs[0].type;
}

static ht_status run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                     ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    const ht_softmax_parameters *p = HT_PARAMETERS(ht_softmax_parameters, call);
    const ht_tensor_desc *x = &call->inputs[0];
    line l = {.type = x->type,
              .x = inputs[0],
              .y = outputs[0],
              .length = x->dims[p->axis],
              .step = ht__index_product(x->dims, p->axis + 1, x->rank),
              .logarithm = p->logarithm};
    int64_t lines = l.length > 0 ? ht__desc_elements(x) / l.length : 0;
    for (int64_t i = 0; i < lines; ++i) {
        l.first = i / l.step * l.length * l.step + i % l.step;
        softmax_line(&l);
    }
    return HT_OK;
}

const ht_kernel_variant ht__softmax_reference = {
    .name = "softmax_reference", .family = &ht__softmax_family, .accept = accept, .run = run};
