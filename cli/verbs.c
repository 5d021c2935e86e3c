#include "verbs.h"

#include <stddef.h>
#include <string.h>

#include "suggest.h"

const cli_verb *const cli_verbs[] = {
#define VERB_ADDRESS(verb) &cmd_##verb,
    CLI_VERB_LIST(VERB_ADDRESS)
#undef VERB_ADDRESS
        NULL};

#define AT(member) .offset = offsetof(cli_common, member)
const cli_option cli_common_options[] = {
    {.name = "json", .kind = CLI_FLAG, AT(json), .common = CLI_USES_JSON, .help = "print the result as versioned JSON"},
    {.name = "force",
     .letter = 'f',
     .kind = CLI_FLAG,
     AT(force),
     .common = CLI_USES_FORCE,
     .help = "overwrite files that exist"},
    {.name = "threads",
     .kind = CLI_INTEGER,
     AT(threads),
     .common = CLI_USES_THREADS,
     .low = 0,
     .high = 256,
     .fallback = "0",
     .help = "threads to use; 0 is one per available core"},
    {.name = "seed",
     .kind = CLI_INTEGER,
     AT(seed),
     .common = CLI_USES_SEED,
     .low = 0,
     .high = 9007199254740992.0,
     .fallback = "0",
     .help = "seed of everything random"},
    {.name = "data-dir",
     .kind = CLI_TEXT,
     .value = "DIR",
     AT(data_dir),
     .common = CLI_USES_DATA_DIR,
     .otherwise = "$HALFTONE_DATA, ./data, the user's cache",
     .help = "folder in which data sets are looked up"},
    {.name = "quiet",
     .letter = 'q',
     .kind = CLI_FLAG,
     AT(quiet),
     .common = CLI_USES_NOTHING,
     .help = "no progress and no notes"},
    {.name = "verbose",
     .letter = 'v',
     .kind = CLI_FLAG,
     AT(verbose),
     .common = CLI_USES_NOTHING,
     .help = "more about each step; with an error, its status"},
    {.name = "help", .letter = 'h', .kind = CLI_FLAG, AT(help), .common = CLI_USES_NOTHING, .help = "show this help"},
    {.name = NULL},
};
#undef AT

const char *cli_verb_word(const cli_verb *verb) {
    const char *space = strrchr(verb->name, ' ');
    return space != NULL ? space + 1 : verb->name;
}

ht_status cli_find_verb(const cli_verb *const *list, const char *word, const cli_verb **out, ht_error *err) {
    cli_suggestion nearest = cli_suggest_start(word);
    for (size_t i = 0; list[i] != NULL; ++i) {
        if (strcmp(cli_verb_word(list[i]), word) == 0) {
            *out = list[i];
            return HT_OK;
        }
        cli_suggest_consider(&nearest, cli_verb_word(list[i]));
    }
    char advice[128];
    return cli_fail(err, HT_ERROR_ARGUMENT, "There is no %s \"%s\".%s", list == cli_verbs ? "verb" : "action", word,
                    cli_suggest_advice(&nearest, "", advice, sizeof advice));
}

ht_status cli_resolve_verb(const char *const *words, size_t count, const cli_verb **out, size_t *used, ht_error *err) {
    *used = 1;
    ht_status status = cli_find_verb(cli_verbs, words[0], out, err);
    if (status == HT_OK && (*out)->actions != NULL && count > 1 && words[1][0] != '-') {
        *used = 2;
        status = cli_find_verb((*out)->actions, words[1], out, err);
    }
    return status;
}
