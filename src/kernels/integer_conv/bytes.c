/* Integer convolution as a product of bytes: the neighbourhoods of some results are copied one behind the other, and
 * multiplied with the filters by the best engine of this processor. A 1x1 convolution needs no copy. */
#include "kernels/integer_conv/variants.h"

#if HT_BYTE_ENGINES
#include <string.h>

#include "kernels/codes.h"
#include "kernels/index.h"
#include "kernels/window.h"

#define BLOCK_BYTES (128 * 1024) /* of copied neighbourhoods: they share the second-level cache with a panel */
#define PARALLEL_WORK (1 << 19)  /* multiplications per thread that make a second thread worth while */

typedef struct bytes_state {
    ht_kernel_call call;
    const ht_byte_engine *engine;
    ht_window window;
    int64_t images, groups, channels, filters; /* channels and filters of one group */
    int64_t positions;                         /* results of a channel of an image */
    int64_t block;                             /* results whose neighbourhoods are copied at a time */
    bool solid;                                /* lines of the window are lines of x's memory, without gaps */
    bool in_place;                             /* a neighbourhood is a row of x as it lies in memory */
    uint8_t flip;                              /* what makes codes of x such as the engine takes */
    bool known;                                /* terms were made when binding */
    size_t terms_room, block_room, part_room;  /* bytes of scratch: terms of all groups; each thread */
    ht_byte_weights *weights;                  /* by group */
    ht_byte_terms *terms;                      /* by group, when known */
} bytes_state;

bool ht__integer_conv_weights_fit(const ht_kernel_call *call) {
    const ht_tensor_desc *w = &call->inputs[HT_PRODUCT_W];
    int64_t depth = ht__index_product(w->dims, 1, w->rank);
    for (int64_t o = 0; call->constants[HT_PRODUCT_W] != NULL && o < w->dims[0]; ++o) {
        if (!ht__byte_column_fits(w->type, call->constants[HT_PRODUCT_W], o * depth, 1, depth,
                                  ht__zero_point(call, call->constants, HT_PRODUCT_W_ZERO, o),
                                  ht__product_bias(call, call->constants, o))) {
            return false;
        }
    }
    return true;
}

/* Terms of all groups into `terms`; room: terms_room bytes. */
static void make_terms(const bytes_state *s, const void *const *inputs, void *room, ht_requantizer *requantizer,
                       ht_byte_terms *terms) {
    const ht_integer_conv_parameters *p = HT_PARAMETERS(ht_integer_conv_parameters, &s->call);
    const int32_t *bias = ht__has_operand(&s->call, HT_PRODUCT_BIAS) ? inputs[HT_PRODUCT_BIAS] : NULL;
    int32_t x_zero = ht__byte_flip_zero(s->call.inputs[HT_PRODUCT_X].type, s->flip,
                                        ht__zero_point(&s->call, inputs, HT_PRODUCT_X_ZERO, 0));
    int64_t each = ht__byte_terms_room(s->weights->columns);
    int32_t *of_group = room;
    ht__requantizer_make(&s->call, &p->requantize, inputs, (float *)(void *)(of_group + s->groups * each), requantizer);
    for (int64_t g = 0; g < s->groups; ++g, of_group += each) {
        ht__byte_terms_make(s->weights[g].sums, NULL, s->filters, s->weights->columns, bias, x_zero, requantizer,
                            g * s->filters, s->call.outputs[0].type, of_group, &terms[g]);
    }
}

static void set_sizes(bytes_state *s, const ht_byte_weights *shape) {
    const ht_window *w = &s->window;
    bool plain = ht__index_product(w->size, 0, 3) == 1; /* neither window nor stride nor padding */
    for (int i = 0; i < 3; ++i) {
        plain = plain && w->stride[i] == 1 && w->pad_begin[i] == 0 && w->out[i] == w->in[i];
    }
    s->in_place = plain && s->flip == 0 && w->x[1] == 1 && s->channels == shape->depth;
    s->solid = w->x[1] == 1 && w->x[4] == s->channels && w->dilation[1] == 1 && w->dilation[2] == 1;
    int64_t rows = BLOCK_BYTES / shape->depth;
    s->block = rows < s->engine->rows[0] ? s->engine->rows[0] : rows < s->positions ? rows : s->positions;
    s->terms_room = ht__aligned((size_t)(s->groups * ht__byte_terms_room(shape->columns)) * sizeof(int32_t) +
                                ht__requantizer_room(&s->call) * sizeof(float)) +
                    ht__aligned((size_t)s->groups * sizeof(ht_byte_terms));
    s->block_room = s->in_place ? 0 : ht__aligned((size_t)(s->block * shape->depth));
    s->part_room = s->block_room + ht__aligned(HT_BYTE_ROOM * sizeof(int32_t));
}

/* The list of terms lies at the end of a room for terms. */
static ht_byte_terms *terms_in(const bytes_state *s, void *room) {
    return (ht_byte_terms *)(void *)((unsigned char *)room + s->terms_room -
                                     ht__aligned((size_t)s->groups * sizeof(ht_byte_terms)));
}

/* All but pointers. *shape: of a group's weights. */
static void describe(const ht_kernel_call *call, const ht_byte_engine *engine, bytes_state *s, ht_byte_weights *shape) {
    const ht_integer_conv_parameters *p = HT_PARAMETERS(ht_integer_conv_parameters, call);
    const ht_tensor_desc *w = &call->inputs[HT_PRODUCT_W], *x = &call->inputs[HT_PRODUCT_X];
    *s = (bytes_state){.call = *call,
                       .engine = engine,
                       .images = x->dims[0],
                       .groups = p->conv.groups,
                       .channels = w->dims[1],
                       .filters = w->dims[0] / p->conv.groups,
                       .flip = ht__byte_flip(engine, x->type),
                       .known = ht__byte_terms_are_constant(call)};
    ht__window_make(p->conv.spatial, x, &call->outputs[0], w->dims + 2, p->conv.strides, p->conv.dilations,
                    p->conv.pads_begin, p->conv.pads_end, &s->window);
    s->positions = ht__index_product(s->window.out, 0, 3);
    *shape = (ht_byte_weights){0};
    ht__byte_weights_shape(engine, s->channels * ht__index_product(s->window.size, 0, 3), s->filters, shape);
    set_sizes(s, shape);
}

static void layout_on(const ht_byte_engine *engine, const ht_kernel_call *call, const ht_kernel_env *env,
                      ht_kernel_sizes *out) {
    bytes_state s;
    ht_byte_weights shape;
    describe(call, engine, &s, &shape);
    *out = (ht_kernel_sizes){.state_bytes = ht__aligned(sizeof s) + ht__aligned((size_t)s.groups * sizeof *s.weights) +
                                            s.terms_room,
                             .packed_bytes = ht__byte_weights_bytes(&shape, s.groups),
                             .scratch_bytes = s.terms_room + env->threads * s.part_room,
                             .packed = HT_PRODUCT_WEIGHTS};
}

static void pack_on(const ht_byte_engine *engine, const ht_kernel_call *call, void *packed) {
    const ht_tensor_desc *w = &call->inputs[HT_PRODUCT_W];
    bytes_state s;
    ht_byte_weights shape;
    describe(call, engine, &s, &shape);
    int64_t at = 0, window_size = ht__index_product(s.window.size, 0, 3);
    for (int64_t g = 0; g < s.groups; ++g) {
        ht_byte_weights group;
        ht__byte_weights_find(&shape, s.groups, g, packed, &group);
        for (int64_t o = 0; o < s.filters; ++o) {
            int32_t zero = ht__zero_point(call, call->constants, HT_PRODUCT_W_ZERO, g * s.filters + o);
            for (int64_t c = 0; c < s.channels; ++c) {
                for (int64_t k = 0; k < window_size; ++k) {
                    ht__byte_weights_put(&group, k * s.channels + c, o,
                                         ht__code_at(w->type, call->constants[HT_PRODUCT_W], at++) - zero);
                }
            }
        }
        ht__byte_weights_mark(engine, &group);
    }
}

/* The state, the groups' descriptions, constant terms. */
static void bind_on(const ht_byte_engine *engine, const ht_kernel_call *call, const void *packed, void *memory) {
    bytes_state *s = memory;
    ht_byte_weights shape;
    describe(call, engine, s, &shape);
    s->weights = (ht_byte_weights *)(void *)((unsigned char *)memory + ht__aligned(sizeof *s));
    for (int64_t g = 0; g < s->groups; ++g) {
        ht__byte_weights_find(&shape, s->groups, g, packed, &s->weights[g]);
    }
    void *room = (unsigned char *)s->weights + ht__aligned((size_t)s->groups * sizeof *s->weights);
    s->terms = terms_in(s, room);
    if (s->known) {
        ht_requantizer requantizer;
        make_terms(s, call->constants, room, &requantizer, s->terms);
        for (int64_t g = 0; g < s->groups; ++g) { /* sums need the requantizer, too */
            s->known = s->known && s->terms[g].ending != HT_BYTE_SUMS;
        }
    }
}

static bool accept_on(const ht_byte_engine *engine, const ht_kernel_call *call, const ht_kernel_env *env,
                      const char **reason) {
    if (!ht__kernel_cpu_has(env, engine->needs, reason)) {
        return false;
    }
    if (!ht__integer_conv_is_packable(call, reason)) {
        return false;
    }
    *reason = "takes 8-bit codes, and channels-last results";
    if (ht_type_bytes(call->inputs[HT_PRODUCT_X].type) != 1 ||
        (call->outputs[0].layout != HT_LAYOUT_CHANNELS_LAST &&
         ht__index_product(call->outputs[0].dims, 2, call->outputs[0].rank) != 1)) {
        return false;
    }
    *reason = "too few results of a filter";
    if (ht__index_product(call->outputs[0].dims, 2, call->outputs[0].rank) < engine->least_rows) {
        return false;
    }
    *reason = "weights or sums do not fit";
    return ht__integer_conv_weights_fit(call);
}

typedef struct bytes_job {
    const bytes_state *state;
    ht_requantizer requantizer;
    const ht_byte_terms *terms; /* by group */
    const uint8_t *x;
    void *y;
    unsigned char *room; /* of all threads */
    uint8_t pad;         /* x_zero as it lies in copied neighbourhoods */
} bytes_job;

/* `count` > 0 pixels of a line, from column `from` on, which lies in the map. */
static void copy_pixels(const bytes_job *job, const uint8_t *line, int64_t from, int64_t count, uint8_t *to) {
    const bytes_state *s = job->state;
    const ht_window *w = &s->window;
    if (w->x[1] == 1) {
        bool together = w->dilation[2] == 1 && w->x[4] == s->channels;
        ht_byte_copy copy = {.blocks = 1,
                             .lines = together ? 1 : count,
                             .from_line = w->dilation[2] * w->x[4],
                             .to_line = s->channels,
                             .bytes = together ? count * s->channels : s->channels,
                             .flip = s->flip};
        s->engine->copy(&copy, to, line + from * w->x[4]);
        return;
    }
    for (int64_t k = 0; k < count; ++k) {
        for (int64_t c = 0; c < s->channels; ++c) {
            *to++ = (uint8_t)(line[(from + k * w->dilation[2]) * w->x[4] + c * w->x[1]] ^ s->flip);
        }
    }
}

/* The neighbourhood of result p, [window][channels]; x is the group's first channel of the image. */
static void copy_window(const bytes_job *job, const uint8_t *x, const int64_t p[3], uint8_t *to) {
    const bytes_state *s = job->state;
    const ht_window *w = &s->window;
    int64_t line_bytes = w->size[2] * s->channels, from[3], first[3], last[3];
    memset(to, job->pad, (size_t)(ht__index_product(w->size, 0, 3) * s->channels));
    for (int i = 0; i < 3; ++i) {
        from[i] = ht__window_inside(w, i, p[i], &first[i], &last[i]);
        if (first[i] >= last[i]) {
            return;
        }
    }
    for (int64_t a = first[0]; a < last[0]; ++a) {
        for (int64_t b = first[1]; b < last[1]; ++b) {
            int64_t i = from[0] + a * w->dilation[0], j = from[1] + b * w->dilation[1];
            copy_pixels(job, x + i * w->x[2] + j * w->x[3], from[2] + first[2] * w->dilation[2], last[2] - first[2],
                        to + (a * w->size[1] + b) * line_bytes + first[2] * s->channels);
        }
    }
}

/* How many results from p on, at most `most`, have windows that lie in the map, on one line, without gaps in memory. */
static int64_t inside_run(const bytes_state *s, const int64_t p[3], int64_t most) {
    const ht_window *w = &s->window;
    int64_t from[3];
    for (int i = 0; i < 3; ++i) {
        from[i] = p[i] * w->stride[i] - w->pad_begin[i];
        if (from[i] < 0 || from[i] + w->size[i] > w->in[i]) {
            return 0;
        }
    }
    int64_t left = (w->in[2] - w->size[2] - from[2]) / w->stride[2] + 1, line = w->out[2] - p[2];
    left = left < line ? left : line;
    return !s->solid || w->size[0] != 1 ? 0 : left < most ? left : most;
}

static void copy_block(const bytes_job *job, const uint8_t *x, int64_t first, int64_t count, uint8_t *to) {
    const bytes_state *s = job->state;
    const ht_window *w = &s->window;
    int64_t depth = s->weights->depth;
    ht_byte_copy copy = {.from_block = w->stride[2] * w->x[4],
                         .to_block = depth,
                         .lines = w->size[1],
                         .from_line = w->x[3],
                         .to_line = w->size[2] * s->channels,
                         .bytes = w->size[2] * s->channels,
                         .flip = s->flip};
    while (count > 0) {
        int64_t p[3] = {first / w->out[2] / w->out[1], first / w->out[2] % w->out[1], first % w->out[2]};
        copy.blocks = inside_run(s, p, count);
        if (copy.blocks > 0) {
            int64_t at = 0;
            for (int i = 0; i < 3; ++i) {
                at += (p[i] * w->stride[i] - w->pad_begin[i]) * w->x[2 + i];
            }
            s->engine->copy(&copy, to, x + at);
        } else {
            copy_window(job, x, p, to);
            copy.blocks = 1;
        }
        first += copy.blocks;
        count -= copy.blocks;
        to += copy.blocks * depth;
    }
}

/* Results `first` .. first + count - 1 of one image and group. */
static void results(const bytes_job *job, int64_t image, int64_t group, int64_t first, int64_t count,
                    unsigned char *room) {
    const bytes_state *s = job->state;
    const ht_window *w = &s->window;
    const ht_byte_weights *weights = &s->weights[group];
    const uint8_t *x = job->x + image * w->x[0] + group * s->channels * w->x[1];
    int64_t x_row = w->x[4], y_row = s->groups * s->filters;
    ht_byte_product product = {.engine = s->engine,
                               .weights = weights,
                               .terms = job->terms[group],
                               .requantizer = &job->requantizer,
                               .first = group * s->filters,
                               .x_type = s->call.inputs[HT_PRODUCT_X].type,
                               .y_type = s->call.outputs[0].type};
    if (s->in_place) {
        x += first * x_row;
    } else {
        copy_block(job, x, first, count, room);
        x = room;
        x_row = weights->depth;
    }
    ht__byte_product_rows(&product, x, x_row, count, job->y, image * w->y[0] + first * y_row + group * s->filters,
                          y_row, (int32_t *)(void *)(room + s->block_room));
}

static void part(void *argument, size_t begin, size_t end, unsigned number) {
    const bytes_job *job = argument;
    const bytes_state *s = job->state;
    unsigned char *room = job->room + number * s->part_room;
    for (int64_t at = (int64_t)begin; at < (int64_t)end;) {
        int64_t image = at / s->positions, first = at % s->positions;
        int64_t count = s->positions - first < (int64_t)end - at ? s->positions - first : (int64_t)end - at;
        count = count < s->block ? count : s->block;
        for (int64_t g = 0; g < s->groups; ++g) {
            results(job, image, g, first, count, room);
        }
        at += count;
    }
}

static ht_status run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                     ht_pool *pool) {
    const bytes_state *s = state->data;
    bytes_job job = {.state = s,
                     .terms = s->terms,
                     .x = inputs[HT_PRODUCT_X],
                     .y = outputs[0],
                     .room = (unsigned char *)scratch + s->terms_room,
                     .pad = (uint8_t)(ht__zero_point(&s->call, inputs, HT_PRODUCT_X_ZERO, 0) + s->flip)};
    if (!s->known) {
        job.terms = terms_in(s, scratch);
        make_terms(s, inputs, scratch, &job.requantizer, terms_in(s, scratch));
    }
    int64_t work = s->weights->depth * s->weights->columns * s->groups;
    ht__pool_run(pool, (size_t)(s->images * s->positions), (size_t)(PARALLEL_WORK / work + 1), part, &job);
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
    const ht_kernel_variant ht__integer_conv_##isa = {.name = "integer_conv_" #isa,                        \
                                                      .family = &ht__integer_conv_family,                  \
                                                      .accept = accept_##isa,                              \
                                                      .layout = layout_##isa,                              \
                                                      .pack = pack_##isa,                                  \
                                                      .bind = bind_##isa,                                  \
                                                      .run = run};
HT_BYTE_ENGINE_LIST(VARIANT)
#endif
