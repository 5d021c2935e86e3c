/* Pools regions of a map to one size, without rounding their borders (He et al. 2017). Inputs x [N,C,H,W], regions
 * [R,4] as x1, y1, x2, y2, and the image of each; output [R,C,output_height,output_width]. Each bin is sampled at
 * sampling_ratio^2 points (0: as many as it has elements), by linear interpolation: their mean, or with mode max the
 * largest weighted neighbour, as ONNX has it. */
#include <math.h>
#include <string.h>

#include "ops/reals.h"

#define MOST_SAMPLES 1024 /* along an axis of one bin */

typedef struct settings {
    int64_t height, width, sampling;
    double scale;
    bool maximum, half_pixel;
} settings;

static ht_status read(const ht_node *node, settings *out, ht_error *err) {
    const char *mode = ht__node_text(node, "mode", "avg");
    const char *shift = ht__node_text(node, "coordinate_transformation_mode", "half_pixel");
    *out = (settings){.height = ht__node_int(node, "output_height", 1),
                      .width = ht__node_int(node, "output_width", 1),
                      .sampling = ht__node_int(node, "sampling_ratio", 0),
                      .scale = (double)ht__node_float(node, "spatial_scale", 1.0f),
                      .maximum = strcmp(mode, "max") == 0,
                      .half_pixel = strcmp(shift, "half_pixel") == 0};
    bool known =
        (out->maximum || strcmp(mode, "avg") == 0) && (out->half_pixel || strcmp(shift, "output_half_pixel") == 0);
    if (!known || out->height < 1 || out->height > INT32_MAX || out->width < 1 || out->width > INT32_MAX ||
        out->sampling < 0 || out->sampling > MOST_SAMPLES) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name,
                           "RoiAlign cannot pool to %lld x %lld with %lld samples (mode %s, %s).",
                           (long long)out->height, (long long)out->width, (long long)out->sampling, mode, shift);
    }
    return HT_OK;
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    settings s;
    HT_TRY(read(node, &s, err));
    const ht_tensor_desc *x = &node->inputs[0]->desc, *regions = &node->inputs[1]->desc,
                         *images = &node->inputs[2]->desc;
    bool fits = x->rank == 4 && regions->rank == 2 && (regions->dims[1] < 0 || regions->dims[1] == 4) &&
                images->rank == 1 &&
                (images->dims[0] < 0 || regions->dims[0] < 0 || images->dims[0] == regions->dims[0]);
    if (!fits) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "The regions of RoiAlign do not fit its input.");
    }
    ht_tensor_desc y = {.type = x->type, .rank = 4, .dims = {regions->dims[0], x->dims[1], s.height, s.width}};
    return ht__set_output(node, 0, &y, err);
}

/* Where along one axis a point lies: between two elements, `far` of the way to the second. */
typedef struct place {
    int64_t low, high;
    double far;
    bool inside;
} place;

static place place_of(double at, int64_t size) {
    if (!(at >= -1.0 && at <= (double)size)) {
        return (place){0, 0, 0.0, false};
    }
    at = at > 0.0 ? at : 0.0;
    int64_t low = (int64_t)at;
    if (low >= size - 1) {
        return (place){size - 1, size - 1, 0.0, true};
    }
    return (place){low, low + 1, at - (double)low, true};
}

/* The sum, or the largest, of the four neighbours' shares. */
static double sample(const double *map, int64_t width, place y, place x, bool maximum) {
    if (!y.inside || !x.inside) {
        return 0.0;
    }
    double shares[4] = {
        (1.0 - y.far) * (1.0 - x.far) * map[y.low * width + x.low], (1.0 - y.far) * x.far * map[y.low * width + x.high],
        y.far * (1.0 - x.far) * map[y.high * width + x.low], y.far * x.far * map[y.high * width + x.high]};
    return maximum ? fmax(fmax(shares[0], shares[1]), fmax(shares[2], shares[3]))
                   : shares[0] + shares[1] + shares[2] + shares[3];
}

/* One axis of a region: where it begins, the size of a bin, samples in a bin. */
typedef struct extent {
    double begin, bin;
    int64_t samples;
} extent;

static extent extent_of(const settings *s, double from, double to, int64_t bins) {
    double offset = s->half_pixel ? 0.5 : 0.0, begin = from * s->scale - offset, size = to * s->scale - offset - begin;
    size = !s->half_pixel && !(size > 1.0) ? 1.0 : size;
    double samples = s->sampling > 0 ? (double)s->sampling : ceil(size / (double)bins);
    samples = samples > 0.0 ? samples : 0.0; /* NaN, too */
    return (extent){begin, size / (double)bins, samples < MOST_SAMPLES ? (int64_t)samples : MOST_SAMPLES};
}

static double pool_bin(const settings *s, const double *map, const int64_t *dims, extent y, extent x, int64_t row,
                       int64_t column) {
    double result = 0.0;
    bool first = true;
    for (int64_t i = 0; i < y.samples; ++i) {
        place at_y = place_of(y.begin + y.bin * ((double)row + ((double)i + 0.5) / (double)y.samples), dims[2]);
        for (int64_t j = 0; j < x.samples; ++j, first = false) {
            place at_x = place_of(x.begin + x.bin * ((double)column + ((double)j + 0.5) / (double)x.samples), dims[3]);
            double value = sample(map, dims[3], at_y, at_x, s->maximum);
            result = !s->maximum ? result + value : first || value > result ? value : result;
        }
    }
    int64_t count = y.samples * x.samples;
    return s->maximum || count == 0 ? result : result / (double)count;
}

static ht_status compute(ht_real_call *call, ht_error *err) {
    settings s;
    HT_TRY(read(call->node, &s, err));
    const int64_t *dims = call->inputs[0].desc.dims, *yd = call->outputs[0].desc.dims;
    double *to = call->outputs[0].data;
    if (dims[2] == 0 || dims[3] == 0) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, call->node->name, "RoiAlign cannot pool an empty map.");
    }
    for (int64_t r = 0; r < yd[0]; ++r) {
        const double *region = call->inputs[1].data + 4 * r;
        double image = call->inputs[2].data[r];
        if (!(image >= 0.0 && image < (double)dims[0])) {
            return ht__fail_at(err, HT_ERROR_ARGUMENT, call->node->name, "There is no image %g for region %lld.", image,
                               (long long)r);
        }
        extent x = extent_of(&s, region[0], region[2], s.width), y = extent_of(&s, region[1], region[3], s.height);
        for (int64_t c = 0; c < yd[1]; ++c) {
            const double *map = call->inputs[0].data + ((int64_t)image * dims[1] + c) * dims[2] * dims[3];
            for (int64_t i = 0; i < s.height * s.width; ++i) {
                *to++ = pool_bin(&s, map, dims, y, x, i / s.width, i % s.width);
            }
        }
        HT_TRY(ht__check_interrupt(call->ctx, err));
    }
    return HT_OK;
}

static ht_status evaluate(ht_host_call *evaluation, ht_error *err) {
    return ht__evaluate_reals(evaluation, compute, err);
}

const ht_op ht__op_RoiAlign = {
    .name = "RoiAlign",
    .domain = "",
    .min_inputs = 3,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
};
