/* resize: to a height and width, or so that the shorter side has a length. */
#include "data/preprocess/resize.h"

#include <math.h>
#include <string.h>

#include "data/preprocess/steps.h"

/* The taps of one output coordinate: weight[0..count) on inputs first.. */
typedef struct taps {
    size_t most;   /* taps per coordinate at most */
    size_t *first; /* [outputs] */
    size_t *count; /* [outputs] */
    float *weight; /* [outputs][most] */
} taps;

static void fill_taps(taps *out, size_t inputs, size_t outputs, bool antialias) {
    double scale = (double)inputs / (double)outputs;
    double radius = antialias && scale > 1 ? scale : 1; /* of the triangle, in input pixels */
    for (size_t o = 0; o < outputs; ++o) {
        double centre = ((double)o + 0.5) * scale - 0.5;
        if (!antialias) { /* beyond the edge its pixel repeats */
            centre = centre < 0 ? 0 : centre > (double)(inputs - 1) ? (double)(inputs - 1) : centre;
        }
        double low = floor(centre - radius) + 1, high = ceil(centre + radius) - 1;
        size_t first = low < 0 ? 0 : (size_t)low;
        size_t last = high > (double)(inputs - 1) ? inputs - 1 : (size_t)high;
        double sum = 0;
        for (size_t i = first; i <= last; ++i) {
            sum += 1 - fabs((double)i - centre) / radius;
        }
        out->first[o] = first;
        out->count[o] = last - first + 1;
        for (size_t i = first; i <= last; ++i) {
            out->weight[o * out->most + (i - first)] = (float)((1 - fabs((double)i - centre) / radius) / sum);
        }
    }
}

static size_t tap_limit(size_t inputs, size_t outputs, bool antialias) {
    double scale = (double)inputs / (double)outputs;
    return antialias && scale > 1 ? (size_t)(2 * scale) + 3 : 3;
}

/* rows[y][x] = sum over taps of in[y][..]: one plane, horizontally. */
static void pass_along_x(const uint8_t *in, size_t height, size_t width_in, const taps *x_taps, size_t width,
                         float *rows) {
    for (size_t y = 0; y < height; ++y) {
        for (size_t x = 0; x < width; ++x) {
            const float *weight = x_taps->weight + x * x_taps->most;
            const uint8_t *from = in + y * width_in + x_taps->first[x];
            float sum = 0;
            for (size_t k = 0; k < x_taps->count[x]; ++k) {
                sum += weight[k] * (float)from[k];
            }
            rows[y * width + x] = sum;
        }
    }
}

/* out[y][x] = round(sum over taps of rows[..][x]): one plane, vertically. `line` is scratch for one row. */
static void pass_along_y(const float *rows, const taps *y_taps, size_t height, size_t width, float *line,
                         uint8_t *out) {
    for (size_t y = 0; y < height; ++y) {
        const float *weight = y_taps->weight + y * y_taps->most;
        memset(line, 0, width * sizeof *line);
        for (size_t k = 0; k < y_taps->count[y]; ++k) {
            const float *from = rows + (y_taps->first[y] + k) * width;
            for (size_t x = 0; x < width; ++x) {
                line[x] += weight[k] * from[x];
            }
        }
        for (size_t x = 0; x < width; ++x) {
            float value = line[x] + 0.5f;
            out[y * width + x] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
        }
    }
}

/* One block of memory for both axes' taps, the rows between the passes, and a line. */
typedef struct workspace {
    taps x, y;
    float *rows, *line;
    void *memory;
} workspace;

static ht_status make_workspace(const ht__picture *in, size_t height, size_t width, bool antialias, workspace *out,
                                const ht_allocator *allocator, ht_error *err) {
    out->x.most = tap_limit(in->width, width, antialias);
    out->y.most = tap_limit(in->height, height, antialias);
    size_t floats = width * out->x.most + height * out->y.most + in->height * width + width;
    size_t bytes = 2 * (width + height) * sizeof(size_t) + floats * sizeof(float);
    out->memory = ht__alloc(allocator, bytes);
    if (out->memory == NULL) {
        return ht__fail_memory(err, bytes);
    }
    size_t *counts = out->memory;
    out->x.first = counts;
    out->x.count = counts + width;
    out->y.first = counts + 2 * width;
    out->y.count = counts + 2 * width + height;
    float *next = (float *)(counts + 2 * (width + height));
    out->x.weight = next;
    out->y.weight = out->x.weight + width * out->x.most;
    out->rows = out->y.weight + height * out->y.most;
    out->line = out->rows + in->height * width;
    fill_taps(&out->x, in->width, width, antialias);
    fill_taps(&out->y, in->height, height, antialias);
    return HT_OK;
}

ht_status ht__resize(const ht__picture *in, size_t height, size_t width, bool antialias, ht__picture *out,
                     ht_error *err) {
    HT_TRY(ht__picture_shape(out, in->channels, height, width, err));
    if (height == in->height && width == in->width) {
        memcpy(out->pixels, in->pixels, ht__picture_bytes(in));
        return HT_OK;
    }
    workspace work;
    HT_TRY(make_workspace(in, height, width, antialias, &work, out->allocator, err));
    for (size_t c = 0; c < in->channels; ++c) {
        pass_along_x(ht__picture_plane(in, c), in->height, in->width, &work.x, width, work.rows);
        pass_along_y(work.rows, &work.y, height, width, work.line, ht__picture_plane(out, c));
    }
    ht__free(out->allocator, work.memory);
    return HT_OK;
}

typedef struct resize_state {
    size_t height, width; /* or */
    size_t shorter;
    bool antialias;
} resize_state;

static ht_status parse(void *raw, ht_arena *arena, const ht__fields *fields, bool *fitted, ht_error *err) {
    (void)arena;
    static const char *const keys[] = {"height", "width", "shorter", "antialias", NULL};
    resize_state *state = raw;
    *state = (resize_state){.antialias = true};
    HT_TRY(ht__fields_known(fields, keys, err));
    HT_TRY(ht__field_size(fields, "height", 1, HT__PICTURE_MAX_SIDE, &state->height, err));
    HT_TRY(ht__field_size(fields, "width", 1, HT__PICTURE_MAX_SIDE, &state->width, err));
    HT_TRY(ht__field_size(fields, "shorter", 1, HT__PICTURE_MAX_SIDE, &state->shorter, err));
    HT_TRY(ht__field_bool(fields, "antialias", &state->antialias, err));
    bool both = state->height != 0 && state->width != 0, neither = state->height == 0 && state->width == 0;
    if (state->shorter != 0 ? !neither : !both) {
        return ht__fields_fail(fields, err, "give 'height' and 'width', or 'shorter'.");
    }
    *fitted = true;
    return HT_OK;
}

static json_t *print(const void *raw) {
    const resize_state *state = raw;
    if (state->shorter != 0) {
        return json_pack("{s:I, s:b}", "shorter", (json_int_t)state->shorter, "antialias", state->antialias);
    }
    return json_pack("{s:I, s:I, s:b}", "height", (json_int_t)state->height, "width", (json_int_t)state->width,
                     "antialias", state->antialias);
}

static ht_status apply(const void *raw, const ht__picture *in, ht__picture *out, ht_error *err) {
    const resize_state *state = raw;
    size_t height = state->height, width = state->width;
    if (state->shorter != 0) {
        bool upright = in->height > in->width;
        width = upright ? state->shorter : (state->shorter * in->width + in->height / 2) / in->height;
        height = upright ? (state->shorter * in->height + in->width / 2) / in->width : state->shorter;
    }
    return ht__resize(in, height, width, state->antialias, out, err);
}

const ht__step_type ht__step_resize = {
    .name = "resize",
    .summary = "bilinear, to height and width or to a shorter side; antialias: true unless said otherwise",
    .kind = HT__STEP_PICTURE,
    .state_bytes = sizeof(resize_state),
    .parse = parse,
    .print = print,
    .picture = apply,
};
