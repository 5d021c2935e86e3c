/* Tables: steps over all rows of each part, then the wanted rows as f32. */
#include <math.h>
#include <string.h>

#include "data/dataset.h"

static ht_status training_rows(ht__opening *job, ht__rows *out, ht_error *err) {
    ht__segments training = {0};
    HT_TRY(ht__split_samples(job, HT__SPLIT_TRAIN, &training, err));
    *out = (ht__rows){training.segment[0].samples, training.segment[0].count};
    return HT_OK;
}

/* Where each word of the target column stands among the data set's classes. */
static ht_status map_classes(const ht__opening *job, const ht__table *table, ht__column *target, ht_dataset *out,
                             ht_error *err) {
    const ht__description *description = &job->description;
    if (out->info.class_names == NULL) {
        const char *const *names = description->classes != NULL ? description->classes : target->words;
        size_t count = description->classes != NULL ? description->class_count : target->word_count;
        HT_TRY(ht__collect_classes(out, names, count, err));
    }
    for (size_t row = 0; row < table->rows; ++row) {
        if (isnan(target->values[row])) {
            continue; /* reported when the row is wanted */
        }
        const char *word = target->words[(size_t)target->values[row]];
        size_t index = 0;
        while (index < out->info.classes && strcmp(out->info.class_names[index], word) != 0) {
            ++index;
        }
        if (index == out->info.classes) {
            return ht__fail_line(err, HT_ERROR_FORMAT, table->file, table->lines[row],
                                 "The label '%.60s' is none of the %zu classes.", word, out->info.classes);
        }
        target->values[row] = (double)index;
    }
    target->is_words = false;
    return HT_OK;
}

static ht_status prepare_part(ht__opening *job, size_t part, const ht__rows *training, ht_dataset *out, ht_error *err) {
    ht__table *table = &job->parts[part].source.table;
    for (size_t i = 0; i < table->column_count; ++i) {
        if (table->columns[i].is_target && table->columns[i].is_words) {
            HT_TRY(map_classes(job, table, &table->columns[i], out, err));
        }
    }
    return ht__pipeline_table(&job->pipeline, table, training, err);
}

static ht_status name_inputs(const ht__table *table, ht_dataset *out, ht_error *err) {
    const char **names = ht__arena_alloc(out->arena, (table->column_count + 1) * sizeof *names);
    if (names == NULL) {
        return ht__fail_memory(err, table->column_count * sizeof *names);
    }
    size_t inputs = 0, targets = 0;
    for (size_t i = 0; i < table->column_count; ++i) {
        const ht__column *column = &table->columns[i];
        if (column->is_words) {
            return ht__fail_at(err, HT_ERROR_FORMAT, table->file,
                               "The column '%.60s' holds words such as '%.40s': add the step one-hot, or drop it.",
                               column->name, column->word_count != 0 ? column->words[0] : "?");
        }
        targets += column->is_target;
        if (!column->is_target && (names[inputs++] = ht__arena_strdup(out->arena, column->name)) == NULL) {
            return ht__fail_memory(err, strlen(column->name));
        }
    }
    out->info.rank = 1;
    out->info.dims[0] = inputs;
    out->info.dims[1] = out->info.dims[2] = 1;
    out->info.input_elements = inputs;
    out->info.input_names = names;
    out->info.target_width = targets;
    return HT_OK;
}

static ht_status copy_row(const ht__table *table, uint32_t row, float *inputs, float *targets, ht_error *err) {
    for (size_t i = 0; i < table->column_count; ++i) {
        double x = table->columns[i].values[row];
        if (!isfinite((float)x)) {
            return ht__fail_line(err, HT_ERROR_FORMAT, table->file, table->lines[row],
                                 isnan(x) ? "The column '%.60s' has no value here; networks need one in each cell."
                                          : "The column '%.60s' has a value here that f32 cannot hold.",
                                 table->columns[i].name);
        }
        *(table->columns[i].is_target ? targets++ : inputs++) = (float)x;
    }
    return HT_OK;
}

/* Copies rows begin.. of all kept ones. */
static ht_status copy_rows(const ht__opening *job, const ht__segments *wanted, size_t begin, ht_dataset *out,
                           ht_error *err) {
    size_t kept = 0, written = 0;
    for (size_t s = 0; s < wanted->count; ++s) {
        const ht__segment *segment = &wanted->segment[s];
        const ht__table *table = &job->parts[segment->part].source.table;
        for (size_t i = 0; i < segment->count && written < out->info.samples; ++i) {
            if (table->dropped[segment->samples[i]] || kept++ < begin) {
                continue;
            }
            HT_TRY(copy_row(table, segment->samples[i], out->values + written * out->info.input_elements,
                            out->targets + written * out->info.target_width, err));
            ++written;
        }
    }
    return HT_OK;
}

ht_status ht__collect_table(ht__opening *job, const ht__segments *wanted, ht_dataset *out, ht_error *err) {
    ht__rows training = {0};
    bool learns = ht__pipeline_needs_training(&job->pipeline);
    if (learns) {
        HT_TRY(training_rows(job, &training, err));
    }
    if (job->description.task == HT_TASK_CLASSIFICATION && job->description.classes == NULL &&
        job->description.part_count > 1) {
        return ht__fail_at(err, HT_ERROR_FORMAT, job->description.file,
                           "A table in several files must list its 'classes', so that each file numbers them alike.");
    }
    /* The part that is learnt from goes first; after it every step is fitted. */
    ht__segments training_first = {0};
    if (learns) {
        HT_TRY(ht__split_samples(job, HT__SPLIT_TRAIN, &training_first, err));
        HT_TRY(prepare_part(job, training_first.segment[0].part, &training, out, err));
    }
    bool done[HT__MAX_PARTS] = {false};
    if (learns) {
        done[training_first.segment[0].part] = true;
    }
    size_t available = 0;
    for (size_t s = 0; s < wanted->count; ++s) {
        const ht__segment *segment = &wanted->segment[s];
        if (!done[segment->part]) {
            HT_TRY(prepare_part(job, segment->part, NULL, out, err));
            done[segment->part] = true;
        }
        for (size_t i = 0; i < segment->count; ++i) {
            available += !job->parts[segment->part].source.table.dropped[segment->samples[i]];
        }
    }
    size_t begin;
    HT_TRY(ht__collect_slice(job, available, out, &begin, err));
    HT_TRY(name_inputs(&job->parts[wanted->segment[0].part].source.table, out, err));
    out->values = ht__calloc(&job->ctx->allocator, out->info.samples, out->info.input_elements * sizeof(float));
    out->targets = ht__calloc(&job->ctx->allocator, out->info.samples, out->info.target_width * sizeof(float));
    if (out->values == NULL || out->targets == NULL) {
        return ht__fail_memory(err, out->info.samples * out->info.input_elements * sizeof(float));
    }
    return copy_rows(job, wanted, begin, out, err);
}
