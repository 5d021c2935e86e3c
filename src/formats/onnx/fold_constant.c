/* Folding nodes that decode a constant into an annotated constant. quantized.h lists the forms. */
#include <string.h>

#include "formats/onnx/fold.h"
#include "formats/onnx/quantized.h"

#define MAX_CHAIN 10

/* Nodes of which each is the only reader of the one before, and what they were found to say. */
typedef struct decoding {
    onnx_folding *folding;
    onnx_node *nodes[MAX_CHAIN];
    size_t count;
    const char *name; /* output of the last node */
    const onnx_tensor *codes, *scale, *zero_point, *table, *offsets;
    int64_t axis, channels, block, blocks, length; /* length of a channel; block 0: no blocks */
    ht_tensor_desc desc;                           /* of the decoded tensor */
} decoding;

static bool is_standard(const onnx_node *node, const char *op) {
    return !node->removed && node->domain[0] == '\0' && strcmp(node->op, op) == 0;
}

static bool add(decoding *d, onnx_node *node) {
    if (node->output_count != 1 || d->count == MAX_CHAIN) {
        return false;
    }
    d->nodes[d->count++] = node;
    d->name = node->outputs[0];
    return true;
}

/* Goes on to the only reader of the chain's end when it is an `op` that takes it as operand number `operand`. */
static onnx_node *follow(decoding *d, const char *op, size_t operand) {
    const onnx_name *entry = ht__onnx_find(d->folding->index, d->name);
    if (entry == NULL || entry->uses != 1 || entry->is_output || !is_standard(entry->consumer, op) ||
        entry->consumer->input_count <= operand || strcmp(entry->consumer->inputs[operand], d->name) != 0 ||
        !add(d, entry->consumer)) {
        return NULL;
    }
    return d->nodes[d->count - 1];
}

static bool is_code_type(ht_type type) { return type == HT_U8 || type == HT_I8 || type == HT_U16 || type == HT_I16; }

/* The same with a second, constant operand. */
static const onnx_tensor *follow_with(decoding *d, const char *op, ht_type type) {
    size_t before = d->count;
    const char *name = d->name;
    const onnx_node *node = follow(d, op, 0);
    const onnx_tensor *operand =
        node != NULL && node->input_count >= 2 ? ht__onnx_constant(d->folding, node->inputs[1], type) : NULL;
    if (operand == NULL) {
        d->count = before;
        d->name = name;
    }
    return operand;
}

/* ---- which nodes ---- */

static bool match_dequantize(decoding *d, onnx_node *node) {
    if (node->input_count < 2 || !add(d, node) || ht__onnx_int(node, "block_size", 0) != 0) {
        return false;
    }
    d->codes = ht__onnx_constant(d->folding, node->inputs[0], HT_NONE);
    d->scale = ht__onnx_constant(d->folding, node->inputs[1], HT_F32);
    bool has_zero = node->input_count > 2 && node->inputs[2][0] != '\0';
    d->zero_point = has_zero ? ht__onnx_constant(d->folding, node->inputs[2], HT_NONE) : NULL;
    return d->codes != NULL && d->scale != NULL && is_code_type(d->codes->desc.type) &&
           (!has_zero || (d->zero_point != NULL && d->zero_point->desc.type == d->codes->desc.type &&
                          ht__desc_same_shape(&d->zero_point->desc, &d->scale->desc)));
}

static bool match_affine(decoding *d) {
    d->zero_point = follow_with(d, "Sub", HT_F32);
    d->scale = d->zero_point != NULL ? follow_with(d, "Mul", HT_F32) : NULL;
    return d->scale != NULL && ht__desc_same_shape(&d->zero_point->desc, &d->scale->desc);
}

static bool match_codebook(decoding *d) {
    d->offsets = follow_with(d, "Add", HT_I32);
    const onnx_node *gather = follow(d, "Gather", 1);
    if (gather == NULL || ht__onnx_int(gather, "axis", 0) != 0) {
        return false;
    }
    d->table = ht__onnx_constant(d->folding, gather->inputs[0], HT_F32);
    if (strstr(d->name, ONNX_SUFFIX_LEVELS) != NULL) { /* a Mul without this mark belongs to the network */
        d->scale = follow_with(d, "Mul", HT_F32);
    }
    return d->table != NULL && d->table->desc.rank == 1;
}

static bool match(decoding *d, onnx_node *node) {
    if (is_standard(node, "DequantizeLinear")) {
        return match_dequantize(d, node);
    }
    if (!is_standard(node, "Cast") || node->input_count != 1 || !add(d, node)) {
        return false;
    }
    d->codes = ht__onnx_constant(d->folding, node->inputs[0], HT_NONE);
    if (d->codes == NULL || !is_code_type(d->codes->desc.type)) {
        return false;
    }
    int64_t to = ht__onnx_int(node, "to", 0);
    return to == 1 ? match_affine(d) : to == 6 && match_codebook(d);
}

/* ---- which groups ---- */

/* Groups from the shape of a parameter tensor that is broadcast to the codes. */
static bool read_groups(decoding *d, const onnx_tensor *parameter) {
    const ht_tensor_desc *codes = &d->codes->desc;
    d->axis = -1;
    d->channels = 1;
    d->desc = *codes;
    if (parameter == NULL || ht__desc_elements(&parameter->desc) == 1) {
        return true;
    }
    const ht_tensor_desc *p = &parameter->desc;
    if (d->nodes[0]->op[0] == 'D') { /* DequantizeLinear says its axis */
        d->axis = ht__onnx_int(d->nodes[0], "axis", 1);
        d->axis += d->axis < 0 ? codes->rank : 0;
        d->channels = p->rank == 1 ? p->dims[0] : -1;
        return d->axis >= 0 && d->axis < codes->rank && codes->dims[d->axis] == d->channels;
    }
    if (codes->rank == 3 && p->rank == 3 && p->dims[0] == codes->dims[0] && p->dims[1] == codes->dims[1] &&
        p->dims[2] == 1 && p->dims[1] > 1) {
        d->channels = p->dims[0];
        d->blocks = p->dims[1];
        d->block = codes->dims[2];
        return true;
    }
    d->axis = codes->rank - p->rank;
    d->channels = p->dims[0];
    return d->axis >= 0 && codes->dims[d->axis] == d->channels && ht__desc_elements(p) == d->channels;
}

static bool follow_reshape(decoding *d, ht_tensor_desc *out) {
    const onnx_tensor *shape = follow_with(d, "Reshape", HT_I64);
    if (shape == NULL || shape->desc.rank != 1 || shape->desc.dims[0] > HT_MAX_RANK) {
        return false;
    }
    *out = (ht_tensor_desc){.type = HT_F32, .rank = (int32_t)shape->desc.dims[0]};
    for (int32_t i = 0; i < out->rank; ++i) {
        out->dims[i] = ((const int64_t *)shape->data)[i];
        if (out->dims[i] <= 0) {
            return false;
        }
    }
    return ht__desc_elements(out) > 0;
}

static bool single_int(const decoding *d, const onnx_node *node, size_t operand, int64_t *out) {
    const onnx_tensor *t = operand < node->input_count ? ht__onnx_constant(d->folding, node->inputs[operand], HT_I64) : NULL;
    if (t == NULL || ht__desc_elements(&t->desc) != 1) {
        return false;
    }
    *out = *(const int64_t *)t->data;
    return true;
}

/* The short last block of each channel is cut off. */
static bool follow_slice(decoding *d) {
    const onnx_node *slice = follow(d, "Slice", 0);
    int64_t start, axis;
    return slice != NULL && slice->input_count == 4 && single_int(d, slice, 1, &start) && start == 0 &&
           single_int(d, slice, 2, &d->length) && single_int(d, slice, 3, &axis) && axis == 1 && d->length > 0 &&
           d->length < d->block * d->blocks;
}

static bool follow_transpose(decoding *d) {
    const onnx_node *node = follow(d, "Transpose", 0);
    const onnx_attribute *order = node != NULL ? ht__onnx_attribute(node, "perm") : NULL;
    return order != NULL && order->type == ONNX_ATTRIBUTE_INTS && order->count == 3 && order->ints[0] == 1 &&
           order->ints[1] == 0 && order->ints[2] == 2;
}

static bool next_is(const decoding *d, const char *op) {
    const onnx_name *entry = ht__onnx_find(d->folding->index, d->name);
    return entry != NULL && entry->uses == 1 && !entry->is_output && is_standard(entry->consumer, op);
}

/* The axis of the tensor before which `outer` elements lie. */
static bool find_axis(decoding *d, int64_t outer) {
    int64_t before = 1;
    for (int32_t i = 0; i < d->desc.rank && d->channels > 1; ++i) {
        if (before == outer && d->desc.dims[i] == d->channels) {
            d->axis = i;
            return true;
        }
        before *= d->desc.dims[i];
    }
    return d->channels == 1 && outer == 1;
}

/* The nodes that bring stored blocks into the tensor's shape. */
static bool match_blocks(decoding *d) {
    ht_tensor_desc shape;
    d->length = d->block * d->blocks;
    if (!follow_reshape(d, &shape)) {
        return false;
    }
    if (shape.rank == 2 && next_is(d, "Slice") && (!follow_slice(d) || !follow_reshape(d, &shape))) {
        return false;
    }
    int64_t outer = 1;
    if (shape.rank == 3 && shape.dims[0] == d->channels && shape.dims[1] > 1 && next_is(d, "Transpose")) {
        outer = shape.dims[1];
        if (!follow_transpose(d) || !follow_reshape(d, &shape)) {
            return false;
        }
    }
    d->desc = shape;
    return ht__desc_elements(&shape) == d->channels * d->length && d->length % outer == 0 &&
           (d->length - 1) / d->block + 1 == d->blocks && find_axis(d, outer);
}

/* ---- the annotation ---- */

static ht_status reserve(decoding *d, size_t bytes, void *out) {
    void *memory = ht__arena_alloc(d->folding->document->arena, bytes);
    memcpy(out, &memory, sizeof memory);
    return memory != NULL ? HT_OK : ht__fail_memory(d->folding->err, bytes);
}

static ht_status set_affine(decoding *d, ht_quantization *q) {
    float *zero;
    q->scale = d->scale->data;
    q->is_signed = d->codes->desc.type == HT_I8 || d->codes->desc.type == HT_I16;
    if (d->zero_point != NULL && d->zero_point->desc.type == HT_F32) {
        q->zero_point = d->zero_point->data;
        return HT_OK;
    }
    HT_TRY(reserve(d, q->groups * sizeof *zero, &zero));
    for (size_t i = 0; i < q->groups && d->zero_point != NULL; ++i) {
        zero[i] = (float)ht__onnx_code_at(d->zero_point, (int64_t)i);
    }
    q->zero_point = zero;
    return HT_OK;
}

/* False when offsets and table do not belong together. */
static bool set_codebook(const decoding *d, ht_quantization *q) {
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
static void set_bits(const decoding *d, ht_quantization *q) {
    int32_t wide = 8 * (int32_t)ht_type_bytes(d->codes->desc.type);
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

static ht_status set_codes(decoding *d, ht_quantization *q) {
    ht_group_view view;
    HT_TRY(ht__onnx_group_view(q, &d->desc, &view, d->folding->err));
    int64_t elements = ht__desc_elements(&d->desc);
    uint16_t *codes;
    HT_TRY(reserve(d, (size_t)elements * sizeof *codes, &codes));
    int32_t offset = q->is_signed ? 1 << (q->bits - 1) : 0;
    for (int64_t i = 0; i < elements; ++i) {
        int64_t stored = d->blocks != 0 ? ht__onnx_stored_at(&view, i) : i;
        int32_t code = ht__onnx_code_at(d->codes, stored) + offset;
        if (code < 0) {
            return ht__fail_at(d->folding->err, HT_ERROR_UNSUPPORTED, d->name, "A table is read with a negative index.");
        }
        codes[i] = (uint16_t)code;
    }
    q->codes = codes;
    return HT_OK;
}

/* Puts a constant in place of the nodes. */
static ht_status replace(decoding *d, const float *values, ht_quantization *q) {
    onnx_folding *folding = d->folding;
    onnx_tensor *tensor;
    HT_TRY(ht__onnx_add_tensor(folding->document, d->name, &d->desc, values, false, &tensor, folding->err));
    tensor->quantization = q;
    onnx_name *entry = ht__onnx_find(folding->index, d->name);
    entry->producer = NULL;
    entry->tensor = tensor;
    for (size_t i = 0; i < d->count; ++i) {
        d->nodes[i]->removed = true;
    }
    return HT_OK;
}

static ht_status replace_quantized(decoding *d, ht_quantization *q) {
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
    if (!is_standard(node, "Cast") || node->input_count != 1 || node->output_count != 1 ||
        ht__onnx_int(node, "to", 0) != 1) {
        return HT_OK;
    }
    const onnx_tensor *codes = ht__onnx_constant(folding, node->inputs[0], HT_NONE);
    if (codes == NULL || (codes->desc.type != HT_F16 && codes->desc.type != HT_BF16) ||
        ht__desc_elements(&codes->desc) <= 0) {
        return HT_OK;
    }
    decoding d = {.folding = folding, .nodes = {node}, .count = 1, .name = node->outputs[0], .desc = codes->desc};
    d.desc.type = HT_F32;
    ht_quantization *q;
    HT_TRY(reserve(&d, sizeof *q, &q));
    *q = (ht_quantization){.bits = 16, .axis = -1, .groups = 1, .codes = codes->data, .element = codes->desc.type};
    return replace_quantized(&d, q);
}

/* A 32-bit bias, as quantizers of others write them: it becomes plain numbers, since codes end at 16 bits. */
static ht_status decode_bias(onnx_folding *folding, onnx_node *node) {
    bool has_parameters = is_standard(node, "DequantizeLinear") && node->input_count >= 2 && node->output_count == 1;
    const onnx_tensor *codes = has_parameters ? ht__onnx_constant(folding, node->inputs[0], HT_I32) : NULL;
    const onnx_tensor *scale = has_parameters ? ht__onnx_constant(folding, node->inputs[1], HT_F32) : NULL;
    bool has_zero = has_parameters && node->input_count > 2 && node->inputs[2][0] != '\0';
    const onnx_tensor *zero = has_zero ? ht__onnx_constant(folding, node->inputs[2], HT_I32) : NULL;
    if (codes == NULL || scale == NULL || (has_zero && zero == NULL)) {
        return HT_OK;
    }
    int64_t count = ht__desc_elements(&codes->desc), scales = ht__desc_elements(&scale->desc);
    bool per_element = codes->desc.rank == 1 && scales == count;
    if (count <= 0 || (scales != 1 && !per_element) || (zero != NULL && ht__desc_elements(&zero->desc) != scales)) {
        return HT_OK;
    }
    decoding d = {.folding = folding, .nodes = {node}, .count = 1, .name = node->outputs[0], .desc = codes->desc};
    d.desc.type = HT_F32;
    float *values;
    HT_TRY(reserve(&d, (size_t)count * sizeof *values, &values));
    for (int64_t i = 0; i < count; ++i) {
        int64_t group = scales == 1 ? 0 : i;
        int64_t offset = zero != NULL ? ((const int32_t *)zero->data)[group] : 0;
        values[i] = (float)(((const int32_t *)codes->data)[i] - offset) * ((const float *)scale->data)[group];
    }
    return replace(&d, values, NULL);
}

ht_status ht__onnx_fold_constant(onnx_folding *folding, onnx_node *node) {
    decoding d = {.folding = folding};
    HT_TRY(decode_bias(folding, node));
    HT_TRY(fold_element(folding, node));
    if (node->removed) {
        return HT_OK;
    }
    if (!match(&d, node)) {
        return HT_OK;
    }
    const onnx_tensor *shaped = d.offsets != NULL ? d.offsets : d.scale;
    if (!read_groups(&d, shaped) || (d.blocks != 0 && !match_blocks(&d)) || ht__desc_elements(&d.desc) <= 0 ||
        (d.offsets != NULL && d.scale != NULL && !ht__desc_same_shape(&d.offsets->desc, &d.scale->desc))) {
        return HT_OK;
    }
    d.desc.type = HT_F32;
    ht_quantization *q;
    HT_TRY(reserve(&d, sizeof *q, &q));
    *q = (ht_quantization){.axis = (int32_t)d.axis, .block = d.block,
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
