/* Parameter structs as bytes that files hold: the members in the order of the family's list, without gaps,
 * little-endian: a bool or byte is one byte, an i32 (also an enumeration) or f32 four, an i64 eight. */
#ifndef HT_KERNELS_FIELD_H
#define HT_KERNELS_FIELD_H

#include "kernels/kernel.h"

/* Elements of a member: 1, or those of an array. */
#define HT_FIELD_COUNT(type, member, element) (sizeof(((type *)0)->member) / sizeof(element))
/* Entries of a list of fields. `member` may be nested: conv.groups. Both limits of integers are included. */
#define HT_BOOL_FIELD(type, member) \
    { HT_FIELD_BOOL, offsetof(type, member), HT_FIELD_COUNT(type, member, bool), 0, 1 }
#define HT_BYTE_FIELD(type, member) \
    { HT_FIELD_BYTE, offsetof(type, member), HT_FIELD_COUNT(type, member, unsigned char), 0, UINT8_MAX }
#define HT_I32_FIELD(type, member, low, high) \
    { HT_FIELD_I32, offsetof(type, member), HT_FIELD_COUNT(type, member, int32_t), low, high }
#define HT_I64_FIELD(type, member, low, high) \
    { HT_FIELD_I64, offsetof(type, member), HT_FIELD_COUNT(type, member, int64_t), low, high }
#define HT_F32_FIELD(type, member) \
    { HT_FIELD_F32, offsetof(type, member), HT_FIELD_COUNT(type, member, float), 0, 0 }
/* The rules of a family from `fields`, an array. */
#define HT_RULES(fields, check) \
    { fields, sizeof(fields) / sizeof(fields)[0], check }

/* Bytes that the parameters take in a file. */
size_t ht__fields_bytes(const ht_kernel_rules *rules);
/* Writes them. */
void ht__fields_write(const ht_kernel_rules *rules, const unsigned char parameters[HT_MAX_PARAMETERS], uint8_t *out);
/* Reads ht__fields_bytes bytes; false when a member is outside its range. */
bool ht__fields_read(const ht_kernel_rules *rules, const uint8_t *in, unsigned char parameters[HT_MAX_PARAMETERS]);

#endif
