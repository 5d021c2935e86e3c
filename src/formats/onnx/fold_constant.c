/* Folding nodes that decode a constant into an annotated constant. quantized.h lists the forms. */
#include <string.h>

#include "formats/onnx/fold_match.h"
#include "formats/onnx/quantized.h"
#include "numeric/scalar.h"

static ht_status reserve(onnx_decoding *d, size_t bytes, void *out) {
    void *memory = ht__arena_alloc(d->folding->document->payload, bytes);
    memcpy(out, &memory, sizeof memory);
    return memory != NULL ? HT_OK : ht__fail_memory(d->folding->err, bytes);
}

/* Where the parameters of a group stand in the file. */
static int64_t parameter_at(const onnx_decoding *d, size_t group) {
    int64_t at = (int64_t)group;
    return d->blocks != 0 && d->blocks_first ? at % d->blocks * d->channels + at / d->blocks : at;
}

/* Is there room for the tensor's numbers, and for `codes` bytes of each one's code? Without it the nodes stay. */
static bool may_decode(const onnx_decoding *d, size_t codes) {
    size_t bytes;
    return ht__mul((size_t)ht__desc_elements(&d->desc), sizeof(float) + codes, &bytes) &&
           ht__onnx_may_decode(d->folding->document, bytes);
}

static ht_status set_affine(onnx_decoding *d, ht_quantization *q) {
    float *scale, *zero;
    ht_type type = d->codes->desc.type;
    q->scale = d->scale->data;
    q->is_signed = ht__type_is_signed(type);
    q->packed = ht__type_bits(type) < 8 || (d->blocks != 0 && d->nodes[0]->op[0] == 'D');
    if (d->zero_point != NULL && d->zero_point->desc.type == HT_F32) {
        q->zero_point = d->zero_point->data;
        return HT_OK;
    }
    HT_TRY(reserve(d, q->groups * sizeof *scale, &scale));
    HT_TRY(reserve(d, q->groups * sizeof *zero, &zero));
    for (size_t i = 0; i < q->groups; ++i) {
        int64_t at = parameter_at(d, i);
        scale[i] = ((const float *)d->scale->data)[at];
        zero[i] = d->zero_point != NULL ? (float)ht__onnx_code_at(d->zero_point, at) : 0.0f;
    }
    q->scale = scale;
    q->zero_point = zero;
    return HT_OK;
}

/* False when offsets and table do not belong together. */
static bool set_codebook(const onnx_decoding *d, ht_quantization *q) {
    size_t entries = (size_t)d->table->desc.dims[0], tables = d->offsets != NULL ? q->groups : 1;
    if (entries == 0 || entries % tables != 0 || entries / tables > 65536) {
        return false;
    }
    q->codebook = true;
    q->shared_table = d->offsets == NULL && q->groups > 1;
    q->levels = (uint32_t)(entries / tables);
    q->table = d->table->data;
    q->scale = d->scale != NULL ? d->scale->data : NULL;
    for (size_t i = 0; d->offsets != NULL && i < tables; ++i) {
        if (((const int32_t *)d->offsets->data)[i] != (int64_t)(i * q->levels)) {
            return false;
        }
    }
    return true;
}

/* The width: what the metadata says if all codes are within it, else as few bits as the type or the table needs. */
static void set_bits(const onnx_decoding *d, ht_quantization *q) {
    int32_t wide = (int32_t)ht__type_bits(d->codes->desc.type);
    q->bits = ht__onnx_hint_bits(d->folding->hints, d->name, wide + 1);
    int64_t low = q->is_signed ? -((int64_t)1 << (q->bits - 1)) : 0, high = low + ((int64_t)1 << q->bits) - 1;
    bool fits = q->bits <= wide && (!q->codebook || (int64_t)q->levels <= (int64_t)1 << q->bits);
    int64_t stored = ht__desc_elements(&d->codes->desc);
    for (int64_t i = 0; i < stored && fits; ++i) {
        int32_t code = ht__onnx_code_at(d->codes, i);
        fits = code >= low && code <= high;
    }
    if (fits) {
        return;
    }
    q->bits = q->codebook ? 1 : wide;
    while (q->codebook && q->bits < 16 && (int64_t)1 << q->bits < (int64_t)q->levels) {
        ++q->bits;
    }
}

static ht_status set_codes(onnx_decoding *d, ht_quantization *q) {
    ht_group_view view;
    HT_TRY(ht__onnx_group_view(q, &d->desc, &view, d->folding->err));
    int64_t elements = ht__desc_elements(&d->desc);
    uint16_t *codes;
    HT_TRY(reserve(d, (size_t)elements * sizeof *codes, &codes));
    int32_t offset = q->is_signed ? 1 << (q->bits - 1) : 0;
    for (int64_t i = 0; i < elements; ++i) {
        int64_t stored = d->run != 0 ? ht__onnx_stored_at(&view, d->run, i) : i;
        int32_t code = ht__onnx_code_at(d->codes, stored) + offset;
        if (code < 0) {
            return ht__fail_at(d->folding->err, HT_ERROR_UNSUPPORTED, d->name,
                               "A table is read with a negative index.");
        }
        codes[i] = (uint16_t)code;
    }
    q->codes = codes;
    return HT_OK;
}

/* Puts a constant in place of the nodes. */
static ht_status replace(onnx_decoding *d, const float *values, ht_quantization *q) {
    onnx_folding *folding = d->folding;
    onnx_tensor *tensor;
    HT_TRY(ht__onnx_add_tensor(folding->document, d->name, &d->desc, values, false, &tensor, folding->err));
    tensor->lasts = true;
    tensor->quantization = q;
    onnx_name *entry = ht__onnx_find(folding->index, d->name);
    entry->producer = NULL;
    entry->tensor = tensor;
    for (size_t i = 0; i < d->count; ++i) {
        d->nodes[i]->removed = true;
    }
    return HT_OK;
}

static ht_status replace_quantized(onnx_decoding *d, ht_quantization *q) {
    onnx_folding *folding = d->folding;
    float *values;
    HT_TRY(reserve(d, (size_t)ht__desc_elements(&d->desc) * sizeof *values, &values));
    HT_TRY(ht__quantization_decode(q, &d->desc, values, folding->err));
    const char *scheme = ht__onnx_hint_scheme(folding->hints, d->name);
    if (scheme != NULL && (q->scheme = ht__arena_strdup(folding->document->arena, scheme)) == NULL) {
        return ht__fail_memory(folding->err, strlen(scheme));
    }
    return replace(d, values, q);
}

/* f16 and bf16 numbers that the network uses as f32: the numbers are the codes. */
static ht_status fold_element(onnx_folding *folding, onnx_node *node) {
    if (!ht__onnx_is_standard(node, "Cast") || node->input_count != 1 || node->output_count != 1 ||
        ht__onnx_int(node, "to", 0) != 1) {
        return HT_OK;
    }
    const onnx_tensor *codes = ht__onnx_constant(folding, node->inputs[0], HT_NONE);
    if (codes == NULL || (codes->desc.type != HT_F16 && codes->desc.type != HT_BF16) ||
        ht__desc_elements(&codes->desc) <= 0) {
        return HT_OK;
    }
    onnx_decoding d = {.folding = folding, .nodes = {node}, .count = 1, .name = node->outputs[0], .desc = codes->desc};
    d.desc.type = HT_F32;
    if (!may_decode(&d, 0)) {
        return HT_OK;
    }
    ht_quantization *q;
    HT_TRY(reserve(&d, sizeof *q, &q));
    *q = (ht_quantization){.bits = 16, .axis = -1, .groups = 1, .codes = codes->data, .element = codes->desc.type};
    return replace_quantized(&d, q);
}

/* The operands of a DequantizeLinear of 32-bit codes; false for any other node. */
static bool match_bias(const onnx_folding *folding, const onnx_node *node, onnx_decoding *d) {
    if (!ht__onnx_is_standard(node, "DequantizeLinear") || node->input_count < 2 || node->output_count != 1) {
        return false;
    }
    bool has_zero = node->input_count > 2 && node->inputs[2][0] != '\0';
    d->codes = ht__onnx_constant(folding, node->inputs[0], HT_I32);
    d->scale = ht__onnx_constant(folding, node->inputs[1], HT_F32);
    d->zero_point = has_zero ? ht__onnx_constant(folding, node->inputs[2], HT_I32) : NULL;
    if (d->codes == NULL || d->scale == NULL || (has_zero && d->zero_point == NULL)) {
        return false;
    }
    int64_t count = ht__desc_elements(&d->codes->desc), scales = ht__desc_elements(&d->scale->desc);
    bool per_element = d->codes->desc.rank == 1 && scales == count;
    for (int64_t i = 0; i < scales && has_zero; ++i) {
        bool none = ht__desc_elements(&d->zero_point->desc) == scales && ((const int32_t *)d->zero_point->data)[i] == 0;
        if (!none) {
            return false;
        }
    }
    d->channels = scales;
    d->axis = scales == 1 ? -1 : 0;
    d->desc = d->codes->desc;
    d->desc.type = HT_F32;
    return count > 0 && (scales == 1 || per_element);
}

/* A 32-bit bias: its scales are those of the products that it is added to. */
static ht_status fold_bias(onnx_folding *folding, onnx_node *node) {
    onnx_decoding d = {.folding = folding, .nodes = {node}, .count = 1};
    if (!match_bias(folding, node, &d) || !may_decode(&d, 0)) {
        return HT_OK;
    }
    d.name = node->outputs[0];
    ht_quantization *q;
    float *zero;
    HT_TRY(reserve(&d, sizeof *q, &q));
    HT_TRY(reserve(&d, (size_t)d.channels * sizeof *zero, &zero));
    *q = (ht_quantization){.bits = 32,
                           .is_signed = true,
                           .axis = (int32_t)d.axis,
                           .groups = (size_t)d.channels,
                           .scale = d.scale->data,
                           .zero_point = zero,
                           .wide_codes = d.codes->data};
    return replace_quantized(&d, q);
}

ht_status ht__onnx_fold_constant(onnx_folding *folding, onnx_node *node) {
    onnx_decoding d = {.folding = folding};
    HT_TRY(fold_bias(folding, node));
    HT_TRY(fold_element(folding, node));
    if (node->removed) {
        return HT_OK;
    }
    if (!ht__onnx_match(&d, node) || !may_decode(&d, sizeof(uint16_t))) {
        return HT_OK;
    }
    ht_quantization *q;
    HT_TRY(reserve(&d, sizeof *q, &q));
    *q = (ht_quantization){.axis = (int32_t)d.axis,
                           .block = d.block,
                           .groups = (size_t)(d.blocks != 0 ? d.channels * d.blocks : d.channels)};
    if (d.table != NULL && !set_codebook(&d, q)) {
        return HT_OK;
    }
    if (d.table == NULL) {
        HT_TRY(set_affine(&d, q));
    }
    set_bits(&d, q);
    HT_TRY(set_codes(&d, q));
    return replace_quantized(&d, q);
}
