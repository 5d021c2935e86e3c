#include "data/preprocess/pipeline.h"

#include <math.h>
#include <string.h>

/* ---- reading and printing ---------------------------------------------------------------------------------------- */

/* Splits {"scale": {...}, "on": "target"} or "scale" into the step's name, its arguments and the target. */
static ht_status open_entry(const ht__fields *entry, const char **name, const json_t **arguments, bool *on_target,
                            ht_error *err) {
    *name = NULL;
    *arguments = NULL;
    *on_target = false;
    if (json_is_string(entry->object)) {
        *name = json_string_value(entry->object);
        return HT_OK;
    }
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)entry->object, key, value) {
        if (strcmp(key, "on") == 0) {
            const char *target = json_string_value(value);
            *on_target = target != NULL && strcmp(target, "target") == 0;
            if (!*on_target && (target == NULL || strcmp(target, "inputs") != 0)) {
                return ht__fields_fail(entry, err, "'on' must be inputs or target.");
            }
        } else if (strcmp(key, HT__LINE_KEY) != 0) {
            if (*name != NULL) {
                return ht__fields_fail(entry, err, "each step is an entry of its own; '%s' and '%s' share one.", *name,
                                       key);
            }
            *name = key;
            *arguments = value;
        }
    }
    return *name != NULL ? HT_OK : ht__fields_fail(entry, err, "an entry is the name of a step, or a mapping from it.");
}

static ht_status parse_step(ht_arena *arena, const ht__fields *entry, ht__pipeline_step *step, ht_error *err) {
    const char *name;
    ht__fields inside = *entry;
    HT_TRY(open_entry(entry, &name, &inside.object, &step->on_target, err));
    step->type = ht__step_type_find(name);
    if (step->type == NULL) {
        return ht__fields_fail(entry, err, "there is no step '%.60s'.", name);
    }
    if (step->on_target && step->type->kind != HT__STEP_VALUE) {
        return ht__fields_fail(entry, err, "the step %s cannot work on the target.", name);
    }
    step->state = ht__arena_alloc(arena, step->type->state_bytes);
    if (step->state == NULL) {
        return ht__fail_memory(err, step->type->state_bytes);
    }
    inside.what = step->type->name;
    return step->type->parse(step->state, arena, &inside, &step->fitted, err);
}

ht_status ht__pipeline_parse(ht_arena *arena, const char *file, const json_t *steps, ht__pipeline *out, ht_error *err) {
    *out = (ht__pipeline){.arena = arena};
    ht__fields whole = {NULL, file, "preprocess"};
    if (steps != NULL && !json_is_array(steps)) {
        return ht__fields_fail(&whole, err, "a list of steps is wanted.");
    }
    size_t count = json_array_size(steps);
    out->steps = ht__arena_alloc(arena, (count + 1) * sizeof *out->steps);
    if (out->steps == NULL) {
        return ht__fail_memory(err, count * sizeof *out->steps);
    }
    bool seen_value = false;
    for (size_t i = 0; i < count; ++i) {
        ht__fields entry = {json_array_get(steps, i), file, "preprocess"};
        HT_TRY(parse_step(arena, &entry, &out->steps[i], err));
        if (out->steps[i].type->kind == HT__STEP_PICTURE && seen_value) {
            return ht__fields_fail(&entry, err,
                                   "%s works on 8-bit pictures and must stand before the steps that scale.",
                                   out->steps[i].type->name);
        }
        seen_value |= out->steps[i].type->kind == HT__STEP_VALUE;
        ++out->count;
    }
    return HT_OK;
}

bool ht__pipeline_needs_training(const ht__pipeline *pipeline) {
    for (size_t i = 0; i < pipeline->count; ++i) {
        if (!pipeline->steps[i].fitted) {
            return true;
        }
    }
    return false;
}

json_t *ht__pipeline_print(const ht__pipeline *pipeline) {
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < pipeline->count; ++i) {
        const ht__pipeline_step *step = &pipeline->steps[i];
        json_t *entry = json_pack("{s:o}", step->type->name, step->type->print(step->state));
        if (entry != NULL && step->on_target) {
            json_object_set_new(entry, "on", json_string("target"));
        }
        if (json_array_append_new(list, entry) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* ---- fitting and applying ---------------------------------------------------------------------------------------- */

static ht_status fail_untrained(const ht__pipeline_step *step, ht_error *err) {
    return ht__fail(err, HT_ERROR_ARGUMENT, "The step %s learns from a training split, and none is at hand.",
                    step->type->name);
}

static ht_status fit_values(ht__pipeline *pipeline, ht__pipeline_step *step, const ht__statistics *statistics,
                            size_t count, ht_error *err) {
    if (!step->fitted) {
        if (statistics == NULL) {
            return fail_untrained(step, err);
        }
        HT_TRY(step->type->fit_values(step->state, pipeline->arena, statistics, count, err));
        step->fitted = true;
    }
    return step->type->check_values != NULL ? step->type->check_values(step->state, count, err) : HT_OK;
}

/* Running sums in two passes would need the values twice; Welford's update is as exact and needs them once. */
typedef struct accumulator {
    double count, mean, squares, minimum, maximum;
} accumulator;

static accumulator accumulate_begin(void) { return (accumulator){.minimum = INFINITY, .maximum = -INFINITY}; }

static void accumulate(accumulator *sum, double x, double weight) {
    sum->count += weight;
    double delta = x - sum->mean;
    sum->mean += delta * weight / sum->count;
    sum->squares += weight * delta * (x - sum->mean);
    sum->minimum = x < sum->minimum ? x : sum->minimum;
    sum->maximum = x > sum->maximum ? x : sum->maximum;
}

static ht__statistics accumulate_end(const accumulator *sum) {
    return (ht__statistics){sum->mean, sum->count > 0 ? sqrt(sum->squares / sum->count) : 0, sum->minimum,
                            sum->maximum};
}

static bool takes_column(const ht__pipeline_step *step, const ht__column *column) {
    return column->is_target == step->on_target && !column->is_words &&
           !(column->is_indicator && step->type->skips_indicators);
}

static ht_status column_statistics(const ht__table *table, const ht__column *column, const ht__rows *training,
                                   ht__statistics *out, ht_error *err) {
    accumulator sum = accumulate_begin();
    for (size_t i = 0; i < training->count; ++i) {
        uint32_t row = training->rows[i];
        if (!table->dropped[row] && !isnan(column->values[row])) {
            accumulate(&sum, column->values[row], 1);
        }
    }
    if (sum.count == 0) {
        return ht__fail_at(err, HT_ERROR_FORMAT, table->file, "The column '%.60s' has no value in the training split.",
                           column->name);
    }
    *out = accumulate_end(&sum);
    return HT_OK;
}

static ht_status table_value_step(ht__pipeline *pipeline, ht__pipeline_step *step, ht__table *table,
                                  const ht__rows *training, ht_error *err) {
    ht__statistics *statistics = ht__arena_alloc(pipeline->arena, (table->column_count + 1) * sizeof *statistics);
    if (statistics == NULL) {
        return ht__fail_memory(err, table->column_count * sizeof *statistics);
    }
    size_t count = 0;
    for (size_t i = 0; i < table->column_count; ++i) {
        if (takes_column(step, &table->columns[i])) {
            if (training != NULL && !step->fitted) {
                HT_TRY(column_statistics(table, &table->columns[i], training, &statistics[count], err));
            }
            ++count;
        }
    }
    HT_TRY(fit_values(pipeline, step, training != NULL ? statistics : NULL, count, err));
    size_t channel = 0;
    for (size_t i = 0; i < table->column_count; ++i) {
        if (takes_column(step, &table->columns[i])) {
            double *values = table->columns[i].values;
            for (size_t row = 0; row < table->rows; ++row) {
                values[row] = step->type->value(step->state, channel, values[row]);
            }
            ++channel;
        }
    }
    return HT_OK;
}

ht_status ht__pipeline_table(ht__pipeline *pipeline, ht__table *table, const ht__rows *training, ht_error *err) {
    for (size_t i = 0; i < pipeline->count; ++i) {
        ht__pipeline_step *step = &pipeline->steps[i];
        if (step->type->kind == HT__STEP_PICTURE) {
            return ht__fail_at(err, HT_ERROR_UNSUPPORTED, table->file,
                               "The step %s works on pictures; this is a table.", step->type->name);
        }
        if (step->type->kind == HT__STEP_VALUE) {
            HT_TRY(table_value_step(pipeline, step, table, training, err));
            continue;
        }
        if (!step->fitted) {
            if (training == NULL) {
                return fail_untrained(step, err);
            }
            HT_TRY(step->type->fit_table(step->state, table, training, err));
            step->fitted = true;
        }
        HT_TRY(step->type->apply_table(step->state, table, err));
    }
    return HT_OK;
}

ht_status ht__pipeline_picture(const ht__pipeline *pipeline, ht__picture *first, ht__picture *second,
                               const ht__picture **result, size_t *repeats, ht_error *err) {
    size_t end = pipeline->count;
    while (end > 0 && pipeline->steps[end - 1].type->kind != HT__STEP_PICTURE) {
        --end;
    }
    *repeats = 1;
    for (size_t i = 0; i < end; ++i) {
        const ht__pipeline_step *step = &pipeline->steps[i];
        if (step->type->kind != HT__STEP_PICTURE) {
            continue; /* a table step, refused when the values are made */
        }
        if (i + 1 == end && step->type->repeats != NULL && first->channels == 1) {
            *repeats = step->type->repeats(step->state);
            break;
        }
        HT_TRY(step->type->picture(step->state, first, second, err));
        ht__picture *swap = first;
        first = second;
        second = swap;
    }
    *result = first;
    return HT_OK;
}

ht_status ht__pipeline_check_arrays(const ht__pipeline *pipeline, bool pictures, ht_error *err) {
    for (size_t i = 0; i < pipeline->count; ++i) {
        const ht__pipeline_step *step = &pipeline->steps[i];
        if (step->type->kind == HT__STEP_TABLE) {
            return ht__fail(err, HT_ERROR_UNSUPPORTED, "The step %s works on tables; these are pictures or arrays.",
                            step->type->name);
        }
        if (step->on_target) {
            return ht__fail(err, HT_ERROR_UNSUPPORTED, "Only tables have targets that the step %s can change.",
                            step->type->name);
        }
        if (step->type->kind == HT__STEP_PICTURE && !pictures) {
            return ht__fail(err, HT_ERROR_UNSUPPORTED,
                            "The step %s works on 8-bit pictures; these are arrays of numbers.", step->type->name);
        }
    }
    return HT_OK;
}

ht_status ht__pipeline_levels(ht__pipeline *pipeline, size_t channels, size_t levels, double *level,
                              const uint64_t *counts, ht_error *err) {
    ht__statistics *statistics = ht__arena_alloc(pipeline->arena, (channels + 1) * sizeof *statistics);
    if (statistics == NULL) {
        return ht__fail_memory(err, channels * sizeof *statistics);
    }
    for (size_t i = 0; i < pipeline->count; ++i) {
        ht__pipeline_step *step = &pipeline->steps[i];
        if (step->type->kind != HT__STEP_VALUE) {
            continue;
        }
        for (size_t c = 0; counts != NULL && c < channels; ++c) {
            accumulator sum = accumulate_begin();
            for (size_t k = 0; k < levels; ++k) {
                if (counts[c * levels + k] != 0) {
                    accumulate(&sum, level[c * levels + k], (double)counts[c * levels + k]);
                }
            }
            statistics[c] = accumulate_end(&sum);
        }
        HT_TRY(fit_values(pipeline, step, counts != NULL ? statistics : NULL, channels, err));
        for (size_t k = 0; k < channels * levels; ++k) {
            level[k] = step->type->value(step->state, k / levels, level[k]);
        }
    }
    return HT_OK;
}

ht_status ht__pipeline_values(ht__pipeline *pipeline, float *values, size_t samples, size_t channels, size_t plane,
                              const ht__rows *training, ht_error *err) {
    ht__statistics *statistics = ht__arena_alloc(pipeline->arena, (channels + 1) * sizeof *statistics);
    if (statistics == NULL) {
        return ht__fail_memory(err, channels * sizeof *statistics);
    }
    for (size_t i = 0; i < pipeline->count; ++i) {
        ht__pipeline_step *step = &pipeline->steps[i];
        for (size_t c = 0; training != NULL && !step->fitted && c < channels; ++c) {
            accumulator sum = accumulate_begin();
            for (size_t k = 0; k < training->count; ++k) {
                const float *x = values + (training->rows[k] * channels + c) * plane;
                for (size_t p = 0; p < plane; ++p) {
                    accumulate(&sum, (double)x[p], 1);
                }
            }
            statistics[c] = accumulate_end(&sum);
        }
        HT_TRY(fit_values(pipeline, step, training != NULL ? statistics : NULL, channels, err));
        for (size_t k = 0; k < samples * channels * plane; ++k) {
            values[k] = (float)step->type->value(step->state, k / plane % channels, (double)values[k]);
        }
    }
    return HT_OK;
}
