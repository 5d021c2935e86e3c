/* Quantized codes in memory: integers of one of the types u8, i8, u16, i16 and i32, read and written as int32. */
#ifndef HT_KERNELS_CODES_H
#define HT_KERNELS_CODES_H

#include "base/tensor.h"

static inline bool ht__is_code_type(ht_type type) {
    return type == HT_U8 || type == HT_I8 || type == HT_U16 || type == HT_I16 || type == HT_I32;
}

/* The smallest and the largest integer of a code type. */
static inline int32_t ht__code_low(ht_type type) {
    return type == HT_I8 ? INT8_MIN : type == HT_I16 ? INT16_MIN : type == HT_I32 ? INT32_MIN : 0;
}
static inline int32_t ht__code_high(ht_type type) {
    switch (type) {
    case HT_U8: return UINT8_MAX;
    case HT_I8: return INT8_MAX;
    case HT_U16: return UINT16_MAX;
    case HT_I16: return INT16_MAX;
    default: return INT32_MAX;
    }
}

static inline int32_t ht__code_at(ht_type type, const void *codes, int64_t i) {
    switch (type) {
    case HT_U8: return ((const uint8_t *)codes)[i];
    case HT_I8: return ((const int8_t *)codes)[i];
    case HT_U16: return ((const uint16_t *)codes)[i];
    case HT_I16: return ((const int16_t *)codes)[i];
    default: return ((const int32_t *)codes)[i];
    }
}

/* `code` must lie in the type's range. */
static inline void ht__code_store(ht_type type, void *codes, int64_t i, int32_t code) {
    switch (type) {
    case HT_U8: ((uint8_t *)codes)[i] = (uint8_t)code; break;
    case HT_I8: ((int8_t *)codes)[i] = (int8_t)code; break;
    case HT_U16: ((uint16_t *)codes)[i] = (uint16_t)code; break;
    case HT_I16: ((int16_t *)codes)[i] = (int16_t)code; break;
    default: ((int32_t *)codes)[i] = code; break;
    }
}

/* out[i] = codes[first + i * stride] - zero for 0 <= i < count. */
void ht__codes_load(ht_type type, const void *codes, int64_t first, int64_t stride, int64_t count, int32_t zero,
                    int32_t *out);
/* sums[i] += codes[i] for 0 <= i < count. */
void ht__codes_add(int32_t *restrict sums, const int32_t *restrict codes, int64_t count);
/* codes[first + i * stride] = from[i]; each must lie in the type's range. */
void ht__codes_store(ht_type type, void *codes, int64_t first, int64_t stride, int64_t count, const int32_t *from);

#endif
