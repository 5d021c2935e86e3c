#include <math.h>

#include "kernels/line_norm/variants.h"
#include "numeric/scalar.h"

typedef struct operand {
    ht_type type;
    const void *data;
} operand;

static double element(operand from, int64_t index) {
    return ht__scalar_real(ht__scalar_load(from.type, from.data, index));
}

static void store(ht_type type, void *to, int64_t index, double value) {
    ht__scalar_store(type, to, index, ht__scalar_of_real(value), NULL);
}

static operand operand_of(const ht_kernel_call *call, const void *const *inputs, uint32_t i) {
    bool there = i < call->input_count && call->inputs[i].type != HT_NONE;
    return there ? (operand){call->inputs[i].type, inputs[i]} : (operand){HT_NONE, NULL};
}

static void moments(operand x, int64_t begin, const ht_line_norm_parameters *p, double *mean, double *inverse_std) {
    double sum = 0.0, squares = 0.0;
    for (int64_t i = begin; p->centred && i < begin + p->length; ++i) {
        sum += element(x, i);
    }
    *mean = sum / (double)p->length;
    for (int64_t i = begin; i < begin + p->length; ++i) {
        double deviation = element(x, i) - *mean;
        squares += deviation * deviation;
    }
    *inverse_std = 1.0 / sqrt(squares / (double)p->length + (double)p->epsilon);
}

static ht_status run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                     ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    const ht_line_norm_parameters *p = HT_PARAMETERS(ht_line_norm_parameters, call);
    operand x = operand_of(call, inputs, 0), scale = operand_of(call, inputs, 1), shift = operand_of(call, inputs, 2);
    int64_t elements = ht__desc_elements(&call->inputs[0]);
    int64_t scales = scale.data != NULL ? ht__desc_elements(&call->inputs[1]) : 1;
    int64_t shifts = shift.data != NULL ? ht__desc_elements(&call->inputs[2]) : 1;
    for (int64_t begin = 0; begin < elements; begin += p->length) {
        double statistics[2];
        moments(x, begin, p, &statistics[0], &statistics[1]);
        for (int64_t i = begin; i < begin + p->length; ++i) {
            double factor = scale.data != NULL ? element(scale, i / p->step % scales) : 1.0;
            double offset = shift.data != NULL ? element(shift, i / p->step % shifts) : 0.0;
            store(call->outputs[0].type, outputs[0], i,
                  (element(x, i) - statistics[0]) * statistics[1] * factor + offset);
        }
        for (uint32_t k = 1; k < call->output_count; ++k) {
            if (call->outputs[k].type != HT_NONE) {
                store(call->outputs[k].type, outputs[k], begin / p->length, statistics[k - 1]);
            }
        }
    }
    return HT_OK;
}

const ht_kernel_variant ht__line_norm_reference = {
    .name = "line_norm_reference", .family = &ht__line_norm_family, .accept = ht__kernel_accept_all, .run = run};
