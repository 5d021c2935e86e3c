#include "help.h"

/* Words of the verbs in a NULL-terminated list. */
static void print_names(FILE *out, const cli_verb *const *list) {
    for (size_t i = 0; list[i] != NULL; ++i) {
        fprintf(out, "%s%s", i > 0 ? " " : "", cli_verb_word(list[i]));
    }
}

static void print_option_names(FILE *out, const cli_option *table) {
    for (const cli_option *row = table; row != NULL && row->name != NULL; ++row) {
        if (!row->positional) {
            fprintf(out, " --%s", row->name);
        }
    }
}

/* One branch per option that has choices: after "--levels", its choices. */
static void print_value_branches(FILE *out, const char *name, const cli_option *table) {
    for (const cli_option *row = table; row != NULL && row->name != NULL; ++row) {
        if (row->kind != CLI_CHOICE || row->positional) {
            continue;
        }
        fprintf(out, "    \"%s --%s\") words=\"", name, row->name);
        for (size_t i = 0; cli_choice_at(row, i) != NULL; ++i) {
            fprintf(out, "%s%s", i > 0 ? " " : "", cli_choice_at(row, i));
        }
        fprintf(out, "\" ;;\n");
    }
}

static void print_choice_positionals(FILE *out, const cli_option *table) {
    for (const cli_option *row = table; row != NULL && row->name != NULL; ++row) {
        for (size_t i = 0; row->positional && cli_choice_at(row, i) != NULL; ++i) {
            fprintf(out, " %s", cli_choice_at(row, i));
        }
    }
}

static void print_verb_branch(FILE *out, const cli_verb *verb) {
    cli_option common[CLI_COMMON_LIMIT];
    cli_select_common(verb, common);
    print_value_branches(out, verb->name, verb->options);
    fprintf(out, "    \"%s \"*) words=\"", verb->name);
    if (verb == &cmd_help) {
        print_names(out, cli_verbs);
    }
    print_option_names(out, verb->options);
    print_option_names(out, common);
    print_choice_positionals(out, verb->options);
    fprintf(out, "\" ;;\n");
}

/* The script asks for "VERB PREVIOUS-WORD" (with the action between them where the verb has some) and takes the first
 * branch that fits; file names are completed by bash where no word does. */
void cli_print_completion(FILE *out) {
    fprintf(out, "_halftone() {\n    local current=\"${COMP_WORDS[COMP_CWORD]}\" verb=\"${COMP_WORDS[1]}\" words=\"\"\n"
                 "    local previous=\"${COMP_WORDS[COMP_CWORD-1]}\"\n    case \"$verb\" in\n");
    for (size_t i = 0; cli_verbs[i] != NULL; ++i) {
        if (cli_verbs[i]->actions != NULL) {
            fprintf(out, "    %s) [ \"$COMP_CWORD\" -gt 2 ] && verb=\"$verb ${COMP_WORDS[2]}\" ;;\n",
                    cli_verbs[i]->name);
        }
    }
    fprintf(out, "    esac\n    [ \"$COMP_CWORD\" -eq 1 ] && verb=\"\"\n    case \"$verb $previous\" in\n"
                 "    \" \"*) words=\"");
    print_names(out, cli_verbs);
    fprintf(out, "\" ;;\n");
    for (size_t i = 0; cli_verbs[i] != NULL; ++i) {
        const cli_verb *verb = cli_verbs[i];
        if (verb->actions == NULL) {
            print_verb_branch(out, verb);
            continue;
        }
        for (size_t j = 0; verb->actions[j] != NULL; ++j) {
            print_verb_branch(out, verb->actions[j]);
        }
        fprintf(out, "    \"%s \"*) words=\"", verb->name);
        print_names(out, verb->actions);
        fprintf(out, "\" ;;\n");
    }
    fprintf(out, "    esac\n    COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n}\n"
                 "complete -o default -F _halftone halftone\n");
}
