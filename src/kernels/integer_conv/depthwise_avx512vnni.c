/* Depthwise integer convolution of channels-last maps with AVX-512 VNNI, 64 channels at a time.
 *
 * The instruction adds four neighbouring bytes, so the four lines of a window that belong together are interleaved by
 * channel first: once per column of the map, into a buffer that stays in the first-level cache, for all results whose
 * windows contain the column. A window of 3x3 is then three multiplications per 16 channels.
 *
 * Where less than 64 channels (a divisor of 64) have stride 1, neighbouring results of a line fill the vector: they
 * count as the channels of one wide result, whose columns are interleaved for it alone.
 */
#include "kernels/integer_conv/variants.h"

#if defined(__x86_64__)
#include <string.h>

#include "kernels/byte_codes_avx512.h"
#include "kernels/codes.h"
#include "kernels/index.h"
#include "kernels/window.h"

#define BLOCK HT_BYTE_PANEL                  /* channels */
#define COLUMN_BYTES (BLOCK * HT_BYTE_GROUP) /* four lines of a column, interleaved */
#define BUFFER_BYTES (24 * 1024)             /* half of the first-level cache */
#define PARALLEL_WORK (1 << 17)              /* multiplications per thread that make a second thread worth while */

typedef struct depthwise_state {
    ht_kernel_call call;
    ht_window window;
    int64_t images, channels;
    int64_t together;              /* results that make a wide one; else 1 */
    int64_t results;               /* of a line, wide or not */
    int64_t blocks;                /* of their channels */
    int64_t lines;                 /* groups of four lines of a window */
    int64_t result_step, tap_step; /* columns from one result to the next; from one column of the window to the next */
    int64_t chunk;                 /* results of a line whose columns are interleaved at a time */
    int64_t columns;               /* that they need */
    uint8_t flip;                  /* what makes codes of x unsigned */
    bool known;                    /* `terms` were made when binding */
    ht_byte_terms terms;
    size_t terms_room, part_room; /* bytes of scratch */
    int32_t *order;               /* by channel, rounded up to BLOCK; see ht__byte_terms_make */
    const int32_t *sums;          /* likewise */
    const int8_t *weights;        /* [block][column of the window][lines][BLOCK][4] */
} depthwise_state;

/* Where channel c of a block lies after interleaving: 16 channels to a 128-bit lane of four vectors. */
static int64_t place(int64_t c) { return c % 16 / 4 * 16 + c / 16 * 4 + c % 4; }

static void make_terms(const depthwise_state *s, const void *const *inputs, int32_t *room, float *scales,
                       ht_requantizer *requantizer, ht_byte_terms *out) {
    const ht_integer_conv_parameters *p = HT_PARAMETERS(ht_integer_conv_parameters, &s->call);
    const int32_t *bias = ht__has_operand(&s->call, HT_PRODUCT_BIAS) ? inputs[HT_PRODUCT_BIAS] : NULL;
    int32_t x_zero = ht__zero_point(&s->call, inputs, HT_PRODUCT_X_ZERO, 0) + (s->flip != 0 ? 128 : 0);
    ht__requantizer_make(&s->call, &p->requantize, inputs, scales, requantizer);
    ht__byte_terms_make(s->sums, s->order, s->channels, s->blocks * BLOCK, bias, x_zero, requantizer, 0,
                        s->call.outputs[0].type, room, out);
}

static void set_sizes(depthwise_state *s) {
    const ht_window *w = &s->window;
    bool narrow = s->channels < BLOCK && BLOCK % s->channels == 0 && w->stride[2] == 1 && w->dilation[2] == 1;
    s->together = narrow ? BLOCK / s->channels : 1;
    s->results = (w->out[2] + s->together - 1) / s->together;
    s->blocks = (s->channels + BLOCK - 1) / BLOCK;
    s->lines = (w->size[1] + HT_BYTE_GROUP - 1) / HT_BYTE_GROUP;
    s->result_step = narrow ? w->size[2] : w->stride[2];
    s->tap_step = w->dilation[2];
    int64_t span = (w->size[2] - 1) * s->tap_step + 1;
    int64_t fitting = BUFFER_BYTES / (s->lines * COLUMN_BYTES) - span;
    s->chunk = 1 + (fitting > 0 ? fitting / s->result_step : 0);
    s->chunk = s->chunk < s->results ? s->chunk : s->results;
    s->columns = (s->chunk - 1) * s->result_step + span;
    int64_t channels = s->blocks * BLOCK;
    s->terms_room = ht__aligned((size_t)ht__byte_terms_room(channels) * sizeof(int32_t)) +
                    ht__aligned(ht__requantizer_room(&s->call) * sizeof(float));
    s->part_room = ht__aligned((size_t)(s->columns * s->lines) * COLUMN_BYTES);
}

/* All but order, sums, weights and terms. */
static void describe(const ht_kernel_call *call, depthwise_state *s) {
    const ht_integer_conv_parameters *p = HT_PARAMETERS(ht_integer_conv_parameters, call);
    const ht_tensor_desc *w = &call->inputs[HT_PRODUCT_W], *x = &call->inputs[HT_PRODUCT_X];
    *s = (depthwise_state){.call = *call,
                           .images = x->dims[0],
                           .channels = w->dims[0],
                           .flip = x->type == HT_I8 ? 0x80 : 0,
                           .known = ht__byte_terms_are_constant(call)};
    ht__window_make(p->conv.spatial, x, &call->outputs[0], w->dims + 2, p->conv.strides, p->conv.dilations,
                    p->conv.pads_begin, p->conv.pads_end, &s->window);
    set_sizes(s);
}

static void layout(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_sizes *out) {
    depthwise_state s;
    describe(call, &s);
    size_t channels = (size_t)(s.blocks * BLOCK);
    *out = (ht_kernel_sizes){
        .state_bytes = ht__aligned(sizeof s) + channels * sizeof(int32_t) + s.terms_room, /* order, terms */
        .packed_bytes = channels * (sizeof(int32_t) + HT_BYTE_GROUP * (size_t)(s.window.size[2] * s.lines)),
        .scratch_bytes = s.terms_room + env->threads * s.part_room,
        .packed = HT_PRODUCT_WEIGHTS};
}

/* Sums, then weights. */
static void pack(const ht_kernel_call *call, void *packed) {
    const ht_tensor_desc *w = &call->inputs[HT_PRODUCT_W];
    depthwise_state s;
    describe(call, &s);
    int32_t *sums = packed;
    int8_t *weights = (int8_t *)(sums + s.blocks * BLOCK);
    int64_t at = 0;
    for (int64_t c = 0; c < s.channels; ++c) {
        int32_t zero = ht__zero_point(call, call->constants, HT_PRODUCT_W_ZERO, c);
        for (int64_t line = 0; line < s.window.size[1]; ++line) {
            for (int64_t k = 0; k < s.window.size[2]; ++k) {
                int32_t value = ht__code_at(w->type, call->constants[HT_PRODUCT_W], at++) - zero;
                int64_t column = (c / BLOCK * s.window.size[2] + k) * s.lines + line / HT_BYTE_GROUP;
                for (int64_t t = 0; t < s.together; ++t) {
                    int64_t lane = place((c + t * s.channels) % BLOCK);
                    weights[column * COLUMN_BYTES + lane * HT_BYTE_GROUP + line % HT_BYTE_GROUP] = (int8_t)value;
                }
                sums[c] += value;
            }
        }
    }
}

static void bind(const ht_kernel_call *call, const void *packed, void *memory) {
    depthwise_state *s = memory;
    describe(call, s);
    int64_t channels = s->blocks * BLOCK;
    s->order = (int32_t *)(void *)((unsigned char *)memory + ht__aligned(sizeof *s));
    s->sums = packed;
    s->weights = (const int8_t *)(s->sums + channels);
    for (int64_t i = 0; i < channels; ++i) {
        s->order[i / BLOCK * BLOCK + place(i % BLOCK)] = (int32_t)(s->together > 1 ? i % s->channels : i);
    }
    if (s->known) {
        ht_requantizer requantizer;
        int32_t *room = s->order + channels;
        float *scales = (float *)(void *)(room + ht__byte_terms_room(channels));
        make_terms(s, call->constants, room, scales, &requantizer, &s->terms);
    }
}

static bool accept(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason) {
    const ht_integer_conv_parameters *p = HT_PARAMETERS(ht_integer_conv_parameters, call);
    const ht_tensor_desc *w = &call->inputs[HT_PRODUCT_W];
    int64_t x[HT_MAX_RANK], y[HT_MAX_RANK];
    if (!ht__kernel_cpu_has(env, HT_VNNI_NEEDS, reason)) {
        return false;
    }
    if (!ht__integer_conv_is_packable(call, reason)) {
        return false;
    }
    *reason = "takes one channel and one filter per group, 8 bits, channels-last, up to two dimensions";
    ht__desc_strides(&call->inputs[HT_PRODUCT_X], x);
    ht__desc_strides(&call->outputs[0], y);
    if (w->dims[1] != 1 || p->conv.groups != w->dims[0] || x[1] != 1 || y[1] != 1 || p->conv.spatial > 2 ||
        ht_type_bytes(call->inputs[HT_PRODUCT_X].type) != 1) {
        return false;
    }
    *reason = "weights or sums do not fit";
    return ht__integer_conv_weights_fit(call);
}

typedef struct depthwise_job {
    const depthwise_state *state;
    ht_byte_terms terms;
    ht_requantizer requantizer;
    const uint8_t *x;
    void *y;
    uint8_t *room; /* of all threads */
    uint8_t pad;   /* x_zero, unsigned */
} depthwise_job;

/* A chunk of one line of results, one block of channels. */
typedef struct depthwise_chunk {
    const uint8_t *x; /* the image's first channel of the block */
    int64_t y_line, first, count;
    int64_t block;
    int64_t bytes; /* of the block's channels, in all results of the line from `first` on */
    uint8_t *buffer;
} depthwise_chunk;

/* What of interleaved column i lies in the map: the offset of its first byte in a line, and a mask. */
static __mmask64 column_of(const depthwise_state *s, const depthwise_chunk *c, int64_t i, int64_t *offset) {
    const ht_window *w = &s->window;
    if (s->together == 1) {
        int64_t at = c->first * w->stride[2] - w->pad_begin[2] + i;
        *offset = at * w->x[4];
        return at >= 0 && at < w->in[2] ? ht__low_bits(c->bytes) : 0;
    }
    int64_t at = (c->first + i / s->result_step) * s->together - w->pad_begin[2] + i % s->result_step;
    int64_t before = at < 0 ? -at : 0, left = w->in[2] - at;
    *offset = at * s->channels; /* a plain map of one column has another step, which says nothing */
    if (left <= 0 || before >= s->together) {
        return 0;
    }
    return ht__low_bits(left * s->channels) & ~ht__low_bits(before * s->channels);
}

/* The columns of four lines that the chunk needs, interleaved. `group`: which lines of the window. */
HT_VNNI static void interleave(const depthwise_job *job, const depthwise_chunk *c, int64_t group) {
    const depthwise_state *s = job->state;
    const ht_window *w = &s->window;
    const uint8_t *lines[HT_BYTE_GROUP];
    __mmask64 inside[HT_BYTE_GROUP];
    const __m512i flip = _mm512_set1_epi8((char)s->flip), pad = _mm512_set1_epi8((char)(job->pad ^ s->flip));
    for (int i = 0; i < HT_BYTE_GROUP; ++i) { /* what lies outside is not read, nor are lines that the window lacks */
        int64_t k = group * HT_BYTE_GROUP + i, line = c->y_line * w->stride[1] - w->pad_begin[1] + k * w->dilation[1];
        bool in_map = k < w->size[1] && line >= 0 && line < w->in[1];
        lines[i] = c->x + (in_map ? line : 0) * w->x[3];
        inside[i] = in_map ? ~(__mmask64)0 : 0;
    }
    int64_t columns = (c->count - 1) * s->result_step + (w->size[2] - 1) * s->tap_step + 1;
    uint8_t *to = c->buffer + group * COLUMN_BYTES;
    for (int64_t i = 0; i < columns; ++i, to += s->lines * COLUMN_BYTES) {
        int64_t offset;
        __mmask64 mask = column_of(s, c, i, &offset);
        __m512i part[HT_BYTE_GROUP];
#pragma GCC unroll 4
        for (int k = 0; k < HT_BYTE_GROUP; ++k) {
            part[k] = _mm512_xor_si512(_mm512_mask_loadu_epi8(pad, mask & inside[k], lines[k] + offset), flip);
        }
        __m512i a = _mm512_unpacklo_epi8(part[0], part[1]), b = _mm512_unpackhi_epi8(part[0], part[1]);
        __m512i d = _mm512_unpacklo_epi8(part[2], part[3]), e = _mm512_unpackhi_epi8(part[2], part[3]);
        _mm512_storeu_si512(to, _mm512_unpacklo_epi16(a, d));
        _mm512_storeu_si512(to + 64, _mm512_unpackhi_epi16(a, d));
        _mm512_storeu_si512(to + 128, _mm512_unpacklo_epi16(b, e));
        _mm512_storeu_si512(to + 192, _mm512_unpackhi_epi16(b, e));
    }
}

/* The sums of the result whose columns begin at `x`. */
HT_VNNI_INLINE void sums_of(const ht_byte_terms *t, const uint8_t *x, int64_t x_step, int64_t groups, const int8_t *w,
                            int64_t taps, __m512i sums[HT_BYTE_VECTORS]) {
#pragma GCC unroll 4
    for (int v = 0; v < HT_BYTE_VECTORS; ++v) {
        sums[v] = _mm512_loadu_si512(t->starts + v * HT_BYTE_LANES);
    }
    for (int64_t k = 0; k < taps; ++k, x += x_step) {
        for (int64_t g = 0; g < groups; ++g, w += COLUMN_BYTES) {
#pragma GCC unroll 4
            for (int v = 0; v < HT_BYTE_VECTORS; ++v) {
                sums[v] = _mm512_dpbusd_epi32(sums[v], _mm512_loadu_si512(x + g * COLUMN_BYTES + v * 64),
                                              _mm512_loadu_si512(w + v * 64));
            }
        }
    }
}

/* All results of a chunk to codes, for one kind of ending; taps and groups are constants where that pays. */
HT_VNNI_INLINE void codes_of(const depthwise_job *job, const depthwise_chunk *c, const ht_byte_terms *t, bool fixed,
                             int64_t taps, int64_t groups) {
    const depthwise_state *s = job->state;
    const ht_window *w = &s->window;
    const int8_t *weights = s->weights + c->block * taps * groups * COLUMN_BYTES;
    const uint8_t *x = c->buffer;
    int64_t y_step = s->together * w->y[4], left = c->bytes;
    uint8_t *y = (uint8_t *)job->y + c->y_line * w->y[3] + c->first * y_step + c->block * BLOCK;
    for (int64_t i = 0; i < c->count; ++i, x += s->result_step * groups * COLUMN_BYTES, y += y_step) {
        __m512i sums[HT_BYTE_VECTORS];
        sums_of(t, x, s->tap_step * groups * COLUMN_BYTES, groups, weights, taps, sums);
#pragma GCC unroll 4
        for (int v = 0; v < HT_BYTE_VECTORS; ++v) {
            sums[v] = ht__scale(t, fixed, sums[v], v);
        }
        _mm512_mask_storeu_epi8(y, ht__low_bits(left), ht__pack_codes(t, sums[0], sums[1], sums[2], sums[3]));
        left -= s->together > 1 ? BLOCK : 0;
    }
}

/* The same by the general requantizer. */
HT_VNNI static void sums_to_codes(const depthwise_job *job, const depthwise_chunk *c, const ht_byte_terms *t) {
    const depthwise_state *s = job->state;
    const ht_window *w = &s->window;
    const int8_t *weights = s->weights + c->block * w->size[2] * s->lines * COLUMN_BYTES;
    int64_t y = c->y_line * w->y[3] + c->first * s->together * w->y[4] + c->block * BLOCK, left = c->bytes;
    for (int64_t i = 0; i<c->count; ++i, y += s->together * w->y[4], left -= s->together> 1 ? BLOCK : 0) {
        __m512i sums[HT_BYTE_VECTORS];
        int32_t there[BLOCK], codes[BLOCK];
        int64_t used = left < BLOCK ? left : BLOCK, each = s->together > 1 ? s->channels : used;
        sums_of(t, c->buffer + i * s->result_step * s->lines * COLUMN_BYTES, s->tap_step * s->lines * COLUMN_BYTES,
                s->lines, weights, w->size[2], sums);
        for (int64_t k = 0; k < used; ++k) {
            there[k] = ((const int32_t *)sums)[place(k)];
        }
        for (int64_t k = 0; k < used; k += each) {
            ht__requantize_row(&job->requantizer, there + k, c->block * BLOCK, each, codes + k);
        }
        ht__codes_store(s->call.outputs[0].type, job->y, y, 1, used, codes);
    }
}

HT_VNNI static void finish(const depthwise_job *job, const depthwise_chunk *c) {
    const depthwise_state *s = job->state;
    ht_byte_terms t = job->terms;
    t.starts += c->block * BLOCK;
    t.scales = (const int32_t *)t.scales + c->block * BLOCK;
    t.shifts += c->block * BLOCK;
    bool three = s->window.size[2] == 3 && s->lines == 1;
    if (t.ending == HT_BYTE_SUMS) {
        sums_to_codes(job, c, &t);
    } else if (t.ending == HT_BYTE_FLOAT && three) {
        codes_of(job, c, &t, false, 3, 1);
    } else if (t.ending == HT_BYTE_FLOAT) {
        codes_of(job, c, &t, false, s->window.size[2], s->lines);
    } else {
        codes_of(job, c, &t, true, s->window.size[2], s->lines);
    }
}

static void part(void *argument, size_t begin, size_t end, unsigned number) {
    const depthwise_job *job = argument;
    const depthwise_state *s = job->state;
    const ht_window *w = &s->window;
    for (int64_t i = (int64_t)begin; i < (int64_t)end; ++i) {
        int64_t image = i / w->out[1];
        depthwise_job own = *job; /* y of this image */
        own.y = (uint8_t *)job->y + image * w->y[0] * (int64_t)ht_type_bytes(s->call.outputs[0].type);
        depthwise_chunk c = {.y_line = i % w->out[1], .buffer = job->room + number * s->part_room};
        for (c.block = 0; c.block < s->blocks; ++c.block) {
            c.x = job->x + image * w->x[0] + c.block * BLOCK;
            for (c.first = 0; c.first < s->results; c.first += s->chunk) {
                c.count = s->results - c.first < s->chunk ? s->results - c.first : s->chunk;
                c.bytes =
                    s->together > 1 ? (w->out[2] - c.first * s->together) * s->channels : s->channels - c.block * BLOCK;
                for (int64_t g = 0; g < s->lines; ++g) {
                    interleave(&own, &c, g);
                }
                finish(&own, &c);
            }
        }
    }
}

static ht_status run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                     ht_pool *pool) {
    const depthwise_state *s = state->data;
    int64_t channels = s->blocks * BLOCK;
    depthwise_job job = {.state = s,
                         .terms = s->terms,
                         .x = inputs[HT_PRODUCT_X],
                         .y = outputs[0],
                         .room = (uint8_t *)scratch + s->terms_room,
                         .pad = (uint8_t)(ht__zero_point(&s->call, inputs, HT_PRODUCT_X_ZERO, 0) + s->flip)};
    if (!s->known || s->terms.ending == HT_BYTE_SUMS) { /* sums need the requantizer, too */
        float *scales = (float *)(void *)((int32_t *)scratch + ht__byte_terms_room(channels));
        make_terms(s, inputs, scratch, scales, &job.requantizer, &job.terms);
    }
    int64_t work = channels * s->window.size[1] * s->window.size[2] * s->window.out[2];
    ht__pool_run(pool, (size_t)(s->images * s->window.out[1]), (size_t)(PARALLEL_WORK / work + 1), part, &job);
    return HT_OK;
}

const ht_kernel_variant ht__integer_conv_depthwise_avx512vnni = {.name = "integer_conv_depthwise_avx512vnni",
                                                                 .family = &ht__integer_conv_family,
                                                                 .accept = accept,
                                                                 .layout = layout,
                                                                 .pack = pack,
                                                                 .bind = bind,
                                                                 .run = run};
#endif
