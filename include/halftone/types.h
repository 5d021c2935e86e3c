/* Element types of tensors. */
#ifndef HALFTONE_TYPES_H
#define HALFTONE_TYPES_H

#include <stddef.h>
#include <stdint.h>

#include "halftone/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* X(NAME, name, bytes, ONNX's TensorProto.DataType) */
#define HT_TYPE_LIST(X)   \
    X(NONE, "none", 0, 0) \
    X(F32, "f32", 4, 1)   \
    X(U8, "u8", 1, 2)     \
    X(I8, "i8", 1, 3)     \
    X(U16, "u16", 2, 4)   \
    X(I16, "i16", 2, 5)   \
    X(I32, "i32", 4, 6)   \
    X(I64, "i64", 8, 7)   \
    X(BOOL, "bool", 1, 9) \
    X(F16, "f16", 2, 10)  \
    X(F64, "f64", 8, 11)  \
    X(U32, "u32", 4, 12)  \
    X(U64, "u64", 8, 13)  \
    X(BF16, "bf16", 2, 16)

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
