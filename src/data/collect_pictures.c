/* Pictures: decoded and taken through the picture steps once, in parallel, and kept as bytes; the value steps become a
 * table of 256 floats per channel. */
#include <stdlib.h>
#include <string.h>

#include "data/dataset.h"

/* Slow pictures are decoded in pieces of this many, with progress and interruption between them. */
#define PIECE 2048

typedef struct shape {
    size_t planes, height, width, repeats;
} shape;

typedef struct gathering {
    const ht__opening *job;
    const ht__segments *segments;
    size_t begin;    /* the first sample of this piece, among the segments' */
    uint8_t *pixels; /* of sample `begin` */
    shape shape;
    struct failure {
        ht_status status;
        ht_error err;
    } * failures; /* one per part of the work */
} gathering;

static ht_status read_one(const ht__opening *job, const ht__segments *segments, size_t index, ht__picture buffers[2],
                          const ht__picture **result, size_t *repeats, ht_error *err) {
    size_t part;
    uint32_t sample;
    ht__segments_at(segments, index, &part, &sample);
    const ht__source *source = &job->parts[part].source;
    HT_TRY(source->picture(source, sample, &buffers[0], err));
    ht_status status = ht__pipeline_picture(&job->pipeline, &buffers[0], &buffers[1], result, repeats, err);
    if (status != HT_OK && err != NULL && err->where[0] == '\0') {
        snprintf(err->where, sizeof err->where, "%.100s, sample %u", job->description.name, sample);
    }
    return status;
}

static void gather_range(void *argument, size_t begin, size_t end, unsigned part) {
    gathering *work = argument;
    struct failure *failure = &work->failures[part];
    const ht_allocator *allocator = &work->job->ctx->allocator;
    ht__picture buffers[2] = {{.allocator = allocator}, {.allocator = allocator}};
    const shape *wanted = &work->shape;
    size_t bytes = wanted->planes * wanted->height * wanted->width, repeats;
    for (size_t i = begin; i < end && failure->status == HT_OK; ++i) {
        const ht__picture *result;
        failure->status =
            read_one(work->job, work->segments, work->begin + i, buffers, &result, &repeats, &failure->err);
        if (failure->status != HT_OK) {
            break;
        }
        if (result->channels != wanted->planes || result->height != wanted->height || result->width != wanted->width) {
            failure->status = ht__fail_at(&failure->err, HT_ERROR_MISMATCH, work->job->description.name,
                                          "Picture %zu is %zu x %zu with %zu channels, the first %zu x %zu with %zu: "
                                          "add the step resize or letterbox.",
                                          work->begin + i, result->width, result->height, result->channels,
                                          wanted->width, wanted->height, wanted->planes);
            break;
        }
        memcpy(work->pixels + i * bytes, result->pixels, bytes);
    }
    ht__picture_free(&buffers[0]);
    ht__picture_free(&buffers[1]);
}

/* Reads samples begin..begin+count of the segments to `pixels`. */
static ht_status gather(const ht__opening *job, const ht__segments *segments, size_t begin, size_t count,
                        const shape *wanted, uint8_t *pixels, ht_error *err) {
    unsigned threads = ht__pool_threads(job->ctx->pool);
    struct failure *failures = ht__calloc(&job->ctx->allocator, threads, sizeof *failures);
    if (failures == NULL) {
        return ht__fail_memory(err, threads * sizeof *failures);
    }
    bool slow = job->parts[segments->segment[0].part].source.slow_pictures;
    size_t piece = slow ? PIECE : count, bytes = wanted->planes * wanted->height * wanted->width;
    ht_status status = HT_OK;
    for (size_t done = 0; done < count && status == HT_OK; done += piece) {
        size_t now = count - done < piece ? count - done : piece;
        gathering work = {job, segments, begin + done, pixels + done * bytes, *wanted, failures};
        ht__pool_run(job->ctx->pool, now, 16, gather_range, &work);
        for (unsigned t = 0; t < threads && status == HT_OK; ++t) {
            status = failures[t].status;
            if (status != HT_OK && err != NULL) {
                *err = failures[t].err;
            }
        }
        if (slow && status == HT_OK) {
            ht__progress(job->ctx, "reading pictures", (double)(done + now), (double)count, NULL);
            status = ht__check_interrupt(job->ctx, err);
        }
    }
    ht__free(&job->ctx->allocator, failures);
    return status;
}

static ht_status look_at_first(const ht__opening *job, const ht__segments *segments, size_t index, shape *out,
                               ht_error *err) {
    const ht_allocator *allocator = &job->ctx->allocator;
    ht__picture buffers[2] = {{.allocator = allocator}, {.allocator = allocator}};
    const ht__picture *result;
    ht_status status = read_one(job, segments, index, buffers, &result, &out->repeats, err);
    if (status == HT_OK) {
        out->planes = result->channels;
        out->height = result->height;
        out->width = result->width;
    }
    ht__picture_free(&buffers[0]);
    ht__picture_free(&buffers[1]);
    return status;
}

static ht_status make_room(const ht__opening *job, size_t samples, const shape *wanted, uint8_t **out, ht_error *err) {
    size_t bytes = wanted->planes * wanted->height * wanted->width;
    if (!ht__mul(bytes, samples, &bytes) || bytes > HT__DATASET_LIMIT) {
        return ht__fail_at(err, HT_ERROR_LIMIT, job->description.name,
                           "%zu pictures of %zu x %zu are more than the %zu GiB that are kept in memory; take a slice.",
                           samples, wanted->width, wanted->height, HT__DATASET_LIMIT >> 30);
    }
    *out = ht__alloc(&job->ctx->allocator, bytes);
    return *out != NULL ? HT_OK : ht__fail_memory(err, bytes);
}

/* counts[channel][256] over the training split, which is read for it. */
static ht_status count_levels(ht__opening *job, const shape *wanted, uint64_t *counts, ht_error *err) {
    ht__segments training = {0};
    HT_TRY(ht__split_samples(job, HT__SPLIT_TRAIN, &training, err));
    size_t samples = ht__segments_total(&training), plane = wanted->height * wanted->width;
    uint8_t *pixels;
    HT_TRY(make_room(job, samples, wanted, &pixels, err));
    ht_status status = gather(job, &training, 0, samples, wanted, pixels, err);
    for (size_t i = 0; status == HT_OK && i < samples * wanted->planes; ++i) {
        uint64_t *count = counts + i % wanted->planes * HT__LEVELS;
        for (size_t p = 0; p < plane; ++p) {
            ++count[pixels[i * plane + p]];
        }
    }
    for (size_t c = 1; c < wanted->repeats; ++c) {
        memcpy(counts + c * HT__LEVELS, counts, HT__LEVELS * sizeof *counts);
    }
    ht__free(&job->ctx->allocator, pixels);
    return status;
}

static ht_status make_levels(ht__opening *job, const shape *wanted, ht_dataset *out, ht_error *err) {
    size_t channels = wanted->planes * wanted->repeats, entries = channels * HT__LEVELS;
    double *level = ht__arena_alloc(job->arena, entries * sizeof *level);
    uint64_t *counts = ht__arena_alloc(job->arena, entries * sizeof *counts);
    out->level = ht__arena_alloc(out->arena, entries * sizeof *out->level);
    if (level == NULL || counts == NULL || out->level == NULL) {
        return ht__fail_memory(err, entries * sizeof *level);
    }
    bool learns = ht__pipeline_needs_training(&job->pipeline);
    if (learns) {
        HT_TRY(count_levels(job, wanted, counts, err));
    }
    for (size_t k = 0; k < entries; ++k) {
        level[k] = (double)(k % HT__LEVELS);
    }
    HT_TRY(ht__pipeline_levels(&job->pipeline, channels, HT__LEVELS, level, learns ? counts : NULL, err));
    out->equal_levels = true;
    for (size_t k = 0; k < entries; ++k) {
        out->level[k] = (float)level[k];
        out->equal_levels &= out->level[k] == out->level[k % HT__LEVELS];
    }
    return HT_OK;
}

static ht_status copy_targets(const ht__opening *job, const ht__segments *wanted, size_t begin, ht_dataset *out,
                              ht_error *err) {
    const ht__source *first = &job->parts[wanted->segment[0].part].source;
    size_t width = first->target_width;
    out->info.target_width = width;
    out->targets = ht__calloc(&job->ctx->allocator, out->info.samples, width * sizeof(float));
    if (out->targets == NULL) {
        return ht__fail_memory(err, out->info.samples * width * sizeof(float));
    }
    for (size_t i = 0; i < out->info.samples; ++i) {
        size_t part;
        uint32_t sample;
        ht__segments_at(wanted, begin + i, &part, &sample);
        memcpy(out->targets + i * width, job->parts[part].source.targets + sample * width, width * sizeof(float));
    }
    return first->classes != NULL ? ht__collect_classes(out, first->classes, first->class_count, err) : HT_OK;
}

ht_status ht__collect_pictures(ht__opening *job, const ht__segments *wanted, ht_dataset *out, ht_error *err) {
    size_t begin;
    shape found;
    HT_TRY(ht__pipeline_check_arrays(&job->pipeline, true, err));
    HT_TRY(ht__collect_slice(job, ht__segments_total(wanted), out, &begin, err));
    HT_TRY(look_at_first(job, wanted, begin, &found, err));
    HT_TRY(make_room(job, out->info.samples, &found, &out->pixels, err));
    HT_TRY(gather(job, wanted, begin, out->info.samples, &found, out->pixels, err));
    out->planes = found.planes;
    out->info.rank = 3;
    out->info.dims[0] = found.planes * found.repeats;
    out->info.dims[1] = found.height;
    out->info.dims[2] = found.width;
    out->info.input_elements = out->info.dims[0] * found.height * found.width;
    out->info.has_pictures = true;
    HT_TRY(copy_targets(job, wanted, begin, out, err));
    return make_levels(job, &found, out, err);
}

ht_status ht__collect_values(ht__opening *job, const ht__segments *wanted, ht_dataset *out, ht_error *err) {
    size_t begin;
    HT_TRY(ht__pipeline_check_arrays(&job->pipeline, false, err));
    HT_TRY(ht__collect_slice(job, ht__segments_total(wanted), out, &begin, err));
    const ht__source *source = &job->parts[wanted->segment[0].part].source;
    size_t elements = source->dims[0] * source->dims[1] * source->dims[2], bytes;
    out->info.rank = source->rank;
    memcpy(out->info.dims, source->dims, sizeof source->dims);
    out->info.input_elements = elements;
    /* The steps run over the whole source, because what they learn comes from samples that may not be wanted. */
    float *values = ht__arena_copy(job->arena, source->values, source->samples * elements * sizeof *values);
    if (values == NULL) {
        return ht__fail_memory(err, source->samples * elements * sizeof *values);
    }
    ht__segments training = {0};
    ht__rows rows = {0};
    bool learns = ht__pipeline_needs_training(&job->pipeline);
    if (learns) {
        HT_TRY(ht__split_samples(job, HT__SPLIT_TRAIN, &training, err));
        rows = (ht__rows){training.segment[0].samples, training.segment[0].count};
    }
    if (job->description.part_count > 1) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, job->description.file, "Arrays of numbers have one part, 'all'.");
    }
    HT_TRY(ht__pipeline_values(&job->pipeline, values, source->samples, source->dims[0],
                               source->dims[1] * source->dims[2], learns ? &rows : NULL, err));
    if (!ht__mul(out->info.samples, elements * sizeof(float), &bytes) ||
        (out->values = ht__alloc(&job->ctx->allocator, bytes)) == NULL) {
        return ht__fail_memory(err, out->info.samples * elements * sizeof(float));
    }
    for (size_t i = 0; i < out->info.samples; ++i) {
        size_t part;
        uint32_t sample;
        ht__segments_at(wanted, begin + i, &part, &sample);
        memcpy(out->values + i * elements, values + sample * elements, elements * sizeof(float));
    }
    return copy_targets(job, wanted, begin, out, err);
}
