#include "numeric/pack.h"

size_t ht__packed_bytes(size_t count, unsigned bits) { return count / 8 * bits + (count % 8 * bits + 7) / 8; }

void ht__pack(const uint32_t *codes, size_t count, unsigned bits, uint8_t *packed) {
    uint32_t window = 0;
    unsigned filled = 0;
    for (size_t i = 0; i < count; ++i) {
        window |= codes[i] << filled;
        for (filled += bits; filled >= 8; filled -= 8) {
            *packed++ = (uint8_t)window;
            window >>= 8;
        }
    }
    if (filled > 0) {
        *packed = (uint8_t)window;
    }
}

void ht__unpack(const uint8_t *packed, size_t count, unsigned bits, uint32_t *codes) {
    uint32_t window = 0, mask = (1u << bits) - 1;
    unsigned filled = 0;
    for (size_t i = 0; i < count; ++i) {
        for (; filled < bits; filled += 8) {
            window |= (uint32_t)*packed++ << filled;
        }
        codes[i] = window & mask;
        window >>= bits;
        filled -= bits;
    }
}
