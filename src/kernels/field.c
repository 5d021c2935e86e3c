#include "kernels/field.h"

#include <string.h>

static size_t width_of(ht_field_kind kind) {
    return kind == HT_FIELD_I64 ? 8 : kind == HT_FIELD_I32 || kind == HT_FIELD_F32 ? 4 : 1;
}

size_t ht__fields_bytes(const ht_kernel_rules *rules) {
    size_t sum = 0;
    for (size_t i = 0; i < rules->field_count; ++i) {
        sum += rules->fields[i].count * width_of(rules->fields[i].kind);
    }
    return sum;
}

void ht__fields_write(const ht_kernel_rules *rules, const unsigned char parameters[HT_MAX_PARAMETERS], uint8_t *out) {
    for (size_t i = 0; i < rules->field_count; ++i) {
        const ht_kernel_field *field = &rules->fields[i];
        size_t width = width_of(field->kind);
        for (size_t k = 0; k < field->count; ++k) {
            uint64_t bits = 0;
            memcpy(&bits, parameters + field->offset + k * width, width); /* little-endian, as files are */
            for (size_t b = 0; b < width; ++b) {
                *out++ = (uint8_t)(bits >> (8 * b));
            }
        }
    }
}

static bool is_in_range(const ht_kernel_field *field, uint64_t bits) {
    int64_t value = field->kind == HT_FIELD_I64   ? (int64_t)bits
                    : field->kind == HT_FIELD_I32 ? (int32_t)(uint32_t)bits
                                                  : (int64_t)bits;
    return field->kind == HT_FIELD_F32 || (value >= field->low && value <= field->high);
}

bool ht__fields_read(const ht_kernel_rules *rules, const uint8_t *in, unsigned char parameters[HT_MAX_PARAMETERS]) {
    memset(parameters, 0, HT_MAX_PARAMETERS);
    for (size_t i = 0; i < rules->field_count; ++i) {
        const ht_kernel_field *field = &rules->fields[i];
        size_t width = width_of(field->kind);
        for (size_t k = 0; k < field->count; ++k) {
            uint64_t bits = 0;
            for (size_t b = 0; b < width; ++b) {
                bits |= (uint64_t)*in++ << (8 * b);
            }
            if (!is_in_range(field, bits)) {
                return false;
            }
            memcpy(parameters + field->offset + k * width, &bits, width);
        }
    }
    return true;
}
