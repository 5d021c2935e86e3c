#include "kernels/codes.h"

#include "base/clones.h"

#define LOADER(name, type)                                                                     \
    HT_CLONES static void name(const type *codes, int64_t stride, int64_t count, int32_t zero, \
                               int32_t *restrict out) {                                        \
        if (stride == 1) {                                                                     \
            for (int64_t i = 0; i < count; ++i) {                                              \
                out[i] = codes[i] - zero;                                                      \
            }                                                                                  \
            return;                                                                            \
        }                                                                                      \
        for (int64_t i = 0; i < count; ++i) {                                                  \
            out[i] = codes[i * stride] - zero;                                                 \
        }                                                                                      \
    }
LOADER(load_u8, uint8_t)
LOADER(load_i8, int8_t)
LOADER(load_u16, uint16_t)
LOADER(load_i16, int16_t)
LOADER(load_i32, int32_t)

void ht__codes_load(ht_type type, const void *codes, int64_t first, int64_t stride, int64_t count, int32_t zero,
                    int32_t *out) {
    switch (type) {
    case HT_U8: load_u8((const uint8_t *)codes + first, stride, count, zero, out); break;
    case HT_I8: load_i8((const int8_t *)codes + first, stride, count, zero, out); break;
    case HT_U16: load_u16((const uint16_t *)codes + first, stride, count, zero, out); break;
    case HT_I16: load_i16((const int16_t *)codes + first, stride, count, zero, out); break;
    default: load_i32((const int32_t *)codes + first, stride, count, zero, out); break;
    }
}

#define STORER(name, type)                                                                                          \
    HT_CLONES static void name(type *restrict codes, int64_t stride, int64_t count, const int32_t *restrict from) { \
        if (stride == 1) {                                                                                          \
            for (int64_t i = 0; i < count; ++i) {                                                                   \
                codes[i] = (type)from[i];                                                                           \
            }                                                                                                       \
            return;                                                                                                 \
        }                                                                                                           \
        for (int64_t i = 0; i < count; ++i) {                                                                       \
            codes[i * stride] = (type)from[i];                                                                      \
        }                                                                                                           \
    }
STORER(store_u8, uint8_t)
STORER(store_i8, int8_t)
STORER(store_u16, uint16_t)
STORER(store_i16, int16_t)
STORER(store_i32, int32_t)

void ht__codes_store(ht_type type, void *codes, int64_t first, int64_t stride, int64_t count, const int32_t *from) {
    switch (type) {
    case HT_U8: store_u8((uint8_t *)codes + first, stride, count, from); break;
    case HT_I8: store_i8((int8_t *)codes + first, stride, count, from); break;
    case HT_U16: store_u16((uint16_t *)codes + first, stride, count, from); break;
    case HT_I16: store_i16((int16_t *)codes + first, stride, count, from); break;
    default: store_i32((int32_t *)codes + first, stride, count, from); break;
    }
}

HT_CLONES
static void add(int32_t *restrict sums, const int32_t *restrict codes, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
        sums[i] += codes[i];
    }
}

void ht__codes_add(int32_t *restrict sums, const int32_t *restrict codes, int64_t count) { add(sums, codes, count); }
