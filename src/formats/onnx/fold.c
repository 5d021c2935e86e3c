/* Folding: the driver, and Quantize/Dequantize pairs on activations. */
#include "formats/onnx/fold.h"

#include <math.h>
#include <string.h>

#include "formats/onnx/quantized.h"
#include "numeric/scalar.h"

const onnx_tensor *ht__onnx_constant(const onnx_folding *folding, const char *name, ht_type type) {
    const onnx_name *entry = ht__onnx_find(folding->index, name);
    const onnx_tensor *tensor = entry != NULL ? entry->tensor : NULL;
    return tensor != NULL && tensor->data != NULL && (type == HT_NONE || tensor->desc.type == type) ? tensor : NULL;
}

static bool is_op(const onnx_node *node, const char *op) {
    return node != NULL && !node->removed && node->domain[0] == '\0' && strcmp(node->op, op) == 0;
}

/* The one node that reads `name`, as its first operand; NULL when there are several or the value is an output. */
static onnx_node *only_consumer(const onnx_folding *folding, const char *name, const char *op) {
    const onnx_name *entry = ht__onnx_find(folding->index, name);
    bool sole = entry != NULL && entry->uses == 1 && !entry->is_output && is_op(entry->consumer, op);
    return sole && strcmp(entry->consumer->inputs[0], name) == 0 ? entry->consumer : NULL;
}

/* The nodes of one pair: [Clip,] QuantizeLinear, DequantizeLinear. */
typedef struct node_pair {
    onnx_node *clip, *quantize, *dequantize; /* clip may be NULL */
    const onnx_tensor *scale, *zero_point;
} node_pair;

static bool same_tensor(const onnx_tensor *a, const onnx_tensor *b) {
    size_t bytes;
    return a == b ||
           (a != NULL && b != NULL && a->desc.type == b->desc.type && ht__desc_same_shape(&a->desc, &b->desc) &&
            ht__desc_bytes(&a->desc, &bytes) && memcmp(a->data, b->data, bytes) == 0);
}

/* One scale and one zero point for the whole tensor, the same in both nodes. */
static bool read_parameters(const onnx_folding *folding, node_pair *pair) {
    const onnx_node *q = pair->quantize, *d = pair->dequantize;
    if (q->input_count != 3 || d->input_count != 3 || q->output_count != 1 || d->output_count != 1) {
        return false;
    }
    pair->scale = ht__onnx_constant(folding, q->inputs[1], HT_F32);
    pair->zero_point = ht__onnx_constant(folding, q->inputs[2], HT_NONE);
    if (pair->scale == NULL || pair->zero_point == NULL || ht__desc_elements(&pair->scale->desc) != 1 ||
        ht__desc_elements(&pair->zero_point->desc) != 1) {
        return false;
    }
    ht_type type = pair->zero_point->desc.type;
    return ht__onnx_is_code_type(type) && same_tensor(pair->scale, ht__onnx_constant(folding, d->inputs[1], HT_F32)) &&
           same_tensor(pair->zero_point, ht__onnx_constant(folding, d->inputs[2], type));
}

/* The width whose codes the Clip allows, 0 when it is not one that we write. */
static int32_t clipped_bits(const onnx_folding *folding, const onnx_node *clip, const ht_quantization *quantization) {
    if (clip->input_count != 3) {
        return 0;
    }
    const onnx_tensor *low = ht__onnx_constant(folding, clip->inputs[1], HT_F32);
    const onnx_tensor *high = ht__onnx_constant(folding, clip->inputs[2], HT_F32);
    if (low == NULL || high == NULL || ht__desc_elements(&low->desc) != 1 || ht__desc_elements(&high->desc) != 1) {
        return 0;
    }
    for (int32_t bits = 1; bits < quantization->bits; ++bits) {
        ht_quantization narrow = *quantization;
        narrow.bits = bits;
        onnx_clip_range range = ht__onnx_clip_range(&narrow);
        if (memcmp(&range.low, low->data, sizeof(float)) == 0 && memcmp(&range.high, high->data, sizeof(float)) == 0) {
            return bits;
        }
    }
    return 0;
}

static ht_status make_annotation(onnx_folding *folding, const node_pair *pair, ht_quantization **out) {
    ht_arena *arena = folding->document->arena;
    ht_quantization *q = ht__arena_alloc(arena, sizeof *q);
    float *parameters = ht__arena_alloc(arena, 2 * sizeof *parameters);
    if (q == NULL || parameters == NULL) {
        return ht__fail_memory(folding->err, sizeof *q);
    }
    ht_type type = pair->zero_point->desc.type;
    parameters[0] = *(const float *)pair->scale->data;
    parameters[1] = (float)ht__onnx_code_at(pair->zero_point, 0);
    *q = (ht_quantization){.bits = (int32_t)ht__type_bits(type),
                           .packed = ht__type_bits(type) < 8,
                           .is_signed = ht__type_is_signed(type),
                           .axis = -1,
                           .groups = 1,
                           .scale = &parameters[0],
                           .zero_point = &parameters[1]};
    *out = q;
    return HT_OK;
}

/* Takes the pair out: `source` goes in, and the annotated value is the pair's output, or `source` when that is an
 * input. */
static ht_status replace_pair(onnx_folding *folding, const node_pair *pair, onnx_name *source, ht_quantization *q) {
    onnx_document *document = folding->document;
    onnx_name *result = ht__onnx_find(folding->index, pair->dequantize->outputs[0]);
    if (source->is_input) {
        result->replacement = source->name;
    } else {
        for (size_t k = 0; k < source->producer->output_count; ++k) {
            if (strcmp(source->producer->outputs[k], source->name) == 0) {
                source->producer->outputs[k] = result->name;
            }
        }
        result->producer = source->producer;
    }
    pair->quantize->removed = pair->dequantize->removed = true;
    if (pair->clip != NULL) {
        pair->clip->removed = true;
    }
    onnx_annotation *annotation = ht__arena_alloc(document->arena, sizeof *annotation);
    if (annotation == NULL) {
        return ht__fail_memory(folding->err, sizeof *annotation);
    }
    *annotation = (onnx_annotation){source->is_input ? source->name : result->name, q};
    const char *scheme = ht__onnx_hint_scheme(folding->hints, annotation->name);
    if (scheme != NULL && (q->scheme = ht__arena_strdup(document->arena, scheme)) == NULL) {
        return ht__fail_memory(folding->err, strlen(scheme));
    }
    return ht__onnx_push(document->arena, &document->annotations, &document->annotation_count,
                         &document->annotation_capacity, annotation, folding->err);
}

/* May the value's other readers see the quantized numbers? Only when there are none. */
static bool may_replace(const onnx_folding *folding, const node_pair *pair, const onnx_name *source) {
    const onnx_name *result = ht__onnx_find(folding->index, pair->dequantize->outputs[0]);
    if (source == NULL || source->uses != 1 || source->is_output || source->tensor != NULL || result == NULL) {
        return false;
    }
    return source->is_input ? !result->is_output && source->replacement == NULL : source->producer != NULL;
}

ht_status ht__onnx_fold_activation(onnx_folding *folding, onnx_node *node) {
    node_pair pair = {0};
    pair.clip = is_op(node, "Clip") && node->output_count == 1 ? node : NULL;
    pair.quantize = pair.clip != NULL               ? only_consumer(folding, node->outputs[0], "QuantizeLinear")
                    : is_op(node, "QuantizeLinear") ? node
                                                    : NULL;
    if (pair.quantize == NULL || pair.quantize->output_count != 1) {
        return HT_OK;
    }
    pair.dequantize = only_consumer(folding, pair.quantize->outputs[0], "DequantizeLinear");
    if (pair.dequantize == NULL || !read_parameters(folding, &pair)) {
        return HT_OK;
    }
    ht_quantization *q;
    HT_TRY(make_annotation(folding, &pair, &q));
    if (pair.clip != NULL) {
        q->bits = clipped_bits(folding, pair.clip, q);
        if (q->bits == 0) {
            return HT_OK; /* a Clip of the network's own; the pair is met on its own later */
        }
    }
    onnx_name *source = ht__onnx_find(folding->index, (pair.clip != NULL ? pair.clip : pair.quantize)->inputs[0]);
    return may_replace(folding, &pair, source) ? replace_pair(folding, &pair, source, q) : HT_OK;
}

static ht_status fold_all(onnx_folding *folding) {
    onnx_document *document = folding->document;
    for (size_t i = 0; i < document->node_count; ++i) {
        onnx_node *node = document->nodes[i];
        if (!node->removed && node->domain[0] == '\0' && node->input_count != 0) {
            HT_TRY(ht__onnx_fold_constant(folding, node));
            HT_TRY(ht__onnx_fold_activation(folding, node));
        }
    }
    for (size_t i = 0; i < document->node_count; ++i) {
        onnx_node *node = document->nodes[i];
        for (size_t k = 0; k < node->input_count && !node->removed; ++k) {
            const onnx_name *entry = ht__onnx_find(folding->index, node->inputs[k]);
            if (entry != NULL && entry->replacement != NULL) {
                node->inputs[k] = entry->replacement;
            }
        }
    }
    return HT_OK;
}

ht_status ht__onnx_fold(onnx_document *document, ht_error *err) {
    onnx_index index;
    HT_TRY(ht__onnx_index(document, &index, err));
    onnx_hints *hints = ht__onnx_hints_read(document);
    onnx_folding folding = {document, &index, hints, err};
    ht_status status = fold_all(&folding);
    ht__onnx_hints_free(hints);
    return status;
}
