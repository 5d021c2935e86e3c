/* Packing of codes of 1 to 16 bits: code i occupies bits i*bits .. i*bits+bits-1 of the stream, least significant
 * first; byte k holds bits 8k .. 8k+7. So two 4-bit codes share a byte, the first one in its lower half, as in ONNX.
 */
#ifndef HT_NUMERIC_PACK_H
#define HT_NUMERIC_PACK_H

#include <stddef.h>
#include <stdint.h>

/* Bytes that `count` packed codes take. count <= SIZE_MAX / 16. */
size_t ht__packed_bytes(size_t count, unsigned bits);
/* bits: 1..16, each code below 2^bits. The unused bits of the last byte are zero. */
void ht__pack(const uint32_t *codes, size_t count, unsigned bits, uint8_t *packed);
void ht__unpack(const uint8_t *packed, size_t count, unsigned bits, uint32_t *codes);

#endif
