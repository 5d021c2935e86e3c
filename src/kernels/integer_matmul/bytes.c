/* Integer matrix products of 8-bit weights as products of bytes, by the best engine of this processor. Constant weights
 * are packed once, others in each run, where their zero point is such that any code minus it fits i8. */
#include "kernels/integer_matmul/variants.h"

#if HT_BYTE_ENGINES
#include <string.h>

#include "kernels/codes.h"
#include "kernels/index.h"

#define BLOCK_ROWS 96           /* rows of x that are copied at a time, where they cannot be read in place */
#define PARALLEL_WORK (1 << 19) /* multiplications per thread that make a second thread worth while */

typedef struct bytes_state {
    ht_kernel_call call;
    const ht_byte_engine *engine;
    ht_integer_matrices matrices;
    bool in_place;                  /* rows of x can be read as they lie in memory */
    bool packed_once;               /* the weights are constants */
    bool known;                     /* `terms` were made when binding */
    uint8_t flip;                   /* what makes codes of x such as the engine takes */
    size_t terms_room, matrix_room; /* bytes of scratch: terms, weights packed in a run; */
    size_t block_room, part_room;   /* of each thread */
    ht_byte_weights weights;
    ht_byte_terms terms;
} bytes_state;

static bool weights_fit(const ht_kernel_call *call) {
    ht_integer_matrices m;
    ht__integer_matrices_of(call, &m);
    for (int64_t j = 0; j < m.n; ++j) {
        if (!ht__byte_column_fits(call->inputs[HT_PRODUCT_W].type, call->constants[HT_PRODUCT_W], j * m.w_column,
                                  m.w_row, m.k, ht__zero_point(call, call->constants, HT_PRODUCT_W_ZERO, j),
                                  ht__product_bias(call, call->constants, j))) {
            return false;
        }
    }
    return true;
}

/* What makes any 8-bit code minus its zero point one of i8: by exclusive or, 0x80 or 0. False when nothing does. */
static bool find_weights_flip(const ht_kernel_call *call, uint8_t *flip) {
    bool is_signed = call->inputs[HT_PRODUCT_W].type == HT_I8, given = ht__has_operand(call, HT_PRODUCT_W_ZERO);
    if (given &&
        (call->constants[HT_PRODUCT_W_ZERO] == NULL || ht__desc_elements(&call->inputs[HT_PRODUCT_W_ZERO]) != 1)) {
        return false;
    }
    *flip = is_signed ? 0 : 0x80;
    return ht__zero_point(call, call->constants, HT_PRODUCT_W_ZERO, 0) == *flip;
}

static void make_terms(const bytes_state *s, const ht_byte_weights *weights, const void *const *inputs, int32_t *room,
                       ht_requantizer *requantizer, ht_byte_terms *out) {
    const ht_integer_matmul_parameters *p = HT_PARAMETERS(ht_integer_matmul_parameters, &s->call);
    bool summed = ht__has_operand(&s->call, HT_PRODUCT_BIAS) && p->requantize.rule != HT_REQUANTIZE_REAL;
    const int32_t *bias = summed ? inputs[HT_PRODUCT_BIAS] : NULL;
    int32_t x_zero = ht__byte_flip_zero(s->call.inputs[HT_PRODUCT_X].type, s->flip,
                                        ht__zero_point(&s->call, inputs, HT_PRODUCT_X_ZERO, 0));
    float *scales = (float *)(void *)(room + ht__byte_terms_room(weights->columns));
    ht__requantizer_make(&s->call, &p->requantize, inputs, scales, requantizer);
    ht__byte_terms_make(weights->sums, NULL, s->matrices.n, weights->columns, bias, x_zero, requantizer, 0,
                        s->call.outputs[0].type, room, out);
}

/* All but pointers. */
static void describe(const ht_kernel_call *call, const ht_byte_engine *engine, bytes_state *s) {
    *s = (bytes_state){.call = *call,
                       .engine = engine,
                       .flip = ht__byte_flip(engine, call->inputs[HT_PRODUCT_X].type),
                       .packed_once = ht__kernel_is_known(call, HT_PRODUCT_W) && call->inputs[HT_PRODUCT_W].rank == 2};
    s->known = s->packed_once && ht__byte_terms_are_constant(call);
    ht__integer_matrices_of(call, &s->matrices);
    ht__byte_weights_shape(engine, s->matrices.k, s->matrices.n, &s->weights);
    s->in_place = s->flip == 0 && s->matrices.x_column == 1 && s->weights.depth == s->matrices.k;
    s->terms_room = ht__aligned((size_t)ht__byte_terms_room(s->weights.columns) * sizeof(int32_t) +
                                ht__requantizer_room(call) * sizeof(float));
    s->matrix_room = s->packed_once ? 0 : ht__aligned(ht__byte_weights_bytes(&s->weights, 1));
    s->block_room = s->in_place ? 0 : ht__aligned((size_t)(BLOCK_ROWS * s->weights.depth));
    s->part_room = s->block_room + ht__aligned(HT_BYTE_ROOM * sizeof(int32_t));
}

static void layout_on(const ht_byte_engine *engine, const ht_kernel_call *call, const ht_kernel_env *env,
                      ht_kernel_sizes *out) {
    bytes_state s;
    describe(call, engine, &s);
    *out = (ht_kernel_sizes){.state_bytes = ht__aligned(sizeof s) + s.terms_room,
                             .packed_bytes = s.packed_once ? ht__byte_weights_bytes(&s.weights, 1) : 0,
                             .scratch_bytes = s.terms_room + s.matrix_room + env->threads * s.part_room,
                             .packed = s.packed_once ? HT_PRODUCT_WEIGHTS : 0};
}

static void pack_on(const ht_byte_engine *engine, const ht_kernel_call *call, void *packed) {
    bytes_state s;
    ht_byte_weights weights;
    describe(call, engine, &s);
    ht__byte_weights_find(&s.weights, 1, 0, packed, &weights);
    const ht_integer_matrices *m = &s.matrices;
    for (int64_t j = 0; j < m->n; ++j) {
        int32_t zero = ht__zero_point(call, call->constants, HT_PRODUCT_W_ZERO, j);
        for (int64_t k = 0; k < m->k; ++k) {
            int32_t code = ht__code_at(call->inputs[HT_PRODUCT_W].type, call->constants[HT_PRODUCT_W],
                                       k * m->w_row + j * m->w_column);
            ht__byte_weights_put(&weights, k, j, code - zero);
        }
    }
    ht__byte_weights_mark(engine, &weights);
}

/* The state, constant terms. */
static void bind_on(const ht_byte_engine *engine, const ht_kernel_call *call, const void *packed, void *memory) {
    bytes_state *s = memory;
    describe(call, engine, s);
    ht_byte_weights shape = s->weights;
    if (s->packed_once) {
        ht__byte_weights_find(&shape, 1, 0, packed, &s->weights);
    }
    if (s->known) {
        ht_requantizer requantizer;
        make_terms(s, &s->weights, call->constants,
                   (int32_t *)(void *)((unsigned char *)memory + ht__aligned(sizeof *s)), &requantizer, &s->terms);
        s->known = s->terms.ending != HT_BYTE_SUMS; /* sums need the requantizer, too */
    }
}

static bool accept_on(const ht_byte_engine *engine, const ht_kernel_call *call, const ht_kernel_env *env,
                      const char **reason) {
    if (!ht__kernel_cpu_has(env, engine->needs, reason)) {
        return false;
    }
    *reason = "takes 8-bit codes, of weights that vary such whose zero point lies in the middle";
    const ht_tensor_desc *w = &call->inputs[HT_PRODUCT_W], *x = &call->inputs[HT_PRODUCT_X];
    uint8_t flip;
    bool constant = ht__kernel_is_known(call, HT_PRODUCT_W) && w->rank == 2;
    bool zero = constant ? !ht__has_operand(call, HT_PRODUCT_W_ZERO) || ht__kernel_is_known(call, HT_PRODUCT_W_ZERO)
                         : find_weights_flip(call, &flip);
    bool bias = !ht__has_operand(call, HT_PRODUCT_BIAS) || call->inputs[HT_PRODUCT_BIAS].type == HT_F32 ||
                (call->inputs[HT_PRODUCT_BIAS].type == HT_I32 && call->constants[HT_PRODUCT_BIAS] != NULL);
    if (ht_type_bytes(w->type) != 1 || !zero || !bias || ht_type_bytes(x->type) != 1 ||
        ht__desc_elements(&call->outputs[0]) == 0 || ht__desc_elements(w) == 0) {
        return false;
    }
    *reason = "too few rows";
    ht_integer_matrices m;
    ht__integer_matrices_of(call, &m);
    if (m.m < engine->least_rows) {
        return false;
    }
    *reason = "weights or sums do not fit";
    if (!constant) {
        bool summed = ht__has_operand(call, HT_PRODUCT_BIAS) && call->inputs[HT_PRODUCT_BIAS].type != HT_F32;
        return !summed && m.k <= INT32_MAX / (UINT8_MAX * -INT8_MIN);
    }
    return call->constants[HT_PRODUCT_W] == NULL || weights_fit(call);
}

/* Packs the matrix that begins at `codes`. */
static void pack_in_run(const bytes_state *s, const uint8_t *codes, void *room, ht_byte_weights *out) {
    uint8_t flip;
    ht__byte_weights_find(&s->weights, 1, 0, room, out);
    memset(room, 0, s->matrix_room);
    if (find_weights_flip(&s->call, &flip)) { /* accepted, so it does */
        ht__byte_weights_fill(out, codes, s->matrices.w_row, s->matrices.w_column, s->matrices.k, flip);
    }
    ht__byte_weights_mark(s->engine, out);
}

typedef struct bytes_job {
    const bytes_state *state;
    ht_byte_product product;
    ht_requantizer requantizer;
    const uint8_t *x; /* of this matrix of the batch */
    void *y;
    int64_t y_first;
    unsigned char *room; /* of all threads */
} bytes_job;

static void copy_rows(const bytes_state *s, const uint8_t *x, int64_t rows, uint8_t *to) {
    const ht_integer_matrices *m = &s->matrices;
    if (m->x_column == 1) {
        ht_byte_copy copy = {.blocks = rows,
                             .from_block = m->x_row,
                             .to_block = s->weights.depth,
                             .lines = 1,
                             .bytes = m->k,
                             .flip = s->flip};
        s->engine->copy(&copy, to, x);
        return;
    }
    for (int64_t r = 0; r < rows; ++r, to += s->weights.depth) {
        for (int64_t k = 0; k < m->k; ++k) {
            to[k] = (uint8_t)(x[r * m->x_row + k * m->x_column] ^ s->flip);
        }
    }
}

static void part(void *argument, size_t begin, size_t end, unsigned number) {
    const bytes_job *job = argument;
    const bytes_state *s = job->state;
    unsigned char *room = job->room + number * s->part_room;
    int64_t most = s->in_place ? (int64_t)(end - begin) : BLOCK_ROWS;
    for (int64_t i = (int64_t)begin; i < (int64_t)end; i += most) {
        int64_t rows = (int64_t)end - i < most ? (int64_t)end - i : most, x_row = s->matrices.x_row;
        const uint8_t *x = job->x + i * x_row;
        if (!s->in_place) {
            copy_rows(s, x, rows, room);
            x = room;
            x_row = s->weights.depth;
        }
        ht__byte_product_rows(&job->product, x, x_row, rows, job->y, job->y_first + i * s->matrices.n, s->matrices.n,
                              (int32_t *)(void *)(room + s->block_room));
    }
}

static ht_status run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                     ht_pool *pool) {
    const bytes_state *s = state->data;
    const ht_integer_matrices *m = &s->matrices;
    bytes_job job = {.state = s,
                     .product = {.engine = s->engine,
                                 .weights = &s->weights,
                                 .terms = s->terms,
                                 .x_type = s->call.inputs[HT_PRODUCT_X].type,
                                 .y_type = s->call.outputs[0].type},
                     .y = outputs[0],
                     .room = (unsigned char *)scratch + s->terms_room + s->matrix_room};
    ht_byte_weights weights;
    job.product.requantizer = &job.requantizer;
    if (s->packed_once && !s->known) {
        make_terms(s, &s->weights, inputs, scratch, &job.requantizer, &job.product.terms);
    }
    int64_t batch[HT_MAX_RANK] = {0};
    size_t grain = (size_t)(PARALLEL_WORK / (s->weights.depth * s->weights.columns) + 1);
    do {
        if (!s->packed_once) {
            int64_t first = ht__index_offset(m->batch_rank, batch, m->w_batch);
            pack_in_run(s, (const uint8_t *)inputs[HT_PRODUCT_W] + first, (unsigned char *)scratch + s->terms_room,
                        &weights);
            make_terms(s, &weights, inputs, scratch, &job.requantizer, &job.product.terms);
            job.product.weights = &weights;
        }
        job.x = (const uint8_t *)inputs[HT_PRODUCT_X] + ht__index_offset(m->batch_rank, batch, m->x_batch);
        ht__pool_run(pool, (size_t)m->m, grain, part, &job);
        job.y_first += m->m * m->n;
    } while (ht__index_next(m->batch_rank, m->batch, batch));
    return HT_OK;
}

/* One variant per engine. */
#define VARIANT(isa)                                                                                       \
    static bool accept_##isa(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason) {  \
        return accept_on(&ht__byte_engine_##isa, call, env, reason);                                       \
    }                                                                                                      \
    static void layout_##isa(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_sizes *out) { \
        layout_on(&ht__byte_engine_##isa, call, env, out);                                                 \
    }                                                                                                      \
    static void pack_##isa(const ht_kernel_call *call, void *packed) {                                     \
        pack_on(&ht__byte_engine_##isa, call, packed);                                                     \
    }                                                                                                      \
    static void bind_##isa(const ht_kernel_call *call, const void *packed, void *state) {                  \
        bind_on(&ht__byte_engine_##isa, call, packed, state);                                              \
    }                                                                                                      \
    const ht_kernel_variant ht__integer_matmul_##isa = {.name = "integer_matmul_" #isa,                    \
                                                        .family = &ht__integer_matmul_family,              \
                                                        .accept = accept_##isa,                            \
                                                        .layout = layout_##isa,                            \
                                                        .pack = pack_##isa,                                \
                                                        .bind = bind_##isa,                                \
                                                        .run = run};
HT_BYTE_ENGINE_LIST(VARIANT)
#endif
