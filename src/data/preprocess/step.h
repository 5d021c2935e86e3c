/* Preprocessing: a list of steps, each of one kind, and the interface that a step implements.
 *
 *  - A *table* step changes columns or takes rows out (one-hot, quantile-filter).
 *  - A *picture* step maps an 8-bit picture to an 8-bit picture (resize, crop, letterbox, channel-order,
 *    repeat-channels). Picture steps stand before value steps.
 *  - A *value* step maps each number by a formula of its feature or channel (scale, normalize, standardize, min-max).
 *
 * What a step learns from data it learns from the training split only. A fitted step prints itself as JSON that parses
 * back into the same step.
 */
#ifndef HT_DATA_PREPROCESS_STEP_H
#define HT_DATA_PREPROCESS_STEP_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"
#include "data/fields.h"
#include "data/picture.h"
#include "data/table.h"

/* One feature's or channel's values over the training split. */
typedef struct ht__statistics {
    double mean, deviation; /* of the population: divided by n, as scikit-learn's StandardScaler does */
    double minimum, maximum;
} ht__statistics;

/* The training split of a table: row numbers, those dropped before included. */
typedef struct ht__rows {
    const uint32_t *rows;
    size_t count;
} ht__rows;

typedef enum ht__step_kind { HT__STEP_TABLE, HT__STEP_PICTURE, HT__STEP_VALUE } ht__step_kind;

typedef struct ht__step_type {
    const char *name;
    const char *summary; /* one line for the documentation */
    ht__step_kind kind;
    size_t state_bytes; /* zeroed before parse */
    /* Reads the arguments; fitted values too, where they are there. Sets *fitted when nothing remains to be learnt. */
    ht_status (*parse)(void *state, ht_arena *arena, const ht__fields *fields, bool *fitted, ht_error *err);
    /* The arguments with what was fitted; NULL when memory is short. */
    json_t *(*print)(const void *state);

    /* table: fit may be NULL; both see the table as the steps before left it. */
    ht_status (*fit_table)(void *state, const ht__table *table, const ht__rows *training, ht_error *err);
    ht_status (*apply_table)(const void *state, ht__table *table, ht_error *err);

    /* picture: `out` is another picture than `in`. */
    ht_status (*picture)(const void *state, const ht__picture *in, ht__picture *out, ht_error *err);
    /* Only for a step that copies the one plane of a picture: how often. Where it is the last picture step, the data
     * set stores the plane once. */
    size_t (*repeats)(const void *state);

    /* value: fit may be NULL. `count` features or channels; `apply` is called with channel < count. `check` says
     * whether the fitted state suits `count` features. */
    ht_status (*fit_values)(void *state, ht_arena *arena, const ht__statistics *statistics, size_t count,
                            ht_error *err);
    ht_status (*check_values)(const void *state, size_t count, ht_error *err);
    double (*value)(const void *state, size_t channel, double x);
    bool skips_indicators; /* one-hot columns are left as they are */
} ht__step_type;

/* Every step; ends with NULL. */
extern const ht__step_type *const ht__step_types[];
const ht__step_type *ht__step_type_find(const char *name);

/* Fails unless a state fitted for `fitted` features meets `count` (`fitted` 1 suits all). */
ht_status ht__step_check_count(const char *step, size_t fitted, size_t count, ht_error *err);

#endif
