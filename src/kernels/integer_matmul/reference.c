/* Integer matrix products by their definition; sums in 64 bits. */
#include "kernels/codes.h"
#include "kernels/index.h"
#include "kernels/integer_matmul/variants.h"

void ht__integer_matrices_of(const ht_kernel_call *call, ht_integer_matrices *out) {
    const ht_integer_matmul_parameters *p = HT_PARAMETERS(ht_integer_matmul_parameters, call);
    const ht_tensor_desc *x = &call->inputs[HT_PRODUCT_X], *w = &call->inputs[HT_PRODUCT_W], *y = &call->outputs[0];
    int64_t x_columns = x->dims[x->rank - 1], w_columns = w->dims[w->rank - 1];
    *out = (ht_integer_matrices){.m = y->dims[y->rank - 2],
                                 .n = y->dims[y->rank - 1],
                                 .k = x->dims[x->rank - (p->transpose_x ? 2 : 1)],
                                 .x_row = p->transpose_x ? 1 : x_columns,
                                 .x_column = p->transpose_x ? x_columns : 1,
                                 .w_row = p->transpose_w ? 1 : w_columns,
                                 .w_column = p->transpose_w ? w_columns : 1,
                                 .batch_rank = y->rank - 2};
    for (int32_t i = 0; i < out->batch_rank; ++i) {
        int32_t ix = i - (y->rank - x->rank), iw = i - (y->rank - w->rank);
        out->batch[i] = y->dims[i];
        out->x_batch[i] = ix >= 0 && x->dims[ix] != 1 ? ht__index_product(x->dims, ix + 1, x->rank) : 0;
        out->w_batch[i] = iw >= 0 && w->dims[iw] != 1 ? ht__index_product(w->dims, iw + 1, w->rank) : 0;
    }
}

static int64_t sum_of(const ht_kernel_call *call, const void *const *inputs, const ht_integer_matrices *m, int64_t x,
                      int64_t w, int64_t column) {
    ht_type x_type = call->inputs[HT_PRODUCT_X].type, w_type = call->inputs[HT_PRODUCT_W].type;
    int64_t x_zero = ht__zero_point(call, inputs, HT_PRODUCT_X_ZERO, 0);
    int64_t w_zero = ht__zero_point(call, inputs, HT_PRODUCT_W_ZERO, column);
    int64_t sum = ht__product_bias(call, inputs, column);
    for (int64_t k = 0; k < m->k; ++k) {
        sum += (ht__code_at(x_type, inputs[HT_PRODUCT_X], x + k * m->x_column) - x_zero) *
               (ht__code_at(w_type, inputs[HT_PRODUCT_W], w + k * m->w_row) - w_zero);
    }
    return sum;
}

static ht_status run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                     ht_pool *pool) {
    (void)pool;
    const ht_kernel_call *call = state->data;
    const ht_integer_matmul_parameters *p = HT_PARAMETERS(ht_integer_matmul_parameters, call);
    if (ht__desc_elements(&call->outputs[0]) == 0) {
        return HT_OK;
    }
    ht_integer_matrices m;
    ht__integer_matrices_of(call, &m);
    ht_requantizer requantizer;
    ht__requantizer_make(call, &p->requantize, inputs, scratch, &requantizer);
    int64_t batch[HT_MAX_RANK] = {0}, y = 0;
    do {
        int64_t x = ht__index_offset(m.batch_rank, batch, m.x_batch);
        int64_t w = ht__index_offset(m.batch_rank, batch, m.w_batch);
        for (int64_t i = 0; i < m.m; ++i) {
            for (int64_t j = 0; j < m.n; ++j) {
                int64_t sum = sum_of(call, inputs, &m, x + i * m.x_row, w + j * m.w_column, j);
                if (p->requantize.rule == HT_REQUANTIZE_REAL) {
                    ((float *)outputs[0])[y++] = ht__requantize_real(&requantizer, sum, j);
                } else {
                    ht__code_store(call->outputs[0].type, outputs[0], y++, ht__requantize(&requantizer, sum, j));
                }
            }
        }
    } while (ht__index_next(m.batch_rank, m.batch, batch));
    return HT_OK;
}

static void layout(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_sizes *out) {
    (void)env;
    out->scratch_bytes = ht__requantizer_room(call) * sizeof(float);
}

const ht_kernel_variant ht__integer_matmul_reference = {.name = "integer_matmul_reference",
                                                        .family = &ht__integer_matmul_family,
                                                        .accept = ht__kernel_accept_all,
                                                        .layout = layout,
                                                        .run = run};
