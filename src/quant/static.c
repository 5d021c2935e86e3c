#include "quant/static.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "graph/op.h"
#include "quant/affine.h"
#include "quant/fit.h"

enum { OPERAND_BITS = 8 };

/* ---- activations ---- */

/* A fixed range has a step that is a power of two; the last code falls short of the upper end by one step. */
static ht_affine fixed_parameters(const ht_op *op, uint32_t bits, bool symmetric) {
    double low = op->codes_low, high = op->codes_high;
    double span = symmetric ? 2.0 * fmax(-low, high) : high - low;
    ht_affine a = {.scale = (float)ldexp(span, -(int)bits)};
    double zero = rint(-low / (double)a.scale), last = ldexp(1.0, (int)bits) - 1.0; /* it is a code */
    a.zero_point = symmetric ? 0 : (int32_t)fmin(zero, last);
    return a;
}

static ht_affine parameters_for(const ht_activation_range *range, const ht_activation_style *style) {
    const ht_op *op = range->value->producer != NULL ? range->value->producer->op : NULL;
    bool symmetric = style->codes == HT_ACTIVATIONS_SYMMETRIC;
    ht_affine a = style->fixed && op != NULL && op->codes == HT_CODES_FIXED
                      ? fixed_parameters(op, style->bits, symmetric)
                  : symmetric ? ht__symmetric(range->low, range->high, style->bits)
                              : ht__affine(range->low, range->high, style->bits);
    a.zero_point -= style->codes == HT_ACTIVATIONS_SIGNED ? 1 << (style->bits - 1) : 0;
    return a;
}

/* An annotation in the arena; NULL when memory is short. */
static ht_quantization *annotation_for(ht_arena *arena, const ht_activation_range *range,
                                       const ht_activation_style *style) {
    ht_affine a = parameters_for(range, style);
    ht_scheme scheme;
    char text[HT_SCHEME_TEXT];
    ht_scheme_init(&scheme);
    scheme.bits = style->bits;
    snprintf(scheme.levels, sizeof scheme.levels, style->codes == HT_ACTIVATIONS_SYMMETRIC ? "symmetric" : "affine");
    memcpy(scheme.range, style->range->range, sizeof scheme.range);
    scheme.percentile = style->range->percentile;
    scheme.fence = style->range->fence;
    scheme.momentum = style->range->momentum;
    ht_scheme_print(&scheme, text);
    ht_quantization *q = ht__arena_alloc(arena, sizeof *q);
    float zero = (float)a.zero_point;
    const float *scale_copy = ht__arena_copy(arena, &a.scale, sizeof a.scale);
    const float *zero_copy = ht__arena_copy(arena, &zero, sizeof zero);
    const char *text_copy = ht__arena_strdup(arena, text);
    if (q == NULL || scale_copy == NULL || zero_copy == NULL || text_copy == NULL) {
        return NULL;
    }
    *q = (ht_quantization){.bits = (int32_t)style->bits,
                           .is_signed = style->codes != HT_ACTIVATIONS_UNSIGNED,
                           .axis = -1,
                           .groups = 1,
                           .scale = scale_copy,
                           .zero_point = zero_copy,
                           .scheme = text_copy};
    return q;
}

ht_status ht__annotate_ranges(ht_graph *graph, const ht_activation_range *ranges, size_t count,
                              const ht_activation_style *style, ht_error *err) {
    for (size_t i = 0; i < count; ++i) {
        ht_quantization *q = annotation_for(graph->arena, &ranges[i], style);
        if (q == NULL) {
            return ht__fail_memory(err, sizeof *q);
        }
        ranges[i].value->quantization = q;
    }
    return HT_OK;
}

void ht__placement_share(ht_graph *graph, const ht_placement *placement) {
    for (size_t i = 0; i < placement->count; ++i) {
        if (placement->owner[i] != NULL) {
            graph->values[i]->quantization = placement->owner[i]->quantization;
        }
    }
}

/* ---- constant operands ---- */

static ht_status quantize_operand(ht_graph *graph, ht_value *value, ht_activation_codes codes, ht_error *err) {
    size_t count = (size_t)ht__desc_elements(&value->desc);
    const float *numbers = value->data;
    float low, high;
    if (!ht__extremes(numbers, count, &low, &high)) {
        return ht__fail_at(err, HT_ERROR_NUMERIC, value->name, "The constant %s has values that are not finite.",
                           value->name);
    }
    ht_scheme min_max;
    ht_scheme_init(&min_max);
    ht_activation_range range = {.value = value, .low = low, .high = high};
    ht_activation_style style = {.bits = OPERAND_BITS, .codes = codes, .range = &min_max};
    ht_quantization *q = annotation_for(graph->arena, &range, &style);
    uint16_t *stored = ht__arena_alloc(graph->arena, count * sizeof *stored);
    float *decoded = ht__arena_alloc(graph->arena, count * sizeof *decoded);
    if (q == NULL || stored == NULL || decoded == NULL) {
        return ht__fail_memory(err, count * sizeof *decoded);
    }
    int32_t offset = q->is_signed ? 1 << (OPERAND_BITS - 1) : 0;
    for (size_t i = 0; i < count; ++i) {
        double code = rint((double)numbers[i] / (double)q->scale[0]) + (double)q->zero_point[0] + offset;
        stored[i] = (uint16_t)fmin(fmax(code, 0.0), 255.0);
        decoded[i] = ((float)stored[i] - (float)offset - q->zero_point[0]) * q->scale[0];
    }
    q->codes = stored;
    value->data = decoded;
    value->quantization = q;
    return HT_OK;
}

/* Does the node compute on codes of 8 bits, and without weights? */
static bool takes_operands(const ht_node *node) {
    bool annotated = node->outputs[0] != NULL && node->outputs[0]->quantization != NULL &&
                     node->outputs[0]->quantization->bits <= OPERAND_BITS;
    for (uint32_t k = 0; k < node->input_count && annotated; ++k) {
        const ht_value *input = node->inputs[k];
        annotated = input == NULL || input->data != NULL || input->quantization != NULL;
    }
    return annotated && node->op->codes == HT_CODES_OWN && node->op->weight_inputs == 0 && node->op->min_inputs > 1;
}

ht_status ht__quantize_operands(ht_graph *graph, ht_activation_codes codes, ht_error *err) {
    for (size_t i = 0; i < graph->node_count; ++i) {
        const ht_node *node = graph->nodes[i];
        for (uint32_t k = 0; k < node->input_count && takes_operands(node); ++k) {
            ht_value *input = node->inputs[k];
            if (input != NULL && input->data != NULL && input->desc.type == HT_F32 && input->quantization == NULL &&
                ht__desc_elements(&input->desc) > 0) {
                HT_TRY(quantize_operand(graph, input, codes, err));
            }
        }
    }
    return HT_OK;
}
