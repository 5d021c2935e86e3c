#include "quant/adapt.h"

#include <math.h>
#include <string.h>

#include "base/clones.h"

enum { MOST_SWEEPS = 50 };
#define DAMPING 0.01

typedef struct work {
    const ht_adaptation *a;
    double *moments; /* [groups][width][width] H, both triangles */
    double *scratch; /* [threads][2][width]: e and g */
} work;

/* ---- H ---- */

static void make_moments(const ht_adaptation *a, double *moments) {
    const ht_gram *gram = a->gram;
    size_t width = gram->width;
    double rows = (double)gram->rows;
    for (size_t g = 0; g < gram->groups; ++g) {
        double *h = moments + g * width * width, trace = 0.0;
        const double *products = gram->products + g * width * width, *sums = gram->sums + g * width;
        for (size_t i = 0; i < width; ++i) {
            for (size_t j = i; j < width; ++j) {
                double mean = a->centred ? sums[i] / rows * (sums[j] / rows) : 0.0;
                h[i * width + j] = h[j * width + i] = products[i * width + j] / rows - mean;
            }
            trace += h[i * width + i];
        }
        for (size_t i = 0; i < width; ++i) {
            h[i * width + i] += DAMPING * trace / (double)width;
        }
    }
}

/* ---- one channel ---- */

HT_CLONES
static void add_scaled(double *restrict g, const double *restrict column, double step, size_t count) {
    for (size_t i = 0; i < count; ++i) {
        g[i] += step * column[i];
    }
}

/* The group of weights that share a scale, for weight `i` of channel `o`. */
static size_t group_of(const ht_quantized *q, size_t o, size_t i, size_t place) {
    return q->channels == 1 ? place / q->block_length : o * q->blocks + i / q->block_length;
}

/* How many steps weight i should move, its code kept in range. */
static double best_steps(double gradient, double curvature, double scale, double code, double most) {
    double steps = rint(-gradient / (curvature * scale));
    return fmin(fmax(steps, -code), most - code);
}

static void adapt_channel(const work *w, size_t o, double *e, double *g) {
    const ht_adaptation *a = w->a;
    const ht_gram *gram = a->gram;
    const ht_quantized *q = a->quantized;
    size_t width = gram->width, group = o / (gram->outputs / gram->groups);
    const double *h = w->moments + group * width * width;
    memset(g, 0, width * sizeof *g);
    for (size_t i = 0; i < width; ++i) {
        size_t place = ht__gram_place(gram, o, i);
        e[i] = (double)a->values[place] - (double)a->original[place];
        add_scaled(g, h + i * width, e[i], width);
    }
    bool moved = true;
    for (int sweep = 0; sweep < MOST_SWEEPS && moved; ++sweep) {
        moved = false;
        for (size_t i = 0; i < width; ++i) {
            size_t place = ht__gram_place(gram, o, i), at = group_of(q, o, i, place);
            double scale = (double)q->scales[at], zero = (double)q->zero_points[at], curvature = h[i * width + i];
            double most = q->symmetric ? 2.0 * zero : ldexp(1.0, (int)q->bits) - 1.0;
            double steps = curvature > 0.0 ? best_steps(g[i], curvature, scale, (double)a->codes[place], most) : 0.0;
            double change = steps * scale;
            if (steps == 0.0 || 2.0 * change * g[i] + change * change * curvature >= 0.0) {
                continue;
            }
            a->codes[place] = (uint32_t)((double)a->codes[place] + steps);
            a->values[place] = ((float)a->codes[place] - q->zero_points[at]) * q->scales[at];
            add_scaled(g, h + i * width, change, width);
            moved = true;
        }
    }
}

static void adapt_channels(void *argument, size_t begin, size_t end, unsigned part) {
    const work *w = argument;
    double *scratch = w->scratch + (size_t)part * 2 * w->a->gram->width;
    for (size_t o = begin; o < end; ++o) {
        adapt_channel(w, o, scratch, scratch + w->a->gram->width);
    }
}

/* ---- all of it ---- */

static void measure(const ht_adaptation *a) {
    ht_quantize_error error = {0};
    for (size_t i = 0; i < a->quantized->count; ++i) {
        double difference = (double)a->values[i] - (double)a->original[i];
        error.signal += (double)a->original[i] * (double)a->original[i];
        error.noise += difference * difference;
        error.largest = fmax(error.largest, fabs(difference));
    }
    a->quantized->error = error;
}

ht_status ht__adapt_rounding(ht_context *ctx, const ht_adaptation *adaptation, ht_error *err) {
    const ht_gram *gram = adaptation->gram;
    size_t cells = gram->groups * gram->width * gram->width;
    work w = {.a = adaptation};
    w.moments = ht__calloc(&ctx->allocator, cells, sizeof *w.moments);
    w.scratch = ht__calloc(&ctx->allocator, (size_t)ht__pool_threads(ctx->pool) * 2 * gram->width, sizeof *w.scratch);
    ht_status status = w.moments != NULL && w.scratch != NULL ? HT_OK : ht__fail_memory(err, cells * sizeof *w.moments);
    if (status == HT_OK) {
        make_moments(adaptation, w.moments);
        ht__pool_run(ctx->pool, gram->outputs, 1, adapt_channels, &w);
        measure(adaptation);
    }
    ht__free(&ctx->allocator, w.moments);
    ht__free(&ctx->allocator, w.scratch);
    return status;
}
