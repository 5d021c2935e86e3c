/* Parameters of fake quantization, for training with it and for simulating it on activations:
 *   value -> (clamp(round_half_even(value / scale) + zero_point, 0, high) - zero_point) * scale
 */
#ifndef HT_QUANT_FAKE_H
#define HT_QUANT_FAKE_H

#include "quant/array.h"

typedef struct ht_fake_parameters {
    float scale;      /* > 0 */
    float zero_point; /* an integer in 0 .. high */
    float high;       /* the highest code; the lowest is 0 */
} ht_fake_parameters;

/* True for level sets that fake quantization can express: affine, symmetric and power-of-two, from 2 bits on. */
bool ht__fake_supports(const ht_scheme *scheme);
/* For the range low .. high (finite, low <= high) at `bits` instead of the scheme's own width.
 * Errors: HT_ERROR_UNSUPPORTED (another level set), HT_ERROR_ARGUMENT (a width outside 2..16). */
ht_status ht__fake_parameters(const ht_scheme *scheme, uint32_t bits, double low, double high, ht_fake_parameters *out,
                              ht_error *err);
/* For weights, as ht__quantize_array would quantize them: one entry per channel with granularity "channel", one for all
 * with "tensor" (granularity "block" is not supported). `room` entries fit into *out; *count is how many there are.
 * Errors: as above, HT_ERROR_LIMIT (too little room), and those of ht__quantize_array. */
ht_status ht__fake_weight_parameters(const ht_context *ctx, const ht_scheme *scheme, const ht_array *array, size_t room,
                                     ht_fake_parameters *out, size_t *count, ht_error *err);

#endif
