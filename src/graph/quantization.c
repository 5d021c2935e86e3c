#include "graph/quantization.h"

#include <math.h>

#include "numeric/formats.h"

ht_status ht__group_view(const ht_quantization *quantization, const ht_tensor_desc *desc, ht_group_view *out,
                         ht_error *err) {
    int32_t axis = quantization->axis;
    if (axis < -1 || axis >= desc->rank || ht__desc_elements(desc) < 0) {
        return ht__fail(err, HT_ERROR_MISMATCH, "The quantization axis %d does not fit a tensor of %d dimensions.",
                        (int)axis, (int)desc->rank);
    }
    *out = (ht_group_view){1, 1, 1, 1, 1};
    for (int32_t i = 0; i < desc->rank; ++i) {
        int64_t *part = axis < 0 || i > axis ? &out->inner : i < axis ? &out->outer : &out->channels;
        *part *= desc->dims[i];
    }
    int64_t length = out->outer * out->inner;
    if (length <= 0 || out->channels <= 0 || quantization->block < 0) {
        return ht__fail(err, HT_ERROR_MISMATCH, "A tensor without elements cannot be quantized.");
    }
    bool blocks = quantization->block > 0 && quantization->block < length;
    out->block_length = blocks ? quantization->block : length;
    out->blocks = (length - 1) / out->block_length + 1;
    if ((size_t)(out->channels * out->blocks) != quantization->groups) {
        return ht__fail(err, HT_ERROR_MISMATCH, "The tensor has %lld groups, but %zu scales or tables.",
                        (long long)(out->channels * out->blocks), quantization->groups);
    }
    return HT_OK;
}

static void decode_affine(const ht_quantization *q, const ht_group_view *view, int64_t elements, float *out) {
    if (q->wide_codes != NULL) {
        for (int64_t i = 0; i < elements; ++i) {
            out[i] = (float)q->wide_codes[i] * q->scale[ht__group_of(view, i)];
        }
        return;
    }
    float offset = q->is_signed ? (float)(1 << (q->bits - 1)) : 0.0f;
    for (int64_t i = 0; i < elements; ++i) {
        size_t group = ht__group_of(view, i);
        out[i] = ((float)q->codes[i] - offset - q->zero_point[group]) * q->scale[group];
    }
}

ht_status ht__quantization_decode(const ht_quantization *quantization, const ht_tensor_desc *desc, float *out,
                                  ht_error *err) {
    const ht_quantization *q = quantization;
    if (q->element != HT_NONE) {
        const ht_number_format *format = q->element == HT_BF16 ? &ht__bf16 : &ht__f16;
        for (int64_t i = 0; i < ht__desc_elements(desc); ++i) {
            out[i] = format->decode(format, q->codes[i]);
        }
        return HT_OK;
    }
    ht_group_view view;
    HT_TRY(ht__group_view(q, desc, &view, err));
    int64_t elements = ht__desc_elements(desc);
    if (!q->codebook) {
        decode_affine(q, &view, elements, out);
        return HT_OK;
    }
    for (int64_t i = 0; i < elements; ++i) {
        if (q->codes[i] >= q->levels) {
            return ht__fail(err, HT_ERROR_FORMAT, "Code %u is outside a table of %u levels.", (unsigned)q->codes[i],
                            (unsigned)q->levels);
        }
        size_t group = ht__group_of(&view, i);
        float level = q->table[(q->shared_table ? 0 : group * q->levels) + q->codes[i]];
        out[i] = q->scale != NULL ? level * q->scale[group] : level;
    }
    return HT_OK;
}

bool ht__quantization_fits(const ht_quantization *q, int32_t bits) {
    if (q->bits > bits) {
        return false;
    }
    float low = q->is_signed ? -ldexpf(1.0f, bits - 1) : 0.0f, high = low + ldexpf(1.0f, bits) - 1.0f;
    for (size_t i = 0; i < q->groups; ++i) {
        float zero = q->zero_point[i];
        if (!(zero >= low && zero <= high && zero == floorf(zero))) {
            return false;
        }
    }
    return true;
}

ht_type ht__quantization_code_type(const ht_quantization *q) {
    static const ht_type types[][2] = {{HT_U2, HT_I2}, {HT_U4, HT_I4}, {HT_U8, HT_I8}, {HT_U16, HT_I16}};
    bool is_signed = q->is_signed && !q->codebook, narrow = q->packed && !q->codebook;
    if (q->bits > 16) {
        return HT_I32;
    }
    for (size_t i = narrow ? 0 : 2; i < 2; ++i) {
        if (ht__quantization_fits(q, 2 << i)) {
            return types[i][is_signed];
        }
    }
    return types[q->bits <= 8 ? 2 : 3][is_signed];
}
