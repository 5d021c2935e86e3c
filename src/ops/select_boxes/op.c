/* Greedy suppression of overlapping boxes, as TFLite's NON_MAX_SUPPRESSION_V5 without softening.
 *
 * boxes [n, 4] f32 (two opposite corners, y x y x), scores [n] f32; attributes most, overlap, threshold.
 * Boxes with a score above `threshold` are taken from the best score on (of equal ones the lower index first), unless
 * they overlap one taken before: intersection / union >= overlap. Outputs have room for `most`: indices i32 [most],
 * scores f32 [most], both zero behind the last one taken, and the number taken, i32. */
#include <math.h>
#include <stdlib.h>

#include "ops/host.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    const ht_tensor_desc *boxes = &node->inputs[0]->desc, *scores = &node->inputs[1]->desc;
    int64_t most = ht__node_int(node, "most", 0);
    bool fits = boxes->type == HT_F32 && scores->type == HT_F32 && boxes->rank == 2 && scores->rank == 1 &&
                (boxes->dims[1] < 0 || boxes->dims[1] == 4) &&
                (boxes->dims[0] < 0 || scores->dims[0] < 0 || boxes->dims[0] == scores->dims[0]);
    if (!fits || most < 0) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "Boxes and scores do not fit.");
    }
    ht_tensor_desc list = {.type = HT_I32, .rank = 1, .dims = {most}}, count = {.type = HT_I32};
    HT_TRY(ht__set_output(node, 0, &list, err));
    list.type = HT_F32;
    HT_TRY(ht__set_output(node, 1, &list, err));
    return ht__set_output(node, 2, &count, err);
}

typedef struct candidate {
    float score;
    int32_t index;
} candidate;

static int compare(const void *left, const void *right) {
    const candidate *a = left, *b = right;
    return a->score != b->score ? (a->score > b->score ? -1 : 1) : (a->index > b->index) - (a->index < b->index);
}

static float area(const float *box) { return fabsf(box[2] - box[0]) * fabsf(box[3] - box[1]); }

/* Length that two intervals share, each given by its ends in any order. */
static float shared(float a, float b, float c, float d) {
    float low = fmaxf(fminf(a, b), fminf(c, d)), high = fminf(fmaxf(a, b), fmaxf(c, d));
    return high > low ? high - low : 0.0f;
}

static float overlap_of(const float *a, const float *b) {
    float common = shared(a[0], a[2], b[0], b[2]) * shared(a[1], a[3], b[1], b[3]), first = area(a), second = area(b);
    return first > 0 && second > 0 ? common / (first + second - common) : 0.0f;
}

static ht_status evaluate(ht_host_call *call, ht_error *err) {
    const float *boxes = call->inputs[0].data, *scores = call->inputs[1].data;
    int64_t n = call->inputs[1].desc.dims[0], most = ht__node_int(call->node, "most", 0);
    float overlap = ht__node_float(call->node, "overlap", 0.5f);
    float threshold = ht__node_float(call->node, "threshold", -INFINITY);
    void *memory[3];
    for (uint32_t i = 0; i < 3; ++i) {
        HT_TRY(ht__host_inferred(call, i, &memory[i], err));
    }
    const ht_allocator *allocator = &call->ctx->allocator;
    candidate *candidates = ht__calloc(allocator, (size_t)n + 1, sizeof *candidates);
    int32_t *taken = ht__calloc(allocator, (size_t)most + 1, sizeof *taken);
    size_t found = 0;
    int32_t count = 0;
    for (int32_t i = 0; i < n && candidates != NULL; ++i) {
        if (scores[i] > threshold) {
            candidates[found++] = (candidate){scores[i], i};
        }
    }
    for (size_t i = 0; candidates != NULL && taken != NULL && i < found && count < most; ++i) {
        if (i == 0) {
            qsort(candidates, found, sizeof *candidates, compare);
        }
        bool free_standing = true;
        for (int32_t k = count; k-- > 0 && free_standing;) {
            free_standing = overlap_of(boxes + 4 * candidates[i].index, boxes + 4 * (size_t)taken[k]) < overlap;
        }
        if (free_standing) {
            taken[count++] = candidates[i].index;
        }
    }
    for (int64_t i = 0; i < most && taken != NULL; ++i) {
        if (memory[0] != NULL) {
            ((int32_t *)memory[0])[i] = i < count ? taken[i] : 0;
        }
        if (memory[1] != NULL) {
            ((float *)memory[1])[i] = i < count ? scores[taken[i]] : 0.0f;
        }
    }
    if (memory[2] != NULL) {
        *(int32_t *)memory[2] = count;
    }
    bool complete = candidates != NULL && taken != NULL;
    ht__free(allocator, candidates);
    ht__free(allocator, taken);
    return complete ? HT_OK : ht__fail_memory(err, (size_t)(n + most) * sizeof *candidates);
}

const ht_op ht__op_SelectBoxes = {
    .name = "SelectBoxes",
    .domain = "halftone",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 3,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
};
