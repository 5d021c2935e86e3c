#include "quant/fake.h"

#include <string.h>

#include "quant/fit.h"

bool ht__fake_supports(const ht_scheme *scheme) {
    bool levels = strcmp(scheme->levels, "affine") == 0 || strcmp(scheme->levels, "symmetric") == 0 ||
                  strcmp(scheme->levels, "power-of-two") == 0;
    return levels && scheme->bits >= 2 && strcmp(scheme->granularity, "block") != 0;
}

static ht_status check(const ht_scheme *scheme, ht_error *err) {
    return ht__fake_supports(scheme)
               ? HT_OK
               : ht__fail(
                     err, HT_ERROR_UNSUPPORTED,
                     "Fake quantization needs affine, symmetric or power-of-two levels of 2 to 16 bits, per tensor "
                     "or channel, not %s per %s with %u bits.",
                     scheme->levels, scheme->granularity, scheme->bits);
}

ht_status ht__fake_parameters(const ht_scheme *scheme, uint32_t bits, double low, double high, ht_fake_parameters *out,
                              ht_error *err) {
    HT_TRY(check(scheme, err));
    if (bits < 2 || bits > HT_BITS_MAX) {
        return ht__fail(err, HT_ERROR_ARGUMENT, "Fake quantization has 2 to %d bits, not %u.", HT_BITS_MAX, bits);
    }
    ht_scheme narrowed = *scheme;
    narrowed.bits = bits;
    /* These level sets look at nothing but the range. */
    ht_fit fit = {.scheme = &narrowed, .low = low, .high = high};
    ht_levels levels = {0};
    HT_TRY(ht__level_method(scheme->levels)->make(&fit, &levels, err));
    *out = (ht_fake_parameters){
        .scale = levels.scale, .zero_point = -(float)levels.low, .high = (float)(levels.high - levels.low)};
    return HT_OK;
}

ht_status ht__fake_weight_parameters(const ht_context *ctx, const ht_scheme *scheme, const ht_array *array, size_t room,
                                     ht_fake_parameters *out, size_t *count, ht_error *err) {
    HT_TRY(check(scheme, err));
    ht_quantized quantized;
    HT_TRY(ht__quantize_array(ctx, scheme, array, &(ht_quantize_outputs){.parameters = true}, &quantized, err));
    *count = quantized.channels * quantized.blocks;
    ht_status status = HT_OK;
    if (*count > room) {
        status = ht__fail_at(err, HT_ERROR_LIMIT, array->name, "Tensor %s has %zu channels, but room for %zu.",
                             array->name, *count, room);
    }
    float codes = (float)((1u << scheme->bits) - 1);
    for (size_t i = 0; i < *count && status == HT_OK; ++i) {
        float zero = quantized.zero_points[i];
        /* Symmetric grids leave the highest code unused. */
        out[i] = (ht_fake_parameters){
            .scale = quantized.scales[i], .zero_point = zero, .high = quantized.symmetric ? 2.0f * zero : codes};
    }
    ht__quantized_free(ctx, &quantized);
    return status;
}
