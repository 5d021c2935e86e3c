#include "study/recipe.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef enum row_kind { ROW_SIZE, ROW_DOUBLE, ROW_BOOL, ROW_OPTIMIZER, ROW_SCHEDULE } row_kind;

typedef struct ht_recipe_row {
    const char *name;
    row_kind kind;
    size_t offset; /* in ht_train_options */
    double low, high;
} ht_recipe_row;

#define AT(member) offsetof(ht_train_options, member)
static const ht_recipe_row rows[] = {
    {"epochs", ROW_SIZE, AT(epochs), 1, 100000},
    {"batch", ROW_SIZE, AT(batch), 1, 65536},
    {"optimizer", ROW_OPTIMIZER, AT(optimizer), 0, 0},
    {"learning_rate", ROW_DOUBLE, AT(learning_rate), 0, 1000},
    {"momentum", ROW_DOUBLE, AT(momentum), 0, 1},
    {"weight_decay", ROW_DOUBLE, AT(weight_decay), 0, 1000},
    {"nesterov", ROW_BOOL, AT(nesterov), 0, 1},
    {"clip_norm", ROW_DOUBLE, AT(clip_norm), 0, 1e9},
    {"clip_value", ROW_DOUBLE, AT(clip_value), 0, 1e9},
    {"schedule", ROW_SCHEDULE, AT(schedule), 0, 0},
    {"step_epochs", ROW_SIZE, AT(step_epochs), 1, 100000},
    {"step_factor", ROW_DOUBLE, AT(step_factor), 0, 1},
    {"label_smoothing", ROW_DOUBLE, AT(label_smoothing), 0, 1},
    {"dropout", ROW_DOUBLE, AT(dropout), 0, 1},
    {"flip", ROW_BOOL, AT(flip), 0, 1},
    {"crop", ROW_SIZE, AT(crop), 0, 1024},
    {"cutout", ROW_SIZE, AT(cutout), 0, 1024},
    {"bf16", ROW_BOOL, AT(bf16), 0, 1},
    {"patience", ROW_SIZE, AT(patience), 0, 100000},
    {"keep_best", ROW_BOOL, AT(keep_best), 0, 1},
};
#undef AT
enum { ROW_COUNT = sizeof rows / sizeof *rows };

/* In the order of the enums in halftone/train.h. */
static const char *const optimizers[] = {"sgd", "adam", "adamw", NULL};
static const char *const schedules[] = {"constant", "step", "cosine", "onecycle", NULL};
static const char *const initializations[] = {"he-normal", "he-uniform", "xavier-normal", "xavier-uniform", NULL};

static size_t find_word(const char *const *words, const char *text) {
    size_t i = 0;
    while (words[i] != NULL && strcmp(words[i], text) != 0) {
        ++i;
    }
    return i;
}

static ht_status parse_word(ht_document *document, ht_document_node *node, const char *what, const char *const *words,
                            double *out, ht_error *err) {
    const char *text;
    HT_TRY(ht__document_text(document, node, what, &text, err));
    size_t index = find_word(words, text);
    if (words[index] == NULL) {
        return ht__document_fail(document, node, err, "%s cannot be \"%.40s\"; the first choice is \"%s\".", what, text,
                                 words[0]);
    }
    *out = (double)index;
    return HT_OK;
}

static ht_status parse_value(ht_document *document, ht_document_node *node, const ht_recipe_row *row, double *out,
                             ht_error *err) {
    int64_t integer;
    bool truth;
    switch (row->kind) {
    case ROW_SIZE:
        HT_TRY(ht__document_integer(document, node, row->name, (int64_t)row->low, (int64_t)row->high, &integer, err));
        *out = (double)integer;
        return HT_OK;
    case ROW_DOUBLE: return ht__document_number(document, node, row->name, row->low, row->high, out, err);
    case ROW_BOOL:
        HT_TRY(ht__document_bool(document, node, row->name, &truth, err));
        *out = truth;
        return HT_OK;
    case ROW_OPTIMIZER: return parse_word(document, node, row->name, optimizers, out, err);
    case ROW_SCHEDULE: return parse_word(document, node, row->name, schedules, out, err);
    }
    return HT_ERROR_INTERNAL;
}

ht_status ht__recipe_parse(ht_arena *arena, ht_document *document, ht_document_node *node, ht_recipe_setting **out,
                           size_t *count, ht_error *err) {
    const char *names[ROW_COUNT + 1] = {NULL};
    for (size_t i = 0; i < ROW_COUNT; ++i) {
        names[i] = rows[i].name;
    }
    HT_TRY(ht__document_known(document, node, "\"train\"", names, err));
    *out = ht__arena_alloc(arena, sizeof **out * ROW_COUNT);
    if (*out == NULL) {
        return ht__fail_memory(err, sizeof **out * ROW_COUNT);
    }
    *count = 0;
    for (size_t i = 0; i < ROW_COUNT; ++i) {
        ht_document_node *value = ht__document_find(document, node, rows[i].name);
        if (value != NULL) {
            ht_recipe_setting *setting = &(*out)[(*count)++];
            setting->row = &rows[i];
            HT_TRY(parse_value(document, value, &rows[i], &setting->value, err));
        }
    }
    return HT_OK;
}

void ht__recipe_apply(const ht_recipe_setting *settings, size_t count, ht_train_options *options) {
    for (size_t i = 0; i < count; ++i) {
        char *member = (char *)options + settings[i].row->offset;
        switch (settings[i].row->kind) {
        case ROW_SIZE: *(size_t *)(void *)member = (size_t)settings[i].value; break;
        case ROW_DOUBLE: *(double *)(void *)member = settings[i].value; break;
        case ROW_BOOL: *(bool *)(void *)member = settings[i].value != 0.0; break;
        case ROW_OPTIMIZER: options->optimizer = (ht_optimizer)settings[i].value; break;
        case ROW_SCHEDULE: options->schedule = (ht_schedule)settings[i].value; break;
        }
    }
}

const char *ht__recipe_text(ht_arena *arena, const ht_recipe_setting *settings, size_t count) {
    char text[1024] = "";
    size_t used = 0;
    for (size_t i = 0; i < count; ++i) {
        const ht_recipe_row *row = settings[i].row;
        const char *comma = i == 0 ? "" : ",";
        size_t index = (size_t)settings[i].value;
        const char *word = row->kind == ROW_OPTIMIZER  ? optimizers[index]
                           : row->kind == ROW_SCHEDULE ? schedules[index]
                                                       : NULL;
        int written =
            word != NULL ? snprintf(text + used, sizeof text - used, "%s%s=%s", comma, row->name, word)
                         : snprintf(text + used, sizeof text - used, "%s%s=%.17g", comma, row->name, settings[i].value);
        used += (size_t)written; /* 20 rows of at most 16 + 24 characters fit */
    }
    return ht__arena_strdup(arena, text);
}

bool ht__initialization_find(const char *name, ht_initialization *out) {
    size_t index = find_word(initializations, name);
    *out = (ht_initialization)index;
    return initializations[index] != NULL;
}

const char *ht__initialization_name(ht_initialization initialization) { return initializations[initialization]; }
