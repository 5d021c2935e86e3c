/* A fast checksum of many bytes, against damage and not against malice: eight lanes of 64 bits, as fast as memory.
 *
 * Word w (little-endian) of each stretch of eight goes into its lane: lane = (lane ^ w) * HT_CHECKSUM_PRIME. The last
 * stretch is filled up with zeros. Then sum = length, and for each lane in turn sum = (sum ^ lane) * HT_CHECKSUM_PRIME,
 * sum ^= sum >> 32. Lanes begin as 0 .. 7. (The scheme of FNV-1a over words, Fowler, Noll and Vo 1991; the prime is
 * 2^64 divided by the golden ratio.)
 */
#ifndef HT_BASE_CHECKSUM_H
#define HT_BASE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

#define HT_CHECKSUM_PRIME UINT64_C(0x9E3779B97F4A7C15)
#define HT_CHECKSUM_STRETCH 64 /* bytes */

typedef struct ht_checksum {
    uint64_t lanes[8];
    uint64_t length;
    unsigned char rest[HT_CHECKSUM_STRETCH]; /* of the last stretch, when it is not full */
} ht_checksum;

void ht__checksum_begin(ht_checksum *sum);
void ht__checksum_add(ht_checksum *sum, const void *bytes, size_t size);
uint64_t ht__checksum_end(ht_checksum *sum);
/* The three together. */
uint64_t ht__checksum_of(const void *bytes, size_t size);

#endif
