#include "formats/onnx/quantized.h"

int32_t ht__onnx_code_at(const onnx_tensor *tensor, int64_t index) {
    switch (tensor->desc.type) {
    case HT_U8: return ((const uint8_t *)tensor->data)[index];
    case HT_I8: return ((const int8_t *)tensor->data)[index];
    case HT_U16: return ((const uint16_t *)tensor->data)[index];
    default: return ((const int16_t *)tensor->data)[index];
    }
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
