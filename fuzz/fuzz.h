/* A fuzz target is one function, called with bytes that mean harm: it must return, whatever they are. clang links
 * libFuzzer to it
 * (-fsanitize=fuzzer); any other compiler links standalone.c. */
#ifndef HT_FUZZ_FUZZ_H
#define HT_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
