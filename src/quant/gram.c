#include "quant/gram.h"

#include <string.h>

#include "base/clones.h"
#include "graph/op.h"
#include "ops/common.h"
#include "quant/observe.h"

enum {
    ROWS = 64,        /* gathered before they are multiplied: f32 sums stay short */
    MOST_ROWS = 8192, /* of a layer */
    GRAIN = 8
};
#define BUDGET ((size_t)256 << 20)

/* ---- layers ---- */

static bool names(const ht_node *node, const char *op) {
    return node->op->domain[0] == '\0' && strcmp(node->op->name, op) == 0;
}

static bool has_columns(const ht_node *node) {
    return names(node, "MatMul") || (names(node, "Gemm") && ht__node_int(node, "transB", 0) == 0);
}

/* Reshapes cost nothing: the compiler leaves them out, and their results are not seen. */
static const ht_value *source_of(const ht_value *value) {
    static const char *const reshapes[] = {"Flatten", "Reshape", "Squeeze", "Unsqueeze", "Identity"};
    for (size_t i = 0; value->producer != NULL && i < sizeof reshapes / sizeof *reshapes;) {
        if (names(value->producer, reshapes[i])) {
            value = value->producer->inputs[0];
            i = 0;
        } else {
            ++i;
        }
    }
    return value;
}

bool ht__gram_describe(const ht_node *node, ht_gram *out) {
    bool conv = names(node, "Conv"), matrix = names(node, "MatMul") || names(node, "Gemm");
    const ht_value *weight = node->input_count > 1 ? node->inputs[1] : NULL;
    if ((!conv && !matrix) || weight == NULL || weight->data == NULL || node->inputs[0]->data != NULL) {
        return false;
    }
    const ht_tensor_desc *w = &weight->desc;
    int64_t elements = ht__desc_elements(w);
    if (w->type != HT_F32 || elements <= 0 || (matrix && (w->rank != 2 || ht__node_int(node, "transA", 0) != 0)) ||
        (conv && (w->rank < 3 || w->rank > 5))) {
        return false;
    }
    int64_t outputs = w->dims[has_columns(node) ? 1 : 0], groups = conv ? ht__node_int(node, "group", 1) : 1;
    if (groups < 1 || outputs % groups != 0) {
        return false;
    }
    *out = (ht_gram){.node = node,
                     .source = conv ? node->inputs[0] : source_of(node->inputs[0]),
                     .groups = (size_t)groups,
                     .width = (size_t)(elements / outputs),
                     .outputs = (size_t)outputs};
    return true;
}

size_t ht__gram_place(const ht_gram *gram, size_t o, size_t i) {
    return has_columns(gram->node) ? i * gram->outputs + o : o * gram->width + i;
}

/* ---- rows ---- */

typedef struct collection {
    ht_context *ctx;
    ht_observation run;
    ht_gram **active; /* of this pass */
    size_t active_count, samples;
    size_t batch; /* counted from 1 */
    float *rows;  /* [ROWS][groups * width] of the widest layer */
    ht_status status;
    ht_error error;
} collection;

/* One layer's input while rows are taken from it. */
typedef struct reading {
    const ht_gram *gram;
    const float *data;
    const ht_tensor_desc *desc;
    int64_t strides[HT_MAX_RANK];
    ht_window window;              /* of a convolution */
    int64_t out[3], batch, places; /* results, or rows, of a sample */
} reading;

/* The patch at result position `place` of sample n, for all groups: row[groups][width]. */
static void read_patch(const reading *r, int64_t n, int64_t place, float *row) {
    const ht_window *w = &r->window;
    int64_t begin[3] = {0, 0, 0}, kernel = 1;
    for (int32_t d = w->spatial - 1; d >= 0; --d) {
        begin[d] = place % r->out[d] * w->strides[d] - w->pads_begin[d];
        place /= r->out[d];
        kernel *= w->kernel[d];
    }
    for (int64_t c = 0; c < r->desc->dims[1]; ++c) {
        const float *channel = r->data + n * r->strides[0] + c * r->strides[1];
        for (int64_t k = 0; k < kernel; ++k) {
            int64_t offset = 0, rest = k;
            bool inside = true;
            for (int32_t d = w->spatial - 1; d >= 0; --d) {
                int64_t at = begin[d] + rest % w->kernel[d] * w->dilations[d];
                rest /= w->kernel[d];
                inside = inside && at >= 0 && at < r->desc->dims[2 + d];
                offset += at * r->strides[2 + d];
            }
            *row++ = inside ? channel[offset] : 0.0f;
        }
    }
}

/* The place-th `width` elements, counted in the logical order: a row of the matrix that they are reshaped to. */
static void read_row(const reading *r, int64_t place, float *row) {
    int64_t width = (int64_t)r->gram->width;
    for (int64_t i = 0; i < width; ++i) {
        int64_t index = place * width + i, offset = 0;
        for (int32_t d = r->desc->rank - 1; d >= 0; --d) {
            offset += index % r->desc->dims[d] * r->strides[d];
            index /= r->desc->dims[d];
        }
        row[i] = r->data[offset];
    }
}

/* ---- products ---- */

typedef struct update {
    ht_gram *gram;
    const float *rows;
    size_t count;
} update;

/* sums[j] += a x[j] for j in from .. count - 1. */
HT_CLONES
static void add_scaled(float *restrict sums, const float *restrict x, float a, size_t from, size_t count) {
    for (size_t j = from; j < count; ++j) {
        sums[j] += a * x[j];
    }
}

/* Rows begin .. end of the upper triangles, groups counted through: each belongs to one thread. */
static void multiply(void *argument, size_t begin, size_t end, unsigned part) {
    (void)part;
    const update *u = argument;
    size_t width = u->gram->width, stride = u->gram->groups * width;
    float sums[256];
    for (size_t k = begin; k < end; ++k) {
        size_t g = k / width, i = k % width;
        double *into = u->gram->products + k * width;
        for (size_t from = i; from < width; from += sizeof sums / sizeof *sums) {
            size_t count = width - from < sizeof sums / sizeof *sums ? width - from : sizeof sums / sizeof *sums;
            memset(sums, 0, count * sizeof *sums);
            for (size_t r = 0; r < u->count; ++r) {
                const float *row = u->rows + r * stride + g * width;
                if (row[i] != 0.0f) {
                    add_scaled(sums, row + from, row[i], 0, count);
                }
            }
            for (size_t j = 0; j < count; ++j) {
                into[from + j] += (double)sums[j];
            }
        }
        for (size_t r = 0; r < u->count; ++r) {
            u->gram->sums[k] += (double)u->rows[r * stride + k];
        }
    }
}

static void add_rows(const collection *c, ht_gram *gram, size_t count) {
    update u = {gram, c->rows, count};
    ht__pool_run(c->ctx->pool, gram->groups * gram->width, GRAIN, multiply, &u);
    gram->rows += count;
}

/* ---- seeing ---- */

/* How many of a sample's `places` are taken. */
static int64_t taken_of(const collection *c, int64_t places) {
    int64_t most = (int64_t)(MOST_ROWS / c->samples);
    most = most < 1 ? 1 : most;
    return places < most ? places : most;
}

static ht_status begin_reading(const ht_gram *gram, const ht_tensor_desc *desc, const float *data, reading *out,
                               ht_error *err) {
    *out = (reading){.gram = gram, .data = data, .desc = desc, .places = 1};
    ht__desc_strides(desc, out->strides);
    if (!names(gram->node, "Conv")) {
        out->batch = desc->rank > 1 ? desc->dims[0] : 1;
        out->places = ht__desc_elements(desc) / (int64_t)gram->width / out->batch;
        return out->places > 0 ? HT_OK
                               : ht__fail_at(err, HT_ERROR_INTERNAL, gram->node->name,
                                             "The matrix product is wider than what it reads.");
    }
    out->batch = desc->dims[0];
    HT_TRY(ht__window_read(gram->node, desc, gram->node->inputs[1]->desc.dims + 2, &out->window, err));
    for (int32_t d = 0; d < out->window.spatial; ++d) {
        out->out[d] = ht__window_output(&out->window, d, desc->dims[2 + d]);
        out->places *= out->out[d];
    }
    return HT_OK;
}

/* Places lie evenly over the map, and differ from sample to sample. */
static ht_status see(collection *c, ht_gram *gram, const ht_tensor_desc *desc, const float *data, ht_error *err) {
    reading r;
    HT_TRY(begin_reading(gram, desc, data, &r, err));
    bool conv = names(gram->node, "Conv");
    int64_t taken = taken_of(c, r.places);
    size_t stride = gram->groups * gram->width, waiting = 0;
    for (int64_t n = 0; n < r.batch; ++n) {
        int64_t turn = (int64_t)c->run.indices[(size_t)n % c->run.batch] * 7919;
        for (int64_t k = 0; k < taken; ++k) {
            int64_t place = (k * r.places / taken + turn) % r.places;
            float *row = c->rows + waiting * stride;
            if (conv) {
                read_patch(&r, n, place, row);
            } else {
                read_row(&r, n * r.places + place, row);
            }
            if (++waiting == ROWS) {
                add_rows(c, gram, waiting);
                waiting = 0;
            }
        }
    }
    if (waiting > 0) {
        add_rows(c, gram, waiting);
    }
    return HT_OK;
}

static void observe(void *user, const ht_program *program, const ht_program_tensor *tensor, const void *data) {
    (void)program;
    collection *c = user;
    int64_t elements = ht__desc_elements(&tensor->desc);
    for (size_t i = 0; i < c->active_count && c->status == HT_OK && elements > 0; ++i) {
        ht_gram *gram = c->active[i];
        if (gram->source->id == tensor->value_id && tensor->value_id < c->run.values && tensor->desc.type == HT_F32 &&
            gram->last_batch != c->batch) {
            gram->last_batch = c->batch; /* a second time it would be the same in another layout */
            c->status = see(c, gram, &tensor->desc, data, &c->error);
        }
    }
}

/* ---- running ---- */

static bool bytes_of(const ht_gram *gram, size_t *out) {
    size_t rows;
    return ht__mul(gram->groups, gram->width, &rows) && ht__mul(rows, gram->width, out) &&
           ht__mul(*out, sizeof(double), out);
}

static ht_status reserve(collection *c, ht_error *err) {
    const ht_allocator *allocator = &c->ctx->allocator;
    size_t widest = 1;
    for (size_t i = 0; i < c->active_count; ++i) {
        ht_gram *gram = c->active[i];
        size_t stride = gram->groups * gram->width;
        widest = stride > widest ? stride : widest;
        gram->products = ht__calloc(allocator, stride * gram->width, sizeof *gram->products);
        gram->sums = ht__calloc(allocator, stride, sizeof *gram->sums);
        if (gram->products == NULL || gram->sums == NULL) {
            return ht__fail_memory(err, stride * gram->width * sizeof *gram->products);
        }
    }
    c->rows = ht__calloc(allocator, ROWS * widest, sizeof *c->rows);
    return c->rows != NULL ? HT_OK : ht__fail_memory(err, ROWS * widest * sizeof *c->rows);
}

static ht_status run_batches(collection *c, const ht_dataset *data, ht_error *err) {
    ht_observation *o = &c->run;
    size_t batches = c->samples / o->batch, used = batches * o->batch, total = ht_dataset_describe(data)->samples;
    for (size_t b = 0; b < batches; ++b) {
        for (size_t i = 0; i < o->batch; ++i) {
            o->indices[i] = (uint32_t)((b * o->batch + i) * total / used);
        }
        ++c->batch;
        HT_TRY(ht__observation_run(o, data, observe, c, err));
        if (c->status != HT_OK) {
            if (err != NULL) {
                *err = c->error;
            }
            return c->status;
        }
        ht__progress(c->ctx, "measuring layers", (double)(b + 1), (double)batches, "%zu samples", (b + 1) * o->batch);
    }
    return HT_OK;
}

static ht_status run_pass(collection *c, const ht_graph *graph, const ht_dataset *data, ht_error *err) {
    ht_status status = ht__observation_begin(c->ctx, graph, ht_dataset_describe(data), c->samples, c->samples,
                                             &(ht_compile_options){0}, &c->run, err);
    if (status == HT_OK) {
        status = reserve(c, err);
    }
    if (status == HT_OK) {
        status = run_batches(c, data, err);
    }
    ht__free(&c->ctx->allocator, c->rows);
    c->rows = NULL;
    ht__observation_end(&c->run);
    return status;
}

/* As many layers from *next on as the budget has room for. */
static void fill_pass(collection *c, ht_gram *grams, size_t count, size_t *next) {
    size_t used = 0, bytes;
    c->active_count = 0;
    for (; *next < count; ++*next) {
        if (!bytes_of(&grams[*next], &bytes) || bytes > BUDGET) {
            continue;
        }
        if (used + bytes > BUDGET) {
            return;
        }
        used += bytes;
        c->active[c->active_count++] = &grams[*next];
    }
}

ht_status ht__grams_collect(ht_context *ctx, const ht_graph *graph, const ht_dataset *data, size_t samples,
                            ht_gram *grams, size_t count, ht_error *err) {
    size_t available = ht_dataset_describe(data)->samples;
    collection c = {.ctx = ctx, .samples = samples < available ? samples : available};
    c.active = ht__calloc(&ctx->allocator, count + 1, sizeof *c.active);
    ht_status status = c.active != NULL ? HT_OK : ht__fail_memory(err, count * sizeof *c.active);
    for (size_t next = 0; next < count && status == HT_OK;) {
        fill_pass(&c, grams, count, &next);
        status = c.active_count > 0 ? run_pass(&c, graph, data, err) : HT_OK;
    }
    ht__free(&ctx->allocator, c.active);
    return status;
}

void ht__grams_free(const ht_allocator *allocator, ht_gram *grams, size_t count) {
    for (size_t i = 0; i < count && grams != NULL; ++i) {
        ht__free(allocator, grams[i].products);
        ht__free(allocator, grams[i].sums);
    }
    ht__free(allocator, grams);
}
