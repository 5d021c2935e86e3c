/* Which samples a split means: parts are loaded when first asked for and cut once. */
#include <string.h>

#include "data/dataset.h"
#include "data/locate.h"
#include "data/split.h"

static const float *class_targets(const ht__opening *job, const ht__source *source) {
    if (!job->description.stratified || job->description.task != HT_TASK_CLASSIFICATION) {
        return NULL;
    }
    return source->targets; /* tables: filled by load_table_classes */
}

/* For stratifying: the target column of a table as f32. Missing labels fail later, with their line. */
static ht_status load_table_classes(ht__opening *job, ht__source *source, ht_error *err) {
    if (source->kind != HT__SOURCE_TABLE || !job->description.stratified ||
        job->description.task != HT_TASK_CLASSIFICATION) {
        return HT_OK;
    }
    float *classes = ht__arena_alloc(job->arena, (source->samples + 1) * sizeof *classes);
    if (classes == NULL) {
        return ht__fail_memory(err, source->samples * sizeof *classes);
    }
    for (size_t i = 0; i < source->table.column_count; ++i) {
        const ht__column *column = &source->table.columns[i];
        for (size_t row = 0; column->is_target && row < source->samples; ++row) {
            classes[row] = column->values[row] >= 0 ? (float)column->values[row] : 0;
        }
    }
    source->targets = classes;
    return HT_OK;
}

/* Parts that stand for themselves ("test", "validation") stay whole and in file order. */
static ht_status cut(ht__opening *job, size_t index, ht_error *err) {
    ht__loaded_part *part = &job->parts[index];
    const ht__description *description = &job->description;
    const char *name = description->parts[index].name;
    size_t samples = part->source.samples;
    if (samples > UINT32_MAX) {
        return ht__fail(err, HT_ERROR_LIMIT, "%zu samples are more than 2^32 - 1.", samples);
    }
    part->order = ht__arena_alloc(job->arena, (samples + 1) * sizeof *part->order);
    if (part->order == NULL) {
        return ht__fail_memory(err, samples * sizeof *part->order);
    }
    bool whole = strcmp(name, "all") == 0, training = strcmp(name, "train") == 0;
    double validation =
        training && ht__description_part(description, "validation") != NULL ? 0 : description->validation;
    double fractions[3] = {training ? 1 - validation : description->train, validation, 0};
    if (whole || (training && validation > 0)) {
        HT_TRY(load_table_classes(job, &part->source, err));
        return ht__split(&job->ctx->allocator, samples, job->seed, fractions, whole ? 3 : 2,
                         class_targets(job, &part->source), part->order, part->bounds, err);
    }
    for (size_t i = 0; i < samples; ++i) {
        part->order[i] = (uint32_t)i;
    }
    part->bounds[1] = part->bounds[2] = part->bounds[3] = samples;
    return HT_OK;
}

ht_status ht__part_load(ht__opening *job, size_t index, ht_error *err) {
    ht__loaded_part *part = &job->parts[index];
    if (part->loaded) {
        return HT_OK;
    }
    const ht__description *description = &job->description;
    ht__part_file *files = ht__arena_alloc(job->arena, HT__MAX_FILES * sizeof *files);
    if (files == NULL) {
        return ht__fail_memory(err, HT__MAX_FILES * sizeof *files);
    }
    HT_TRY(ht__locate_part(job->arena, description, &description->parts[index], job->data_dir, files, err));
    ht__reading reading = {
        .ctx = job->ctx,
        .arena = job->arena,
        .options = {description->options, description->file, "options"},
        .task = description->task,
        .files = files,
        .file_count = description->parts[index].file_count,
        .classes = description->classes,
        .class_count = description->class_count,
    };
    HT_TRY(description->reader->read(&reading, &part->source, err));
    part->loaded = true;
    return cut(job, index, err);
}

static size_t part_index(const ht__description *description, const char *name) {
    const ht__described_part *part = ht__description_part(description, name);
    return part != NULL ? (size_t)(part - description->parts) : HT__MAX_PARTS;
}

static void add_segment(ht__opening *job, size_t part, size_t begin, size_t end, ht__segments *out) {
    out->segment[out->count++] = (ht__segment){part, job->parts[part].order + begin, end - begin};
}

ht_status ht__split_samples(ht__opening *job, ht__split_name split, ht__segments *out, ht_error *err) {
    const ht__description *description = &job->description;
    if (split == HT__SPLIT_ALL) {
        static const ht__split_name pieces[] = {HT__SPLIT_TRAIN, HT__SPLIT_VALIDATION, HT__SPLIT_TEST};
        for (size_t i = 0; i < sizeof pieces / sizeof *pieces; ++i) {
            bool whole = part_index(description, "all") != HT__MAX_PARTS;
            bool own = part_index(description, ht__split_names[pieces[i]]) != HT__MAX_PARTS;
            bool carved = pieces[i] == HT__SPLIT_VALIDATION && description->validation > 0 &&
                          part_index(description, "train") != HT__MAX_PARTS;
            bool exists = whole || own || carved;
            if (exists) {
                HT_TRY(ht__split_samples(job, pieces[i], out, err));
            }
        }
        return HT_OK;
    }
    size_t own = part_index(description, ht__split_names[split]); /* calibration never has one */
    size_t whole = part_index(description, "all"), training = part_index(description, "train");
    size_t part = own != HT__MAX_PARTS ? own : whole != HT__MAX_PARTS || split == HT__SPLIT_TEST ? whole : training;
    if (part == HT__MAX_PARTS) {
        return ht__fail_at(err, HT_ERROR_NOT_FOUND, description->name, "This data set has no split '%s'.",
                           ht__split_names[split]);
    }
    HT_TRY(ht__part_load(job, part, err));
    const size_t *bounds = job->parts[part].bounds;
    size_t group = own != HT__MAX_PARTS || split == HT__SPLIT_CALIBRATION ? 0 : (size_t)split;
    size_t begin = bounds[group], end = bounds[group + 1];
    /* The order is a seeded permutation, so the first training samples are a random choice of them. */
    if (split == HT__SPLIT_CALIBRATION && end - begin > description->calibration) {
        end = begin + description->calibration;
    }
    add_segment(job, part, begin, end, out);
    return HT_OK;
}

ht_status ht__spec_samples(ht__opening *job, ht__segments *out, ht_error *err) {
    *out = (ht__segments){0};
    for (size_t i = 0; i < job->spec.split_count; ++i) {
        if (out->count + 3 > HT__MAX_SEGMENTS) {
            return ht__fail_at(err, HT_ERROR_ARGUMENT, job->spec.split_text, "Too many splits are joined.");
        }
        HT_TRY(ht__split_samples(job, job->spec.splits[i], out, err));
    }
    return HT_OK;
}

size_t ht__segments_total(const ht__segments *segments) {
    size_t total = 0;
    for (size_t s = 0; s < segments->count; ++s) {
        total += segments->segment[s].count;
    }
    return total;
}

void ht__segments_at(const ht__segments *segments, size_t index, size_t *part, uint32_t *sample) {
    size_t s = 0;
    while (index >= segments->segment[s].count) {
        index -= segments->segment[s++].count;
    }
    *part = segments->segment[s].part;
    *sample = segments->segment[s].samples[index];
}
