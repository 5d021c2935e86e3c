/* halftone help: the overview, one verb, man pages, completion, the Markdown page of all verbs. */
#include "help.h"

typedef struct settings {
    cli_list words;
    bool man, markdown;
    const char *completion;
} settings;

static const char *const shells[] = {"bash", NULL};

#define AT(member) .offset = offsetof(settings, member)
static const cli_option options[] = {
    {.name = "VERB",
     .kind = CLI_REPEATED,
     .positional = true,
     AT(words),
     .otherwise = "the overview of all verbs",
     .help = "the verb to explain, with its action where it has some"},
    {.name = "man", .kind = CLI_FLAG, AT(man), .help = "print a man page"},
    {.name = "completion",
     .kind = CLI_CHOICE,
     .value = "SHELL",
     .choices = shells,
     AT(completion),
     .otherwise = "none",
     .help = "print the completion script of a shell"},
    {.name = "markdown", .kind = CLI_FLAG, AT(markdown), .help = "print all verbs as one Markdown page"},
    {.name = NULL},
};

static ht_status run(cli_session *session, const void *given, ht_error *err) {
    const settings *set = given;
    const cli_verb *verb = NULL;
    if (set->words.count > 0) {
        size_t used;
        ht_status status = cli_resolve_verb(set->words.items, set->words.count, &verb, &used, err);
        if (status == HT_OK && used < set->words.count) {
            status = cli_fail(err, HT_ERROR_ARGUMENT, "halftone %s has no action \"%s\".", verb->name,
                              set->words.items[used]);
        }
        if (status != HT_OK) {
            cli_advise(session, "halftone help");
            return status;
        }
    }
    if (set->completion != NULL) {
        cli_print_completion(stdout);
    } else if (set->markdown) {
        cli_print_markdown(stdout);
    } else if (set->man) {
        cli_print_manual(stdout, verb);
    } else if (verb != NULL) {
        cli_print_help(stdout, verb);
    } else {
        cli_print_overview(stdout);
    }
    return HT_OK;
}

const cli_verb cmd_help = {
    .name = "help",
    .stage = "About",
    .summary = "explain a verb; write man pages and shell completion",
    .examples = {{"halftone help version", "what a verb does and each of its options with its default"},
                 {"halftone help --completion bash > ~/.local/share/bash-completion/completions/halftone",
                  "completes verbs, options and their values in bash"}},
    .options = options,
    .settings_size = sizeof(settings),
    .run = run,
};
