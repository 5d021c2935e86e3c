#include "quant/array.h"

#include <math.h>
#include <string.h>

#include "base/clones.h"
#include "base/rng.h"
#include "quant/fit.h"
#include "quant/range.h"
#include "quant/rounding.h"

/* Values that are worked on together: every buffer of a piece stays in the first-level cache. */
enum { PIECE = 1024, LANES = 16, MOST_DRAWS = 2 };

typedef struct job {
    const ht_context *ctx;
    const ht_scheme *scheme;
    const ht_array *array;
    const ht_quantize_outputs *outputs;
    ht_quantized *out;
    const ht_level_method *method;
    const ht_range_method *range;
    const ht_rounding *rounding;
    ht_fit fit;
    uint64_t stream;
    size_t outer, inner; /* [outer][channels][inner] */
    float *gathered;     /* one channel, when its values do not lie together */
    float *joint;        /* the array's values and its companion's */
    size_t tables_used, tables_capacity;
} job;

double ht__sqnr_db(const ht_quantize_error *error) {
    return error->noise > 0.0 ? 10.0 * log10(error->signal / error->noise) : INFINITY;
}

/* FNV-1a, 64 bits: the tensor's name selects its random stream. */
static uint64_t stream_of(const char *name) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *name != '\0'; ++name) {
        hash = (hash ^ (uint8_t)*name) * 0x100000001b3u;
    }
    return hash;
}

/* Sums in LANES lanes of fixed order, so that every instruction set gives the same bits. */
HT_CLONES
static void measure(const float *restrict exact, const float *restrict quantized, size_t count,
                    ht_quantize_error *error) {
    double signal[LANES] = {0}, noise[LANES] = {0}, largest[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        for (size_t k = 0; k < LANES; ++k) {
            double value = exact[i + k], difference = (double)quantized[i + k] - value;
            signal[k] += value * value;
            noise[k] += difference * difference;
            double magnitude = fabs(difference);
            largest[k] = magnitude > largest[k] ? magnitude : largest[k];
        }
    }
    for (; i < count; ++i) {
        double value = exact[i], difference = (double)quantized[i] - value;
        signal[i % LANES] += value * value;
        noise[i % LANES] += difference * difference;
        largest[i % LANES] = fmax(fabs(difference), largest[i % LANES]);
    }
    for (size_t k = 0; k < LANES; ++k) {
        error->signal += signal[k];
        error->noise += noise[k];
        error->largest = fmax(error->largest, largest[k]);
    }
}

typedef struct piece {
    int32_t lower[PIECE], chosen[PIECE];
    float fraction[PIECE], noise[MOST_DRAWS * PIECE], offset[PIECE], decoded[PIECE];
} piece;

/* Quantizes `count` <= PIECE values that start at channel-major position `position`. */
static void quantize_piece(job *work, const ht_levels *levels, const float *values, size_t count, uint64_t position,
                           piece *buffers, float *decoded) {
    const ht_rounding *rounding = work->rounding;
    ht__levels_locate(levels, values, count, buffers->lower, buffers->fraction);
    for (int draw = 0; draw < rounding->draws; ++draw) {
        ht__random_fill(work->scheme->seed, work->stream + (uint64_t)draw, position,
                        buffers->noise + (size_t)draw * count, count);
    }
    ht_rounding_input input = {.count = count,
                               .lower = buffers->lower,
                               .fraction = buffers->fraction,
                               .noise = buffers->noise,
                               .low = levels->low,
                               .high = levels->high,
                               .ties_up = work->scheme->quirks & HT_QUIRK_TIES_UP};
    rounding->choose(&input, buffers->chosen, buffers->offset);
    if (rounding->subtractive) {
        ht__levels_decode_offset(levels, buffers->chosen, buffers->offset, count, decoded);
    } else {
        ht__levels_decode(levels, buffers->chosen, count, decoded);
    }
    measure(values, decoded, count, &work->out->error);
}

/* Where element `index` of channel `channel` lies in the array. */
static size_t place_of(const job *work, size_t channel, size_t index) {
    return (index / work->inner * work->out->channels + channel) * work->inner + index % work->inner;
}

/* Where a piece is decoded to: at once where it belongs, unless its values lie apart or would overwrite the input
 * before the error is measured. */
static float *decoded_at(const job *work, piece *buffers, size_t start) {
    float *values = work->outputs->values;
    bool direct = values != NULL && work->gathered == NULL && values != work->array->values;
    return direct ? values + start : buffers->decoded;
}

static void store_piece(job *work, const ht_levels *levels, const piece *buffers, const float *decoded, size_t channel,
                        size_t index, size_t count) {
    float *values = work->outputs->values;
    uint32_t *codes = work->outputs->codes;
    bool together = work->gathered == NULL;
    size_t start = together ? place_of(work, channel, index) : 0;
    if (values != NULL && together && decoded != values + start) {
        memcpy(values + start, decoded, count * sizeof *values);
    }
    for (size_t i = 0; i < count && values != NULL && !together; ++i) {
        values[place_of(work, channel, index + i)] = decoded[i];
    }
    for (size_t i = 0; i < count && codes != NULL; ++i) {
        codes[together ? start + i : place_of(work, channel, index + i)] = (uint32_t)(buffers->chosen[i] - levels->low);
    }
}

/* Keeps a group's table. Levels that no value can tell apart are not dropped: codes index the table as it is. */
static ht_status keep_table(job *work, const ht_levels *levels, size_t group, ht_error *err) {
    ht_quantized *out = work->out;
    if (out->shared_table && work->tables_used > 0) {
        return HT_OK;
    }
    size_t count = (size_t)levels->lookup.count;

    HT_TRY(ht__grow(&work->ctx->allocator, &out->tables, sizeof *out->tables, &work->tables_capacity,
                    work->tables_used + count, err));
    memcpy(out->tables + work->tables_used, levels->lookup.levels, count * sizeof *out->tables);
    work->tables_used += count;
    if (!out->shared_table) {
        out->table_starts[group + 1] = work->tables_used;
    }
    return HT_OK;
}

static ht_status keep_parameters(job *work, const ht_levels *levels, size_t group, ht_error *err) {
    ht_quantized *out = work->out;
    out->kind = levels->kind;
    out->shared_table = levels->shared;
    double parameter_bits = work->method->fitted_table ? 32.0 * (levels->high - levels->low + 1) : 0.0;
    out->ideal_bits += parameter_bits + work->method->parameter_bits;
    if (levels->kind == HT_LEVELS_FORMAT) {
        out->format = levels->format;
        out->code_offset = levels->high;
    }
    if (!work->outputs->parameters) {
        return HT_OK;
    }
    out->scales[group] = levels->scale;
    if (levels->kind == HT_LEVELS_GRID) {
        out->zero_points[group] = -(float)levels->low - levels->half;
        out->symmetric = out->symmetric && levels->low == -levels->high && levels->half == 0.0f;
    }
    return levels->kind == HT_LEVELS_TABLE ? keep_table(work, levels, group, err) : HT_OK;
}

/* Range and levels for the `count` values of a group. */
static ht_status make_levels(job *work, const float *values, size_t count, size_t first, ht_levels *out,
                             ht_error *err) {
    ht_fit *fit = &work->fit;
    const ht_array *array = work->array;
    HT_TRY(ht__fit_group(fit, values, count, array->name, first, err));
    if (work->joint != NULL) {
        memcpy(work->joint, values, count * sizeof *values);
        memcpy(work->joint + count, array->companion, array->companion_count * sizeof *values);
        HT_TRY(ht__fit_group(fit, work->joint, count + array->companion_count, array->name, first, err));
    }
    HT_TRY(work->range->choose(fit, work->method, err));
    if (work->method->symmetric) {
        ht__range_mirror(fit);
    }
    *out = (ht_levels){0};
    return work->method->make(fit, out, err);
}

static ht_status quantize_group(job *work, const float *values, size_t count, size_t channel, size_t index,
                                ht_error *err) {
    ht_quantized *out = work->out;
    uint64_t position = (uint64_t)channel * work->outer * work->inner + index;
    ht_levels levels;
    HT_TRY(make_levels(work, values, count, place_of(work, channel, index), &levels, err));
    HT_TRY(keep_parameters(work, &levels, channel * out->blocks + index / out->block_length, err));
    piece buffers;
    for (size_t i = 0; i < count; i += PIECE) {
        size_t size = count - i < PIECE ? count - i : PIECE;
        float *decoded = decoded_at(work, &buffers, place_of(work, channel, index + i));
        quantize_piece(work, &levels, values + i, size, position + i, &buffers, decoded);
        store_piece(work, &levels, &buffers, decoded, channel, index + i, size);
    }
    return HT_OK;
}

static ht_status quantize_channel(job *work, size_t channel, ht_error *err) {
    ht_quantized *out = work->out;
    size_t count = work->outer * work->inner;
    const float *values = work->array->values + channel * work->inner;
    if (work->gathered != NULL) {
        for (size_t i = 0; i < count; ++i) {
            work->gathered[i] = work->array->values[place_of(work, channel, i)];
        }
        values = work->gathered;
    }
    for (size_t index = 0; index < count; index += out->block_length) {
        size_t size = count - index < out->block_length ? count - index : out->block_length;
        HT_TRY(quantize_group(work, values + index, size, channel, index, err));
    }
    return HT_OK;
}

/* The quirk "single-row": with step w / 2^bits, floor(w / step) + 1/2 steps are w (1 + 2^-(bits + 1)). */
static void quantize_single_row(job *work) {
    float factor = 1.0f + ldexpf(1.0f, -(int)work->scheme->bits - 1);
    const float *values = work->array->values;
    for (size_t i = 0; i < work->out->count; i += PIECE) {
        float decoded[PIECE];
        size_t size = work->out->count - i < PIECE ? work->out->count - i : PIECE;
        for (size_t k = 0; k < size; ++k) {
            decoded[k] = values[i + k] * factor;
        }
        measure(values + i, decoded, size, &work->out->error);
        if (work->outputs->values != NULL) {
            memcpy(work->outputs->values + i, decoded, size * sizeof *decoded);
        }
    }
}

static ht_status lay_out(job *work, ht_error *err) {
    const ht_array *array = work->array;
    ht_quantized *out = work->out;
    bool whole = strcmp(work->scheme->granularity, "tensor") == 0,
         blocks = strcmp(work->scheme->granularity, "block") == 0;
    out->count = work->outer = work->inner = out->channels = 1;
    for (size_t i = 0; i < array->rank; ++i) {
        if (!ht__mul(out->count, array->dims[i], &out->count)) {
            return ht__fail_at(err, HT_ERROR_LIMIT, array->name, "Tensor %s has more values than can be counted.",
                               array->name);
        }
        bool channel = !whole && (int)i == array->channel_axis;
        bool before = !whole && (int)i < array->channel_axis;
        size_t *part = channel ? &out->channels : before ? &work->outer : &work->inner;
        *part *= array->dims[i];
    }
    if (out->count == 0) {
        return ht__fail_at(err, HT_ERROR_ARGUMENT, array->name, "Tensor %s has no values.", array->name);
    }
    size_t length = work->outer * work->inner;
    out->block_length = blocks && work->scheme->block < length ? work->scheme->block : length;
    out->blocks = (length + out->block_length - 1) / out->block_length;
    return HT_OK;
}

static void *reserve(job *work, size_t count, size_t size, ht_status *status, ht_error *err) {
    void *memory = ht__calloc(&work->ctx->allocator, count, size);
    if (memory == NULL && *status == HT_OK) {
        *status = ht__fail_memory(err, count * size);
    }
    return memory;
}

static ht_status reserve_all(job *work, ht_error *err) {
    ht_status status = HT_OK;
    ht_quantized *out = work->out;
    size_t groups = out->channels * out->blocks;
    if (work->outer > 1 && out->channels > 1) {
        work->gathered = reserve(work, work->outer * work->inner, sizeof *work->gathered, &status, err);
        /* Looked over as it lies, so that a bad value is reported by its place in the tensor. */
        HT_TRY(ht__fit_group(&work->fit, work->array->values, out->count, work->array->name, 0, err));
    }
    bool joint = work->scheme->quirks & HT_QUIRK_JOINT_BIAS && work->array->companion_count > 0;
    if (joint && groups == 1) {
        HT_TRY(
            ht__fit_group(&work->fit, work->array->companion, work->array->companion_count, work->array->name, 0, err));
        work->joint = reserve(work, out->count + work->array->companion_count, sizeof *work->joint, &status, err);
    }
    if (work->outputs->parameters) {
        out->scales = reserve(work, groups, sizeof *out->scales, &status, err);
        out->zero_points = reserve(work, groups, sizeof *out->zero_points, &status, err);
        out->table_starts = reserve(work, groups + 1, sizeof *out->table_starts, &status, err);
    }
    return status;
}

static ht_status quantize(job *work, ht_error *err) {
    const ht_scheme *scheme = work->scheme;
    HT_TRY(lay_out(work, err));
    HT_TRY(reserve_all(work, err));
    ht_quantized *out = work->out;
    out->bits = scheme->bits;
    out->symmetric = true;
    out->ideal_bits = (double)out->count * scheme->bits;
    bool single_row = scheme->quirks & HT_QUIRK_SINGLE_ROW && strcmp(scheme->levels, "mid-rise") == 0 &&
                      work->array->rank > 0 && work->array->dims[0] == 1;
    if (single_row && (work->outputs->codes != NULL || work->outputs->parameters)) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, work->array->name,
                           "The quirk single-row gives tensor %s no levels, so it has no codes.", work->array->name);
    }
    if (single_row) {
        HT_TRY(ht__fit_group(&work->fit, work->array->values, out->count, work->array->name, 0, err));
        quantize_single_row(work);
        return HT_OK;
    }
    for (size_t channel = 0; channel < out->channels; ++channel) {
        HT_TRY(quantize_channel(work, channel, err));
    }
    return HT_OK;
}

/* Leaves only the parameters that the kind of levels has. */
static void drop_unused(const ht_context *ctx, ht_quantized *out) {
    if (out->kind != HT_LEVELS_GRID) {
        ht__free(&ctx->allocator, out->zero_points);
        out->zero_points = NULL;
    }
    if (out->kind == HT_LEVELS_TABLE && !out->shared_table) {
        ht__free(&ctx->allocator, out->scales);
        out->scales = NULL;
    }
    if (out->kind != HT_LEVELS_TABLE) {
        ht__free(&ctx->allocator, out->table_starts);
        out->table_starts = NULL;
    }
    out->symmetric = out->symmetric && out->kind == HT_LEVELS_GRID;
}

ht_status ht__quantize_array(const ht_context *ctx, const ht_scheme *scheme, const ht_array *array,
                             const ht_quantize_outputs *outputs, ht_quantized *out, ht_error *err) {
    *out = (ht_quantized){0};
    HT_TRY(ht_scheme_check(scheme, err));
    job work = {.ctx = ctx,
                .scheme = scheme,
                .array = array,
                .outputs = outputs,
                .out = out,
                .method = ht__level_method(scheme->levels),
                .range = ht__range_method(scheme->range),
                .rounding = ht__rounding(scheme->round),
                .stream = stream_of(array->name)};
    ht__fit_init(&work.fit, &ctx->allocator, scheme);
    ht_status status = quantize(&work, err);
    ht__fit_free(&work.fit);
    ht__free(&ctx->allocator, work.gathered);
    ht__free(&ctx->allocator, work.joint);
    if (status != HT_OK) {
        ht__quantized_free(ctx, out);
        return status;
    }
    drop_unused(ctx, out);
    return HT_OK;
}

void ht__quantized_free(const ht_context *ctx, ht_quantized *quantized) {
    ht__free(&ctx->allocator, quantized->scales);
    ht__free(&ctx->allocator, quantized->zero_points);
    ht__free(&ctx->allocator, quantized->tables);
    ht__free(&ctx->allocator, quantized->table_starts);
    *quantized = (ht_quantized){0};
}
