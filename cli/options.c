#include "options.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "suggest.h"

const char *cli_choice_at(const cli_option *option, size_t index) {
    if (option->choice != NULL) {
        return option->choice(index);
    }
    return option->choices != NULL ? option->choices[index] : NULL;
}

const char *cli_value_name(const cli_option *option) {
    if (option->value != NULL) {
        return option->value;
    }
    switch (option->kind) {
    case CLI_FLAG: return NULL;
    case CLI_INTEGER: return "N";
    case CLI_NUMBER: return "X";
    case CLI_TEXT:
    case CLI_REPEATED: return "TEXT";
    case CLI_CHOICE: return "NAME";
    }
    return NULL;
}

const cli_option *cli_find_option(const cli_option *table, const char *name, size_t length) {
    for (const cli_option *row = table; row != NULL && row->name != NULL; ++row) {
        if (!row->positional && strlen(row->name) == length && memcmp(row->name, name, length) == 0) {
            return row;
        }
    }
    return NULL;
}

const cli_option *cli_find_letter(const cli_option *table, char letter) {
    for (const cli_option *row = table; row != NULL && row->name != NULL; ++row) {
        if (row->letter == letter && letter != 0) {
            return row;
        }
    }
    return NULL;
}

/* "--bits" or "MODEL": how messages call an option. */
static const char *called(const cli_option *option, char text[64]) {
    snprintf(text, 64, "%s%s", option->positional ? "" : "--", option->name);
    return text;
}

static ht_status check_range(const cli_option *option, double value, const char *text, ht_error *err) {
    char name[64];
    bool limited = option->low != 0 || option->high != 0;
    if (!limited || (value >= option->low && value <= option->high)) {
        return HT_OK;
    }
    return cli_fail(err, HT_ERROR_ARGUMENT, "%s is %s, but must lie between %.15g and %.15g.", called(option, name),
                    text, option->low, option->high);
}

/* strtod and strtoll follow the locale of the process, which stays "C": this program never calls setlocale. */
static ht_status set_number(const cli_option *option, double *member, const char *text, ht_error *err) {
    char name[64], *end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || isnan(value)) {
        return cli_fail(err, HT_ERROR_ARGUMENT, "%s needs a number, not \"%s\".", called(option, name), text);
    }
    *member = value;
    return check_range(option, value, text, err);
}

static ht_status set_integer(const cli_option *option, int64_t *member, const char *text, ht_error *err) {
    char name[64], *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno == ERANGE) {
        return cli_fail(err, HT_ERROR_ARGUMENT, "%s needs a whole number, not \"%s\".", called(option, name), text);
    }
    *member = value;
    return check_range(option, (double)value, text, err);
}

static ht_status set_choice(const cli_option *option, const char **member, const char *text, ht_error *err) {
    char name[64];
    cli_suggestion nearest = cli_suggest_start(text);
    for (size_t i = 0; cli_choice_at(option, i) != NULL; ++i) {
        const char *choice = cli_choice_at(option, i);
        if (strcmp(choice, text) == 0) {
            *member = choice;
            return HT_OK;
        }
        cli_suggest_consider(&nearest, choice);
    }
    char advice[128];
    return cli_fail(err, HT_ERROR_ARGUMENT, "%s cannot be \"%s\".%s", called(option, name), text,
                    cli_suggest_advice(&nearest, "", advice, sizeof advice));
}

static ht_status append(cli_list *list, const char *text, ht_error *err) {
    const char **items = realloc(list->items, (list->count + 1) * sizeof *items);
    if (items == NULL) {
        return cli_fail(err, HT_ERROR_MEMORY, "Memory for the command line could not be allocated.");
    }
    items[list->count++] = text;
    list->items = items;
    return HT_OK;
}

/* Stores one value; `text` is NULL for a flag. */
static ht_status set_value(const cli_option *option, void *settings, const char *text, ht_error *err) {
    void *member = (char *)settings + option->offset;
    switch (option->kind) {
    case CLI_FLAG: *(bool *)member = true; return HT_OK;
    case CLI_INTEGER: return set_integer(option, member, text, err);
    case CLI_NUMBER: return set_number(option, member, text, err);
    case CLI_TEXT: *(const char **)member = text; return HT_OK;
    case CLI_CHOICE: return set_choice(option, member, text, err);
    case CLI_REPEATED: return append(member, text, err);
    }
    return HT_OK;
}

static ht_status set_fallbacks(const cli_target *target, ht_error *err) {
    for (const cli_option *row = target->table; row != NULL && row->name != NULL; ++row) {
        void *member = (char *)target->settings + row->offset;
        if (row->fallback != NULL) {
            ht_status status = set_value(row, target->settings, row->fallback, err);
            if (status != HT_OK) {
                return status;
            }
        } else if (row->kind == CLI_INTEGER) {
            *(int64_t *)member = CLI_UNSET;
        } else if (row->kind == CLI_NUMBER) {
            *(double *)member = NAN;
        }
    }
    return HT_OK;
}

#define MAX_ROWS 64 /* of one verb's table */

/* What the parser knows while it walks along argv. */
typedef struct parser {
    const cli_target *targets;
    size_t target_count;
    int argc;
    char *const *argv;
    int next;                /* index of the word to read next */
    bool given[2][MAX_ROWS]; /* which rows of which table were seen */
    size_t position_row;     /* row of the first table from which the next positional is sought */
    bool only_positional;    /* after "--" */
} parser;

static bool *given_flag(parser *state, size_t target, const cli_option *row) {
    size_t index = (size_t)(row - state->targets[target].table);
    assert(index < MAX_ROWS);
    return &state->given[target][index];
}

static ht_status unknown_option(const parser *state, const char *word, ht_error *err) {
    size_t length = strcspn(word, "=");
    char name[64], advice[128];
    snprintf(name, sizeof name, "%.*s", (int)length, word);
    cli_suggestion nearest = cli_suggest_start(name + strspn(name, "-"));
    for (size_t i = 0; i < state->target_count; ++i) {
        for (const cli_option *row = state->targets[i].table; row != NULL && row->name != NULL; ++row) {
            if (!row->positional) {
                cli_suggest_consider(&nearest, row->name);
            }
        }
    }
    return cli_fail(err, HT_ERROR_ARGUMENT, "There is no option %s.%s", name,
                    cli_suggest_advice(&nearest, "--", advice, sizeof advice));
}

/* Takes one option word: --name, --name=value, -x, -xvalue, with the value in the next word where it is not attached.
 */
static ht_status take_option(parser *state, const char *word, ht_error *err) {
    bool is_long = word[1] == '-';
    const char *name = word + (is_long ? 2 : 1);
    size_t length = is_long ? strcspn(name, "=") : 1;
    const cli_option *row = NULL;
    size_t target = 0;
    for (size_t i = 0; i < state->target_count && row == NULL; ++i) {
        const cli_option *table = state->targets[i].table;
        row = is_long ? cli_find_option(table, name, length) : cli_find_letter(table, name[0]);
        target = i;
    }
    if (row == NULL) {
        return unknown_option(state, word, err);
    }
    const char *rest = name + length;
    const char *text = *rest == '\0' ? NULL : is_long ? rest + 1 : rest;
    char called_name[64];
    if (row->kind == CLI_FLAG && text != NULL) {
        return cli_fail(err, HT_ERROR_ARGUMENT, "%s takes no value.", called(row, called_name));
    }
    if (row->kind != CLI_FLAG && text == NULL) {
        if (state->next >= state->argc) {
            return cli_fail(err, HT_ERROR_ARGUMENT, "%s needs a value (%s).", called(row, called_name),
                            cli_value_name(row));
        }
        text = state->argv[state->next++];
    }
    bool *given = given_flag(state, target, row);
    if (*given && row->kind != CLI_REPEATED && row->kind != CLI_FLAG) {
        return cli_fail(err, HT_ERROR_ARGUMENT, "%s is given twice.", called(row, called_name));
    }
    *given = true;
    return set_value(row, state->targets[target].settings, text, err);
}

/* Positionals live in the first table only. */
static ht_status take_positional(parser *state, const char *word, ht_error *err) {
    const cli_option *table = state->targets[0].table;
    while (table != NULL && table[state->position_row].name != NULL) {
        const cli_option *row = &table[state->position_row];
        if (row->positional) {
            *given_flag(state, 0, row) = true;
            state->position_row += row->kind != CLI_REPEATED;
            return set_value(row, state->targets[0].settings, word, err);
        }
        ++state->position_row;
    }
    return cli_fail(err, HT_ERROR_ARGUMENT, "\"%s\" is one argument too many.", word);
}

static ht_status check_required(parser *state, ht_error *err) {
    char name[64];
    for (size_t i = 0; i < state->target_count; ++i) {
        for (const cli_option *row = state->targets[i].table; row != NULL && row->name != NULL; ++row) {
            if (row->required && !*given_flag(state, i, row)) {
                return cli_fail(err, HT_ERROR_ARGUMENT, "%s is missing: %s.", called(row, name), row->help);
            }
        }
    }
    return HT_OK;
}

ht_status cli_parse(const cli_target *targets, size_t target_count, int argc, char *const *argv, ht_error *err) {
    parser state = {.targets = targets, .target_count = target_count, .argc = argc, .argv = argv};
    ht_status status = HT_OK;
    for (size_t i = 0; i < target_count && status == HT_OK; ++i) {
        status = set_fallbacks(&targets[i], err);
    }
    while (status == HT_OK && state.next < argc) {
        const char *word = argv[state.next++];
        if (!state.only_positional && strcmp(word, "--") == 0) {
            state.only_positional = true;
        } else if (!state.only_positional && word[0] == '-' && word[1] != '\0') {
            status = take_option(&state, word, err);
        } else {
            status = take_positional(&state, word, err);
        }
    }
    return status == HT_OK ? check_required(&state, err) : status;
}

void cli_release_settings(const cli_target *target) {
    for (const cli_option *row = target->table; row != NULL && row->name != NULL; ++row) {
        if (row->kind == CLI_REPEATED) {
            free(((cli_list *)(void *)((char *)target->settings + row->offset))->items);
        }
    }
}
