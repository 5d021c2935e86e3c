/* Matrix products in plain C for the small layers of tabular networks, where a library's call costs more than the
 * product.
 *
 * A tile of 4 rows and 32, 16 or 8 columns is summed in registers over k = 0 .. K-1, products rounded before they are
 * added: the reference's bits. B is read along its rows; a transposed B, and the last columns that fill no tile, are
 * copied first into panels of the scratch memory (or once and for all, when B is a constant). */
#include <string.h>

#include "base/clones.h"
#include "kernels/index.h"
#include "kernels/lanes.h"
#include "kernels/matmul/variants.h"

#define ROWS 4
#define NARROW HT_LANES     /* columns of the narrowest tile */
#define WIDE 32             /* columns of the widest tile */
#define PARALLEL_WORK 65536 /* multiplications per thread that make a second thread worth while */

typedef struct small_state {
    ht_matmul_parameters parameters;
    int32_t batch_rank;
    int64_t batch[HT_MAX_RANK], stride_a[HT_MAX_RANK], stride_b[HT_MAX_RANK], stride_y[HT_MAX_RANK];
    int64_t rows, columns, depth;
    int64_t c_row, c_column; /* strides of c */
    bool has_c, panel_constant;
    const float *panel; /* of a constant B */
} small_state;

/* One product: A by strides, B in two parts, whole rows (NULL when B is transposed) and the padded panel behind them.
 */
typedef struct product {
    const small_state *state;
    const float *a, *b, *panel, *c;
    float *y;
} product;

static int64_t rounded_up(int64_t n) { return (n + NARROW - 1) / NARROW * NARROW; }

/* Columns of B that are read in place; the others come from the panel. */
static int64_t columns_in_place(const small_state *s) {
    return s->parameters.transpose_b ? 0 : s->columns / NARROW * NARROW;
}

static int64_t panel_width(const small_state *s) { return rounded_up(s->columns - columns_in_place(s)); }

/* panel[k][j] = B[k][first + j], padded with zeros. */
static void fill_panel(const small_state *s, const float *b, float *panel) {
    int64_t first = columns_in_place(s), width = panel_width(s), used = s->columns - first;
    for (int64_t k = 0; k < s->depth; ++k) {
        for (int64_t j = 0; j < width; ++j) {
            int64_t at = s->parameters.transpose_b ? (first + j) * s->depth + k : k * s->columns + first + j;
            panel[k * width + j] = j < used ? b[at] : 0.0f;
        }
    }
}

/* y = activation(alpha * sum + beta * c) for the first `used` columns of a tile's row. */
HT_INLINE void finish_row(const product *job, const ht_lanes *sum, int vectors, int64_t i, int64_t column,
                          int64_t used) {
    const small_state *s = job->state;
    const ht_matmul_parameters *p = &s->parameters;
    float *y = job->y + i * s->columns + column;
    const float *c = s->has_c ? job->c + i * s->c_row + column * s->c_column : NULL;
    for (int v = 0; v < vectors; ++v) {
        int64_t left = used - v * NARROW;
        if (left <= 0) {
            return;
        }
        ht_lanes value = sum[v] * p->alpha;
        if (c != NULL) {
            ht_lanes term;
            if (s->c_column == 0) {
                term = (ht_lanes){0} + *c;
            } else {
                ht__lanes_load(&term, c + v * NARROW, left);
            }
            value += term * p->beta;
        }
        ht__lanes_activate(p->activation, p->clip_low, p->clip_high, &value);
        ht__lanes_store(y + v * NARROW, &value, left);
    }
}

HT_INLINE void tile(const product *job, int rows, int vectors, int64_t i, int64_t column, const float *b, int64_t row_b,
                    int64_t used) {
    const small_state *s = job->state;
    bool transposed = s->parameters.transpose_a;
    int64_t row_a = transposed ? 1 : s->depth, step_a = transposed ? s->rows : 1;
    const float *a = job->a + i * row_a;
    ht_lanes sum[ROWS][WIDE / NARROW];
    for (int r = 0; r < rows; ++r) {
        for (int v = 0; v < vectors; ++v) {
            sum[r][v] = (ht_lanes){0};
        }
    }
    for (int64_t k = 0; k < s->depth; ++k) {
        for (int v = 0; v < vectors; ++v) {
            ht_lanes row;
            memcpy(&row, b + k * row_b + v * NARROW, sizeof row);
            for (int r = 0; r < rows; ++r) {
                sum[r][v] += row * a[r * row_a + k * step_a];
            }
        }
    }
    for (int r = 0; r < rows; ++r) {
        finish_row(job, sum[r], vectors, i + r, column, used);
    }
}

/* `rows` rows from i on, for `count` columns of which `padded` may be read, from `column` on. */
HT_INLINE void strip(const product *job, int rows, int64_t i, int64_t column, const float *b, int64_t row_b,
                     int64_t count, int64_t padded) {
    for (int64_t j = 0; j < padded;) {
        int64_t left = count - j;
        if (padded - j >= 32) {
            tile(job, rows, 4, i, column + j, b + j, row_b, left < 32 ? left : 32);
            j += 32;
        } else if (padded - j >= 16) {
            tile(job, rows, 2, i, column + j, b + j, row_b, left < 16 ? left : 16);
            j += 16;
        } else {
            tile(job, rows, 1, i, column + j, b + j, row_b, left < 8 ? left : 8);
            j += 8;
        }
    }
}

HT_CLONES
static void multiply_rows(const product *job, int64_t begin, int64_t end) {
    const small_state *s = job->state;
    int64_t place = columns_in_place(s), width = panel_width(s);
    int64_t i = begin;
    for (; i + ROWS <= end; i += ROWS) {
        strip(job, ROWS, i, 0, job->b, s->columns, place, place);
        strip(job, ROWS, i, place, job->panel, width, s->columns - place, width);
    }
    for (; i < end; ++i) {
        strip(job, 1, i, 0, job->b, s->columns, place, place);
        strip(job, 1, i, place, job->panel, width, s->columns - place, width);
    }
}

static void rows_part(void *argument, size_t begin, size_t end, unsigned part) {
    (void)part;
    multiply_rows(argument, (int64_t)begin, (int64_t)end);
}

static ht_status run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                     ht_pool *pool) {
    const small_state *s = state->data;
    if (s->rows == 0 || s->columns == 0 || ht__index_product(s->batch, 0, s->batch_rank) == 0) {
        return HT_OK;
    }
    int64_t work = s->columns * s->depth;
    size_t grain = work != 0 ? (size_t)(PARALLEL_WORK / work + ROWS) : SIZE_MAX;
    int64_t index[HT_MAX_RANK] = {0};
    do {
        const float *b = inputs[1]; /* NULL: packed */
        b = b != NULL ? b + ht__index_offset(s->batch_rank, index, s->stride_b) : NULL;
        product job = {.state = s,
                       .a = (const float *)inputs[0] + ht__index_offset(s->batch_rank, index, s->stride_a),
                       .b = b,
                       .panel = s->panel_constant ? s->panel : scratch,
                       .c = s->has_c ? inputs[2] : NULL,
                       .y = (float *)outputs[0] + ht__index_offset(s->batch_rank, index, s->stride_y)};
        if (!s->panel_constant) {
            fill_panel(s, b, scratch);
        }
        ht__pool_run(pool, (size_t)s->rows, grain, rows_part, &job);
    } while (ht__index_next(s->batch_rank, s->batch, index));
    return HT_OK;
}

static bool accept(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason) {
    const ht_tensor_desc *a = &call->inputs[0], *b = &call->inputs[1], *y = &call->outputs[0];
    if (!ht__kernel_accept_f32(call, env, reason)) {
        return false;
    }
    *reason = "too deep";
    int64_t depth = a->dims[a->rank - (HT_PARAMETERS(ht_matmul_parameters, call)->transpose_a ? 2 : 1)];
    size_t padded = (size_t)rounded_up(y->dims[y->rank - 1]) * sizeof(float), bytes;
    if (!ht__mul(padded, (size_t)depth, &bytes)) { /* a hostile plan: the panel's size would wrap around */
        return false;
    }
    *reason = "takes plain tensors";
    return (a->layout == HT_LAYOUT_PLAIN || a->rank < 3) && (b->layout == HT_LAYOUT_PLAIN || b->rank < 3) &&
           (y->layout == HT_LAYOUT_PLAIN || y->rank < 3);
}

static void describe(const ht_kernel_call *call, small_state *s) {
    const ht_tensor_desc *a = &call->inputs[0], *y = &call->outputs[0];
    *s = (small_state){.parameters = *HT_PARAMETERS(ht_matmul_parameters, call),
                       .panel_constant = ht__kernel_is_known(call, 1) && call->inputs[1].rank == 2};
    s->batch_rank = y->rank - 2;
    memcpy(s->batch, y->dims, sizeof s->batch);
    s->rows = y->dims[y->rank - 2];
    s->columns = y->dims[y->rank - 1];
    s->depth = a->dims[a->rank - (s->parameters.transpose_a ? 2 : 1)];
    ht__index_broadcast(a, y->rank, s->stride_a);
    ht__index_broadcast(&call->inputs[1], y->rank, s->stride_b);
    ht__desc_strides(y, s->stride_y);
    s->has_c = call->input_count > 2 && call->inputs[2].type != HT_NONE;
    if (s->has_c) {
        int64_t stride_c[HT_MAX_RANK];
        ht__index_broadcast(&call->inputs[2], 2, stride_c);
        s->c_row = stride_c[0];
        s->c_column = stride_c[1];
    }
}

static void layout(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_sizes *out) {
    (void)env;
    small_state s;
    describe(call, &s);
    size_t panel_bytes = (size_t)(panel_width(&s) * s.depth) * sizeof(float);
    out->state_bytes = sizeof s;
    if (s.panel_constant) { /* B itself is read, too, but where it is transposed */
        out->packed_bytes = panel_bytes;
        out->packed = s.parameters.transpose_b ? 1u << 1 : 0;
    } else {
        out->scratch_bytes = panel_bytes;
    }
}

static void pack(const ht_kernel_call *call, void *packed) {
    small_state s;
    describe(call, &s);
    fill_panel(&s, call->constants[1], packed);
}

static void bind(const ht_kernel_call *call, const void *packed, void *memory) {
    small_state *s = memory;
    describe(call, s);
    s->panel = packed;
}

const ht_kernel_variant ht__matmul_f32_small = {.name = "matmul_f32_small",
                                                .family = &ht__matmul_family,
                                                .accept = accept,
                                                .layout = layout,
                                                .pack = pack,
                                                .bind = bind,
                                                .run = run};
