/* What this processor can do, as far as the operating system has enabled it. */
#ifndef HT_CPU_FEATURES_H
#define HT_CPU_FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(NAME, name): the bits of the mask, in this order. Plan files store it: new ones go to the end. */
#define HT_CPU_FEATURE_LIST(X)                          \
    X(SSE41, "sse4.1")                                  \
    X(AVX2, "avx2")                                     \
    X(FMA, "fma")                                       \
    X(F16C, "f16c")                                     \
    X(AVX512, "avx512") /* F, BW, DQ and VL together */ \
    X(AVX_VNNI, "avx-vnni")                             \
    X(AVX512_VNNI, "avx512-vnni")                       \
    X(AVX512_BF16, "avx512-bf16")                       \
    X(AMX_BF16, "amx-bf16")                             \
    X(AMX_INT8, "amx-int8")                             \
    X(NEON, "neon")                                     \
    X(DOTPROD, "dotprod")                               \
    X(I8MM, "i8mm")

typedef enum ht_cpu_feature {
#define HT_CPU_FEATURE_ENUM(NAME, name) HT_CPU_##NAME,
    HT_CPU_FEATURE_LIST(HT_CPU_FEATURE_ENUM)
#undef HT_CPU_FEATURE_ENUM
        HT_CPU_FEATURE_COUNT
} ht_cpu_feature;
/* A feature's bit of the mask. */
#define HT_CPU_BIT(feature) (UINT32_C(1) << (feature))

/* Bit f is set when the processor has feature f and the operating system saves its registers. Pure: asks the processor
 * anew at each call (some hundred cycles). */
uint32_t ht__cpu_mask(void);
/* "sse4.1 avx2 fma", or "none"; returns `text`. */
char *ht__cpu_print(uint32_t mask, char *text, size_t size);
/* The mask of "avx2,fma" or "none"; false for a name that is none. */
bool ht__cpu_parse(const char *text, uint32_t *mask);

#endif
