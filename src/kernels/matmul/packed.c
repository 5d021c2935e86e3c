/* Products with constant f32 weights, which are packed once, by the best engine of this processor.
 *
 * Rows of x are copied in blocks that stay in the second cache, and their tiles walk over the panels of the weights;
 * a deep product is cut into parts whose sums y keeps. One row alone is read in place, at full depth: weights then
 * stream through once. */
#include "kernels/matmul/variants.h"

#if HT_FLOAT_ENGINES
#include <string.h>

#include "base/clones.h"
#include "kernels/index.h"
#include "kernels/lanes.h"

#define SMALLEST_WORK 4096      /* multiplications; below, matmul_f32_small is faster */
#define PARALLEL_WORK (1 << 18) /* multiplications per thread that make a second thread worth while */
#define BLOCK_ROWS 168          /* rows of x that are copied at a time: 512 KiB */

typedef struct packed_state {
    const ht_float_engine *engine;
    ht_matmul_parameters parameters;
    int32_t batch_rank;
    int64_t batch[HT_MAX_RANK], a_batch[HT_MAX_RANK];
    int64_t rows, columns, depth;
    int64_t a_row, a_column, c_row, c_column; /* strides */
    bool has_c;
    size_t room; /* floats of scratch for each thread */
    const float *weights;
} packed_state;

/* One product: all rows and columns, or a thread's part of them. */
typedef struct product {
    const packed_state *state;
    const float *a, *c;
    float *y;
    float *room; /* of all threads */
    bool by_rows;
} product;

static int64_t tiles_of(const packed_state *s) { return (s->rows + s->engine->most_rows - 1) / s->engine->most_rows; }
static int64_t panels_of(const packed_state *s) {
    return (s->columns + ht__float_panel(s->engine) - 1) / ht__float_panel(s->engine);
}
/* One row, which can be read in place. */
static bool is_single(const packed_state *s) { return s->rows == 1 && s->a_column == 1; }
static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* y = activation(alpha * y + beta * c) for `count` columns of row i from `column` on. */
HT_CLONES
static void finish_row(const product *job, int64_t i, int64_t column, int64_t count) {
    const packed_state *s = job->state;
    const ht_matmul_parameters *p = &s->parameters;
    float *y = job->y + i * s->columns + column;
    const float *c = s->has_c ? job->c + i * s->c_row + column * s->c_column : NULL;
    for (int64_t j = 0; j < count; j += HT_LANES) {
        ht_lanes value, term = {0};
        ht__lanes_load(&value, y + j, count - j);
        value *= p->alpha;
        if (c != NULL && s->c_column == 0) {
            term += *c;
        } else if (c != NULL) {
            ht__lanes_load(&term, c + j, count - j);
        }
        if (c != NULL) {
            value += term * p->beta;
        }
        ht__lanes_activate(p->activation, p->clip_low, p->clip_high, &value);
        ht__lanes_store(y + j, &value, count - j);
    }
}

static bool needs_finish(const packed_state *s) {
    return s->has_c || s->parameters.alpha != 1.0f || s->parameters.activation != HT_ACTIVATION_NONE;
}

/* Rows `row` .. row + rows - 1 by the panel at `column`, steps `depth` .. depth + steps - 1. */
static void panel(const product *job, const float *x, int64_t row, int64_t rows, int64_t column, int64_t depth,
                  int64_t steps) {
    const packed_state *s = job->state;
    int64_t width = ht__float_panel_width(s->engine, s->columns, column);
    int64_t tiles = (rows + s->engine->most_rows - 1) / s->engine->most_rows;
    ht_float_tile tile = {.depth = steps,
                          .weights = s->weights + column * s->depth + depth * width,
                          .columns = least(s->columns - column, width),
                          .y_row = s->columns,
                          .adds = depth != 0};
    for (int64_t t = 0; t < tiles; ++t) { /* of nearly the same height */
        int64_t begin = rows * t / tiles, end = rows * (t + 1) / tiles;
        tile.x = x + begin * HT_FLOAT_ROW_STEP;
        tile.y = job->y + (row + begin) * s->columns + column;
        if (is_single(s) && s->engine->row != NULL) {
            s->engine->row(&tile);
        } else {
            s->engine->tile(&tile, (int)(end - begin));
        }
        for (int64_t i = begin; i < end && depth + steps == s->depth && needs_finish(s); ++i) {
            finish_row(job, row + i, column, tile.columns);
        }
    }
}

static void copy_rows(const packed_state *s, const float *a, int64_t rows, int64_t steps, float *to) {
    for (int64_t i = 0; i < rows; ++i, a += s->a_row, to += HT_FLOAT_ROW_STEP) {
        if (s->a_column == 1) {
            memcpy(to, a, (size_t)steps * sizeof *to);
            continue;
        }
        for (int64_t k = 0; k < steps; ++k) {
            to[k] = a[k * s->a_column];
        }
    }
}

/* Rows row .. row_end - 1 by the panels of columns column .. column_end - 1. */
static void multiply(const product *job, int64_t row, int64_t row_end, int64_t column, int64_t column_end,
                     float *room) {
    const packed_state *s = job->state;
    bool in_place = is_single(s);
    int64_t blocks = (row_end - row + BLOCK_ROWS - 1) / BLOCK_ROWS;
    int64_t cuts = in_place ? 1 : (s->depth + HT_FLOAT_DEPTH - 1) / HT_FLOAT_DEPTH;
    for (int64_t b = 0; b < blocks; ++b) {
        int64_t begin = row + (row_end - row) * b / blocks, rows = row + (row_end - row) * (b + 1) / blocks - begin;
        for (int64_t d = 0; d < cuts; ++d) {
            int64_t depth = s->depth * d / cuts, steps = s->depth * (d + 1) / cuts - depth;
            const float *x = job->a + begin * s->a_row + depth * s->a_column;
            if (!in_place) {
                copy_rows(s, x, rows, steps, room);
                x = room;
            }
            for (int64_t j = column; j < column_end; j += ht__float_panel(s->engine)) {
                panel(job, x, begin, rows, j, depth, steps);
            }
        }
    }
}

static void part(void *argument, size_t begin, size_t end, unsigned number) {
    const product *job = argument;
    const packed_state *s = job->state;
    int64_t step = job->by_rows ? s->engine->most_rows : ht__float_panel(s->engine), first = (int64_t)begin * step,
            last = least((int64_t)end * step, job->by_rows ? s->rows : s->columns);
    float *room = job->room + number * s->room;
    if (job->by_rows) {
        multiply(job, first, last, 0, s->columns, room);
    } else {
        multiply(job, 0, s->rows, first, last, room);
    }
}

static ht_status run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                     ht_pool *pool) {
    const packed_state *s = state->data;
    product job = {.state = s,
                   .c = s->has_c ? inputs[2] : NULL,
                   .y = outputs[0],
                   .room = scratch,
                   .by_rows = tiles_of(s) > panels_of(s)};
    int64_t count = job.by_rows ? tiles_of(s) : panels_of(s), index[HT_MAX_RANK] = {0};
    size_t grain = (size_t)(PARALLEL_WORK / (s->rows * s->columns * s->depth / count + 1) + 1);
    do {
        job.a = (const float *)inputs[0] + ht__index_offset(s->batch_rank, index, s->a_batch);
        ht__pool_run(pool, (size_t)count, grain, part, &job);
        job.y += s->rows * s->columns;
    } while (ht__index_next(s->batch_rank, s->batch, index));
    return HT_OK;
}

static bool plain(const ht_tensor_desc *desc) { return desc->layout == HT_LAYOUT_PLAIN || desc->rank < 3; }

static bool accept_on(const ht_float_engine *engine, const ht_kernel_call *call, const ht_kernel_env *env,
                      const char **reason) {
    const ht_tensor_desc *a = &call->inputs[0], *b = &call->inputs[1], *y = &call->outputs[0];
    if (!ht__kernel_cpu_has(env, engine->needs, reason) || !ht__kernel_accept_f32(call, env, reason)) {
        return false;
    }
    *reason = "takes plain tensors, and one constant matrix";
    if (!plain(a) || !plain(y) || b->rank != 2 || !ht__kernel_is_known(call, 1)) {
        return false;
    }
    *reason = "too small a product";
    bool transposed = HT_PARAMETERS(ht_matmul_parameters, call)->transpose_a;
    return ht__desc_elements(y) * a->dims[a->rank - (transposed ? 2 : 1)] >= SMALLEST_WORK;
}

bool ht__matmul_packs(const ht_kernel_call *call, const ht_kernel_env *env) {
    const char *reason;
#define TAKES(isa) accept_on(&ht__float_engine_##isa, call, env, &reason) ||
    return HT_FLOAT_ENGINE_LIST(TAKES) false;
#undef TAKES
}

/* All but the pointer. */
static void describe(const ht_kernel_call *call, const ht_float_engine *engine, packed_state *s) {
    const ht_tensor_desc *a = &call->inputs[0], *y = &call->outputs[0];
    *s = (packed_state){.engine = engine,
                        .parameters = *HT_PARAMETERS(ht_matmul_parameters, call),
                        .batch_rank = y->rank - 2,
                        .rows = y->dims[y->rank - 2],
                        .columns = y->dims[y->rank - 1],
                        .has_c = call->input_count > 2 && call->inputs[2].type != HT_NONE};
    bool transposed = s->parameters.transpose_a;
    s->depth = a->dims[a->rank - (transposed ? 2 : 1)];
    s->a_row = transposed ? 1 : s->depth;
    s->a_column = transposed ? s->rows : 1;
    memcpy(s->batch, y->dims, sizeof s->batch);
    ht__index_broadcast(a, y->rank, s->a_batch);
    if (s->has_c) {
        int64_t strides[HT_MAX_RANK];
        ht__index_broadcast(&call->inputs[2], 2, strides);
        s->c_row = strides[0];
        s->c_column = strides[1];
    }
    if (!transposed && s->c_row == 0) { /* the matrices of the batch lie one behind the other: one matrix */
        s->rows *= ht__index_product(s->batch, 0, s->batch_rank);
        s->batch_rank = 0;
    }
    s->room = (size_t)least(s->rows, BLOCK_ROWS) * HT_FLOAT_ROW_STEP;
}

static void layout_on(const ht_float_engine *engine, const ht_kernel_call *call, const ht_kernel_env *env,
                      ht_kernel_sizes *out) {
    packed_state s;
    describe(call, engine, &s);
    *out = (ht_kernel_sizes){.state_bytes = sizeof s,
                             .packed_bytes = ht__float_weights_bytes(engine, s.depth, s.columns),
                             .scratch_bytes = (env->threads != 0 ? env->threads : 1) * s.room * sizeof(float),
                             .packed = 1u << 1};
}

static void pack_on(const ht_float_engine *engine, const ht_kernel_call *call, void *packed) {
    packed_state s;
    describe(call, engine, &s);
    bool transposed = s.parameters.transpose_b;
    ht__float_weights_pack(engine, call->constants[1], transposed ? 1 : s.columns, transposed ? s.depth : 1, s.depth,
                           s.columns, packed);
}

static void bind_on(const ht_float_engine *engine, const ht_kernel_call *call, const void *packed, void *memory) {
    packed_state *s = memory;
    describe(call, engine, s);
    s->weights = packed;
}

/* One variant per engine. */
#define VARIANT(isa)                                                                                       \
    static bool accept_##isa(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason) {  \
        return accept_on(&ht__float_engine_##isa, call, env, reason);                                      \
    }                                                                                                      \
    static void layout_##isa(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_sizes *out) { \
        layout_on(&ht__float_engine_##isa, call, env, out);                                                \
    }                                                                                                      \
    static void pack_##isa(const ht_kernel_call *call, void *packed) {                                     \
        pack_on(&ht__float_engine_##isa, call, packed);                                                    \
    }                                                                                                      \
    static void bind_##isa(const ht_kernel_call *call, const void *packed, void *state) {                  \
        bind_on(&ht__float_engine_##isa, call, packed, state);                                             \
    }                                                                                                      \
    const ht_kernel_variant ht__matmul_f32_##isa = {.name = "matmul_f32_" #isa,                            \
                                                    .family = &ht__matmul_family,                          \
                                                    .accept = accept_##isa,                                \
                                                    .layout = layout_##isa,                                \
                                                    .pack = pack_##isa,                                    \
                                                    .bind = bind_##isa,                                    \
                                                    .run = run};
HT_FLOAT_ENGINE_LIST(VARIANT)
#else
bool ht__matmul_packs(const ht_kernel_call *call, const ht_kernel_env *env) {
    (void)call;
    (void)env;
    return false;
}
#endif
