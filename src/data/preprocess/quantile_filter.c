/* quantile-filter: keeps the rows whose value in a column lies between two quantiles of the training split, both
 * inclusive. Quantiles interpolate linearly between order statistics (numpy's default; Hyndman and Fan's type 7). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/preprocess/steps.h"

typedef struct filter_state {
    const char *column;
    double low, high;        /* quantiles, 0..1 */
    double minimum, maximum; /* fitted */
} filter_state;

static ht_status parse(void *raw, ht_arena *arena, const ht__fields *fields, bool *fitted, ht_error *err) {
    static const char *const keys[] = {"column", "low", "high", "minimum", "maximum", NULL};
    filter_state *state = raw;
    *state = (filter_state){.low = 0.05, .high = 0.95, .minimum = NAN, .maximum = NAN};
    HT_TRY(ht__fields_known(fields, keys, err));
    HT_TRY(ht__field_text(fields, "column", &state->column, err));
    HT_TRY(ht__field_double(fields, "low", &state->low, err));
    HT_TRY(ht__field_double(fields, "high", &state->high, err));
    HT_TRY(ht__field_double(fields, "minimum", &state->minimum, err));
    HT_TRY(ht__field_double(fields, "maximum", &state->maximum, err));
    if (state->column == NULL) {
        return ht__fields_fail(fields, err, "'column' must be given.");
    }
    if (!(state->low >= 0 && state->low < state->high && state->high <= 1)) {
        return ht__fields_fail(fields, err, "0 <= low < high <= 1 must hold.");
    }
    state->column = ht__arena_strdup(arena, state->column);
    *fitted = !isnan(state->minimum) && !isnan(state->maximum);
    return state->column != NULL ? HT_OK : ht__fail_memory(err, 64);
}

static json_t *print(const void *raw) {
    const filter_state *state = raw;
    return json_pack("{s:s, s:f, s:f, s:f, s:f}", "column", state->column, "low", state->low, "high", state->high,
                     "minimum", state->minimum, "maximum", state->maximum);
}

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(const double *sorted, size_t count, double q) {
    double position = q * (double)(count - 1);
    size_t below = (size_t)position;
    double above = sorted[below + 1 < count ? below + 1 : below];
    return sorted[below] + (position - (double)below) * (above - sorted[below]);
}

static ht_status find_column(const filter_state *state, const ht__table *table, const ht__column **column,
                             ht_error *err) {
    *column = ht__table_column(table, state->column);
    if (*column == NULL || (*column)->is_words) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, table->file, "quantile-filter wants a column '%.60s' of numbers.",
                           state->column);
    }
    return HT_OK;
}

static ht_status fit(void *raw, const ht__table *table, const ht__rows *training, ht_error *err) {
    filter_state *state = raw;
    const ht__column *column;
    HT_TRY(find_column(state, table, &column, err));
    double *values = ht__arena_alloc(table->arena, (training->count + 1) * sizeof *values);
    if (values == NULL) {
        return ht__fail_memory(err, training->count * sizeof *values);
    }
    size_t count = 0;
    for (size_t i = 0; i < training->count; ++i) {
        uint32_t row = training->rows[i];
        if (!table->dropped[row] && !isnan(column->values[row])) {
            values[count++] = column->values[row];
        }
    }
    if (count == 0) {
        return ht__fail_at(err, HT_ERROR_FORMAT, table->file, "The column '%.60s' has no value in the training split.",
                           state->column);
    }
    qsort(values, count, sizeof *values, compare_doubles);
    state->minimum = quantile(values, count, state->low);
    state->maximum = quantile(values, count, state->high);
    return HT_OK;
}

static ht_status apply(const void *raw, ht__table *table, ht_error *err) {
    const filter_state *state = raw;
    const ht__column *column;
    HT_TRY(find_column(state, table, &column, err));
    for (size_t row = 0; row < table->rows; ++row) {
        double x = column->values[row];
        table->dropped[row] |= !(x >= state->minimum && x <= state->maximum); /* missing: out */
    }
    return HT_OK;
}

const ht__step_type ht__step_quantile_filter = {
    .name = "quantile-filter",
    .summary = "keeps rows between two quantiles of a column, fitted on the training split, in every split",
    .kind = HT__STEP_TABLE,
    .state_bytes = sizeof(filter_state),
    .parse = parse,
    .print = print,
    .fit_table = fit,
    .apply_table = apply,
};
