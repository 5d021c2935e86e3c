/* Numbers in FlexBuffers, which custom operators have as options
 * (https://flatbuffers.dev/internals/#flexbuffers): enough for a flat map of numbers. */
#ifndef HT_FORMATS_TFLITE_FLEX_H
#define HT_FORMATS_TFLITE_FLEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The number (integer, float or bool) under `key` in the map that is the buffer's root. False when there is none, or
 * when anything on the way to it leaves the bytes. */
bool ht__flex_number(const uint8_t *bytes, size_t size, const char *key, double *out);

#endif
