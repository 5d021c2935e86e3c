/* Sound calls of recurrent layers, for files. */
#include "kernels/rules.h"
#include "kernels/recurrent/variants.h"

#define ACTIVATION(d, i)                                                                         \
    HT_I32_FIELD(ht_recurrent_parameters, activations[d][i].function, 0, HT_RECURRENT_SOFTPLUS), \
        HT_F32_FIELD(ht_recurrent_parameters, activations[d][i].alpha),                          \
        HT_F32_FIELD(ht_recurrent_parameters, activations[d][i].beta)
static const ht_kernel_field fields[] = {HT_I32_FIELD(ht_recurrent_parameters, kind, 0, HT_RECURRENT_LSTM),
                                         HT_I32_FIELD(ht_recurrent_parameters, directions, 1, 2),
                                         HT_BOOL_FIELD(ht_recurrent_parameters, reverse),
                                         HT_BOOL_FIELD(ht_recurrent_parameters, batch_first),
                                         HT_BOOL_FIELD(ht_recurrent_parameters, linear_before_reset),
                                         HT_BOOL_FIELD(ht_recurrent_parameters, input_forget),
                                         HT_F32_FIELD(ht_recurrent_parameters, clip),
                                         ACTIVATION(0, 0),
                                         ACTIVATION(0, 1),
                                         ACTIVATION(0, 2),
                                         ACTIVATION(1, 0),
                                         ACTIVATION(1, 1),
                                         ACTIVATION(1, 2)};

static bool output_fits(const ht_kernel_call *call, uint32_t i, int64_t elements) {
    return i >= call->output_count || call->outputs[i].type == HT_NONE ||
           ht__desc_elements(&call->outputs[i]) == elements;
}

static const char *check(const ht_kernel_call *call) {
    const ht_recurrent_parameters *p = HT_PARAMETERS(ht_recurrent_parameters, call);
    const ht_tensor_desc *x = &call->inputs[0], *w = &call->inputs[1], *r = &call->inputs[2];
    if (!ht__check_counts(call, 3, 8, 0, 3) || x->rank != 3 || w->rank != 3 || r->rank != 3) {
        return "operands are missing";
    }
    int64_t steps = x->dims[p->batch_first ? 1 : 0], batch = x->dims[p->batch_first ? 0 : 1], states, all;
    int64_t hidden = r->dims[2], rows = hidden * ht__recurrent_gates(p->kind), directions = p->directions;
    if (hidden > HT_MOST_SIZE || __builtin_mul_overflow(directions * hidden, batch, &states) ||
        __builtin_mul_overflow(states, steps, &all)) {
        return "sizes are too large";
    }
    bool weights = w->dims[0] == directions && r->dims[0] == directions && w->dims[1] == rows && r->dims[1] == rows &&
                   w->dims[2] == x->dims[2];
    bool rest = ht__check_vector(call, 3, HT_NONE, 2 * directions * rows) &&
                ht__check_vector(call, 4, HT_NONE, batch) && ht__check_vector(call, 5, HT_NONE, states) &&
                ht__check_vector(call, 6, HT_NONE, states) &&
                ht__check_vector(call, 7, HT_NONE, 3 * directions * hidden);
    return weights && rest && output_fits(call, 0, all) && output_fits(call, 1, states) && output_fits(call, 2, states)
               ? NULL
               : "operands do not fit each other";
}

const ht_kernel_rules ht__recurrent_rules = HT_RULES(fields, check);
