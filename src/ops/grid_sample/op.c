/* Reads x [N, C, spatial...] at the positions of a grid [N, out..., d], whose coordinates (x, y(, z)) run from -1 to 1
 * over x: between the centres of its border elements (align_corners) or between their outer edges. Modes: nearest (ties
 * to even), linear, cubic (Keys 1981, a = -0.75; two dimensions). What lies outside is 0 (zeros), the nearest element
 * (border), or mirrored at the same borders (reflection). */
#include <math.h>
#include <string.h>

#include "kernels/index.h"
#include "ops/reals.h"

typedef enum sample_mode { SAMPLE_LINEAR, SAMPLE_NEAREST, SAMPLE_CUBIC } sample_mode;
typedef enum sample_padding { PADDING_ZEROS, PADDING_BORDER, PADDING_REFLECTION } sample_padding;

typedef struct sampling {
    sample_mode mode;
    sample_padding padding;
    bool align_corners;
    int32_t spatial;
} sampling;

static int find_word(const char *const *words, int count, const char *text) {
    for (int i = 0; i < count; ++i) {
        if (strcmp(words[i], text) == 0) {
            return i;
        }
    }
    return -1;
}

static ht_status read(const ht_node *node, sampling *out, ht_error *err) {
    /* "bilinear" and "bicubic" until operator set 19 */
    static const char *const modes[] = {"linear", "nearest", "cubic", "bilinear", "nearest", "bicubic"};
    static const char *const paddings[] = {"zeros", "border", "reflection"};
    const char *mode = ht__node_text(node, "mode", "linear"), *padding = ht__node_text(node, "padding_mode", "zeros");
    int m = find_word(modes, 6, mode), p = find_word(paddings, 3, padding);
    const ht_tensor_desc *x = &node->inputs[0]->desc, *grid = &node->inputs[1]->desc;
    if (m < 0 || p < 0) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name,
                           "GridSample does not know the mode %s with the padding %s.", mode, padding);
    }
    *out =
        (sampling){(sample_mode)(m % 3), (sample_padding)p, ht__node_int(node, "align_corners", 0) != 0, x->rank - 2};
    bool fits = x->rank >= 3 && x->rank <= 5 && grid->rank == x->rank &&
                (x->dims[0] < 0 || grid->dims[0] < 0 || x->dims[0] == grid->dims[0]) &&
                (grid->dims[grid->rank - 1] < 0 || grid->dims[grid->rank - 1] == out->spatial);
    if (!fits) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "The grid of GridSample does not fit its input.");
    }
    if (out->mode == SAMPLE_CUBIC && out->spatial != 2) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, node->name, "Cubic sampling works in two dimensions, not %d.",
                           (int)out->spatial);
    }
    return HT_OK;
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    sampling s;
    HT_TRY(read(node, &s, err));
    const ht_tensor_desc *x = &node->inputs[0]->desc, *grid = &node->inputs[1]->desc;
    ht_tensor_desc y = {.type = x->type, .rank = x->rank, .dims = {x->dims[0], x->dims[1]}};
    for (int32_t i = 0; i < s.spatial; ++i) {
        y.dims[2 + i] = grid->dims[1 + i];
    }
    return ht__set_output(node, 0, &y, err);
}

/* Mirrors a position at `low` and `high` as often as needed. */
static double reflect(double at, double low, double high) {
    double range = high - low;
    if (!(range > 0.0)) {
        return low;
    }
    double phase = fmod(fabs(at - low), 2.0 * range);
    return phase <= range ? low + phase : high - (phase - range);
}

/* The element that position i of an axis reads; -1: none. */
static int64_t element_at(const sampling *s, double i, int64_t size) {
    if (!(fabs(i) < 1e15)) { /* NaN and infinities */
        return s->padding == PADDING_ZEROS ? -1 : i > 0.0 ? size - 1 : 0;
    }
    if (s->padding == PADDING_REFLECTION) {
        i = s->align_corners ? reflect(i, 0.0, (double)(size - 1)) : reflect(i, -0.5, (double)size - 0.5);
        i = nearbyint(i);
        i = i < 0.0 ? 0.0 : i; /* -0.5 and size - 0.5 belong to the border elements */
    }
    if (s->padding == PADDING_ZEROS && (i < 0.0 || i > (double)(size - 1))) {
        return -1;
    }
    return i < 0.0 ? 0 : i > (double)(size - 1) ? size - 1 : (int64_t)i;
}

/* Weights of the elements around a position that lies `t` behind the second of four (cubic), or the first of two. */
static int weights_of(const sampling *s, double t, double weights[4]) {
    const double a = -0.75;
    if (s->mode == SAMPLE_NEAREST) {
        weights[0] = 1.0;
        return 1;
    }
    if (s->mode == SAMPLE_LINEAR) {
        weights[0] = 1.0 - t;
        weights[1] = t;
        return 2;
    }
    for (int i = 0; i < 4; ++i) {
        double d = fabs(t + 1.0 - i);
        weights[i] =
            d <= 1.0 ? ((a + 2.0) * d - (a + 3.0)) * d * d + 1.0 : ((a * d - 5.0 * a) * d + 8.0 * a) * d - 4.0 * a;
    }
    return 4;
}

/* What one axis contributes: the elements that are read (-1: 0) and their weights. */
typedef struct axis_reading {
    int count;
    int64_t elements[4];
    double weights[4];
} axis_reading;

static axis_reading read_axis(const sampling *s, double normalised, int64_t size) {
    axis_reading out;
    double at = s->align_corners ? (normalised + 1.0) / 2.0 * (double)(size - 1)
                                 : ((normalised + 1.0) * (double)size - 1.0) / 2.0;
    if (s->padding == PADDING_BORDER) {
        at = at < 0.0 ? 0.0 : at > (double)(size - 1) ? (double)(size - 1) : at;
    } else if (s->padding == PADDING_REFLECTION && fabs(at) < 1e15) {
        at = s->align_corners ? reflect(at, 0.0, (double)(size - 1)) : reflect(at, -0.5, (double)size - 0.5);
    }
    double base = s->mode == SAMPLE_NEAREST ? nearbyint(at) : floor(at);
    out.count = weights_of(s, at - base, out.weights);
    base -= s->mode == SAMPLE_CUBIC ? 1.0 : 0.0;
    for (int i = 0; i < out.count; ++i) {
        out.elements[i] = element_at(s, base + i, size);
    }
    return out;
}

/* The weighted sum over what every axis reads; `map` points at a channel of x. */
static double sample(const double *map, const axis_reading *axes, const int64_t *dims, int32_t spatial) {
    int64_t counts[3], k[3] = {0};
    double sum = 0.0;
    for (int32_t i = 0; i < spatial; ++i) {
        counts[i] = axes[i].count;
    }
    do {
        double weight = 1.0;
        int64_t offset = 0;
        bool inside = true;
        for (int32_t i = 0; i < spatial; ++i) {
            weight *= axes[i].weights[k[i]];
            inside = inside && axes[i].elements[k[i]] >= 0;
            offset = offset * dims[i] + axes[i].elements[k[i]];
        }
        sum += inside ? weight * map[offset] : 0.0;
    } while (ht__index_next(spatial, counts, k));
    return sum;
}

static ht_status compute(ht_real_call *call, ht_error *err) {
    sampling s;
    HT_TRY(read(call->node, &s, err));
    const ht_tensor_desc *x = &call->inputs[0].desc, *y = &call->outputs[0].desc;
    int64_t in = ht__index_product(x->dims, 2, x->rank), out = ht__index_product(y->dims, 2, y->rank);
    if (ht__desc_elements(y) == 0) {
        return HT_OK;
    }
    if (in == 0) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, call->node->name, "GridSample cannot read from an empty map.");
    }
    for (int64_t n = 0; n < y->dims[0]; ++n) {
        for (int64_t i = 0; i < out; ++i) {
            const double *position = call->inputs[1].data + (n * out + i) * s.spatial;
            axis_reading axes[3];
            for (int32_t d = 0; d < s.spatial; ++d) { /* x belongs to the last dimension */
                axes[d] = read_axis(&s, position[s.spatial - 1 - d], x->dims[2 + d]);
            }
            for (int64_t c = 0; c < y->dims[1]; ++c) {
                int64_t map = n * y->dims[1] + c;
                call->outputs[0].data[map * out + i] =
                    sample(call->inputs[0].data + map * in, axes, x->dims + 2, s.spatial);
            }
        }
    }
    return HT_OK;
}

static ht_status evaluate(ht_host_call *evaluation, ht_error *err) {
    return ht__evaluate_reals(evaluation, compute, err);
}

const ht_op ht__op_GridSample = {
    .name = "GridSample",
    .domain = "",
    .since = 20,
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
};
