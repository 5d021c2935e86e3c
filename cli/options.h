/* Options of a verb: one table drives parsing, help, completion, man pages and docs/verbs.md.
 *
 * A row says where its value goes: `offset` in the verb's own settings struct, whose member has the type that belongs
 * to the kind:
 *
 *   CLI_FLAG      bool          true when given
 *   CLI_INTEGER   int64_t       low <= value <= high; CLI_UNSET without a fallback
 *   CLI_NUMBER    double        low <= value <= high; NaN without a fallback
 *   CLI_TEXT      const char *  NULL without a fallback
 *   CLI_CHOICE    const char *  one of the row's choices, spelled as in the list
 *   CLI_REPEATED  cli_list      every occurrence in order; as the last positional it takes all that remain
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "halftone/status.h"

typedef enum cli_kind { CLI_FLAG, CLI_INTEGER, CLI_NUMBER, CLI_TEXT, CLI_CHOICE, CLI_REPEATED } cli_kind;

/* An integer option that was not given and has no fallback. */
#define CLI_UNSET INT64_MIN

typedef struct cli_list {
    const char **items; /* owned by the list; the texts belong to argv */
    size_t count;
} cli_list;

typedef struct cli_option {
    const char *name; /* "bits" for --bits; a positional has its placeholder, "MODEL" */
    char letter;      /* 'o' for -o; 0: none */
    bool positional;  /* taken by place, in the order of the rows */
    bool required;    /* leaving it out is a usage error */
    cli_kind kind;
    size_t offset;                       /* offsetof(settings, member) */
    const char *value;                   /* placeholder in help: "N", "FILE"; NULL: by kind */
    const char *fallback;                /* default, written as on the command line; NULL: none */
    const char *otherwise;               /* what happens without it, for help, where there is no fallback */
    double low, high;                    /* inclusive range of integers and numbers; both 0: unlimited */
    const char *const *choices;          /* CLI_CHOICE: NULL-terminated, or */
    const char *(*choice)(size_t index); /* the same as a function that returns NULL after the last */
    const char *help;                    /* a phrase: no capital, no full stop */
    unsigned common;                     /* only in the table of common options: which verbs have it */
} cli_option;

/* The choice at `index` of a row, NULL after the last. */
const char *cli_choice_at(const cli_option *option, size_t index);
/* The placeholder of an option's value ("N", "TEXT", ...); NULL for a flag. */
const char *cli_value_name(const cli_option *option);
/* The row with this name (without dashes) or letter; NULL when there is none. Tables end with a row without a name
 * and may be NULL. */
const cli_option *cli_find_option(const cli_option *table, const char *name, size_t length);
const cli_option *cli_find_letter(const cli_option *table, char letter);

/* A table and the settings that it fills. */
typedef struct cli_target {
    const cli_option *table;
    void *settings;
} cli_target;

/* Fills all settings from the fallbacks, then from argv[0..argc). `targets` are searched in order. Settings must be
 * zeroed before; cli_release_settings frees what they own, also after a failure.
 * Errors: HT_ERROR_ARGUMENT (unknown or repeated option, bad value, missing or surplus argument), HT_ERROR_MEMORY. */
ht_status cli_parse(const cli_target *targets, size_t target_count, int argc, char *const *argv, ht_error *err);
void cli_release_settings(const cli_target *target);

#endif
