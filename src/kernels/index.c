#include "kernels/index.h"

bool ht__index_next(int32_t rank, const int64_t *dims, int64_t *index) {
    for (int32_t i = rank - 1; i >= 0; --i) {
        if (++index[i] < dims[i]) {
            return true;
        }
        index[i] = 0;
    }
    return false;
}

int64_t ht__index_offset(int32_t rank, const int64_t *index, const int64_t *strides) {
    int64_t offset = 0;
    for (int32_t i = 0; i < rank; ++i) {
        offset += index[i] * strides[i];
    }
    return offset;
}

void ht__index_broadcast(const ht_tensor_desc *desc, int32_t rank, int64_t strides[HT_MAX_RANK]) {
    int64_t own[HT_MAX_RANK];
    ht__desc_strides(desc, own);
    int32_t shift = rank - desc->rank;
    for (int32_t i = 0; i < rank; ++i) {
        strides[i] = i < shift || desc->dims[i - shift] == 1 ? 0 : own[i - shift];
    }
}

int64_t ht__index_product(const int64_t *dims, int32_t begin, int32_t end) {
    int64_t product = 1;
    for (int32_t i = begin; i < end; ++i) {
        product *= dims[i];
    }
    return product;
}
