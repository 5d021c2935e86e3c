/* A report on a data set as its files hold it, before preprocessing. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "data/dataset.h"
#include "data/locate.h"

/* Pictures whose pixels are looked at: enough for three digits, few enough for folders of large JPEG files. */
#define MEASURED_PICTURES 10000

typedef struct inspection {
    ht__opening job;
    ht__segments splits[HT__SPLIT_NAMES];
    bool exists[HT__SPLIT_NAMES];
    ht__segments all; /* every sample of the splits that exist, once */
} inspection;

static ht_status find_splits(inspection *work, ht_error *err) {
    static const ht__split_name pieces[] = {HT__SPLIT_TRAIN, HT__SPLIT_VALIDATION, HT__SPLIT_TEST};
    const ht__spec *spec = &work->job.spec;
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; ++i) {
        bool named = spec->split_count == 0 || spec->splits[0] == HT__SPLIT_ALL;
        for (size_t k = 0; k < spec->split_count; ++k) {
            named |= spec->splits[k] == pieces[i] ||
                     (spec->splits[k] == HT__SPLIT_CALIBRATION && pieces[i] == HT__SPLIT_TRAIN);
        }
        ht__segments *found = &work->splits[pieces[i]];
        ht_status status = named ? ht__split_samples(&work->job, pieces[i], found, err) : HT_ERROR_ARGUMENT;
        if (named && status != HT_OK && !(status == HT_ERROR_NOT_FOUND && spec->split_count == 0 && i > 0)) {
            return status;
        }
        work->exists[pieces[i]] = status == HT_OK && ht__segments_total(found) != 0;
        if (work->exists[pieces[i]]) {
            work->all.segment[work->all.count++] = found->segment[0];
        }
    }
    return work->all.count != 0 ? HT_OK : ht__fail(err, HT_ERROR_NOT_FOUND, "The data set has no samples.");
}

static const ht__column *target_column(const ht__table *table) {
    for (size_t i = 0; i < table->column_count; ++i) {
        if (table->columns[i].is_target) {
            return &table->columns[i];
        }
    }
    return NULL;
}

/* ---- classes and splits ------------------------------------------------------------------------------------------ */

static size_t class_of(const ht__source *source, uint32_t sample) {
    if (source->kind != HT__SOURCE_TABLE) {
        return (size_t)source->targets[sample];
    }
    const ht__column *column = target_column(&source->table);
    return isnan(column->values[sample]) ? SIZE_MAX : (size_t)column->values[sample];
}

static json_t *count_classes(const inspection *work, const ht__segments *segments, size_t classes) {
    json_t *list = json_array();
    const ht_allocator *allocator = &work->job.ctx->allocator;
    size_t *counts = ht__calloc(allocator, classes + 1, sizeof *counts);
    for (size_t i = 0; counts != NULL && i < ht__segments_total(segments); ++i) {
        size_t part;
        uint32_t sample;
        ht__segments_at(segments, i, &part, &sample);
        size_t found = class_of(&work->job.parts[part].source, sample);
        counts[found < classes ? found : classes] += 1;
    }
    for (size_t c = 0; counts != NULL && c < classes; ++c) {
        json_array_append_new(list, json_integer((json_int_t)counts[c]));
    }
    ht__free(allocator, counts);
    return list;
}

static void add_splits(const inspection *work, json_t *report) {
    const ht__source *first = &work->job.parts[work->all.segment[0].part].source;
    bool classification = work->job.description.task == HT_TASK_CLASSIFICATION;
    const char *const *names = first->classes;
    size_t classes = first->class_count;
    if (first->kind == HT__SOURCE_TABLE && classification) {
        const ht__column *target = target_column(&first->table);
        names = target->words;
        classes = target->word_count;
    }
    json_t *splits = json_object();
    for (size_t i = 0; i < HT__SPLIT_NAMES; ++i) {
        if (work->exists[i]) {
            json_t *split = json_pack("{s:I}", "samples", (json_int_t)ht__segments_total(&work->splits[i]));
            if (classification) {
                json_object_set_new(split, "class_counts", count_classes(work, &work->splits[i], classes));
            }
            json_object_set_new(splits, ht__split_names[i], split);
        }
    }
    json_object_set_new(report, "splits", splits);
    if (classification) {
        json_object_set_new(report, "classes", ht__json_texts(names, classes));
    }
}

/* ---- columns ----------------------------------------------------------------------------------------------------- */

static json_t *describe_column(const inspection *work, size_t index) {
    double minimum = INFINITY, maximum = -INFINITY, sum = 0;
    size_t missing = 0, total = ht__segments_total(&work->all);
    const ht__column *first = &work->job.parts[work->all.segment[0].part].source.table.columns[index];
    for (size_t i = 0; i < total; ++i) {
        size_t part;
        uint32_t row;
        ht__segments_at(&work->all, i, &part, &row);
        double x = work->job.parts[part].source.table.columns[index].values[row];
        if (isnan(x)) {
            ++missing;
            continue;
        }
        sum += x;
        minimum = x < minimum ? x : minimum;
        maximum = x > maximum ? x : maximum;
    }
    json_t *column =
        json_pack("{s:s, s:s, s:b, s:I}", "name", first->name, "kind", first->is_words ? "words" : "numbers", "target",
                  first->is_target, "missing", (json_int_t)missing);
    if (first->is_words) {
        size_t shown = first->word_count < 8 ? first->word_count : 8;
        json_object_set_new(column, "distinct", json_integer((json_int_t)first->word_count));
        json_object_set_new(column, "first_words", ht__json_texts(first->words, shown));
    } else if (missing < total) {
        json_object_set_new(column, "minimum", json_real(minimum));
        json_object_set_new(column, "maximum", json_real(maximum));
        json_object_set_new(column, "mean", json_real(sum / (double)(total - missing)));
    }
    return column;
}

static void add_columns(const inspection *work, json_t *report) {
    json_t *columns = json_array();
    const ht__table *table = &work->job.parts[work->all.segment[0].part].source.table;
    for (size_t i = 0; i < table->column_count; ++i) {
        json_array_append_new(columns, describe_column(work, i));
    }
    json_object_set_new(report, "columns", columns);
}

/* ---- pictures ---------------------------------------------------------------------------------------------------- */

typedef struct pixel_sums {
    size_t pictures, channels;
    size_t least_height, most_height, least_width, most_width;
    double count[HT_DATASET_MAX_RANK + 1], sum[HT_DATASET_MAX_RANK + 1], squares[HT_DATASET_MAX_RANK + 1];
    uint8_t minimum[HT_DATASET_MAX_RANK + 1], maximum[HT_DATASET_MAX_RANK + 1];
} pixel_sums;

static void add_picture(pixel_sums *sums, const ht__picture *picture) {
    size_t plane = picture->height * picture->width;
    sums->channels = picture->channels < 4 ? picture->channels : 4;
    sums->least_height =
        sums->pictures == 0 || picture->height < sums->least_height ? picture->height : sums->least_height;
    sums->least_width = sums->pictures == 0 || picture->width < sums->least_width ? picture->width : sums->least_width;
    sums->most_height = picture->height > sums->most_height ? picture->height : sums->most_height;
    sums->most_width = picture->width > sums->most_width ? picture->width : sums->most_width;
    for (size_t c = 0; c < sums->channels; ++c) {
        const uint8_t *pixels = ht__picture_plane(picture, c);
        uint64_t sum = 0, squares = 0;
        for (size_t p = 0; p < plane; ++p) {
            sum += pixels[p];
            squares += (uint64_t)pixels[p] * pixels[p];
            sums->minimum[c] = sums->pictures == 0 && p == 0  ? pixels[p]
                               : pixels[p] < sums->minimum[c] ? pixels[p]
                                                              : sums->minimum[c];
            sums->maximum[c] = pixels[p] > sums->maximum[c] ? pixels[p] : sums->maximum[c];
        }
        sums->count[c] += (double)plane;
        sums->sum[c] += (double)sum;
        sums->squares[c] += (double)squares;
    }
    ++sums->pictures;
}

static ht_status add_pictures(const inspection *work, json_t *report, ht_error *err) {
    ht__picture picture = {.allocator = &work->job.ctx->allocator};
    pixel_sums sums = {0};
    size_t total = ht__segments_total(&work->all), step = total / MEASURED_PICTURES + 1;
    ht_status status = HT_OK;
    for (size_t i = 0; status == HT_OK && i < total; i += step) {
        size_t part;
        uint32_t sample;
        ht__segments_at(&work->all, i, &part, &sample);
        const ht__source *source = &work->job.parts[part].source;
        status = source->picture(source, sample, &picture, err);
        if (status == HT_OK) {
            add_picture(&sums, &picture);
        }
        if (source->slow_pictures && sums.pictures % 1000 == 0) {
            ht__progress(work->job.ctx, "reading pictures", (double)i, (double)total, NULL);
            status = status == HT_OK ? ht__check_interrupt(work->job.ctx, err) : status;
        }
    }
    ht__picture_free(&picture);
    HT_TRY(status);
    json_t *channels = json_array();
    for (size_t c = 0; c < sums.channels; ++c) {
        double mean = sums.sum[c] / sums.count[c], variance = sums.squares[c] / sums.count[c] - mean * mean;
        json_array_append_new(channels,
                              json_pack("{s:i, s:i, s:f, s:f}", "minimum", sums.minimum[c], "maximum", sums.maximum[c],
                                        "mean", mean, "deviation", sqrt(variance > 0 ? variance : 0)));
    }
    json_object_set_new(report, "pictures",
                        json_pack("{s:I, s:[I,I], s:[I,I], s:o}", "measured", (json_int_t)sums.pictures, "height",
                                  (json_int_t)sums.least_height, (json_int_t)sums.most_height, "width",
                                  (json_int_t)sums.least_width, (json_int_t)sums.most_width, "channels", channels));
    return HT_OK;
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static ht_status add_files(inspection *work, json_t *report, ht_error *err) {
    const ht__description *description = &work->job.description;
    ht__part_file *files = ht__arena_alloc(work->job.arena, HT__MAX_FILES * sizeof *files);
    json_t *list = json_array();
    for (size_t p = 0; files != NULL && p < description->part_count; ++p) {
        if (!work->job.parts[p].loaded) {
            continue;
        }
        const ht__described_part *part = &description->parts[p];
        HT_TRY(ht__locate_part(work->job.arena, description, part, work->job.data_dir, files, err));
        for (size_t i = 0; i < part->file_count; ++i) {
            struct stat info;
            json_int_t bytes = stat(files[i].path, &info) == 0 && S_ISREG(info.st_mode) ? (json_int_t)info.st_size : 0;
            json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:I}", "part", part->name, "role", files[i].role,
                                                  "path", files[i].path, "bytes", bytes));
        }
    }
    json_object_set_new(report, "files", list);
    return HT_OK;
}

/* The shape that a network sees: one sample is opened for it. Raw data that cannot be preprocessed have none. */
static void add_inputs(const inspection *work, const ht_dataset_options *options, json_t *report) {
    ht_dataset *dataset;
    ht__split_name split = work->exists[HT__SPLIT_TEST] ? HT__SPLIT_TEST : HT__SPLIT_TRAIN;
    const char *spec = ht__arena_printf(work->job.arena, "%s:%s[0:1]", work->job.spec.base, ht__split_names[split]);
    if (spec == NULL || ht_dataset_open(work->job.ctx, spec, options, &dataset, NULL) != HT_OK) {
        return;
    }
    const ht_dataset_info *info = ht_dataset_describe(dataset);
    json_t *dims = json_array();
    for (size_t i = 0; i < info->rank; ++i) {
        json_array_append_new(dims, json_integer((json_int_t)info->dims[i]));
    }
    json_object_set_new(report, "inputs", dims);
    json_object_set_new(report, "preprocess", json_loads(dataset->preprocess_json, 0, NULL));
    ht_dataset_close(dataset);
}

static ht_status inspect(inspection *work, const ht_dataset_options *options, json_t *report, ht_error *err) {
    const ht__description *description = &work->job.description;
    HT_TRY(find_splits(work, err));
    const ht__source *first = &work->job.parts[work->all.segment[0].part].source;
    const char *task = description->task == HT_TASK_REGRESSION ? "regression" : "classification";
    json_object_set_new(report, "format", json_string("halftone-data"));
    json_object_set_new(report, "version", json_integer(1));
    json_object_set_new(report, "name", json_string(description->name));
    json_object_set_new(report, "title", json_string(description->title));
    json_object_set_new(report, "licence", json_string(description->licence));
    json_object_set_new(report, "task", json_string(task));
    json_object_set_new(report, "reader", json_string(description->reader->name));
    json_object_set_new(report, "samples", json_integer((json_int_t)ht__segments_total(&work->all)));
    HT_TRY(add_files(work, report, err));
    add_splits(work, report);
    if (first->kind == HT__SOURCE_TABLE) {
        add_columns(work, report);
    } else if (first->kind == HT__SOURCE_PICTURES) {
        HT_TRY(add_pictures(work, report, err));
    }
    add_inputs(work, options, report);
    return HT_OK;
}

ht_status ht_dataset_inspect(ht_context *ctx, const char *spec, const ht_dataset_options *options, char **json,
                             ht_error *err) {
    *json = NULL;
    inspection *work = ht__calloc(&ctx->allocator, 1, sizeof *work);
    json_t *report = json_object();
    ht_status status = work != NULL && report != NULL ? ht__opening_begin(ctx, spec, options, &work->job, err)
                                                      : ht__fail_memory(err, sizeof *work);
    if (status == HT_OK) {
        status = inspect(work, options, report, err);
    }
    if (status == HT_OK) {
        char *text = json_dumps(report, JSON_INDENT(2) | JSON_REAL_PRECISION(17));
        *json = ht__strdup(&ctx->allocator, text);
        free(text);
        status = *json != NULL ? HT_OK : ht__fail_memory(err, 1024);
    }
    json_decref(report);
    if (work != NULL) {
        ht__opening_end(&work->job);
        ht__free(&ctx->allocator, work);
    }
    return status;
}

void ht_text_free(ht_context *ctx, char *text) { ht__free(&ctx->allocator, text); }
