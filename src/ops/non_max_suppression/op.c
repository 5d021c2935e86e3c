/* Of boxes that overlap the one with the highest score: per image and class boxes are taken from the highest score on
 * (ties: the first), and one whose intersection over union with a taken one exceeds the threshold is left out. Inputs
 * boxes [N,B,4], scores [N,K,B], and optional numbers: most boxes per class (0), threshold of the overlap (0), least
 * score. Output [selected, 3]: image, class, box. */
#include <math.h>

#include "ops/reals.h"

typedef struct box {
    double low[2], high[2];
} box;

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    const ht_tensor_desc *boxes = &node->inputs[0]->desc, *scores = &node->inputs[1]->desc;
    bool fits = boxes->rank == 3 && scores->rank == 3 && (boxes->dims[2] < 0 || boxes->dims[2] == 4) &&
                (boxes->dims[0] < 0 || scores->dims[0] < 0 || boxes->dims[0] == scores->dims[0]) &&
                (boxes->dims[1] < 0 || scores->dims[2] < 0 || boxes->dims[1] == scores->dims[2]);
    if (!fits) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "Boxes and scores do not fit together.");
    }
    ht_tensor_desc y = {.type = HT_I64, .rank = 2, .dims = {-1, 3}};
    return ht__set_output(node, 0, &y, err);
}

static box read_box(const double *numbers, bool centred) {
    box out;
    for (int i = 0; i < 2; ++i) {
        double a = numbers[i], b = numbers[2 + i];
        out.low[i] = centred ? a - b / 2.0 : a < b ? a : b;
        out.high[i] = centred ? a + b / 2.0 : a < b ? b : a;
    }
    return out;
}

static double area(const box *b) { return (b->high[0] - b->low[0]) * (b->high[1] - b->low[1]); }

/* Intersection over union; 0 where either box is empty. */
static double overlap(const box *a, const box *b) {
    double common = 1.0, whole_a = area(a), whole_b = area(b);
    for (int i = 0; i < 2; ++i) {
        double low = a->low[i] > b->low[i] ? a->low[i] : b->low[i];
        double high = a->high[i] < b->high[i] ? a->high[i] : b->high[i];
        common *= high > low ? high - low : 0.0;
    }
    return whole_a > 0.0 && whole_b > 0.0 ? common / (whole_a + whole_b - common) : 0.0;
}

typedef struct suppression {
    const double *boxes, *scores; /* of one image and class */
    int64_t count, most;
    double threshold, least; /* of the overlap; of the score */
    bool centred;
    bool *done;        /* [count]: taken or left out */
    int64_t *selected; /* [count] */
} suppression;

/* The best box that is not done; -1: none. */
static int64_t best_box(const suppression *s) {
    int64_t best = -1;
    for (int64_t i = 0; i < s->count; ++i) {
        if (!s->done[i] && s->scores[i] > s->least && (best < 0 || s->scores[i] > s->scores[best])) {
            best = i;
        }
    }
    return best;
}

/* Fills `selected`, and says how many there are. */
static int64_t select_boxes(suppression *s) {
    int64_t taken = 0;
    for (int64_t i = 0; i < s->count; ++i) {
        s->done[i] = false;
    }
    while (taken < s->most) {
        int64_t best = best_box(s);
        if (best < 0) {
            break;
        }
        s->done[best] = true;
        s->selected[taken++] = best;
        box own = read_box(s->boxes + 4 * best, s->centred);
        for (int64_t i = 0; i < s->count; ++i) {
            box other = read_box(s->boxes + 4 * i, s->centred);
            s->done[i] = s->done[i] || overlap(&own, &other) > s->threshold;
        }
    }
    return taken;
}

static ht_status write_selected(ht_host_call *call, const int64_t *rows, int64_t count, ht_error *err) {
    ht_tensor_desc y = {.type = HT_I64, .rank = 2, .dims = {count, 3}};
    void *data;
    HT_TRY(ht__host_output(call, 0, &y, &data, err));
    for (int64_t i = 0; data != NULL && i < 3 * count; ++i) {
        ((int64_t *)data)[i] = rows[i];
    }
    return HT_OK;
}

/* The number in an optional input. */
static double number(const ht_reals *inputs, uint32_t i, double otherwise) {
    return inputs[i].data != NULL && ht__desc_elements(&inputs[i].desc) > 0 ? inputs[i].data[0] : otherwise;
}

static ht_status suppress(ht_host_call *call, const ht_reals *inputs, ht_arena *arena, ht_error *err) {
    const int64_t *dims = inputs[1].desc.dims;
    int64_t images = dims[0], classes = dims[1], count = dims[2], rows = 0;
    double most = number(inputs, 2, 0.0);
    suppression s = {.count = count,
                     .most = most > 0.0 ? (most < (double)count ? (int64_t)most : count) : 0,
                     .threshold = number(inputs, 3, 0.0),
                     .least = number(inputs, 4, -HUGE_VAL),
                     .centred = ht__node_int(call->node, "center_point_box", 0) != 0,
                     .done = ht__arena_alloc(arena, (size_t)count + 1),
                     .selected = ht__arena_alloc(arena, ((size_t)count + 1) * sizeof(int64_t))};
    size_t bytes = ((size_t)(images * classes * s.most) * 3 + 1) * sizeof(int64_t);
    int64_t *out = ht__arena_alloc(arena, bytes);
    if (s.done == NULL || s.selected == NULL || out == NULL) {
        return ht__fail_memory(err, bytes);
    }
    for (int64_t map = 0; map < images * classes; ++map) {
        s.boxes = inputs[0].data + map / classes * count * 4;
        s.scores = inputs[1].data + map * count;
        int64_t taken = select_boxes(&s);
        for (int64_t i = 0; i < taken; ++i, ++rows) {
            out[3 * rows] = map / classes;
            out[3 * rows + 1] = map % classes;
            out[3 * rows + 2] = s.selected[i];
        }
        HT_TRY(ht__check_interrupt(call->ctx, err));
    }
    return write_selected(call, out, rows, err);
}

static ht_status evaluate(ht_host_call *call, ht_error *err) {
    ht_reals inputs[5] = {{.data = NULL}};
    ht_arena *arena;
    HT_TRY(ht__arena_create(&call->ctx->allocator, &arena, err));
    ht_status status = HT_OK;
    for (uint32_t i = 0; i < call->node->input_count && status == HT_OK; ++i) {
        status = ht__reals_load(&call->inputs[i], arena, &inputs[i], err);
    }
    if (status == HT_OK) {
        status = suppress(call, inputs, arena, err);
    }
    ht__arena_destroy(arena);
    return status;
}

const ht_op ht__op_NonMaxSuppression = {
    .name = "NonMaxSuppression",
    .domain = "",
    .min_inputs = 2,
    .max_inputs = 5,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
};
