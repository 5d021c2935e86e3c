#include "base/tensor.h"

#include <stdio.h>

#define MOST_ELEMENTS ((int64_t)1 << 40)

size_t ht_type_bytes(ht_type type) {
    static const size_t bytes[] = {
#define TYPE_BYTES(NAME, name, bytes, onnx) bytes,
        HT_TYPE_LIST(TYPE_BYTES)
#undef TYPE_BYTES
    };
    return (size_t)type < sizeof bytes / sizeof bytes[0] ? bytes[type] : 0;
}

const char *ht_type_name(ht_type type) {
    static const char *const names[] = {
#define TYPE_NAME(NAME, name, bytes, onnx) name,
        HT_TYPE_LIST(TYPE_NAME)
#undef TYPE_NAME
    };
    return (size_t)type < sizeof names / sizeof names[0] ? names[type] : "unknown";
}

int64_t ht__desc_elements(const ht_tensor_desc *desc) {
    int64_t product = 1;
    for (int32_t i = 0; i < desc->rank; ++i) {
        if (desc->dims[i] < 0 || __builtin_mul_overflow(product, desc->dims[i], &product)) {
            return -1;
        }
    }
    return product;
}

bool ht__desc_is_sane(const ht_tensor_desc *desc) {
    int64_t product = 1;
    for (int32_t i = 0; i < desc->rank; ++i) {
        if (desc->dims[i] > 0 &&
            (__builtin_mul_overflow(product, desc->dims[i], &product) || product > MOST_ELEMENTS)) {
            return false;
        }
    }
    return true;
}

bool ht__desc_bytes(const ht_tensor_desc *desc, size_t *out) {
    int64_t elements = ht__desc_elements(desc);
    return elements >= 0 && !__builtin_mul_overflow((size_t)elements, ht_type_bytes(desc->type), out);
}

bool ht__desc_same_shape(const ht_tensor_desc *a, const ht_tensor_desc *b) {
    if (a->rank != b->rank) {
        return false;
    }
    for (int32_t i = 0; i < a->rank; ++i) {
        if (a->dims[i] != b->dims[i]) {
            return false;
        }
    }
    return true;
}

void ht__desc_strides(const ht_tensor_desc *desc, int64_t strides[HT_MAX_RANK]) {
    int64_t next = 1;
    bool channels_last = desc->layout == HT_LAYOUT_CHANNELS_LAST && desc->rank >= 3;
    if (channels_last) {
        strides[1] = 1;
        next = desc->dims[1];
    }
    for (int32_t i = desc->rank - 1; i >= 0; --i) {
        if (channels_last && i == 1) {
            continue;
        }
        strides[i] = next;
        next *= desc->dims[i];
    }
}

char *ht__desc_print(const ht_tensor_desc *desc, char *text, size_t size) {
    int used = snprintf(text, size, "%s[", ht_type_name(desc->type));
    for (int32_t i = 0; i < desc->rank && used >= 0 && (size_t)used < size; ++i) {
        const char *comma = i != 0 ? "," : "";
        int more = desc->dims[i] >= 0
                       ? snprintf(text + used, size - (size_t)used, "%s%lld", comma, (long long)desc->dims[i])
                       : snprintf(text + used, size - (size_t)used, "%s?", comma);
        used = more < 0 ? more : used + more;
    }
    if (used >= 0 && (size_t)used < size) {
        snprintf(text + used, size - (size_t)used, "]");
    }
    return text;
}
