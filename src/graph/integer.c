#include "graph/integer.h"

#include <math.h>
#include <string.h>

#include "graph/quantization.h"
#include "kernels/codes.h"

static ht_value *twin_of(const ht_integer *integer, const ht_value *value) {
    return value->id < integer->twin_capacity ? integer->twins[value->id] : NULL;
}

ht_status ht__integer_set_twin(ht_integer *integer, const ht_value *value, ht_value *codes, ht_error *err) {
    size_t before = integer->twin_capacity;
    HT_TRY(ht__grow(&integer->graph->ctx->allocator, &integer->twins, sizeof(ht_value *), &integer->twin_capacity,
                    (size_t)value->id + 1, err));
    for (size_t i = before; i < integer->twin_capacity; ++i) {
        integer->twins[i] = NULL;
    }
    integer->twins[value->id] = codes;
    return HT_OK;
}

bool ht__integer_usable(const ht_quantization *q, bool whole) {
    if (q == NULL || q->codebook || q->element != HT_NONE || q->bits > 16 || q->block != 0 || q->scale == NULL ||
        q->zero_point == NULL || (whole && q->groups != 1)) {
        return false;
    }
    float low = q->is_signed ? -ldexpf(1.0f, q->bits - 1) : 0.0f, high = low + ldexpf(1.0f, q->bits) - 1.0f;
    for (size_t i = 0; i < q->groups; ++i) {
        float zero = q->zero_point[i], scale = q->scale[i];
        if (!(scale > 0.0f && isfinite(scale) && zero >= low && zero <= high && zero == floorf(zero))) {
            return false;
        }
    }
    return true;
}

ht_type ht__integer_type(const ht_quantization *q) {
    return q->bits <= 8 ? (q->is_signed ? HT_I8 : HT_U8) : (q->is_signed ? HT_I16 : HT_U16);
}

/* A name after `value`, or NULL (then one is made up) when it is taken. */
static const char *twin_name(const ht_graph *graph, const ht_value *value, const char *suffix) {
    const char *name = ht__arena_printf(graph->arena, "%s%s", value->name, suffix);
    return name != NULL && ht__graph_find(graph, name) == NULL ? name : NULL;
}

/* The codes of a constant, as a constant. */
static ht_status make_constant(ht_integer *integer, const ht_value *value, ht_value **out, ht_error *err) {
    ht_graph *graph = integer->graph;
    const ht_quantization *q = value->quantization;
    ht_tensor_desc desc = value->desc;
    desc.type = ht__integer_type(q);
    size_t bytes;
    void *codes = ht__desc_bytes(&desc, &bytes) ? ht__arena_alloc(graph->arena, bytes) : NULL;
    if (codes == NULL) {
        return ht__fail_memory(err, 0);
    }
    int32_t offset = q->is_signed ? 1 << (q->bits - 1) : 0;
    int64_t elements = ht__desc_elements(&desc);
    for (int64_t i = 0; i < elements; ++i) {
        ht__code_store(desc.type, codes, i, (int32_t)q->codes[i] - offset);
    }
    HT_TRY(ht__graph_add_constant(graph, twin_name(graph, value, ".codes"), &desc, codes, true, out, err));
    return ht__integer_set_twin(integer, value, *out, err);
}

static ht_status find_codes(ht_integer *integer, ht_value *value, bool whole, ht_value **out, ht_error *err) {
    *out = NULL;
    if (value == NULL || !ht__integer_usable(value->quantization, whole)) {
        return HT_OK;
    }
    *out = twin_of(integer, value);
    bool constant = value->data != NULL && value->quantization->codes != NULL;
    return *out == NULL && constant ? make_constant(integer, value, out, err) : HT_OK;
}

ht_status ht__integer_codes(ht_integer *integer, ht_value *value, ht_codes *out, ht_error *err) {
    *out = (ht_codes){0};
    HT_TRY(find_codes(integer, value, true, &out->value, err));
    if (out->value != NULL) {
        out->type = out->value->desc.type;
        out->scale = value->quantization->scale[0];
        out->zero = (int32_t)value->quantization->zero_point[0];
    }
    return HT_OK;
}

ht_status ht__integer_weights(ht_integer *integer, ht_value *value, int32_t axis, ht_value **out, ht_error *err) {
    const ht_quantization *q = value->quantization;
    bool whole = q == NULL || axis < 0 || (q->groups > 1 && q->axis != axis);
    return find_codes(integer, value, whole, out, err);
}

ht_status ht__integer_zero_points(ht_integer *integer, const ht_value *value, ht_value **out, ht_error *err) {
    const ht_quantization *q = value->quantization;
    ht_tensor_desc desc = {.type = ht__integer_type(q), .rank = q->groups > 1 ? 1 : 0, .dims = {(int64_t)q->groups}};
    size_t bytes = q->groups * ht_type_bytes(desc.type);
    void *zeros = ht__arena_alloc(integer->graph->arena, bytes);
    if (zeros == NULL) {
        return ht__fail_memory(err, bytes);
    }
    for (size_t i = 0; i < q->groups; ++i) {
        ht__code_store(desc.type, zeros, (int64_t)i, (int32_t)q->zero_point[i]);
    }
    return ht__graph_add_constant(integer->graph, NULL, &desc, zeros, true, out, err);
}

ht_status ht__integer_add(ht_integer *integer, const char *op_name, const ht_node *source, ht_value *const *inputs,
                          uint32_t input_count, ht_type type, ht_node **out, ht_error *err) {
    ht_graph *graph = integer->graph;
    ht_tensor_desc desc = integer->result->desc;
    desc.type = type;
    ht_value *output;
    HT_TRY(ht__graph_add_value(graph, twin_name(graph, integer->result, ".codes"), &desc, &output, err));
    return ht__graph_add_node_raw(graph, "halftone", op_name, source != NULL ? source->name : integer->result->name,
                                  inputs, input_count, &output, 1, out, err);
}

void ht__integer_give(ht_integer *integer, const ht_node *node) { integer->target.value = node->outputs[0]; }
