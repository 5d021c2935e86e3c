#include "ops/products.h"

ht_scalar ht__matrix_dot(const ht_matrix_view *a, int64_t first_a, int64_t i, const ht_matrix_view *b, int64_t first_b,
                         int64_t j, int64_t depth) {
    ht_type type = a->tensor->desc.type;
    double sum = 0.0;
    uint64_t wrapped = 0;
    for (int64_t k = 0; k < depth; ++k) {
        ht_scalar left = ht__scalar_load(type, a->tensor->data, first_a + i * a->row + k * a->column);
        ht_scalar right = ht__scalar_load(type, b->tensor->data, first_b + k * b->row + j * b->column);
        sum += left.real * right.real;
        wrapped += (uint64_t)left.integer * (uint64_t)right.integer;
    }
    ht_scalar_kind kind = ht__scalar_kind(type);
    return kind == HT_SCALAR_REAL ? ht__scalar_of_real(sum) : (ht_scalar){kind, 0.0, (int64_t)wrapped};
}
