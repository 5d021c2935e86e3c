#include "quant/annotate.h"

#include <stdlib.h>
#include <string.h>

#include "numeric/minifloat.h"
#include "quant/rounding.h"

bool ht__scheme_has_codes(const ht_scheme *scheme) {
    return !ht__rounding(scheme->round)->subtractive && !(scheme->quirks & (HT_QUIRK_UNCLIPPED | HT_QUIRK_SINGLE_ROW));
}

/* What the pieces below fill. */
typedef struct annotation {
    ht_arena *arena;
    const ht_quantized *quantized;
    const uint32_t *codes;
    size_t groups;
    ht_quantization *out;
} annotation;

static ht_status copy_codes(annotation *a, int32_t shift, ht_error *err) {
    uint16_t *codes = ht__arena_alloc(a->arena, a->quantized->count * sizeof *codes);
    if (codes == NULL) {
        return ht__fail_memory(err, a->quantized->count * sizeof *codes);
    }
    for (size_t i = 0; i < a->quantized->count; ++i) {
        codes[i] = (uint16_t)((int32_t)a->codes[i] + shift);
    }
    a->out->codes = codes;
    return HT_OK;
}

static ht_status copy_floats(annotation *a, const float *source, size_t count, const float **out, ht_error *err) {
    *out = ht__arena_copy(a->arena, source, count * sizeof *source);
    return *out != NULL ? HT_OK : ht__fail_memory(err, count * sizeof *source);
}

/* Symmetric grids are signed integers with zero point 0, which integer runtimes prefer for weights. */
static ht_status annotate_grid(annotation *a, ht_error *err) {
    const ht_quantized *q = a->quantized;
    HT_TRY(copy_floats(a, q->scales, a->groups, &a->out->scale, err));
    a->out->is_signed = q->symmetric;
    if (!q->symmetric) {
        HT_TRY(copy_floats(a, q->zero_points, a->groups, &a->out->zero_point, err));
        return copy_codes(a, 0, err);
    }
    float *zeros = ht__arena_alloc(a->arena, a->groups * sizeof *zeros);
    a->out->zero_point = zeros;
    return zeros != NULL ? copy_codes(a, (1 << (q->bits - 1)) - (int32_t)q->zero_points[0], err)
                         : ht__fail_memory(err, a->groups * sizeof *zeros);
}

/* Every group's table with as many levels as the largest; a shorter one repeats its last. */
static ht_status own_tables(annotation *a, ht_error *err) {
    const ht_quantized *q = a->quantized;
    size_t most = 0;
    for (size_t i = 0; i < a->groups; ++i) {
        size_t levels = q->table_starts[i + 1] - q->table_starts[i];
        most = levels > most ? levels : most;
    }
    size_t cells;
    float *table = ht__mul(most, a->groups, &cells) && cells <= SIZE_MAX / sizeof *table
                       ? ht__arena_alloc(a->arena, cells * sizeof *table)
                       : NULL;
    if (table == NULL) {
        return ht__fail_memory(err, most);
    }
    for (size_t i = 0; i < a->groups; ++i) {
        const float *source = q->tables + q->table_starts[i];
        size_t levels = q->table_starts[i + 1] - q->table_starts[i];
        for (size_t k = 0; k < most; ++k) {
            table[i * most + k] = source[k < levels ? k : levels - 1];
        }
    }
    a->out->table = table;
    a->out->levels = (uint32_t)most;
    return HT_OK;
}

static ht_status annotate_table(annotation *a, ht_error *err) {
    const ht_quantized *q = a->quantized;
    a->out->codebook = true;
    HT_TRY(copy_codes(a, 0, err));
    if (!q->shared_table) {
        return own_tables(a, err);
    }
    a->out->shared_table = true;
    a->out->levels = 1u << q->bits;
    HT_TRY(copy_floats(a, q->tables, a->out->levels, &a->out->table, err));
    return copy_floats(a, q->scales, a->groups, &a->out->scale, err);
}

/* Small floats become a shared table of all their values; f16 and bf16 are types of their own. */
static ht_status annotate_format(annotation *a, ht_error *err) {
    const ht_quantized *q = a->quantized;
    if (q->bits == 16 && q->format.has_infinity) {
        a->out->element = q->format.exponent_bits == 8 ? HT_BF16 : HT_F16;
        uint16_t *codes = ht__arena_alloc(a->arena, q->count * sizeof *codes);
        for (size_t i = 0; i < q->count && codes != NULL; ++i) {
            int32_t code = (int32_t)a->codes[i] - q->code_offset;
            codes[i] = (uint16_t)(code < 0 ? -code | 0x8000 : code);
        }
        a->out->codes = codes;
        return codes != NULL ? HT_OK : ht__fail_memory(err, q->count * sizeof *codes);
    }
    size_t levels = 2 * (size_t)q->code_offset + 1;
    float *table = ht__arena_alloc(a->arena, levels * sizeof *table);
    if (table == NULL) {
        return ht__fail_memory(err, levels * sizeof *table);
    }
    for (size_t i = 0; i < levels; ++i) {
        int32_t code = (int32_t)i - q->code_offset;
        ht__minifloat_decode_signed(&q->format, 1.0f, &code, 1, &table[i]);
    }
    a->out->codebook = a->out->shared_table = true;
    a->out->levels = (uint32_t)levels;
    a->out->table = table;
    HT_TRY(copy_codes(a, 0, err));
    return copy_floats(a, q->scales, a->groups, &a->out->scale, err);
}

ht_status ht__annotate_constant(ht_graph *graph, ht_value *value, const ht_quantized *quantized, const uint32_t *codes,
                                int32_t channel_axis, const ht_scheme *scheme, ht_error *err) {
    char text[HT_SCHEME_TEXT];
    ht_scheme_print(scheme, text);
    ht_quantization *out = ht__arena_alloc(graph->arena, sizeof *out);
    const char *kept = ht__arena_strdup(graph->arena, text);
    if (out == NULL || kept == NULL) {
        return ht__fail_memory(err, sizeof *out);
    }
    bool whole = strcmp(scheme->granularity, "tensor") == 0;
    annotation a = {.arena = graph->arena,
                    .quantized = quantized,
                    .codes = codes,
                    .groups = quantized->channels * quantized->blocks,
                    .out = out};
    *out = (ht_quantization){.bits = (int32_t)quantized->bits,
                             .axis = whole ? -1 : channel_axis,
                             .block = quantized->blocks > 1 ? (int64_t)quantized->block_length : 0,
                             .groups = a.groups,
                             .scheme = kept};
    switch (quantized->kind) {
    case HT_LEVELS_GRID: HT_TRY(annotate_grid(&a, err)); break;
    case HT_LEVELS_TABLE: HT_TRY(annotate_table(&a, err)); break;
    case HT_LEVELS_FORMAT: HT_TRY(annotate_format(&a, err)); break;
    }
    value->quantization = out;
    return HT_OK;
}
