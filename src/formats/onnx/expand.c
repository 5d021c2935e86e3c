/* Expanding annotations into the nodes that quantized.h lists. */
#include <math.h>
#include <string.h>

#include "formats/onnx/emit.h"
#include "formats/onnx/quantized.h"
#include "numeric/scalar.h"

/* An annotated constant on its way out. */
typedef struct expansion {
    onnx_emission *emission;
    const ht_value *value;
    const ht_quantization *q;
    ht_group_view view;
    int64_t run;      /* 0: codes lie as the tensor's elements; else a channel's lie together, and its run is so long */
    const char *name; /* of what the last node gives */
} expansion;

static ht_status add_name(expansion *e, const char *suffix, const char **out) {
    return ht__onnx_fresh(&e->emission->names, e->value->name, suffix, out, e->emission->err);
}

/* A tensor called after the value. */
static ht_status add_tensor(expansion *e, const char *suffix, const ht_tensor_desc *desc, const void *data, bool copy,
                            const char **out) {
    HT_TRY(add_name(e, suffix, out));
    return ht__onnx_add_tensor(e->emission->document, *out, desc, data, copy, NULL, e->emission->err);
}

static ht_status add_ints(expansion *e, const char *suffix, const int64_t *values, int64_t count, const char **out) {
    ht_tensor_desc desc = {.type = HT_I64, .rank = 1, .dims = {count}};
    return add_tensor(e, suffix, &desc, values, true, out);
}

/* A node on the chain; `first` and `second` are its operands (second may be NULL). The last node of all gives the value
 * itself. */
static ht_status add_node(expansion *e, const char *op, const char *suffix, const char *first, const char *second,
                          onnx_node **out) {
    onnx_document *document = e->emission->document;
    ht_error *err = e->emission->err;
    const char *result = e->value->name;
    if (suffix != NULL) {
        HT_TRY(add_name(e, suffix, &result));
    }
    HT_TRY(ht__onnx_add_node(document, op, result, out, err));
    HT_TRY(ht__onnx_add_operand(document, *out, false, first, err));
    if (second != NULL) {
        HT_TRY(ht__onnx_add_operand(document, *out, false, second, err));
    }
    HT_TRY(ht__onnx_add_operand(document, *out, true, result, err));
    e->name = result;
    return HT_OK;
}

/* ---- codes and parameters ---- */

/* The codes, in the shape, order and type in which they are stored. */
static ht_status add_codes(expansion *e, const ht_tensor_desc *shape, const char **out) {
    const ht_quantization *q = e->q;
    ht_tensor_desc desc = *shape;
    desc.type = ht__quantization_code_type(q);
    if (q->wide_codes != NULL) {
        return add_tensor(e, ".codes", &desc, q->wide_codes, false, out);
    }
    size_t bytes, size = ht_type_bytes(desc.type);
    uint8_t *stored = ht__desc_bytes(&desc, &bytes) ? ht__arena_alloc(e->emission->document->arena, bytes) : NULL;
    if (stored == NULL) {
        return ht__fail_memory(e->emission->err, 0);
    }
    int32_t offset = q->is_signed && !q->codebook ? 1 << (q->bits - 1) : 0;
    int64_t elements = ht__desc_elements(&e->value->desc);
    for (int64_t i = 0; i < elements && size == 1 && e->run == 0; ++i) { /* nearly always */
        stored[i] = (uint8_t)(q->codes[i] - offset);
    }
    for (int64_t i = 0; i < elements && (size != 1 || e->run != 0); ++i) {
        int32_t code = (int32_t)q->codes[i] - offset;
        size_t place = (size_t)(e->run != 0 ? ht__onnx_stored_at(&e->view, e->run, i) : i);
        memcpy(stored + place * size, &code, size); /* little endian: the low bytes */
    }
    return add_tensor(e, ".codes", &desc, stored, false, out);
}

/* The shape in which one number per group is broadcast to the stored codes. */
static ht_tensor_desc parameter_shape(const expansion *e, ht_type type) {
    ht_tensor_desc desc = {.type = type};
    if (e->view.blocks > 1) {
        desc.rank = 3;
        desc.dims[0] = e->view.channels;
        desc.dims[1] = e->view.blocks;
        desc.dims[2] = 1;
    } else if (e->view.channels > 1) {
        desc.rank = e->value->desc.rank - e->q->axis;
        for (int32_t i = 0; i < desc.rank; ++i) {
            desc.dims[i] = i == 0 ? e->view.channels : 1;
        }
    }
    return desc;
}

/* ---- DequantizeLinear ---- */

/* What DequantizeLinear takes and gives. */
typedef struct dequantization {
    ht_tensor_desc codes, groups; /* shapes of the codes, and of scales and zero points */
    int64_t axis, block;          /* -1: one scale; 0: no blocks */
} dequantization;

/* The group whose parameters stand at `place` of [blocks, channels] when blocks go along axis 0, else of [channels,
 * blocks]. */
static size_t group_at(const expansion *e, const dequantization *d, size_t place) {
    size_t channels = (size_t)e->view.channels, blocks = (size_t)e->view.blocks;
    return d->block != 0 && d->axis == 0 ? place % channels * blocks + place / channels : place;
}

static ht_status add_scales(expansion *e, const dequantization *d, const char **out) {
    ht_tensor_desc desc = d->groups;
    desc.type = HT_F32;
    float *scales = ht__arena_alloc(e->emission->document->arena, e->q->groups * sizeof *scales);
    if (scales == NULL) {
        return ht__fail_memory(e->emission->err, e->q->groups * sizeof *scales);
    }
    for (size_t i = 0; i < e->q->groups; ++i) {
        scales[i] = e->q->scale[group_at(e, d, i)];
    }
    return add_tensor(e, ".scale", &desc, scales, false, out);
}

/* One zero point per group in the codes' own type. */
static ht_status add_zero_points(expansion *e, const dequantization *d, const char **out) {
    ht_tensor_desc desc = d->groups;
    desc.type = ht__quantization_code_type(e->q);
    size_t size = ht_type_bytes(desc.type);
    uint8_t *bytes = ht__arena_alloc(e->emission->document->arena, e->q->groups * size);
    if (bytes == NULL) {
        return ht__fail_memory(e->emission->err, e->q->groups * size);
    }
    for (size_t i = 0; i < e->q->groups; ++i) {
        int32_t zero = (int32_t)e->q->zero_point[group_at(e, d, i)];
        memcpy(bytes + i * size, &zero, size);
    }
    return add_tensor(e, ".zero_point", &desc, bytes, false, out);
}

/* The shapes for blocks, as quantized.h lists them. */
static dequantization blocked_shapes(const ht_group_view *view, int32_t rank) {
    int64_t length = view->outer * view->inner;
    dequantization d = {.block = view->block_length};
    if (view->outer > 1 && view->inner == 1) {
        d.codes = (ht_tensor_desc){.rank = 2, .dims = {length, view->channels}};
        d.groups = (ht_tensor_desc){.rank = 2, .dims = {view->blocks, view->channels}};
    } else if (rank == 1) {
        d.codes = (ht_tensor_desc){.rank = 1, .dims = {length}};
        d.groups = (ht_tensor_desc){.rank = 1, .dims = {view->blocks}};
    } else {
        d.codes = (ht_tensor_desc){.rank = 2, .dims = {view->channels, length}};
        d.groups = (ht_tensor_desc){.rank = 2, .dims = {view->channels, view->blocks}};
        d.axis = 1;
    }
    return d;
}

static ht_status arrange_blocks(expansion *e);

static ht_status expand_dequantize(expansion *e) {
    const ht_group_view *view = &e->view;
    bool per_channel = view->channels > 1, blocked = view->blocks > 1;
    dequantization d = {.codes = e->value->desc,
                        .groups = {.rank = per_channel ? 1 : 0, .dims = {view->channels}},
                        .axis = per_channel ? e->q->axis : -1};
    if (blocked) {
        d = blocked_shapes(view, e->value->desc.rank);
        e->run = view->outer > 1 && view->inner > 1 ? view->outer * view->inner : 0;
    }
    bool rearranges = !ht__desc_same_shape(&d.codes, &e->value->desc);
    const char *codes, *scale, *zero_point;
    onnx_document *document = e->emission->document;
    onnx_node *node;
    HT_TRY(add_codes(e, &d.codes, &codes));
    HT_TRY(add_scales(e, &d, &scale));
    HT_TRY(add_zero_points(e, &d, &zero_point));
    HT_TRY(add_node(e, "DequantizeLinear", rearranges ? ONNX_SUFFIX_BLOCKS : NULL, codes, scale, &node));
    HT_TRY(ht__onnx_add_operand(document, node, false, zero_point, e->emission->err));
    HT_TRY(d.axis >= 0 ? ht__onnx_add_int(document, node, "axis", d.axis, e->emission->err) : HT_OK);
    HT_TRY(blocked ? ht__onnx_add_int(document, node, "block_size", d.block, e->emission->err) : HT_OK);
    return rearranges ? arrange_blocks(e) : HT_OK;
}

/* ---- affine and codebook ---- */

static ht_status add_cast(expansion *e, int64_t onnx_type, const char *suffix) {
    const char *codes;
    onnx_node *node;
    ht_tensor_desc shape = e->value->desc;
    if (e->view.blocks > 1) {
        shape = (ht_tensor_desc){.rank = 3, .dims = {e->view.channels, e->view.blocks, e->view.block_length}};
        e->run = e->view.blocks * e->view.block_length;
    }
    HT_TRY(add_codes(e, &shape, &codes));
    HT_TRY(add_node(e, "Cast", suffix, codes, NULL, &node));
    return ht__onnx_add_int(e->emission->document, node, "to", onnx_type, e->emission->err);
}

/* The suffix of a node's result: none when it is the last, because nothing has to be put in order after it. */
static const char *suffix_of(const expansion *e, const char *suffix) { return e->view.blocks > 1 ? suffix : NULL; }

static ht_status expand_affine(expansion *e) {
    ht_tensor_desc desc = parameter_shape(e, HT_F32);
    const char *zero_point, *scale;
    onnx_node *node;
    HT_TRY(add_cast(e, 1, ".cast"));
    HT_TRY(add_tensor(e, ".zero_point", &desc, e->q->zero_point, false, &zero_point));
    HT_TRY(add_node(e, "Sub", ".centered", e->name, zero_point, &node));
    HT_TRY(add_tensor(e, ".scale", &desc, e->q->scale, false, &scale));
    return add_node(e, "Mul", suffix_of(e, ONNX_SUFFIX_BLOCKS), e->name, scale, &node);
}

/* Where each group's table starts in the flat one. */
static ht_status add_offsets(expansion *e) {
    ht_tensor_desc desc = parameter_shape(e, HT_I32);
    int32_t *offsets = ht__arena_alloc(e->emission->document->arena, e->q->groups * sizeof *offsets);
    if (offsets == NULL) {
        return ht__fail_memory(e->emission->err, e->q->groups * sizeof *offsets);
    }
    if (e->q->groups * (size_t)e->q->levels > INT32_MAX) {
        return ht__fail_at(e->emission->err, HT_ERROR_LIMIT, e->value->name,
                           "The tables of this tensor are too large.");
    }
    for (size_t i = 0; i < e->q->groups; ++i) {
        offsets[i] = (int32_t)(i * e->q->levels);
    }
    const char *name;
    onnx_node *node;
    HT_TRY(add_tensor(e, ".offsets", &desc, offsets, false, &name));
    return add_node(e, "Add", ".index", e->name, name, &node);
}

static ht_status expand_codebook(expansion *e) {
    const ht_quantization *q = e->q;
    bool own_tables = !q->shared_table && q->groups > 1;
    int64_t entries = (int64_t)q->levels * (own_tables ? (int64_t)q->groups : 1);
    ht_tensor_desc table_desc = {.type = HT_F32, .rank = 1, .dims = {entries}};
    const char *table;
    onnx_node *node;
    HT_TRY(add_cast(e, 6, ".cast"));
    if (own_tables) {
        HT_TRY(add_offsets(e));
    }
    HT_TRY(add_tensor(e, ".table", &table_desc, q->table, false, &table));
    const char *suffix = q->scale != NULL ? ONNX_SUFFIX_LEVELS : suffix_of(e, ONNX_SUFFIX_BLOCKS);
    HT_TRY(add_node(e, "Gather", suffix, table, e->name, &node));
    if (q->scale == NULL) {
        return HT_OK;
    }
    ht_tensor_desc scale_desc = parameter_shape(e, HT_F32);
    const char *scale;
    HT_TRY(add_tensor(e, ".scale", &scale_desc, q->scale, false, &scale));
    return add_node(e, "Mul", suffix_of(e, ONNX_SUFFIX_BLOCKS), e->name, scale, &node);
}

/* ---- blocks back into the tensor's shape ---- */

static ht_status add_reshape(expansion *e, const char *suffix, const int64_t *dims, int64_t rank) {
    const char *shape;
    onnx_node *node;
    HT_TRY(add_ints(e, ".shape", dims, rank, &shape));
    return add_node(e, "Reshape", suffix, e->name, shape, &node);
}

static ht_status add_slice(expansion *e, int64_t length) {
    const char *start, *end, *axis;
    onnx_node *node;
    HT_TRY(add_ints(e, ".start", &(int64_t){0}, 1, &start));
    HT_TRY(add_ints(e, ".end", &length, 1, &end));
    HT_TRY(add_ints(e, ".axis", &(int64_t){1}, 1, &axis));
    HT_TRY(add_node(e, "Slice", ".cut", e->name, start, &node));
    HT_TRY(ht__onnx_add_operand(e->emission->document, node, false, end, e->emission->err));
    return ht__onnx_add_operand(e->emission->document, node, false, axis, e->emission->err);
}

static ht_status add_transpose(expansion *e) {
    static const int64_t order[] = {1, 0, 2};
    onnx_node *node;
    HT_TRY(add_node(e, "Transpose", ".transposed", e->name, NULL, &node));
    onnx_attribute *perm = ht__arena_alloc(e->emission->document->arena, sizeof *perm);
    if (perm == NULL) {
        return ht__fail_memory(e->emission->err, sizeof *perm);
    }
    *perm = (onnx_attribute){.name = "perm", .type = ONNX_ATTRIBUTE_INTS, .count = 3, .ints = order};
    return ht__onnx_push(e->emission->document->arena, &node->attributes, &node->attribute_count,
                         &node->attribute_capacity, perm, e->emission->err);
}

/* What the nodes before gave, stored in runs of e->run, in the tensor's order and shape. */
static ht_status arrange_blocks(expansion *e) {
    const ht_group_view *view = &e->view;
    int64_t length = view->outer * view->inner;
    if (e->run > length) {
        HT_TRY(add_reshape(e, ".padded", (int64_t[]){view->channels, e->run}, 2));
        HT_TRY(add_slice(e, length));
    }
    if (e->run != 0 && view->outer > 1) {
        HT_TRY(add_reshape(e, ".channels", (int64_t[]){view->channels, view->outer, view->inner}, 3));
        HT_TRY(add_transpose(e));
    }
    return add_reshape(e, NULL, e->value->desc.dims, e->value->desc.rank);
}

/* f16 and bf16 are types of ONNX: Cast(codes). */
static ht_status expand_element(expansion *e) {
    ht_tensor_desc desc = e->value->desc;
    desc.type = e->q->element;
    const char *codes;
    onnx_node *node;
    HT_TRY(add_tensor(e, ".codes", &desc, e->q->codes, false, &codes));
    HT_TRY(add_node(e, "Cast", NULL, codes, NULL, &node));
    return ht__onnx_add_int(e->emission->document, node, "to", 1, e->emission->err);
}

ht_status ht__onnx_expand_constant(onnx_emission *emission, const ht_value *value) {
    expansion e = {.emission = emission, .value = value, .q = value->quantization};
    if (e.q->element != HT_NONE) {
        return expand_element(&e);
    }
    HT_TRY(ht__onnx_group_view(e.q, &value->desc, &e.view, emission->err));
    if (ht__onnx_dequantizes(e.q, e.view.blocks)) {
        return expand_dequantize(&e);
    }
    HT_TRY(e.q->codebook ? expand_codebook(&e) : expand_affine(&e));
    return e.view.blocks > 1 ? arrange_blocks(&e) : HT_OK;
}

/* ---- activations ---- */

static ht_status check_activation(const onnx_emission *emission, const ht_value *value) {
    const ht_quantization *q = value->quantization;
    float wide = q->bits <= 8 ? 256.0f : 65536.0f, low = q->is_signed ? -wide / 2 : 0.0f;
    bool good = !q->codebook && q->groups == 1 && q->zero_point[0] >= low && q->zero_point[0] < low + wide &&
                q->zero_point[0] == floorf(q->zero_point[0]);
    return good ? HT_OK
                : ht__fail_at(
                      emission->err, HT_ERROR_UNSUPPORTED, value->name,
                      "ONNX has no nodes for this activation's quantization: it needs one scale and a zero point "
                      "that is one of the codes.");
}

/* Clip(source) so that codes outside the width are cut off; the result's name goes to *source. */
static ht_status add_clip(expansion *e, const char **source) {
    onnx_clip_range range = ht__onnx_clip_range(e->q);
    ht_tensor_desc scalar = {.type = HT_F32};
    const char *low, *high;
    onnx_node *node;
    HT_TRY(add_tensor(e, ".low", &scalar, &range.low, true, &low));
    HT_TRY(add_tensor(e, ".high", &scalar, &range.high, true, &high));
    HT_TRY(add_node(e, "Clip", ".clipped", *source, low, &node));
    *source = e->name;
    return ht__onnx_add_operand(e->emission->document, node, false, high, e->emission->err);
}

ht_status ht__onnx_expand_activation(onnx_emission *emission, const ht_value *value, const char *source,
                                     const char *result) {
    HT_TRY(check_activation(emission, value));
    expansion e = {.emission = emission, .value = value, .q = value->quantization, .view = {1, 1, 1, 1, 1}};
    ht_tensor_desc scalar = {.type = HT_F32};
    const char *scale, *zero_point;
    onnx_node *node;
    if (e.q->bits != (int32_t)ht__type_bits(ht__quantization_code_type(e.q))) {
        HT_TRY(add_clip(&e, &source));
    }
    HT_TRY(add_tensor(&e, ".scale", &scalar, e.q->scale, false, &scale));
    HT_TRY(add_zero_points(&e, &(dequantization){.axis = -1}, &zero_point));
    HT_TRY(add_node(&e, "QuantizeLinear", ".codes", source, scale, &node));
    HT_TRY(ht__onnx_add_operand(emission->document, node, false, zero_point, emission->err));
    const char *node_name; /* the producer of the value may be called after it */
    HT_TRY(ht__onnx_fresh(&emission->names, result, ".decoding", &node_name, emission->err));
    HT_TRY(ht__onnx_add_node(emission->document, "DequantizeLinear", node_name, &node, emission->err));
    const char *operands[] = {e.name, scale, zero_point};
    for (size_t k = 0; k < 3; ++k) {
        HT_TRY(ht__onnx_add_operand(emission->document, node, false, operands[k], emission->err));
    }
    return ht__onnx_add_operand(emission->document, node, true, result, emission->err);
}
