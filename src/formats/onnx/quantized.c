#include "formats/onnx/quantized.h"

bool ht__onnx_is_code_type(ht_type type) {
    return type == HT_U2 || type == HT_I2 || type == HT_U4 || type == HT_I4 || type == HT_U8 || type == HT_I8 ||
           type == HT_U16 || type == HT_I16;
}

int32_t ht__onnx_code_at(const onnx_tensor *tensor, int64_t index) {
    switch (tensor->desc.type) {
    case HT_U2:
    case HT_U4:
    case HT_U8: return ((const uint8_t *)tensor->data)[index];
    case HT_I2:
    case HT_I4:
    case HT_I8: return ((const int8_t *)tensor->data)[index];
    case HT_U16: return ((const uint16_t *)tensor->data)[index];
    default: return ((const int16_t *)tensor->data)[index];
    }
}

bool ht__onnx_dequantizes(const ht_quantization *q, int64_t blocks) {
    if (q->wide_codes != NULL) {
        return true;
    }
    return !q->codebook && q->bits <= 8 && (blocks == 1 || q->packed) && ht__quantization_fits(q, 8);
}

int64_t ht__onnx_quantization_since(const ht_value *value) {
    const ht_quantization *q = value->quantization;
    if (value->data == NULL) {
        return q->bits > 8 ? ONNX_OPSET_WIDE : ht__onnx_type_since(ht__quantization_code_type(q));
    }
    ht_group_view view;
    if (q->element != HT_NONE || ht__onnx_group_view(q, &value->desc, &view, NULL) != HT_OK ||
        !ht__onnx_dequantizes(q, view.blocks)) {
        return ONNX_OPSET_OLDEST;
    }
    int64_t since = ht__onnx_type_since(ht__quantization_code_type(q));
    return view.blocks > 1 && since < ONNX_OPSET_WIDE ? ONNX_OPSET_WIDE : since;
}

onnx_clip_range ht__onnx_clip_range(const ht_quantization *quantization) {
    float smallest = quantization->is_signed ? -(float)(1 << (quantization->bits - 1)) : 0.0f;
    float largest = smallest + (float)((1 << quantization->bits) - 1);
    return (onnx_clip_range){(smallest - quantization->zero_point[0]) * quantization->scale[0],
                             (largest - quantization->zero_point[0]) * quantization->scale[0]};
}

ht_status ht__onnx_group_view(const ht_quantization *quantization, const ht_tensor_desc *desc, ht_group_view *out,
                              ht_error *err) {
    HT_TRY(ht__group_view(quantization, desc, out, err));
    if (out->channels == 1) {
        out->inner *= out->outer;
        out->outer = 1;
    }
    return HT_OK;
}
