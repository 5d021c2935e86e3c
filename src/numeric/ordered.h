/* Floats as integers in the same order, for comparing, sorting and counting them with integer arithmetic. */
#ifndef HT_NUMERIC_ORDERED_H
#define HT_NUMERIC_ORDERED_H

#include <stdint.h>
#include <string.h>

/* The bits of negative floats are turned round. NaN lies beyond the infinities; -0 just below +0. */
static inline int32_t ht__ordered(float value) {
    int32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits ^ (int32_t)((uint32_t)(bits >> 31) >> 1);
}

static inline float ht__unordered(int32_t key) {
    key ^= (int32_t)((uint32_t)(key >> 31) >> 1);
    float value;
    memcpy(&value, &key, sizeof value);
    return value;
}

#endif
