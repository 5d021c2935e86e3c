/* Element types of tensors. */
#ifndef HALFTONE_TYPES_H
#define HALFTONE_TYPES_H

#include <stddef.h>
#include <stdint.h>

#include "halftone/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* X(NAME, name, bytes, ONNX's TensorProto.DataType). In memory every element takes whole bytes: one of i2 or i4 is a
 * signed byte -2 .. 1 or -8 .. 7, one of u2 or u4 a byte 0 .. 3 or 0 .. 15, and a float of less than 8 bits lies in the
 * low bits of its byte. Files pack them. */
#define HT_TYPE_LIST(X)                \
    X(NONE, "none", 0, 0)              \
    X(F32, "f32", 4, 1)                \
    X(U8, "u8", 1, 2)                  \
    X(I8, "i8", 1, 3)                  \
    X(U16, "u16", 2, 4)                \
    X(I16, "i16", 2, 5)                \
    X(I32, "i32", 4, 6)                \
    X(I64, "i64", 8, 7)                \
    X(BOOL, "bool", 1, 9)              \
    X(F16, "f16", 2, 10)               \
    X(F64, "f64", 8, 11)               \
    X(U32, "u32", 4, 12)               \
    X(U64, "u64", 8, 13)               \
    X(BF16, "bf16", 2, 16)             \
    X(F8E4M3FN, "f8e4m3fn", 1, 17)     \
    X(F8E4M3FNUZ, "f8e4m3fnuz", 1, 18) \
    X(F8E5M2, "f8e5m2", 1, 19)         \
    X(F8E5M2FNUZ, "f8e5m2fnuz", 1, 20) \
    X(U4, "u4", 1, 21)                 \
    X(I4, "i4", 1, 22)                 \
    X(F4E2M1, "f4e2m1", 1, 23)         \
    X(F8E8M0, "f8e8m0", 1, 24)         \
    X(U2, "u2", 1, 25)                 \
    X(I2, "i2", 1, 26)                 \
    X(F6E2M3, "f6e2m3", 1, 27)         \
    X(F6E3M2, "f6e3m2", 1, 28)

typedef enum ht_type {
#define HT_TYPE_ENUM(NAME, name, bytes, onnx) HT_##NAME,
    HT_TYPE_LIST(HT_TYPE_ENUM)
#undef HT_TYPE_ENUM
} ht_type;

/* Tensors have at most this many dimensions. */
#define HT_MAX_RANK 8

/* Bytes of one element; 0 for HT_NONE. */
HT_API size_t ht_type_bytes(ht_type type);
/* "f32"; never NULL. */
HT_API const char *ht_type_name(ht_type type);

#ifdef __cplusplus
}
#endif
#endif
