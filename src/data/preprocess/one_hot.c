/* one-hot: each column of words becomes one column of 0 and 1 per word of the training split, in sorted order, where
 * the column stood. A word that the training split does not have gives zeros. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/preprocess/steps.h"

typedef struct encoded_column {
    const char *name;
    size_t word_count;
    const char **words;
} encoded_column;

typedef struct one_hot_state {
    size_t chosen_count;
    const char **chosen; /* NULL: every input column of words */
    size_t count;
    encoded_column *columns;
    ht_arena *arena;
} one_hot_state;

static ht_status parse_fitted(one_hot_state *state, const ht__fields *fields, const json_t *words, ht_error *err) {
    size_t count = json_object_size(words);
    state->columns = ht__arena_alloc(state->arena, (count + 1) * sizeof *state->columns);
    if (state->columns == NULL) {
        return ht__fail_memory(err, count * sizeof *state->columns);
    }
    const char *name;
    json_t *list;
    ht__fields inside = {words, fields->file, fields->what};
    json_object_foreach((json_t *)(uintptr_t)words, name, list) {
        if (strcmp(name, HT__LINE_KEY) == 0) {
            continue;
        }
        encoded_column *column = &state->columns[state->count++];
        column->name = ht__arena_strdup(state->arena, name);
        HT_TRY(ht__field_texts(&inside, name, state->arena, &column->words, &column->word_count, err));
        if (column->name == NULL) {
            return ht__fail_memory(err, strlen(name));
        }
    }
    return HT_OK;
}

static ht_status parse(void *raw, ht_arena *arena, const ht__fields *fields, bool *fitted, ht_error *err) {
    static const char *const keys[] = {"columns", "words", NULL};
    one_hot_state *state = raw;
    state->arena = arena;
    HT_TRY(ht__fields_known(fields, keys, err));
    HT_TRY(ht__field_texts(fields, "columns", arena, &state->chosen, &state->chosen_count, err));
    const json_t *words = json_object_get(fields->object, "words");
    *fitted = words != NULL;
    return words != NULL ? parse_fitted(state, fields, words, err) : HT_OK;
}

static json_t *print(const void *raw) {
    const one_hot_state *state = raw;
    json_t *words = json_object();
    for (size_t i = 0; words != NULL && i < state->count; ++i) {
        const encoded_column *column = &state->columns[i];
        if (json_object_set_new(words, column->name, ht__json_texts(column->words, column->word_count)) != 0) {
            json_decref(words);
            return NULL;
        }
    }
    return json_pack("{s:o}", "words", words);
}

static bool is_chosen(const one_hot_state *state, const ht__column *column) {
    if (column->is_target || !column->is_words) {
        return false;
    }
    for (size_t i = 0; i < state->chosen_count; ++i) {
        if (strcmp(state->chosen[i], column->name) == 0) {
            return true;
        }
    }
    return state->chosen == NULL;
}

/* The words of a column that training rows use. */
static ht_status fit_column(one_hot_state *state, const ht__table *table, const ht__column *column,
                            const ht__rows *training, ht_error *err) {
    encoded_column *fitted = &state->columns[state->count++];
    fitted->name = ht__arena_strdup(state->arena, column->name);
    fitted->words = ht__arena_alloc(state->arena, (column->word_count + 1) * sizeof *fitted->words);
    bool *used = ht__arena_alloc(state->arena, column->word_count + 1);
    if (fitted->name == NULL || fitted->words == NULL || used == NULL) {
        return ht__fail_memory(err, column->word_count * sizeof *fitted->words);
    }
    for (size_t i = 0; i < training->count; ++i) {
        uint32_t row = training->rows[i];
        if (!table->dropped[row] && !isnan(column->values[row])) {
            used[(size_t)column->values[row]] = true;
        }
    }
    for (size_t i = 0; i < column->word_count; ++i) {
        if (used[i]) {
            fitted->words[fitted->word_count] = ht__arena_strdup(state->arena, column->words[i]);
            if (fitted->words[fitted->word_count++] == NULL) {
                return ht__fail_memory(err, strlen(column->words[i]));
            }
        }
    }
    return HT_OK;
}

static ht_status fit(void *raw, const ht__table *table, const ht__rows *training, ht_error *err) {
    one_hot_state *state = raw;
    state->columns = ht__arena_alloc(state->arena, (table->column_count + 1) * sizeof *state->columns);
    if (state->columns == NULL) {
        return ht__fail_memory(err, table->column_count * sizeof *state->columns);
    }
    for (size_t i = 0; i < state->chosen_count; ++i) {
        if (ht__table_column(table, state->chosen[i]) == NULL) {
            return ht__fail_at(err, HT_ERROR_NOT_FOUND, table->file,
                               "one-hot names a column '%.60s' that is not there.", state->chosen[i]);
        }
    }
    for (size_t i = 0; i < table->column_count; ++i) {
        if (is_chosen(state, &table->columns[i])) {
            HT_TRY(fit_column(state, table, &table->columns[i], training, err));
        }
    }
    return HT_OK;
}

/* Writes the indicator columns of one encoded column to `out`. */
static ht_status encode(const encoded_column *fitted, const ht__table *table, const ht__column *column, ht__column *out,
                        ht_error *err) {
    for (size_t k = 0; k < fitted->word_count; ++k) {
        double *values = ht__arena_alloc(table->arena, table->rows * sizeof *values);
        const char *name = ht__arena_printf(table->arena, "%s=%s", fitted->name, fitted->words[k]);
        if (values == NULL || name == NULL) {
            return ht__fail_memory(err, table->rows * sizeof *values);
        }
        for (size_t row = 0; row < table->rows; ++row) {
            double word = column->values[row];
            values[row] = isnan(word) ? NAN : strcmp(column->words[(size_t)word], fitted->words[k]) == 0;
        }
        out[k] = (ht__column){.name = name, .is_indicator = true, .values = values};
    }
    return HT_OK;
}

static ht_status apply(const void *raw, ht__table *table, ht_error *err) {
    const one_hot_state *state = raw;
    size_t most = table->column_count;
    for (size_t i = 0; i < state->count; ++i) {
        const ht__column *column = ht__table_column(table, state->columns[i].name);
        if (column == NULL || !column->is_words) {
            return ht__fail_at(err, HT_ERROR_MISMATCH, table->file,
                               "The column '%.60s' that one-hot encodes is not there.", state->columns[i].name);
        }
        most += state->columns[i].word_count;
    }
    if (most > HT__TABLE_MAX_COLUMNS) {
        return ht__fail_at(err, HT_ERROR_LIMIT, table->file,
                           "one-hot would make %zu columns, more than %u; drop the column with the many words.", most,
                           HT__TABLE_MAX_COLUMNS);
    }
    ht__column *columns = ht__arena_alloc(table->arena, most * sizeof *columns);
    if (columns == NULL) {
        return ht__fail_memory(err, most * sizeof *columns);
    }
    size_t count = 0;
    for (size_t i = 0; i < table->column_count; ++i) {
        const encoded_column *fitted = NULL;
        for (size_t k = 0; k < state->count; ++k) {
            if (strcmp(state->columns[k].name, table->columns[i].name) == 0) {
                fitted = &state->columns[k];
            }
        }
        if (fitted == NULL) {
            columns[count++] = table->columns[i];
        } else {
            HT_TRY(encode(fitted, table, &table->columns[i], columns + count, err));
            count += fitted->word_count;
        }
    }
    table->columns = columns;
    table->column_count = count;
    return HT_OK;
}

const ht__step_type ht__step_one_hot = {
    .name = "one-hot",
    .summary = "each column of words becomes one 0/1 column per word of the training split",
    .kind = HT__STEP_TABLE,
    .state_bytes = sizeof(one_hot_state),
    .parse = parse,
    .print = print,
    .fit_table = fit,
    .apply_table = apply,
};
