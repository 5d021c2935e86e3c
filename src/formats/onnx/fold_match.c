/* Recognising the forms of quantized.h: which nodes, and which groups their parameters' shapes say. */
#include <string.h>

#include "formats/onnx/fold_match.h"
#include "formats/onnx/quantized.h"

bool ht__onnx_is_standard(const onnx_node *node, const char *op) {
    return !node->removed && node->domain[0] == '\0' && strcmp(node->op, op) == 0;
}

static bool add(onnx_decoding *d, onnx_node *node) {
    if (node->output_count != 1 || d->count == ONNX_MAX_CHAIN) {
        return false;
    }
    d->nodes[d->count++] = node;
    d->name = node->outputs[0];
    return true;
}

/* Goes on to the only reader of the chain's end when it is an `op` that takes it as operand number `operand`. */
static onnx_node *follow(onnx_decoding *d, const char *op, size_t operand) {
    const onnx_name *entry = ht__onnx_find(d->folding->index, d->name);
    if (entry == NULL || entry->uses != 1 || entry->is_output || !ht__onnx_is_standard(entry->consumer, op) ||
        entry->consumer->input_count <= operand || strcmp(entry->consumer->inputs[operand], d->name) != 0 ||
        !add(d, entry->consumer)) {
        return NULL;
    }
    return d->nodes[d->count - 1];
}

/* The same with a second, constant operand. */
static const onnx_tensor *follow_with(onnx_decoding *d, const char *op, ht_type type) {
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

static bool match_dequantize(onnx_decoding *d, onnx_node *node) {
    if (node->input_count < 2 || !add(d, node) || ht__onnx_int(node, "output_dtype", 1) > 1) {
        return false;
    }
    d->block = ht__onnx_int(node, "block_size", 0);
    d->codes = ht__onnx_constant(d->folding, node->inputs[0], HT_NONE);
    d->scale = ht__onnx_constant(d->folding, node->inputs[1], HT_F32);
    bool has_zero = node->input_count > 2 && node->inputs[2][0] != '\0';
    d->zero_point = has_zero ? ht__onnx_constant(d->folding, node->inputs[2], HT_NONE) : NULL;
    return d->codes != NULL && d->scale != NULL && d->block >= 0 && ht__onnx_is_code_type(d->codes->desc.type) &&
           (!has_zero || (d->zero_point != NULL && d->zero_point->desc.type == d->codes->desc.type &&
                          ht__desc_same_shape(&d->zero_point->desc, &d->scale->desc)));
}

static bool match_affine(onnx_decoding *d) {
    d->zero_point = follow_with(d, "Sub", HT_F32);
    d->scale = d->zero_point != NULL ? follow_with(d, "Mul", HT_F32) : NULL;
    return d->scale != NULL && ht__desc_same_shape(&d->zero_point->desc, &d->scale->desc);
}

static bool match_codebook(onnx_decoding *d) {
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

static bool match_nodes(onnx_decoding *d, onnx_node *node) {
    if (ht__onnx_is_standard(node, "DequantizeLinear")) {
        return match_dequantize(d, node);
    }
    if (!ht__onnx_is_standard(node, "Cast") || node->input_count != 1 || !add(d, node)) {
        return false;
    }
    d->codes = ht__onnx_constant(d->folding, node->inputs[0], HT_NONE);
    if (d->codes == NULL || !ht__onnx_is_code_type(d->codes->desc.type)) {
        return false;
    }
    int64_t to = ht__onnx_int(node, "to", 0);
    return to == 1 ? match_affine(d) : to == 6 && match_codebook(d);
}

/* ---- which groups ---- */

/* Groups of a DequantizeLinear with blocks along `axis`, from the shape of its scales: all other elements must belong
 * to one dimension, the channels. */
static bool read_blocks(onnx_decoding *d, const ht_tensor_desc *scales, int64_t axis) {
    const ht_tensor_desc *codes = &d->codes->desc;
    if (axis < 0 || axis >= codes->rank || scales->rank != codes->rank || codes->dims[axis] < 1 ||
        (codes->dims[axis] - 1) / d->block + 1 != scales->dims[axis]) {
        return false;
    }
    for (int32_t i = 0; i < codes->rank; ++i) {
        if (i == axis) {
            continue;
        }
        if (codes->dims[i] != scales->dims[i] || (codes->dims[i] != 1 && d->channels != 1)) {
            return false;
        }
        if (codes->dims[i] != 1) {
            d->axis = i;
            d->channels = codes->dims[i];
        }
    }
    d->length = codes->dims[axis];
    d->blocks = scales->dims[axis] > 1 ? scales->dims[axis] : 0;
    d->block = d->blocks != 0 ? d->block : 0;
    d->blocks_first = d->axis > axis;
    return true;
}

/* Groups from the shape of a parameter tensor that is broadcast to the codes. */
static bool read_groups(onnx_decoding *d, const onnx_tensor *parameter) {
    const ht_tensor_desc *codes = &d->codes->desc;
    d->axis = -1;
    d->channels = 1;
    d->desc = *codes;
    if (parameter == NULL || ht__desc_elements(&parameter->desc) == 1) {
        d->block = 0;
        return true;
    }
    const ht_tensor_desc *p = &parameter->desc;
    if (d->nodes[0]->op[0] == 'D') { /* DequantizeLinear says its axis */
        int64_t axis = ht__onnx_int(d->nodes[0], "axis", 1);
        axis += axis < 0 ? codes->rank : 0;
        if (d->block != 0) {
            return read_blocks(d, p, axis);
        }
        d->axis = axis;
        d->channels = p->rank == 1 ? p->dims[0] : -1;
        return d->axis >= 0 && d->axis < codes->rank && codes->dims[d->axis] == d->channels;
    }
    if (codes->rank == 3 && p->rank == 3 && p->dims[0] == codes->dims[0] && p->dims[1] == codes->dims[1] &&
        p->dims[2] == 1 && p->dims[1] > 1) {
        d->channels = p->dims[0];
        d->blocks = p->dims[1];
        d->block = codes->dims[2];
        d->run = d->length = d->block * d->blocks;
        return true;
    }
    d->axis = codes->rank - p->rank;
    d->channels = p->dims[0];
    return d->axis >= 0 && codes->dims[d->axis] == d->channels && ht__desc_elements(p) == d->channels;
}

static bool follow_reshape(onnx_decoding *d, ht_tensor_desc *out) {
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

static bool single_int(const onnx_decoding *d, const onnx_node *node, size_t operand, int64_t *out) {
    const onnx_tensor *t =
        operand < node->input_count ? ht__onnx_constant(d->folding, node->inputs[operand], HT_I64) : NULL;
    if (t == NULL || ht__desc_elements(&t->desc) != 1) {
        return false;
    }
    *out = *(const int64_t *)t->data;
    return true;
}

/* The short last block of each channel is cut off. */
static bool follow_slice(onnx_decoding *d) {
    const onnx_node *slice = follow(d, "Slice", 0);
    int64_t start, axis;
    return slice != NULL && slice->input_count == 4 && single_int(d, slice, 1, &start) && start == 0 &&
           single_int(d, slice, 2, &d->length) && single_int(d, slice, 3, &axis) && axis == 1 && d->length > 0 &&
           d->length < d->block * d->blocks;
}

static bool follow_transpose(onnx_decoding *d) {
    const onnx_node *node = follow(d, "Transpose", 0);
    const onnx_attribute *order = node != NULL ? ht__onnx_attribute(node, "perm") : NULL;
    return order != NULL && order->type == ONNX_ATTRIBUTE_INTS && order->count == 3 && order->ints[0] == 1 &&
           order->ints[1] == 0 && order->ints[2] == 2;
}

static bool next_is(const onnx_decoding *d, const char *op) {
    const onnx_name *entry = ht__onnx_find(d->folding->index, d->name);
    return entry != NULL && entry->uses == 1 && !entry->is_output && ht__onnx_is_standard(entry->consumer, op);
}

/* The axis of the tensor before which `outer` elements lie. */
static bool find_axis(onnx_decoding *d, int64_t outer) {
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
static bool match_blocks(onnx_decoding *d) {
    ht_tensor_desc shape;
    if (!follow_reshape(d, &shape)) {
        return false;
    }
    bool padded = d->run != 0 && shape.rank == 2 && next_is(d, "Slice");
    if (padded && (!follow_slice(d) || !follow_reshape(d, &shape))) {
        return false;
    }
    int64_t outer = d->blocks_first ? d->length : 1;
    if (!d->blocks_first && shape.rank == 3 && shape.dims[0] == d->channels && shape.dims[1] > 1 &&
        next_is(d, "Transpose")) {
        outer = shape.dims[1];
        d->run = d->run != 0 ? d->run : d->length;
        if (!follow_transpose(d) || !follow_reshape(d, &shape)) {
            return false;
        }
    }
    d->desc = shape;
    return ht__desc_elements(&shape) == d->channels * d->length && d->length % outer == 0 &&
           (d->length - 1) / d->block + 1 == d->blocks && find_axis(d, outer);
}

/* Does a DequantizeLinear give blocks that nodes of ours bring into shape? Its own shape may be the tensor's, too. */
static bool continues(const onnx_decoding *d) {
    return d->run != 0 || (d->blocks != 0 && strstr(d->name, ONNX_SUFFIX_BLOCKS) != NULL && next_is(d, "Reshape"));
}

bool ht__onnx_match(onnx_decoding *decoding, onnx_node *node) {
    onnx_decoding *d = decoding;
    if (!match_nodes(d, node) || !read_groups(d, d->offsets != NULL ? d->offsets : d->scale)) {
        return false;
    }
    onnx_decoding alone = *d;
    if (continues(d) && !match_blocks(d)) {
        if (alone.run != 0) {
            return false;
        }
        *d = alone;
    }
    d->desc.type = HT_F32;
    bool agree = d->offsets == NULL || d->scale == NULL || ht__desc_same_shape(&d->offsets->desc, &d->scale->desc);
    return agree && ht__desc_elements(&d->desc) > 0;
}
