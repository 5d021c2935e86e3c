#include "data/readers/tabular.h"

#include <string.h>

ht_status ht__tabular_options_read(const ht__reading *reading, ht__tabular_options *out, ht_error *err) {
    static const char *const keys[] = {"target", "drop", "words", "columns", "separator", "header", NULL};
    *out = (ht__tabular_options){.separator = ',', .header = true};
    const ht__fields *fields = &reading->options;
    HT_TRY(ht__fields_known(fields, keys, err));
    const char **target = NULL, **drop = NULL, **words = NULL, *separator = ",";
    HT_TRY(ht__field_texts(fields, "target", reading->arena, &target, &out->plan.target_count, err));
    HT_TRY(ht__field_texts(fields, "drop", reading->arena, &drop, &out->plan.drop_count, err));
    HT_TRY(ht__field_texts(fields, "words", reading->arena, &words, &out->plan.word_count, err));
    HT_TRY(ht__field_texts(fields, "columns", reading->arena, &out->columns, &out->column_count, err));
    HT_TRY(ht__field_text(fields, "separator", &separator, err));
    out->header = out->columns == NULL;
    HT_TRY(ht__field_bool(fields, "header", &out->header, err));
    out->separator = strcmp(separator, "tab") == 0         ? '\t'
                     : strcmp(separator, "semicolon") == 0 ? ';'
                     : strcmp(separator, "space") == 0     ? ' '
                                                           : separator[0];
    if (out->separator == '\0' || out->separator == '"' || out->separator == '\n') {
        return ht__fields_fail(fields, err, "'separator' must be one character, or tab, semicolon or space.");
    }
    out->plan.target = target;
    out->plan.drop = drop;
    out->plan.words = words;
    out->plan.target_is_class = reading->task == HT_TASK_CLASSIFICATION;
    return HT_OK;
}

static ht_status check_targets(const ht__reading *reading, const ht__table *table, ht_error *err) {
    size_t targets = 0;
    for (size_t i = 0; i < table->column_count; ++i) {
        targets += table->columns[i].is_target;
        if (table->columns[i].is_target && table->columns[i].is_words && reading->task == HT_TASK_REGRESSION) {
            return ht__fail_at(err, HT_ERROR_FORMAT, table->file,
                               "The target '%.60s' holds words such as '%.60s'; regression predicts numbers.",
                               table->columns[i].name, table->columns[i].words[0]);
        }
    }
    if (targets == 0) {
        return ht__fail_at(err, HT_ERROR_ARGUMENT, table->file, "No target column is named: add target=<column>.");
    }
    if (targets > 1 && reading->task == HT_TASK_CLASSIFICATION) {
        return ht__fail_at(err, HT_ERROR_ARGUMENT, table->file, "Classification has one target; %zu are named.",
                           targets);
    }
    if (targets == table->column_count) {
        return ht__fail_at(err, HT_ERROR_FORMAT, table->file, "No column is left to predict from.");
    }
    return HT_OK;
}

static void close_table(ht__source *source) {
    ht__bytes_free(source->state);
    source->state = NULL;
}

ht_status ht__tabular_finish(const ht__reading *reading, const ht__tabular_options *options, const char *path,
                             const ht__cells *cells, size_t first_row, const char *const *names, ht__bytes *bytes,
                             ht__source *out, ht_error *err) {
    ht__bytes *kept = ht__arena_copy(reading->arena, bytes, sizeof *bytes);
    ht_status status = kept != NULL ? HT_OK : ht__fail_memory(err, sizeof *bytes);
    if (status == HT_OK) {
        status = ht__table_make(reading->arena, path, cells, first_row, names, &options->plan, &out->table, err);
    }
    if (status == HT_OK) {
        status = check_targets(reading, &out->table, err);
    }
    if (status != HT_OK) {
        ht__bytes_free(bytes);
        return status;
    }
    out->kind = HT__SOURCE_TABLE;
    out->samples = out->table.rows;
    out->state = kept;
    out->close = close_table;
    return HT_OK;
}
