/* The verbs of the command line.
 *
 * A verb is one file, cli/cmd_<verb>.c, that defines `const cli_verb cmd_<verb>`, and one line in CLI_VERB_LIST. Help,
 * suggestions, completion, man pages and docs/verbs.md follow from the tables.
 */
#ifndef CLI_VERBS_H
#define CLI_VERBS_H

#include "halftone/context.h"
#include "options.h"
#include "output.h"

/* In the order in which data flows: data, list, train, eval, bench, quantize, convert, compile, study, and last these.
 * The overview prints them so, under the heading of each one's stage. */
#define CLI_VERB_LIST(X) \
    X(data)              \
    X(list)              \
    X(train)             \
    X(eval)              \
    X(run)               \
    X(bench)             \
    X(info)              \
    X(quantize)          \
    X(compare)           \
    X(convert)           \
    X(compile)           \
    X(study)             \
    X(help)              \
    X(version)

/* Common options that a verb takes; -q, -v and --help every verb has. */
enum {
    CLI_USES_JSON = 1u << 0,
    CLI_USES_FORCE = 1u << 1,
    CLI_USES_THREADS = 1u << 2,
    CLI_USES_SEED = 1u << 3,
    CLI_USES_DATA_DIR = 1u << 4,
    CLI_USES_NOTHING = 1u << 5 /* the bit of the options that every verb has */
};

typedef struct cli_common {
    bool help, quiet, verbose;
    bool json, force;
    int64_t threads;      /* 0: one per available core */
    int64_t seed;         /* >= 0 */
    const char *data_dir; /* NULL: the library's search path */
} cli_common;

/* What a verb's run function works with. */
typedef struct cli_session {
    ht_context *context; /* with the progress, message and interrupt functions of the command line */
    cli_common common;
    cli_terminal terminal;
    char advice[256]; /* what to do about an error; see cli_advise */
} cli_session;

typedef struct cli_example {
    const char *command;     /* "halftone eval model.onnx --data telescope:test" */
    const char *explanation; /* a phrase */
} cli_example;

typedef struct cli_verb {
    const char *name;        /* "eval"; an action has both words: "data fetch" */
    const char *stage;       /* heading in the overview, "Data"; verbs of one stage stand together */
    const char *summary;     /* one line: no capital, no full stop */
    const char *description; /* paragraphs for help and the man page; NULL: none */
    cli_example examples[2];
    const cli_option *options; /* ends with a row without a name; NULL: none */
    unsigned common;           /* CLI_USES_... */
    size_t settings_size;      /* of the struct that the options fill; 0: none */
    /* Results go to stdout. An error becomes a message and an exit status; see cli_exit_code. */
    ht_status (*run)(cli_session *session, const void *settings, ht_error *err);
    const struct cli_verb *const *actions; /* NULL, or NULL-terminated: "data" has "data list", "data info", ... */
} cli_verb;

#define CLI_DECLARE_VERB(verb) extern const cli_verb cmd_##verb;
CLI_VERB_LIST(CLI_DECLARE_VERB)
#undef CLI_DECLARE_VERB

/* All verbs in the order of the list, NULL-terminated. */
extern const cli_verb *const cli_verbs[];
/* The table of common options, into cli_common. */
extern const cli_option cli_common_options[];

/* The verb with this name in a NULL-terminated list (actions are compared by their second word).
 * Errors: HT_ERROR_ARGUMENT with the nearest name. */
ht_status cli_find_verb(const cli_verb *const *list, const char *word, const cli_verb **out, ht_error *err);
/* The last word of a verb's name. */
const char *cli_verb_word(const cli_verb *verb);
/* Follows words[0..count) through verbs and actions; *used says how many words named it. */
ht_status cli_resolve_verb(const char *const *words, size_t count, const cli_verb **out, size_t *used, ht_error *err);

#endif
