/* Transpose (and so the change of layout) and expand as one walk over y in memory order; the innermost two dimensions
 * are moved in tiles, so that both tensors are touched a cache line at a time. */
#include <string.h>

#include "kernels/index.h"
#include "kernels/move/variants.h"
#include "kernels/walk.h"

#define GRAIN 32768 /* elements per thread that make another thread worth while */
#define TILE 16

typedef struct move_state {
    ht_walk walk;        /* y and x */
    size_t bytes;        /* of an element */
    int64_t rows;        /* y's second innermost dimension where tiles pay, else 1 */
    int64_t row_y;       /* its stride in y (1 in x) */
    int64_t count, step; /* innermost dimension and stride of x in it (1 in y) */
} move_state;

/* Takes the two innermost dimensions out of the walk when x runs along the second one. */
static void split_tiles(move_state *s) {
    ht_walk *walk = &s->walk;
    int32_t last = walk->rank - 1;
    s->rows = 1;
    s->count = walk->dims[last];
    s->step = walk->strides[1][last];
    if (last == 0 || s->step == 1 || walk->strides[1][last - 1] != 1 || walk->strides[0][last] != 1) {
        return;
    }
    s->rows = walk->dims[last - 1];
    s->row_y = walk->strides[0][last - 1];
    walk->elements /= s->rows * s->count;
    walk->rank -= 2;
    if (walk->rank == 0) {
        walk->rank = 1;
        walk->dims[0] = 1;
        walk->strides[0][0] = walk->strides[1][0] = 0;
    }
}

static void layout(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_sizes *out) {
    (void)call;
    (void)env;
    out->state_bytes = sizeof(move_state);
}

static void bind_strides(const ht_tensor_desc *y, const int64_t *strides_x, move_state *own) {
    int64_t strides[2][HT_MAX_RANK];
    *own = (move_state){.bytes = ht_type_bytes(y->type)};
    ht__desc_strides(y, strides[0]);
    memcpy(strides[1], strides_x, sizeof strides[1]);
    ht__walk_make(y->rank, y->dims, 2, (const int64_t(*)[HT_MAX_RANK])strides, &own->walk);
    if (own->walk.elements > 0) {
        split_tiles(own);
    }
}

typedef struct move_job {
    const move_state *state;
    const unsigned char *x;
    unsigned char *y;
} move_job;

/* y[i] = x[i * step], i < count. */
#define STRIDED_LOOP(type)                    \
    do {                                      \
        const type *from = (const void *)x;   \
        type *to = (void *)y;                 \
        for (int64_t i = 0; i < count; ++i) { \
            to[i] = from[i * step];           \
        }                                     \
    } while (0)

static void strided(unsigned char *y, const unsigned char *x, int64_t step, int64_t count, size_t bytes) {
    switch (bytes) {
    case 1: STRIDED_LOOP(uint8_t); break;
    case 2: STRIDED_LOOP(uint16_t); break;
    case 4: STRIDED_LOOP(uint32_t); break;
    default: STRIDED_LOOP(uint64_t); break;
    }
}

static void row_segment(void *argument, const int64_t offsets[HT_WALK_TENSORS], int64_t count) {
    const move_job *job = argument;
    const move_state *s = job->state;
    unsigned char *y = job->y + (size_t)offsets[0] * s->bytes;
    const unsigned char *x = job->x + offsets[1] * (int64_t)s->bytes;
    if (s->step == 1) {
        memcpy(y, x, (size_t)count * s->bytes);
    } else {
        strided(y, x, s->step, count, s->bytes);
    }
}

/* y[i * step] = x[i], i < count. */
#define SCATTER_LOOP(type)                    \
    do {                                      \
        const type *from = (const void *)x;   \
        type *to = (void *)y;                 \
        for (int64_t i = 0; i < count; ++i) { \
            to[i * step] = from[i];           \
        }                                     \
    } while (0)

static void scattered(unsigned char *y, const unsigned char *x, int64_t step, int64_t count, size_t bytes) {
    switch (bytes) {
    case 1: SCATTER_LOOP(uint8_t); break;
    case 2: SCATTER_LOOP(uint16_t); break;
    case 4: SCATTER_LOOP(uint32_t); break;
    default: SCATTER_LOOP(uint64_t); break;
    }
}

/* y[r][i] = x[r + i * step] for a whole plane, TILE by TILE. */
static void transpose_plane(const move_state *s, unsigned char *y, const unsigned char *x) {
    int64_t bytes = (int64_t)s->bytes;
    if (s->count < TILE / 2) { /* a few channels: each is read at once */
        for (int64_t i = 0; i < s->count; ++i) {
            scattered(y + i * bytes, x + i * s->step * bytes, s->row_y, s->rows, s->bytes);
        }
        return;
    }
    for (int64_t i = 0; i < s->count; i += TILE) {
        int64_t count = s->count - i < TILE ? s->count - i : TILE;
        for (int64_t r = 0; r < s->rows; ++r) {
            strided(y + (r * s->row_y + i) * bytes, x + (r + i * s->step) * bytes, s->step, count, s->bytes);
        }
    }
}

static void plane_segment(void *argument, const int64_t offsets[HT_WALK_TENSORS], int64_t count) {
    const move_job *job = argument;
    const move_state *s = job->state;
    int32_t last = s->walk.rank - 1;
    int64_t bytes = (int64_t)s->bytes;
    for (int64_t i = 0; i < count; ++i) {
        transpose_plane(s, job->y + (offsets[0] + i * s->walk.strides[0][last]) * bytes,
                        job->x + (offsets[1] + i * s->walk.strides[1][last]) * bytes);
    }
}

static ht_status run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                     ht_pool *pool) {
    (void)scratch;
    const move_state *s = state->data;
    move_job job = {s, inputs[0], outputs[0]};
    if (s->walk.elements == 0) {
        return HT_OK;
    }
    if (s->rows > 1) {
        ht__walk_run(&s->walk, pool, (size_t)(GRAIN / (s->rows * s->count) + 1), plane_segment, &job);
    } else {
        ht__walk_run(&s->walk, pool, GRAIN, row_segment, &job);
    }
    return HT_OK;
}

static void bind_transpose(const ht_kernel_call *call, const void *packed, void *state) {
    (void)packed;
    const ht_transpose_parameters *p = HT_PARAMETERS(ht_transpose_parameters, call);
    int64_t strides[HT_MAX_RANK], permuted[HT_MAX_RANK] = {0};
    ht__desc_strides(&call->inputs[0], strides);
    for (int32_t i = 0; i < call->inputs[0].rank; ++i) {
        permuted[i] = strides[p->permutation[i]];
    }
    bind_strides(&call->outputs[0], permuted, state);
}

const ht_kernel_variant ht__transpose_walk = {.name = "transpose_walk",
                                              .family = &ht__transpose_family,
                                              .accept = ht__kernel_accept_all,
                                              .layout = layout,
                                              .bind = bind_transpose,
                                              .run = run};

static void bind_expand(const ht_kernel_call *call, const void *packed, void *state) {
    (void)packed;
    int64_t strides[HT_MAX_RANK] = {0};
    ht__index_broadcast(&call->inputs[0], call->outputs[0].rank, strides);
    bind_strides(&call->outputs[0], strides, state);
}

const ht_kernel_variant ht__expand_walk = {.name = "expand_walk",
                                           .family = &ht__expand_family,
                                           .accept = ht__kernel_accept_all,
                                           .layout = layout,
                                           .bind = bind_expand,
                                           .run = run};
