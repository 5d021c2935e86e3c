/* Parameters of affine and symmetric integers from a range. */
#ifndef HT_QUANT_AFFINE_H
#define HT_QUANT_AFFINE_H

#include <stdbool.h>
#include <stdint.h>

/* value = (code - zero_point) * scale, code in code_min .. code_max. */
typedef struct ht_affine {
    float scale; /* > 0, at least the smallest normal float */
    int32_t zero_point, code_min, code_max;
} ht_affine;

/* Codes 0 .. 2^bits - 1 over low .. high widened to contain zero; the zero point is zero's own code, so that padding
 * and ReLU stay exact. Source: Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient
 * Integer-Arithmetic-Only Inference", section 3. bits: 1..16; low <= high, finite. */
ht_affine ht__affine(double low, double high, uint32_t bits);
/* Codes -(2^(bits-1) - 1) .. 2^(bits-1) - 1 with zero point 0 over the larger magnitude of the two ends. bits: 2..16.
 */
ht_affine ht__symmetric(double low, double high, uint32_t bits);

#endif
