/* Values as tensors of the file: orders, kinds, constants. */
#include <math.h>
#include <string.h>

#include "formats/tflite/writing.h"

static const int32_t channels_last[] = {0, 2, 3, 1}, channels_first[] = {0, 3, 1, 2};

static ht_status reserve(tflite_writing *w, size_t bytes, void *out) {
    void *memory = ht__arena_alloc(w->arena, bytes);
    memcpy(out, &memory, sizeof memory);
    return memory != NULL ? HT_OK : ht__fail_memory(w->err, bytes);
}

/* ---- types ---- */

static int32_t type_of(ht_type type) {
    switch (type) {
#define TYPE_CASE(number, NAME, own) \
    case own: return number;
        TFLITE_TYPE_LIST(TYPE_CASE)
#undef TYPE_CASE
    default: return -1;
    }
}

/* The type of a tensor's codes: TFLite has int8, uint8 and int16. -1: none holds them. */
static int32_t code_type(const ht_quantization *q) {
    if (q->codebook || q->element != HT_NONE || q->block != 0) {
        return -1;
    }
    return q->bits <= 8                    ? (q->is_signed ? TFLITE_INT8 : TFLITE_UINT8)
           : q->is_signed && q->bits <= 16 ? TFLITE_INT16
                                           : -1;
}

static ht_status append(tflite_writing *w, const tflite_written_tensor *tensor, int32_t *out) {
    tflite_content *content = &w->content;
    HT_TRY(ht__grow(w->allocator, &content->tensors, sizeof *content->tensors, &content->tensor_capacity,
                    content->tensor_count + 1, w->err));
    *out = (int32_t)content->tensor_count;
    content->tensors[content->tensor_count++] = *tensor;
    return HT_OK;
}

/* Shape and signature: what is open is 1 in the shape and -1 in the signature. */
static ht_status set_shape(tflite_writing *w, const ht_value *value, const int32_t *order, int32_t rank,
                           tflite_written_tensor *tensor) {
    int32_t added = rank - value->desc.rank;
    if (value->desc.rank < 0 || added < 0 || rank > HT_MAX_RANK) {
        return ht__fail_at(w->err, HT_ERROR_MISMATCH, value->name, "The shape of this tensor is not known.");
    }
    tensor->rank = rank;
    for (int32_t i = 0; i < rank; ++i) {
        int32_t from = (order != NULL ? order[i] : i) - added;
        int64_t size = from < 0 ? 1 : value->desc.dims[from];
        if (size > INT32_MAX) {
            return ht__fail_at(w->err, HT_ERROR_LIMIT, value->name, "A dimension of this tensor is too large.");
        }
        int64_t single = from < 0 || value->data != NULL ? size : w->single->values[value->id]->desc.dims[from];
        tensor->shape[i] = size >= 0 ? (int32_t)size : single > 0 && single <= INT32_MAX ? (int32_t)single : 1;
        tensor->signature[i] = (int32_t)size;
    }
    return HT_OK;
}

/* Scales and zero points; zero points of an annotation are numbers. */
static ht_status set_parameters(tflite_writing *w, const ht_value *value, const ht_quantization *q, int32_t axis,
                                tflite_written_tensor *tensor) {
    int64_t *zero;
    HT_TRY(reserve(w, q->groups * sizeof *zero, &zero));
    for (size_t i = 0; i < q->groups; ++i) {
        float number = q->zero_point != NULL ? q->zero_point[i] : 0.0f;
        if (!(fabsf(number) <= 65536.0f) || number != rintf(number)) {
            return ht__fail_at(w->err, HT_ERROR_UNSUPPORTED, value->name,
                               "TFLite has no zero points that are no codes, as this tensor's.");
        }
        zero[i] = (int64_t)number;
    }
    tensor->scale = q->scale;
    tensor->zero_point = zero;
    tensor->scales = q->groups;
    tensor->axis = axis;
    return HT_OK;
}

/* ---- values that operators give ---- */

ht_status ht__tflite_new_tensor(tflite_writing *w, const ht_value *value, tflite_order order, bool codes,
                                int32_t *out) {
    const ht_quantization *q = w->annotations[value->id];
    tflite_written_tensor tensor = {.type = codes ? code_type(q) : type_of(value->desc.type)};
    if (tensor.type < 0) {
        return ht__fail_at(w->err, HT_ERROR_UNSUPPORTED, value->name, "TFLite has no type for this tensor.");
    }
    /* The first tensor has the value's name; of what the model gives, the one that it gives. */
    const tflite_place *place = &w->places[value->id];
    bool first =
        place->tensors[0][0] < 0 && place->tensors[0][1] < 0 && place->tensors[1][0] < 0 && place->tensors[1][1] < 0;
    bool named = value->is_output ? order == TFLITE_PLAIN && !codes : first;
    tensor.name = named ? value->name
                        : ht__arena_printf(w->arena, "%s%s%s", value->name, codes ? "/codes" : "/real",
                                           order == TFLITE_CHANNELS_LAST ? "_channels_last" : "");
    if (tensor.name == NULL) {
        return ht__fail_memory(w->err, strlen(value->name));
    }
    HT_TRY(set_shape(w, value, order == TFLITE_CHANNELS_LAST ? channels_last : NULL, value->desc.rank, &tensor));
    if (codes) {
        HT_TRY(set_parameters(w, value, q, 0, &tensor));
    }
    HT_TRY(append(w, &tensor, out));
    w->places[value->id].tensors[order][codes] = *out;
    return HT_OK;
}

/* The tensor in the other order, transposed. */
static ht_status turn(tflite_writing *w, const ht_value *value, tflite_order order, bool codes, int32_t from,
                      int32_t *out) {
    const int32_t *steps = order == TFLITE_CHANNELS_LAST ? channels_last : channels_first;
    int64_t permutation[4];
    int32_t inputs[2] = {from};
    for (int i = 0; i < 4; ++i) {
        permutation[i] = steps[i];
    }
    HT_TRY(ht__tflite_write_ints(w, permutation, 4, 0, &inputs[1]));
    HT_TRY(ht__tflite_new_tensor(w, value, order, codes, out));
    return ht__tflite_write_operator(w, 39, codes ? 2 : 1, 26, inputs, 2, *out, NULL); /* TRANSPOSE */
}

/* The tensor in the other kind. */
static ht_status convert(tflite_writing *w, const ht_value *value, tflite_order order, bool codes, int32_t from,
                         int32_t *out) {
    HT_TRY(ht__tflite_new_tensor(w, value, order, codes, out));
    return codes ? ht__tflite_write_operator(w, 114, 1, 89, &from, 1, *out, NULL) /* QUANTIZE */
                 : ht__tflite_write_operator(w, 6, 2, 38, &from, 1, *out, NULL);  /* DEQUANTIZE */
}

ht_status ht__tflite_tensor_of(tflite_writing *w, const ht_value *value, tflite_order order, bool codes, int32_t *out) {
    if (value->desc.rank != 4) {
        order = TFLITE_PLAIN;
    }
    tflite_place *place = &w->places[value->id];
    tflite_order other = order == TFLITE_PLAIN ? TFLITE_CHANNELS_LAST : TFLITE_PLAIN;
    *out = place->tensors[order][codes];
    if (*out >= 0) {
        return HT_OK;
    }
    if (value->data != NULL) {
        bool turned = order == TFLITE_CHANNELS_LAST;
        HT_TRY(ht__tflite_write_constant(w, value, turned ? channels_last : NULL, value->desc.rank, codes, out));
        place->tensors[order][codes] = *out;
        return HT_OK;
    }
    if (place->tensors[order][!codes] >= 0) {
        return convert(w, value, order, codes, place->tensors[order][!codes], out);
    }
    if (place->tensors[other][codes] >= 0) {
        return turn(w, value, order, codes, place->tensors[other][codes], out);
    }
    if (place->tensors[other][!codes] < 0) {
        return ht__fail_at(w->err, HT_ERROR_INTERNAL, value->name, "This tensor is read before it is written.");
    }
    int32_t between;
    HT_TRY(turn(w, value, order, !codes, place->tensors[other][!codes], &between));
    return convert(w, value, order, codes, between, out);
}

/* ---- constants ---- */

/* Where elements come from when axes are put in another order. */
typedef struct source {
    int64_t strides[HT_MAX_RANK], index[HT_MAX_RANK], place;
    int32_t rank;
    const int32_t *dims;
} source;

static source begin(const ht_value *value, const tflite_written_tensor *tensor, const int32_t *order) {
    source s = {.rank = tensor->rank, .dims = tensor->shape};
    int64_t strides[HT_MAX_RANK] = {0}, stride = 1;
    int32_t added = tensor->rank - value->desc.rank;
    for (int32_t i = value->desc.rank - 1; i >= 0; --i) {
        strides[i] = stride;
        stride *= value->desc.dims[i];
    }
    for (int32_t i = 0; i < s.rank; ++i) {
        int32_t from = (order != NULL ? order[i] : i) - added;
        s.strides[i] = from < 0 ? 0 : strides[from];
    }
    return s;
}

static void next(source *s) {
    for (int32_t i = s->rank - 1; i >= 0; --i) {
        s->place += s->strides[i];
        if (++s->index[i] < s->dims[i]) {
            return;
        }
        s->place -= s->strides[i] * s->dims[i];
        s->index[i] = 0;
    }
}

/* Each element as `size` bytes: the code, or the value's own bytes. */
static ht_status copy_elements(tflite_writing *w, const ht_value *value, const int32_t *order, const ht_quantization *q,
                               size_t size, tflite_written_tensor *tensor) {
    int64_t elements = ht__desc_elements(&value->desc);
    uint8_t *bytes;
    tensor->bytes = (size_t)elements * size;
    HT_TRY(reserve(w, tensor->bytes, &bytes));
    int64_t offset = q != NULL && q->is_signed ? (int64_t)1 << (q->bits - 1) : 0;
    source s = begin(value, tensor, order);
    for (int64_t i = 0; i < elements; ++i, next(&s)) {
        if (q != NULL) {
            int64_t code = q->codes[s.place] - offset;
            memcpy(bytes + (size_t)i * size, &code, size); /* little endian: the low bytes */
        } else {
            memcpy(bytes + (size_t)i * size, (const char *)value->data + (size_t)s.place * size, size);
        }
    }
    tensor->data = bytes;
    return HT_OK;
}

/* A constant that is stored narrower than it is used: as codes or halves, with the operator that decodes it. */
static bool is_narrow(const ht_value *value) {
    const ht_quantization *q = value->quantization;
    return q != NULL && q->codes != NULL && (q->element != HT_NONE || code_type(q) >= 0);
}

static ht_status write_halves(tflite_writing *w, const ht_value *value, const int32_t *order, int32_t rank,
                              int32_t *out) {
    ht_value halves = *value;
    halves.desc.type = value->quantization->element;
    halves.data = value->quantization->codes;
    halves.quantization = NULL;
    return ht__tflite_write_constant(w, &halves, order, rank, false, out);
}

static ht_status write_decoded(tflite_writing *w, const ht_value *value, const int32_t *order, int32_t rank,
                               int32_t *out) {
    int32_t narrow;
    HT_TRY(value->quantization->element != HT_NONE ? write_halves(w, value, order, rank, &narrow)
                                                   : ht__tflite_write_constant(w, value, order, rank, true, &narrow));
    HT_TRY(ht__tflite_copy_tensor(w, narrow, "real", out));
    tflite_written_tensor *decoded = &w->content.tensors[*out];
    decoded->type = TFLITE_FLOAT32;
    decoded->scales = 0;
    decoded->scale = NULL;
    return ht__tflite_write_operator(w, 6, 2, 38, &narrow, 1, *out, NULL); /* DEQUANTIZE */
}

ht_status ht__tflite_write_constant(tflite_writing *w, const ht_value *value, const int32_t *order, int32_t rank,
                                    bool codes, int32_t *out) {
    if (!codes && is_narrow(value)) {
        return write_decoded(w, value, order, rank, out);
    }
    const ht_quantization *q = codes ? value->quantization : NULL;
    tflite_written_tensor tensor = {.name = value->name, .type = q != NULL ? code_type(q) : type_of(value->desc.type)};
    if (tensor.type < 0 || (codes && (q == NULL || q->codes == NULL))) {
        return ht__fail_at(w->err, HT_ERROR_UNSUPPORTED, value->name, "TFLite has no type for this constant.");
    }
    HT_TRY(set_shape(w, value, order, rank, &tensor));
    if (q != NULL) {
        int32_t axis = 0, added = rank - value->desc.rank;
        for (int32_t i = 0; i < rank; ++i) {
            axis = (order != NULL ? order[i] : i) - added == q->axis ? i : axis;
        }
        HT_TRY(set_parameters(w, value, q, axis, &tensor));
    }
    size_t size = q == NULL ? ht_type_bytes(value->desc.type) : tensor.type == TFLITE_INT16 ? 2 : 1;
    HT_TRY(copy_elements(w, value, order, q, size, &tensor));
    return append(w, &tensor, out);
}

ht_status ht__tflite_copy_tensor(tflite_writing *w, int32_t tensor, const char *suffix, int32_t *out) {
    tflite_written_tensor copy = w->content.tensors[tensor];
    copy.name = ht__arena_printf(w->arena, "%s/%s", copy.name, suffix);
    copy.data = NULL;
    copy.bytes = 0;
    return copy.name != NULL ? append(w, &copy, out) : ht__fail_memory(w->err, 1);
}

ht_status ht__tflite_write_ints(tflite_writing *w, const int64_t *values, size_t count, int32_t rows, int32_t *out) {
    int32_t *words;
    tflite_written_tensor tensor = {.type = TFLITE_INT32, .rank = rows != 0 ? 2 : 1, .bytes = count * sizeof *words};
    HT_TRY(reserve(w, tensor.bytes + 4, &words));
    for (size_t i = 0; i < count; ++i) {
        words[i] = values[i] > INT32_MAX ? INT32_MAX : values[i] < INT32_MIN ? INT32_MIN : (int32_t)values[i];
    }
    tensor.data = words;
    tensor.shape[0] = tensor.signature[0] = rows != 0 ? rows : (int32_t)count;
    tensor.shape[1] = tensor.signature[1] = rows != 0 ? (int32_t)count / rows : 0;
    tensor.name = ht__arena_printf(w->arena, "constant_%zu", w->content.tensor_count);
    return tensor.name != NULL ? append(w, &tensor, out) : ht__fail_memory(w->err, 1);
}

ht_status ht__tflite_write_number(tflite_writing *w, float number, int32_t *out) {
    float *copy;
    HT_TRY(reserve(w, sizeof *copy, &copy));
    *copy = number;
    tflite_written_tensor tensor = {.type = TFLITE_FLOAT32, .bytes = sizeof *copy, .data = copy};
    tensor.name = ht__arena_printf(w->arena, "constant_%zu", w->content.tensor_count);
    return tensor.name != NULL ? append(w, &tensor, out) : ht__fail_memory(w->err, 1);
}

ht_status ht__tflite_write_bias(const tflite_emission *e, const ht_value *bias, const ht_value *input,
                                const ht_value *weights, int32_t *out) {
    tflite_writing *w = e->writing;
    const ht_quantization *x = w->annotations[input->id], *k = weights->quantization, *own = bias->quantization;
    bool keeps = own != NULL && own->wide_codes != NULL && own->groups == k->groups;
    size_t count = (size_t)ht__desc_elements(&bias->desc);
    size_t size = x->bits == 16 && !(keeps && own->narrow_sums) ? 8 : 4;
    float *scale;
    int64_t *zero;
    uint8_t *codes;
    if (bias->data == NULL || bias->desc.type != HT_F32 || (k->groups != 1 && k->groups != count)) {
        return ht__tflite_cannot(e, "whose bias is computed, or does not fit the weights' channels,");
    }
    HT_TRY(reserve(w, k->groups * sizeof *scale, &scale));
    HT_TRY(reserve(w, k->groups * sizeof *zero, &zero));
    HT_TRY(reserve(w, count * size, &codes));
    for (size_t i = 0; i < k->groups; ++i) {
        scale[i] = keeps ? own->scale[i] : x->scale[0] * k->scale[i];
    }
    for (size_t i = 0; i < count; ++i) {
        double step = (double)x->scale[0] * (double)k->scale[k->groups == 1 ? 0 : i];
        double exact = step > 0 ? rint((double)((const float *)bias->data)[i] / step) : 0;
        if (isnan(exact)) {
            return ht__tflite_cannot(e, "whose bias is not a number");
        }
        double bounded = exact > INT32_MAX ? INT32_MAX : exact < INT32_MIN ? INT32_MIN : exact;
        int64_t code = keeps ? own->wide_codes[i] : (int64_t)bounded;
        memcpy(codes + i * size, &code, size);
    }
    tflite_written_tensor tensor = {.name = bias->name,
                                    .type = size == 8 ? TFLITE_INT64 : TFLITE_INT32,
                                    .rank = 1,
                                    .shape = {(int32_t)count},
                                    .signature = {(int32_t)count},
                                    .data = codes,
                                    .bytes = count * size,
                                    .scale = scale,
                                    .zero_point = zero,
                                    .scales = k->groups};
    return append(w, &tensor, out);
}
