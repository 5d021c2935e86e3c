#include "data/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

ht__column *ht__table_column(const ht__table *table, const char *name) {
    for (size_t i = 0; i < table->column_count; ++i) {
        if (strcmp(table->columns[i].name, name) == 0) {
            return &table->columns[i];
        }
    }
    return NULL;
}

static bool is_missing(const char *cell) {
    static const char *const spellings[] = {"", "?", "NA", "N/A", "NaN", "nan", "null", "NULL", "<null>"};
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; ++i) {
        if (strcmp(cell, spellings[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_listed(const char *name, const char *const *list, size_t count) {
    for (size_t i = 0; i < count; ++i) {
        if (strcmp(name, list[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* The cells of one column, from the first data row on. */
typedef struct strip {
    char *const *cell;
    size_t stride, rows;
} strip;
static const char *cell_at(const strip *cells, size_t row) { return cells->cell[row * cells->stride]; }

/* Fills values when the whole column is numeric. */
static bool read_numbers(const strip *cells, double *values) {
    for (size_t row = 0; row < cells->rows; ++row) {
        const char *cell = cell_at(cells, row);
        if (is_missing(cell)) {
            values[row] = NAN;
        } else if (!ht__parse_double(cell, &values[row]) || !isfinite(values[row])) {
            return false;
        }
    }
    return true;
}

static int compare_words(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* Numbers the distinct words of a column in sorted order. */
static ht_status read_words(ht_arena *arena, const strip *cells, ht__column *column, ht_error *err) {
    const char **words = ht__arena_alloc(arena, (cells->rows + 1) * sizeof *words);
    if (words == NULL) {
        return ht__fail_memory(err, cells->rows * sizeof *words);
    }
    size_t count = 0;
    for (size_t row = 0; row < cells->rows; ++row) {
        const char *cell = cell_at(cells, row);
        /* Most columns have few words: a look at those known keeps the list to be sorted short. */
        if (!is_missing(cell) && !is_listed(cell, words, count < 16 ? count : 16)) {
            words[count++] = cell;
        }
    }
    qsort(words, count, sizeof *words, compare_words);
    size_t distinct = 0;
    for (size_t i = 0; i < count; ++i) {
        if (distinct == 0 || strcmp(words[distinct - 1], words[i]) != 0) {
            words[distinct++] = words[i];
        }
    }
    for (size_t row = 0; row < cells->rows; ++row) {
        const char *cell = cell_at(cells, row);
        const char **found = is_missing(cell) ? NULL : bsearch(&cell, words, distinct, sizeof *words, compare_words);
        column->values[row] = found != NULL ? (double)(found - words) : NAN;
    }
    column->is_words = true;
    column->words = words;
    column->word_count = distinct;
    return HT_OK;
}

static ht_status read_column(ht_arena *arena, const strip *cells, bool as_words, ht__column *column, ht_error *err) {
    column->values = ht__arena_alloc(arena, cells->rows * sizeof *column->values);
    if (column->values == NULL) {
        return ht__fail_memory(err, cells->rows * sizeof *column->values);
    }
    if (!as_words && read_numbers(cells, column->values)) {
        return HT_OK;
    }
    return read_words(arena, cells, column, err);
}

static ht_status check_names(const char *file, const char *const *names, size_t count, const ht__table_plan *plan,
                             ht_error *err) {
    for (size_t i = 0; i < count; ++i) {
        if (names[i][0] == '\0') {
            return ht__fail_line(err, HT_ERROR_FORMAT, file, 1, "Column %zu has no name.", i + 1);
        }
        if (is_listed(names[i], names, i)) {
            return ht__fail_line(err, HT_ERROR_FORMAT, file, 1, "The column '%.60s' stands there twice.", names[i]);
        }
    }
    const struct {
        const char *const *list;
        size_t count;
    } lists[] = {{plan->drop, plan->drop_count}, {plan->target, plan->target_count}, {plan->words, plan->word_count}};
    for (size_t k = 0; k < sizeof lists / sizeof *lists; ++k) {
        for (size_t i = 0; i < lists[k].count; ++i) {
            if (!is_listed(lists[k].list[i], names, count)) {
                return ht__fail_at(err, HT_ERROR_NOT_FOUND, file, "There is no column '%.60s' (the first is '%.60s').",
                                   lists[k].list[i], names[0]);
            }
        }
    }
    return HT_OK;
}

ht_status ht__table_make(ht_arena *arena, const char *file, const ht__cells *cells, size_t first_row,
                         const char *const *names, const ht__table_plan *plan, ht__table *out, ht_error *err) {
    *out = (ht__table){.arena = arena, .file = file};
    if (cells->rows <= first_row) {
        return ht__fail_line(err, HT_ERROR_FORMAT, file, -1, "The file has no rows of data.");
    }
    HT_TRY(check_names(file, names, cells->columns, plan, err));
    out->rows = cells->rows - first_row;
    out->lines = cells->lines + first_row;
    out->columns = ht__arena_alloc(arena, cells->columns * sizeof *out->columns);
    out->dropped = ht__arena_alloc(arena, out->rows * sizeof *out->dropped);
    if (out->columns == NULL || out->dropped == NULL) {
        return ht__fail_memory(err, cells->columns * sizeof *out->columns);
    }
    for (size_t i = 0; i < cells->columns; ++i) {
        if (is_listed(names[i], plan->drop, plan->drop_count)) {
            continue;
        }
        ht__column *column = &out->columns[out->column_count++];
        column->name = names[i];
        column->is_target = is_listed(names[i], plan->target, plan->target_count);
        bool as_words =
            (column->is_target && plan->target_is_class) || is_listed(names[i], plan->words, plan->word_count);
        strip strip_of = {cells->cell + first_row * cells->columns + i, cells->columns, out->rows};
        HT_TRY(read_column(arena, &strip_of, as_words, column, err));
    }
    return HT_OK;
}
