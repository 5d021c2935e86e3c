/* What is odd about how a model is quantized, as its numbers show it. */
#include <string.h>

#include "formats/model.h"
#include "graph/op.h"
#include "halftone/quantize.h"

/* Shares from which on something is worth a line. A scale of which less than a fifth of the levels is used wastes two
 * bits; a channel that has a thirty-second of the tensor's range keeps five bits less than its tensor; 5 % of codes at
 * the ends are no outliers. */
#define FEW_LEVELS 0.2
#define SMALL_CHANNEL (1.0 / 32.0)
#define NOTABLE 0.05

typedef struct looking {
    ht_context *ctx;
    bool (*visit)(void *user, const ht_finding *finding);
    void *user;
    int64_t weights; /* numbers in all weights */
    bool quantized;  /* is any weight? */
    bool goes_on;
} looking;

static void report(looking *l, ht_finding_kind kind, const ht_node *node, const ht_value *weight, double share) {
    ht_finding finding = {kind, node->name, node->op->name, weight->name, share};
    l->goes_on = l->goes_on && l->visit(l->user, &finding);
}

/* Is input `k` of the node a weight whose numbers are there? */
static bool is_weight(const ht_node *node, uint32_t k) {
    const ht_value *value = node->inputs[k];
    return k < 32 && (node->op->weight_inputs >> k & 1) != 0 && value != NULL && value->data != NULL &&
           value->desc.type == HT_F32 && value->desc.rank >= 2 && ht__desc_elements(&value->desc) > 0;
}

/* Is it a matrix of bytes, for an operator that works on codes itself, such as ConvInteger? */
static bool is_codes(const ht_value *value) {
    return value != NULL && value->data != NULL && (value->desc.type == HT_I8 || value->desc.type == HT_U8) &&
           value->desc.rank >= 2;
}

/* ---- the codes of a weight ---- */

/* A weight as [outer][channels][inner], and how far its codes reach. */
typedef struct extents {
    int64_t outer, channels, inner;
    int32_t *low, *high; /* [channels]: codes less their zero point, 0 included */
    int64_t at_ends;     /* codes at the ends of their range */
} extents;

static void measure(const ht_quantization *q, extents *e) {
    int32_t offset = q->is_signed ? 1 << (q->bits - 1) : 0, most = (1 << q->bits) - 1;
    for (int64_t i = 0; i < e->outer * e->channels * e->inner; ++i) {
        int64_t channel = i / e->inner % e->channels;
        int32_t zero = (int32_t)q->zero_point[q->groups > 1 ? channel : 0] + offset, code = q->codes[i];
        bool symmetric_end = q->is_signed && code == 1; /* -127 where -128 is left out */
        e->at_ends += code == 0 || code == most || symmetric_end;
        e->low[channel] = code - zero < e->low[channel] ? code - zero : e->low[channel];
        e->high[channel] = code - zero > e->high[channel] ? code - zero : e->high[channel];
    }
}

static double levels_of(const extents *e, int64_t channel) { return (double)e->high[channel] - e->low[channel]; }

/* Judges one scale for all channels by the channels, several by themselves. */
static void judge(looking *l, const ht_node *node, const ht_value *weight, const extents *e) {
    const ht_quantization *q = weight->quantization;
    double all = (double)((1 << q->bits) - 1), widest = 0.0;
    int64_t small = 0, wasteful = 0, used = 0;
    for (int64_t c = 0; c < e->channels; ++c) {
        widest = levels_of(e, c) > widest ? levels_of(e, c) : widest;
    }
    for (int64_t c = 0; c < e->channels; ++c) { /* channels of zeros need nothing */
        used += levels_of(e, c) > 0;
        small += levels_of(e, c) > 0 && levels_of(e, c) < SMALL_CHANNEL * widest;
        wasteful += levels_of(e, c) > 0 && levels_of(e, c) < FEW_LEVELS * all;
    }
    if (q->groups == 1) {
        wasteful = widest > 0 && widest < FEW_LEVELS * all ? used : 0;
    } else {
        small = 0;
    }
    if ((double)wasteful > NOTABLE * (double)used) {
        report(l, HT_FINDING_FEW_LEVELS, node, weight, (double)wasteful / (double)used);
    }
    if ((double)small > NOTABLE * (double)used) {
        report(l, HT_FINDING_UNEVEN_CHANNELS, node, weight, (double)small / (double)used);
    }
    double elements = (double)(e->outer * e->channels * e->inner);
    double clipped =
        ((double)e->at_ends - 2.0 * (double)q->groups) / elements; /* each scale's largest numbers belong there */
    if (q->bits >= 5 && clipped > NOTABLE) {
        report(l, HT_FINDING_CLIPPED, node, weight, clipped);
    }
}

static ht_status look_at_codes(looking *l, const ht_node *node, uint32_t k, ht_error *err) {
    const ht_value *weight = node->inputs[k];
    const ht_quantization *q = weight->quantization;
    const ht_tensor_desc *desc = &weight->desc;
    int32_t axis = q->axis >= 0 ? q->axis : node->op->channel_axis != NULL ? node->op->channel_axis(node, k) : 0;
    if (q->codes == NULL || q->codebook || q->element != HT_NONE || q->block != 0 || q->bits < 3 || q->bits > 16 ||
        axis < 0 || axis >= desc->rank || (q->groups != 1 && (int64_t)q->groups != desc->dims[axis])) {
        return HT_OK;
    }
    extents e = {.outer = 1, .channels = desc->dims[axis], .inner = 1};
    for (int32_t i = 0; i < desc->rank; ++i) {
        e.outer *= i < axis ? desc->dims[i] : 1;
        e.inner *= i > axis ? desc->dims[i] : 1;
    }
    size_t channels = (size_t)e.channels;
    e.low = ht__calloc(&l->ctx->allocator, 2 * channels, sizeof *e.low);
    if (e.low == NULL) {
        return ht__fail_memory(err, 2 * channels * sizeof *e.low);
    }
    e.high = e.low + channels;
    measure(q, &e);
    judge(l, node, weight, &e);
    ht__free(&l->ctx->allocator, e.low);
    return HT_OK;
}

/* ---- all weights ---- */

static void count_weights(looking *l, const ht_graph *graph) {
    for (size_t i = 0; i < graph->node_count; ++i) {
        const ht_node *node = graph->nodes[i];
        for (uint32_t k = 0; k < node->input_count; ++k) {
            if (is_codes(node->inputs[k])) {
                l->weights += ht__desc_elements(&node->inputs[k]->desc);
                l->quantized = true;
            } else if (is_weight(node, k)) {
                l->weights += ht__desc_elements(&node->inputs[k]->desc);
                l->quantized = l->quantized || node->inputs[k]->quantization != NULL;
            }
        }
    }
}

ht_status ht_model_findings(const ht_model *model, bool (*visit)(void *user, const ht_finding *finding), void *user,
                            ht_error *err) {
    const ht_graph *graph = model->graph;
    looking l = {.ctx = model->ctx, .visit = visit, .user = user, .goes_on = true};
    count_weights(&l, graph);
    for (size_t i = 0; i < graph->node_count && l.quantized && l.goes_on; ++i) {
        const ht_node *node = graph->nodes[i];
        for (uint32_t k = 0; k < node->input_count && l.goes_on; ++k) {
            if (!is_weight(node, k)) {
                continue;
            }
            if (node->inputs[k]->quantization != NULL) {
                HT_TRY(look_at_codes(&l, node, k, err));
            } else {
                double share = (double)ht__desc_elements(&node->inputs[k]->desc) / (double)l.weights;
                report(&l, HT_FINDING_FLOAT_WEIGHT, node, node->inputs[k], share);
            }
        }
    }
    return HT_OK;
}
