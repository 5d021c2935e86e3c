/* What follows a detector's last layers: boxes from encodings and anchors, then suppression of overlapping ones, as
 * LiteRT's custom operator TFLite_Detection_PostProcess (tensorflow/lite/kernels/detection_postprocess.cc).
 *
 * encodings [1, n, >= 4] f32 (y, x, h, w and more), scores [1, n, classes or one more] f32 (with one more, the first is
 * the background), anchors [n, 4] f32 (y, x, h, w). A box has its centre at encoding / scale * anchor.size + anchor,
 * and half sides of 0.5 * exp(encoding / scale) * anchor.size, computed in f64.
 *
 * Attributes: scales (of y, x, h, w), classes, most, most_per_box, most_per_class, threshold, overlap, regular.
 * Not regular: each box counts with its best class; at most `most` are taken, each given with its `most_per_box` best
 * classes. Regular: each class takes up to `most_per_class` boxes, the best `most` of all of these are given. Boxes
 * with scores of `threshold` and more are taken from the best one on, of equal ones the first, unless their
 * intersection with one taken before is more than `overlap` of the union.
 *
 * Outputs, f32, zeros behind the last: boxes [1, most * most_per_box, 4] (y0, x0, y1, x1), classes and scores
 * [1, most * most_per_box], and how many boxes were taken [1]. */
#include <math.h>
#include <stdlib.h>

#include "ops/host.h"

/* Far beyond any detector; sizes of outputs stay small. */
#define MOST_BOXES (1 << 20)

static bool has_shape(const ht_tensor_desc *desc, int32_t rank, int64_t first) {
    return desc->type == HT_F32 && desc->rank == rank && (first < 0 || desc->dims[0] < 0 || desc->dims[0] == first);
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    const ht_tensor_desc *encodings = &node->inputs[0]->desc, *scores = &node->inputs[1]->desc;
    const ht_tensor_desc *anchors = &node->inputs[2]->desc;
    int64_t most = ht__node_int(node, "most", 0), each = ht__node_int(node, "most_per_box", 1);
    int64_t classes = ht__node_int(node, "classes", 0), per_class = ht__node_int(node, "most_per_class", 100);
    float overlap = ht__node_float(node, "overlap", 0.5f);
    size_t scales = 0;
    ht__node_floats(node, "scales", &scales);
    if (most < 0 || most > MOST_BOXES || each < 1 || each > MOST_BOXES / (most + 1) || classes < 1 || per_class < 1 ||
        !(overlap > 0 && overlap <= 1) || scales != 4) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "An attribute of this detector is out of range.");
    }
    if (encodings->rank < 0 || scores->rank < 0 || anchors->rank < 0) {
        return HT_OK;
    }
    int64_t n = encodings->rank == 3 ? encodings->dims[1] : -1, width = scores->rank == 3 ? scores->dims[2] : -1;
    bool fits =
        has_shape(encodings, 3, 1) && has_shape(scores, 3, 1) && has_shape(anchors, 2, n) &&
        (encodings->dims[2] < 0 || encodings->dims[2] >= 4) && (n < 0 || scores->dims[1] < 0 || scores->dims[1] == n) &&
        (width < 0 || width == classes || width == classes + 1) && (anchors->dims[1] < 0 || anchors->dims[1] == 4);
    if (!fits) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "Boxes, scores and anchors do not fit.");
    }
    ht_tensor_desc boxes = {.type = HT_F32, .rank = 3, .dims = {1, most * each, 4}};
    ht_tensor_desc list = {.type = HT_F32, .rank = 2, .dims = {1, most * each}};
    ht_tensor_desc count = {.type = HT_F32, .rank = 1, .dims = {1}};
    HT_TRY(ht__set_output(node, 0, &boxes, err));
    HT_TRY(ht__set_output(node, 1, &list, err));
    HT_TRY(ht__set_output(node, 2, &list, err));
    return ht__set_output(node, 3, &count, err);
}

/* A box with a class and its score. */
typedef struct candidate {
    float score;
    int32_t box, class;
    int32_t place; /* among equal scores the lower one is better */
} candidate;

typedef struct detection {
    int64_t n, classes, most, each, per_class;
    const float *scores; /* of box 0 and class 0, without the background */
    int64_t stride;      /* scores from one box to the next */
    float threshold, overlap;
    float *corners;        /* [n, 4] */
    candidate *candidates; /* [n]: of one class */
    candidate *taken;      /* [most + per_class]: of all classes */
    candidate *order;      /* [classes]: of one box */
    void *outputs[4];      /* NULL: not wanted */
} detection;

static float score_of(const detection *d, int64_t box, int64_t class) { return d->scores[box * d->stride + class]; }

/* ---- boxes ---- */

static ht_status decode(const ht_host_call *call, detection *d, ht_error *err) {
    const float *encodings = call->inputs[0].data, *anchors = call->inputs[2].data;
    int64_t stride = call->inputs[0].desc.dims[2];
    size_t count;
    const float *scales = ht__node_floats(call->node, "scales", &count);
    for (int64_t i = 0; i < d->n; ++i) {
        const float *e = encodings + i * stride, *a = anchors + 4 * i;
        float *corner = d->corners + 4 * i;
        for (int k = 0; k < 2; ++k) { /* y and h, x and w */
            float center = (float)((double)e[k] / (double)scales[k] * (double)a[2 + k] + (double)a[k]);
            float half = (float)(0.5 * exp((double)e[2 + k] / (double)scales[2 + k]) * (double)a[2 + k]);
            corner[k] = center - half;
            corner[2 + k] = center + half;
            if (corner[k] > corner[2 + k]) {
                return ht__fail_at(err, HT_ERROR_MISMATCH, call->node->name, "Box %lld ends before it begins.",
                                   (long long)i);
            }
        }
    }
    return HT_OK;
}

static float area(const float *box) { return (box[2] - box[0]) * (box[3] - box[1]); }

static float overlap_of(const float *a, const float *b) {
    float first = area(a), second = area(b);
    if (first <= 0 || second <= 0) {
        return 0.0f;
    }
    float height = fmaxf(fminf(a[2], b[2]) - fmaxf(a[0], b[0]), 0.0f);
    float width = fmaxf(fminf(a[3], b[3]) - fmaxf(a[1], b[1]), 0.0f);
    return height * width / (first + second - height * width);
}

/* ---- suppression ---- */

static int compare(const void *left, const void *right) {
    const candidate *a = left, *b = right;
    return a->score != b->score ? (a->score > b->score ? -1 : 1) : (a->place > b->place) - (a->place < b->place);
}

/* Appends to d->taken, from `count` on, at most `most` of the candidates; returns the new count. */
static int64_t suppress(detection *d, int64_t found, int64_t most, int64_t count) {
    int64_t begin = count;
    qsort(d->candidates, (size_t)found, sizeof *d->candidates, compare);
    for (int64_t i = 0; i < found && count - begin < most; ++i) {
        const float *box = d->corners + 4 * (int64_t)d->candidates[i].box;
        bool free_standing = true;
        for (int64_t k = begin; k < count && free_standing; ++k) {
            free_standing = !(overlap_of(d->corners + 4 * (int64_t)d->taken[k].box, box) > d->overlap);
        }
        if (free_standing) {
            d->taken[count++] = d->candidates[i];
        }
    }
    return count;
}

static void add_candidate(const detection *d, int64_t *found, int64_t box, int64_t class) {
    float score = score_of(d, box, class);
    if (score >= d->threshold) { /* which no NaN is */
        d->candidates[(*found)++] =
            (candidate){.score = score, .box = (int32_t)box, .class = (int32_t) class, .place = (int32_t)box};
    }
}

/* ---- results ---- */

static void give(const detection *d, int64_t at, const candidate *taken, int64_t class) {
    float *boxes = d->outputs[0], *classes = d->outputs[1], *scores = d->outputs[2];
    for (int k = 0; k < 4 && boxes != NULL; ++k) {
        boxes[4 * at + k] = d->corners[4 * (int64_t)taken->box + k];
    }
    if (classes != NULL) {
        classes[at] = (float)class;
    }
    if (scores != NULL) {
        scores[at] = score_of(d, taken->box, class);
    }
}

/* Each class by itself. After each, the best `most` so far stay. */
static int64_t detect_by_class(detection *d) {
    int64_t count = 0;
    for (int64_t class = 0; class < d->classes; ++class) {
        int64_t found = 0;
        for (int64_t i = 0; i < d->n; ++i) {
            add_candidate(d, &found, i, class);
        }
        count = suppress(d, found, d->per_class, count);
        for (int64_t i = 0; i < count; ++i) {
            d->taken[i].place = (int32_t)i;
        }
        qsort(d->taken, (size_t)count, sizeof *d->taken, compare);
        count = count < d->most ? count : d->most;
    }
    for (int64_t i = 0; i < count; ++i) {
        give(d, i, &d->taken[i], d->taken[i].class);
    }
    return count;
}

static int64_t best_class(const detection *d, int64_t box) {
    int64_t best = 0;
    for (int64_t class = 1; class < d->classes; ++class) {
        best = score_of(d, box, class) > score_of(d, box, best) ? class : best;
    }
    return best;
}

/* Each box with its best class. */
static int64_t detect_by_box(detection *d) {
    int64_t found = 0, each = d->each < d->classes ? d->each : d->classes;
    for (int64_t i = 0; i < d->n; ++i) {
        add_candidate(d, &found, i, best_class(d, i));
    }
    int64_t count = suppress(d, found, d->most, 0);
    for (int64_t i = 0; i < count; ++i) {
        for (int64_t class = 0; class < d->classes; ++class) {
            float score = score_of(d, d->taken[i].box, class);
            d->order[class] = (candidate){.score = isnan(score) ? -INFINITY : score, .place = (int32_t) class};
        }
        qsort(d->order, (size_t)d->classes, sizeof *d->order, compare);
        for (int64_t k = 0; k < each; ++k) {
            give(d, i * d->each + k, &d->taken[i], d->order[k].place);
        }
    }
    return count;
}

static ht_status detect(ht_host_call *call, detection *d, ht_error *err) {
    HT_TRY(decode(call, d, err));
    const size_t sizes[] = {4, 1, 1};
    for (size_t i = 0; i < 3; ++i) {
        float *numbers = d->outputs[i];
        for (size_t k = 0; k < sizes[i] * (size_t)(d->most * d->each) && numbers != NULL; ++k) {
            numbers[k] = 0.0f;
        }
    }
    int64_t count = ht__node_int(call->node, "regular", 0) != 0 ? detect_by_class(d) : detect_by_box(d);
    if (d->outputs[3] != NULL) {
        *(float *)d->outputs[3] = (float)count;
    }
    return HT_OK;
}

static ht_status evaluate(ht_host_call *call, ht_error *err) {
    const ht_node *node = call->node;
    const ht_tensor_desc *scores = &call->inputs[1].desc;
    detection d = {.n = scores->dims[1],
                   .classes = ht__node_int(node, "classes", 0),
                   .most = ht__node_int(node, "most", 0),
                   .each = ht__node_int(node, "most_per_box", 1),
                   .per_class = ht__node_int(node, "most_per_class", 100),
                   .stride = scores->dims[2],
                   .threshold = ht__node_float(node, "threshold", 0.0f),
                   .overlap = ht__node_float(node, "overlap", 0.5f)};
    d.per_class = d.per_class < d.n ? d.per_class : d.n;
    d.scores = (const float *)call->inputs[1].data + (d.stride - d.classes);
    for (uint32_t i = 0; i < 4 && i < node->output_count; ++i) {
        HT_TRY(ht__host_inferred(call, i, &d.outputs[i], err));
    }
    const ht_allocator *allocator = &call->ctx->allocator;
    size_t taken = (size_t)(d.most + d.per_class) + 1;
    d.corners = ht__calloc(allocator, (size_t)d.n + 1, 4 * sizeof *d.corners);
    d.candidates = ht__calloc(allocator, (size_t)d.n + 1, sizeof *d.candidates);
    d.taken = ht__calloc(allocator, taken, sizeof *d.taken);
    d.order = ht__calloc(allocator, (size_t)d.classes, sizeof *d.order);
    bool complete = d.corners != NULL && d.candidates != NULL && d.taken != NULL && d.order != NULL;
    ht_status status =
        complete ? detect(call, &d, err) : ht__fail_memory(err, ((size_t)d.n + taken) * sizeof *d.candidates);
    ht__free(allocator, d.corners);
    ht__free(allocator, d.candidates);
    ht__free(allocator, d.taken);
    ht__free(allocator, d.order);
    return status;
}

const ht_op ht__op_DetectBoxes = {
    .name = "DetectBoxes",
    .domain = "halftone",
    .min_inputs = 3,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 4,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
};
