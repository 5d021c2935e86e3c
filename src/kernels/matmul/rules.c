/* Sound calls of matrix products, for files. */
#include "kernels/matmul/rules.h"

#include "kernels/matmul/variants.h"
#include "kernels/rules.h"

static const ht_kernel_field fields[] = {HT_BOOL_FIELD(ht_matmul_parameters, transpose_a),
                                         HT_BOOL_FIELD(ht_matmul_parameters, transpose_b),
                                         HT_F32_FIELD(ht_matmul_parameters, alpha),
                                         HT_F32_FIELD(ht_matmul_parameters, beta),
                                         HT_I32_FIELD(ht_matmul_parameters, activation, 0, 2),
                                         HT_F32_FIELD(ht_matmul_parameters, clip_low),
                                         HT_F32_FIELD(ht_matmul_parameters, clip_high)};

static bool is_plain(const ht_tensor_desc *desc) { return desc->layout == HT_LAYOUT_PLAIN || desc->rank < 3; }

/* Leading dimension i of y in an operand: 1 where it has none. */
static int64_t leading(const ht_tensor_desc *from, const ht_tensor_desc *y, int32_t i) {
    int32_t own = i - (y->rank - from->rank);
    return own >= 0 ? from->dims[own] : 1;
}

/* Are the leading dimensions of y those to which a's and b's broadcast? */
static bool leads(const ht_tensor_desc *a, const ht_tensor_desc *b, const ht_tensor_desc *y) {
    for (int32_t i = 0; i < y->rank - 2; ++i) {
        int64_t in_a = leading(a, y, i), in_b = leading(b, y, i), all = in_a != 1 ? in_a : in_b;
        if ((in_b != 1 && in_b != all) || y->dims[i] != all) {
            return false;
        }
    }
    return true;
}

const char *ht__check_matrices(const ht_tensor_desc *a, bool transpose_a, const ht_tensor_desc *b, bool transpose_b,
                               const ht_tensor_desc *y) {
    if (a->rank < 2 || b->rank < 2 || y->rank < a->rank || y->rank < b->rank || !is_plain(a) || !is_plain(b) ||
        !is_plain(y)) {
        return "operands are no plain matrices";
    }
    const int64_t *last_a = a->dims + a->rank - 2, *last_b = b->dims + b->rank - 2, *last_y = y->dims + y->rank - 2;
    bool fits = last_a[transpose_a ? 1 : 0] == last_y[0] && last_b[transpose_b ? 0 : 1] == last_y[1] &&
                last_a[transpose_a ? 0 : 1] == last_b[transpose_b ? 1 : 0];
    return fits && leads(a, b, y) ? NULL : "matrices do not fit each other";
}

static const char *check(const ht_kernel_call *call) {
    if (!ht__check_counts(call, 2, 3, 1, 1)) {
        return "operands are missing";
    }
    const ht_matmul_parameters *p = HT_PARAMETERS(ht_matmul_parameters, call);
    const ht_tensor_desc *y = &call->outputs[0];
    const char *fault = ht__check_matrices(&call->inputs[0], p->transpose_a, &call->inputs[1], p->transpose_b, y);
    if (fault != NULL || !ht__has_operand(call, 2)) {
        return fault;
    }
    return call->inputs[2].rank <= 2 && ht__check_broadcasts(&call->inputs[2], y) ? NULL
                                                                                  : "the sum's operand does not fit";
}

const ht_kernel_rules ht__matmul_rules = HT_RULES(fields, check);
