/* Constant tensors: their codes and numbers, in the order of axes that a rule asks for. */
#include <math.h>
#include <string.h>

#include "formats/tflite/reading.h"
#include "graph/quantization.h"

/* TFLite's type of 4-bit integers, two in a byte, the first in the low half. */
#define TFLITE_INT4 17

/* A constant on its way: the tensor, and where its elements go. */
typedef struct decoding {
    tflite_reading *reading;
    const tflite_tensor *tensor;
    ht_tensor_desc desc;          /* of the value */
    int64_t strides[HT_MAX_RANK]; /* by axis of the value: elements of the file from one to the next */
    bool same_order;
    int32_t axis; /* of several scales, in the value */
} decoding;

static ht_status fail(const decoding *d, ht_status status, const char *sentence) {
    return ht__fail_at(d->reading->err, status, d->tensor->name, "%s", sentence);
}

ht_status ht__tflite_reserve(tflite_reading *r, const char *name, size_t count, size_t size, void *out) {
    size_t bytes;
    if (!ht__mul(count, size, &bytes) || bytes > r->budget) {
        return ht__fail_at(r->err, HT_ERROR_LIMIT, name,
                           "The constants of this file, decoded, take many times its size.");
    }
    r->budget -= bytes;
    void *memory = ht__arena_alloc(r->payload, bytes);
    memcpy(out, &memory, sizeof memory);
    return memory != NULL ? HT_OK : ht__fail_memory(r->err, bytes);
}

static ht_status reserve(const decoding *d, size_t count, size_t size, void *out) {
    return ht__tflite_reserve(d->reading, d->tensor->name, count, size, out);
}

/* ---- shape and order ---- */

static ht_status describe(decoding *d, const int32_t *order, int32_t rank) {
    const tflite_tensor *tensor = d->tensor;
    if (tensor->shape.count > (size_t)rank || rank > HT_MAX_RANK) {
        return fail(d, HT_ERROR_LIMIT, "This tensor has too many dimensions.");
    }
    int32_t added = rank - (int32_t)tensor->shape.count;
    int64_t dims[HT_MAX_RANK], strides[HT_MAX_RANK], stride = 1;
    for (int32_t i = rank - 1; i >= 0; --i) {
        dims[i] = i < added ? 1 : tensor->shape.data[i - added];
        strides[i] = stride;
        if (dims[i] < 0 || __builtin_mul_overflow(stride, dims[i], &stride)) {
            return fail(d, HT_ERROR_FORMAT, "The shape of this constant is not usable.");
        }
    }
    /* A bias has but one axis, whatever the file calls it. */
    int32_t axis = tensor->shape.count == 1 ? added : tensor->axis + added;
    d->desc.rank = rank;
    d->same_order = true;
    d->axis = -1;
    for (int32_t i = 0; i < rank; ++i) {
        int32_t from = order != NULL ? order[i] : i;
        d->desc.dims[i] = dims[from];
        d->strides[i] = strides[from];
        d->same_order = d->same_order && from == i;
        if (from == axis) {
            d->axis = i;
        }
    }
    return ht__desc_is_sane(&d->desc) ? HT_OK : fail(d, HT_ERROR_LIMIT, "This constant is too large.");
}

static ht_status check_bytes(const decoding *d, size_t bits) {
    size_t elements = (size_t)ht__desc_elements(&d->desc);
    return d->tensor->bytes == (elements * bits + 7) / 8
               ? HT_OK
               : fail(d, HT_ERROR_FORMAT, "This constant does not have as many bytes as its shape says.");
}

/* Goes through the file's elements in the order of the value. */
typedef struct walk {
    int64_t index[HT_MAX_RANK];
    int64_t place; /* in the file */
} walk;

static void next(const decoding *d, walk *w) {
    for (int32_t i = d->desc.rank - 1; i >= 0; --i) {
        w->place += d->strides[i];
        if (++w->index[i] < d->desc.dims[i]) {
            return;
        }
        w->place -= d->strides[i] * d->desc.dims[i];
        w->index[i] = 0;
    }
}

/* ---- codes ---- */

static int64_t code_at(const tflite_tensor *tensor, int64_t i) {
    int32_t word;
    int64_t wide;
    int16_t half;
    switch (tensor->type) {
    case TFLITE_INT4: {
        int low = tensor->data[i / 2] >> (i % 2 * 4) & 15;
        return low < 8 ? low : low - 16;
    }
    case TFLITE_INT8: return (int8_t)tensor->data[i];
    case TFLITE_UINT8: return tensor->data[i];
    case TFLITE_INT16: memcpy(&half, tensor->data + 2 * i, sizeof half); return half;
    case TFLITE_INT32: memcpy(&word, tensor->data + 4 * i, sizeof word); return word;
    default: memcpy(&wide, tensor->data + 8 * i, sizeof wide); return wide;
    }
}

static int32_t code_bits(int32_t type) {
    switch (type) {
    case TFLITE_INT4: return 4;
    case TFLITE_INT8:
    case TFLITE_UINT8: return 8;
    case TFLITE_INT16: return 16;
    case TFLITE_INT32: return 32;
    case TFLITE_INT64: return 64;
    default: return 0;
    }
}

static ht_status set_codes(decoding *d, ht_quantization *q) {
    size_t elements = (size_t)ht__desc_elements(&d->desc);
    uint16_t *codes;
    HT_TRY(reserve(d, elements, sizeof *codes, &codes));
    int64_t offset = q->is_signed ? (int64_t)1 << (q->bits - 1) : 0;
    walk w = {0};
    for (size_t i = 0; i < elements; ++i, next(d, &w)) {
        codes[i] = (uint16_t)(code_at(d->tensor, w.place) + offset);
    }
    q->codes = codes;
    return HT_OK;
}

/* A bias: an annotation of 32 bits, also for integers of 64 bits in the file, which are small in practice. */
static ht_status set_wide_codes(decoding *d, ht_quantization *q) {
    size_t elements = (size_t)ht__desc_elements(&d->desc);
    int32_t *codes;
    HT_TRY(reserve(d, elements, sizeof *codes, &codes));
    walk w = {0};
    for (size_t i = 0; i < elements; ++i, next(d, &w)) {
        int64_t code = code_at(d->tensor, w.place);
        if (code < INT32_MIN || code > INT32_MAX) {
            return fail(d, HT_ERROR_UNSUPPORTED, "A bias whose integers need more than 32 bits is not supported.");
        }
        codes[i] = (int32_t)code;
    }
    q->bits = 32;
    q->wide_codes = codes;
    return HT_OK;
}

/* ---- quantized constants ---- */

static ht_status set_parameters(decoding *d, ht_quantization *q) {
    const tflite_tensor *tensor = d->tensor;
    bool several = tensor->scales > 1;
    if (several && (d->axis < 0 || (size_t)d->desc.dims[d->axis] != tensor->scales)) {
        return fail(d, HT_ERROR_FORMAT, "This tensor does not have one scale for each of its channels.");
    }
    if (tensor->zero_points > 1 && tensor->zero_points != tensor->scales) {
        return fail(d, HT_ERROR_FORMAT, "This tensor does not have as many zero points as scales.");
    }
    float *zero;
    HT_TRY(reserve(d, tensor->scales, sizeof *zero, &zero));
    for (size_t i = 0; i < tensor->scales; ++i) {
        int64_t code = tensor->zero_points == 0 ? 0 : tensor->zero_point[tensor->zero_points > 1 ? i : 0];
        if (!isfinite(tensor->scale[i]) || tensor->scale[i] < 0 || code < -65536 || code > 65536) {
            return fail(d, HT_ERROR_FORMAT, "A scale or zero point of this tensor is out of range.");
        }
        if (code != 0 && code_bits(tensor->type) > 16) {
            return fail(d, HT_ERROR_UNSUPPORTED, "A zero point of a tensor of wide integers is not supported.");
        }
        zero[i] = (float)code;
    }
    q->axis = several ? d->axis : -1;
    q->groups = tensor->scales;
    q->scale = tensor->scale;
    q->zero_point = zero;
    return HT_OK;
}

static ht_status decode_codes(decoding *d, ht_quantization *q) {
    q->bits = code_bits(d->tensor->type);
    q->is_signed = d->tensor->type != TFLITE_UINT8;
    HT_TRY(check_bytes(d, (size_t)q->bits));
    HT_TRY(set_parameters(d, q));
    return q->bits > 16 ? set_wide_codes(d, q) : set_codes(d, q);
}

/* Halves stand for the f32 numbers that the network computes with. */
static ht_status decode_halves(decoding *d, ht_quantization *q) {
    HT_TRY(check_bytes(d, 16));
    *q = (ht_quantization){.bits = 16, .axis = -1, .groups = 1};
    q->element = d->tensor->type == TFLITE_FLOAT16 ? HT_F16 : HT_BF16;
    size_t elements = (size_t)ht__desc_elements(&d->desc);
    uint16_t *codes;
    HT_TRY(reserve(d, elements, sizeof *codes, &codes));
    walk w = {0};
    for (size_t i = 0; i < elements; ++i, next(d, &w)) {
        memcpy(&codes[i], d->tensor->data + 2 * w.place, sizeof codes[i]);
    }
    q->codes = codes;
    return HT_OK;
}

static ht_status add_quantized(decoding *d, const char *name, ht_value **out) {
    tflite_reading *r = d->reading;
    ht_quantization *q;
    float *numbers;
    bool halves = d->tensor->type == TFLITE_FLOAT16 || d->tensor->type == TFLITE_BFLOAT16;
    d->desc.type = HT_F32;
    HT_TRY(reserve(d, 1, sizeof *q, &q));
    HT_TRY(halves ? decode_halves(d, q) : decode_codes(d, q));
    HT_TRY(reserve(d, (size_t)ht__desc_elements(&d->desc), sizeof *numbers, &numbers));
    HT_TRY(ht__quantization_decode(q, &d->desc, numbers, r->err));
    HT_TRY(ht__graph_add_constant(r->graph, name, &d->desc, numbers, true, out, r->err));
    (*out)->quantization = q;
    return HT_OK;
}

/* ---- plain constants ---- */

static ht_status add_plain(decoding *d, const char *name, ht_value **out) {
    tflite_reading *r = d->reading;
    d->desc.type = ht__tflite_type(d->tensor->type);
    size_t size = ht_type_bytes(d->desc.type);
    if (d->desc.type == HT_NONE) {
        return ht__fail_at(r->err, HT_ERROR_UNSUPPORTED, d->tensor->name,
                           "The element type of this tensor (TFLite's number %d) is not supported.",
                           (int)d->tensor->type);
    }
    HT_TRY(check_bytes(d, 8 * size));
    if (d->same_order && (uintptr_t)d->tensor->data % size == 0) {
        return ht__graph_add_constant(r->graph, name, &d->desc, d->tensor->data, true, out, r->err);
    }
    size_t elements = (size_t)ht__desc_elements(&d->desc);
    uint8_t *copy;
    HT_TRY(reserve(d, elements, size, &copy));
    walk w = {0};
    for (size_t i = 0; i < elements; ++i, next(d, &w)) {
        memcpy(copy + i * size, d->tensor->data + (size_t)w.place * size, size);
    }
    return ht__graph_add_constant(r->graph, name, &d->desc, copy, true, out, r->err);
}

/* ---- the cache of orders ---- */

static bool is_order(const tflite_constant *constant, const int32_t *order, int32_t rank) {
    bool same = constant->rank == rank;
    for (int32_t i = 0; i < rank && same; ++i) {
        same = constant->order[i] == (order != NULL ? order[i] : i);
    }
    return same;
}

static ht_status remember(tflite_reading *r, tflite_slot *slot, const int32_t *order, int32_t rank, ht_value *value) {
    tflite_constant *constant = ht__arena_alloc(r->graph->arena, sizeof *constant);
    if (constant == NULL) {
        return ht__fail_memory(r->err, sizeof *constant);
    }
    *constant = (tflite_constant){.next = slot->constants, .rank = rank, .value = value};
    for (int32_t i = 0; i < rank; ++i) {
        constant->order[i] = order != NULL ? order[i] : i;
    }
    slot->constants = constant;
    return HT_OK;
}

ht_status ht__tflite_constant(tflite_reading *r, size_t index, const int32_t *order, int32_t rank, ht_value **out) {
    tflite_slot *slot = &r->slots[index];
    const tflite_tensor *tensor = &slot->tensor;
    for (const tflite_constant *made = slot->constants; made != NULL; made = made->next) {
        if (is_order(made, order, rank)) {
            *out = made->value;
            return HT_OK;
        }
    }
    if (tensor->is_sparse || tensor->has_other_details) {
        return ht__fail_at(r->err, HT_ERROR_UNSUPPORTED, tensor->name, "A tensor that is %s is not supported.",
                           tensor->is_sparse ? "sparse" : "quantized in blocks");
    }
    decoding d = {.reading = r, .tensor = tensor};
    HT_TRY(describe(&d, order, rank));
    const char *name;
    HT_TRY(ht__tflite_fresh(r, tensor->name, NULL, &name));
    bool halves = tensor->type == TFLITE_FLOAT16 || tensor->type == TFLITE_BFLOAT16;
    bool decoded = halves || (tensor->scales != 0 && code_bits(tensor->type) != 0);
    /* An empty tensor has nothing to decode. */
    HT_TRY(decoded && ht__desc_elements(&d.desc) > 0 ? add_quantized(&d, name, out) : add_plain(&d, name, out));
    return remember(r, slot, order, rank, *out);
}
