/* Integer matrix products of 8-bit weights in plain C, four rows at a time. Weights are packed once when they are
 * constants, else in each run. */
#include <string.h>

#include "kernels/codes.h"
#include "kernels/index.h"
#include "kernels/integer_matmul/variants.h"
#include "kernels/integer_tiles.h"

#define PARALLEL_WORK 65536 /* multiplications per thread that make a second thread worth while */

typedef struct tiles_state {
    ht_kernel_call call;
    ht_integer_matrices matrices;
    bool packed_once;
    size_t room, matrix_room, part_room; /* bytes of scratch: multipliers, a packed matrix, each thread */
    const int16_t *packed;               /* when packed_once */
} tiles_state;

static void pack_matrix(const tiles_state *s, const void *const *inputs, int64_t first, int16_t *packed) {
    const ht_integer_matrices *m = &s->matrices;
    ht_type type = s->call.inputs[HT_PRODUCT_W].type;
    memset(packed, 0, (size_t)ht__tiles_size(m->k, m->n) * sizeof *packed);
    for (int64_t j = 0; j < m->n; ++j) {
        int32_t zero = ht__zero_point(&s->call, inputs, HT_PRODUCT_W_ZERO, j);
        for (int64_t k = 0; k < m->k; ++k) {
            int32_t code = ht__code_at(type, inputs[HT_PRODUCT_W], first + k * m->w_row + j * m->w_column);
            ht__tiles_put(packed, m->k, k, j, code - zero);
        }
    }
}

/* Do the sums fit 32 bits for any 8-bit weights? */
static bool accept(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason) {
    (void)env;
    *reason = "takes 8-bit weights, a constant 32-bit bias, and sums that fit 32 bits";
    ht_integer_matrices m;
    if (ht_type_bytes(call->inputs[HT_PRODUCT_W].type) != 1 || ht__desc_elements(&call->outputs[0]) == 0) {
        return false;
    }
    ht__integer_matrices_of(call, &m);
    bool summed = ht__has_operand(call, HT_PRODUCT_BIAS) && call->inputs[HT_PRODUCT_BIAS].type != HT_F32;
    const int32_t *bias = summed ? call->constants[HT_PRODUCT_BIAS] : NULL;
    if (summed && (bias == NULL || call->inputs[HT_PRODUCT_BIAS].type != HT_I32)) {
        return false;
    }
    int64_t span = ht__code_span(call->inputs[HT_PRODUCT_X].type), largest = 0;
    for (int64_t j = 0; bias != NULL && j < m.n; ++j) {
        int64_t size = bias[j] < 0 ? -(int64_t)bias[j] : bias[j];
        largest = size > largest ? size : largest;
    }
    return m.k > 0 && m.k <= (INT32_MAX - largest) / (span * UINT8_MAX);
}

static size_t matrix_bytes(const tiles_state *s) {
    return (size_t)ht__tiles_size(s->matrices.k, s->matrices.n) * sizeof(int16_t);
}

/* All but the packed weights. */
static void describe(const ht_kernel_call *call, tiles_state *s) {
    *s = (tiles_state){.call = *call};
    ht__integer_matrices_of(call, &s->matrices);
    const ht_integer_matrices *m = &s->matrices;
    bool zero = !ht__has_operand(call, HT_PRODUCT_W_ZERO) || ht__kernel_is_known(call, HT_PRODUCT_W_ZERO);
    s->packed_once = ht__kernel_is_known(call, HT_PRODUCT_W) && zero && call->inputs[HT_PRODUCT_W].rank == 2;
    s->room = ht__aligned(ht__requantizer_room(call) * sizeof(float));
    s->matrix_room = s->packed_once ? 0 : ht__aligned(matrix_bytes(s));
    s->part_room = ht__aligned((size_t)(HT_TILE_ROWS * (m->k + m->n)) * sizeof(int32_t));
}

static void layout(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_sizes *out) {
    tiles_state s;
    describe(call, &s);
    *out = (ht_kernel_sizes){.state_bytes = sizeof s,
                             .packed_bytes = s.packed_once ? matrix_bytes(&s) : 0,
                             .scratch_bytes = s.room + s.matrix_room + env->threads * s.part_room,
                             .packed = s.packed_once ? HT_PRODUCT_WEIGHTS : 0};
}

static void pack(const ht_kernel_call *call, void *packed) {
    tiles_state s;
    describe(call, &s);
    pack_matrix(&s, call->constants, 0, packed);
}

static void bind(const ht_kernel_call *call, const void *packed, void *memory) {
    tiles_state *s = memory;
    describe(call, s);
    s->packed = packed;
}

typedef struct tiles_job {
    const tiles_state *state;
    ht_requantizer requantizer;
    const int16_t *packed;
    const void *x;
    const int32_t *bias;
    void *y;
    int64_t x_first, y_first; /* of this matrix of the batch */
    unsigned char *room;
    int32_t x_zero;
} tiles_job;

static void part(void *argument, size_t begin, size_t end, unsigned number) {
    const tiles_job *job = argument;
    const tiles_state *s = job->state;
    const ht_integer_matrices *m = &s->matrices;
    int32_t *rows = (int32_t *)(void *)(job->room + number * s->part_room), *codes = rows + HT_TILE_ROWS * m->k;
    for (int64_t i = (int64_t)begin * HT_TILE_ROWS; i < (int64_t)end * HT_TILE_ROWS && i < m->m; i += HT_TILE_ROWS) {
        int64_t count = m->m - i < HT_TILE_ROWS ? m->m - i : HT_TILE_ROWS;
        for (int64_t r = 0; r < count; ++r) {
            ht__codes_load(s->call.inputs[HT_PRODUCT_X].type, job->x, job->x_first + (i + r) * m->x_row, m->x_column,
                           m->k, job->x_zero, rows + r * m->k);
        }
        memset(rows + count * m->k, 0, (size_t)((HT_TILE_ROWS - count) * m->k) * sizeof *rows);
        ht__tiles_multiply(rows, count, m->k, job->packed, 0, m->n, job->bias, &job->requantizer, codes);
        if (job->requantizer.parameters.rule != HT_REQUANTIZE_REAL) {
            ht__codes_store(s->call.outputs[0].type, job->y, job->y_first + i * m->n, 1, count * m->n, codes);
            continue;
        }
        for (int64_t r = 0; r < count; ++r) {
            ht__requantize_reals(&job->requantizer, codes + r * m->n, 0, m->n,
                                 (float *)job->y + job->y_first + (i + r) * m->n);
        }
    }
}

static ht_status run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                     ht_pool *pool) {
    const tiles_state *s = state->data;
    const ht_integer_matmul_parameters *p = HT_PARAMETERS(ht_integer_matmul_parameters, &s->call);
    const ht_integer_matrices *m = &s->matrices;
    bool summed = ht__has_operand(&s->call, HT_PRODUCT_BIAS) && p->requantize.rule != HT_REQUANTIZE_REAL;
    int16_t *matrix = (int16_t *)(void *)((unsigned char *)scratch + s->room);
    tiles_job job = {.state = s,
                     .packed = s->packed_once ? s->packed : matrix,
                     .x = inputs[HT_PRODUCT_X],
                     .bias = summed ? inputs[HT_PRODUCT_BIAS] : NULL,
                     .y = outputs[0],
                     .room = (unsigned char *)scratch + s->room + s->matrix_room,
                     .x_zero = ht__zero_point(&s->call, inputs, HT_PRODUCT_X_ZERO, 0)};
    ht__requantizer_make(&s->call, &p->requantize, inputs, scratch, &job.requantizer);
    int64_t batch[HT_MAX_RANK] = {0};
    size_t blocks = (size_t)((m->m + HT_TILE_ROWS - 1) / HT_TILE_ROWS);
    do {
        job.x_first = ht__index_offset(m->batch_rank, batch, m->x_batch);
        if (!s->packed_once) {
            pack_matrix(s, inputs, ht__index_offset(m->batch_rank, batch, m->w_batch), matrix);
        }
        ht__pool_run(pool, blocks, (size_t)(PARALLEL_WORK / (HT_TILE_ROWS * m->k * m->n) + 1), part, &job);
        job.y_first += m->m * m->n;
    } while (ht__index_next(m->batch_rank, m->batch, batch));
    return HT_OK;
}

const ht_kernel_variant ht__integer_matmul_tiles = {.name = "integer_matmul_tiles",
                                                    .family = &ht__integer_matmul_family,
                                                    .accept = accept,
                                                    .layout = layout,
                                                    .pack = pack,
                                                    .bind = bind,
                                                    .run = run};
