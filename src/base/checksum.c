#include "base/checksum.h"

#include <string.h>

#define LANES 8

void ht__checksum_begin(ht_checksum *sum) {
    *sum = (ht_checksum){.length = 0};
    for (uint64_t i = 0; i < LANES; ++i) {
        sum->lanes[i] = i;
    }
}

static void add_stretches(uint64_t lanes[LANES], const unsigned char *bytes, size_t count) {
    for (size_t s = 0; s < count; ++s, bytes += HT_CHECKSUM_STRETCH) {
        uint64_t words[LANES];
        memcpy(words, bytes, sizeof words);
        for (int i = 0; i < LANES; ++i) {
            lanes[i] = (lanes[i] ^ words[i]) * HT_CHECKSUM_PRIME;
        }
    }
}

void ht__checksum_add(ht_checksum *sum, const void *bytes, size_t size) {
    const unsigned char *at = bytes;
    size_t held = (size_t)(sum->length % HT_CHECKSUM_STRETCH);
    sum->length += size;
    if (held != 0 && size >= HT_CHECKSUM_STRETCH - held) {
        memcpy(sum->rest + held, at, HT_CHECKSUM_STRETCH - held);
        add_stretches(sum->lanes, sum->rest, 1);
        at += HT_CHECKSUM_STRETCH - held;
        size -= HT_CHECKSUM_STRETCH - held;
        held = 0;
    }
    if (held == 0) {
        size_t whole = size / HT_CHECKSUM_STRETCH;
        add_stretches(sum->lanes, at, whole);
        at += whole * HT_CHECKSUM_STRETCH;
        size -= whole * HT_CHECKSUM_STRETCH;
    }
    if (size != 0) {
        memcpy(sum->rest + held, at, size);
    }
}

uint64_t ht__checksum_end(ht_checksum *sum) {
    size_t held = (size_t)(sum->length % HT_CHECKSUM_STRETCH);
    if (held != 0) {
        memset(sum->rest + held, 0, HT_CHECKSUM_STRETCH - held);
        add_stretches(sum->lanes, sum->rest, 1);
    }
    uint64_t all = sum->length;
    for (int i = 0; i < LANES; ++i) {
        all = (all ^ sum->lanes[i]) * HT_CHECKSUM_PRIME;
        all ^= all >> 32;
    }
    return all;
}

uint64_t ht__checksum_of(const void *bytes, size_t size) {
    ht_checksum sum;
    ht__checksum_begin(&sum);
    ht__checksum_add(&sum, bytes, size);
    return ht__checksum_end(&sum);
}
