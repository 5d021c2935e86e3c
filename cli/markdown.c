#include "help.h"

static void print_table(FILE *out, const char *heading, const cli_option *table) {
    if (table == NULL || table->name == NULL) {
        return;
    }
    fprintf(out, "\n| %s | meaning |\n|---|---|\n", heading);
    for (const cli_option *row = table; row->name != NULL; ++row) {
        char name[96], detail[CLI_DETAIL_LIMIT];
        fprintf(out, "| `%s` | ", cli_option_heading(row, name));
        for (const char *at = cli_option_detail(row, detail); *at != '\0'; ++at) {
            fprintf(out, *at == '|' ? "\\%c" : "%c", *at);
        }
        fprintf(out, " |\n");
    }
}

static void print_verb(FILE *out, const cli_verb *verb, int level) {
    char usage[256];
    fprintf(out, "\n%.*s %s\n\nPurpose: %s.\n\n```\n", level, "####", verb->name, verb->summary);
    for (size_t i = 0; i < 2 && verb->examples[i].command != NULL; ++i) {
        fprintf(out, "%s%s\n    # %s\n", i > 0 ? "\n" : "", verb->examples[i].command, verb->examples[i].explanation);
    }
    fprintf(out, "```\n\nUsage: `%s`\n", cli_usage_line(verb, usage));
    if (verb->description != NULL) {
        fprintf(out, "\n%s\n", verb->description);
    }
    if (verb->actions == NULL) {
        print_table(out, "argument or option", verb->options);
        return;
    }
    for (size_t i = 0; verb->actions[i] != NULL; ++i) {
        print_verb(out, verb->actions[i], level + 1);
    }
}

/* Which verbs take a common option, as a list; "all" for those that every verb has. */
static void print_takers(FILE *out, const cli_option *option) {
    if (option->common == CLI_USES_NOTHING) {
        fprintf(out, "all");
        return;
    }
    const char *comma = "";
    for (size_t i = 0; cli_verbs[i] != NULL; ++i) {
        unsigned uses = cli_verbs[i]->common;
        for (size_t j = 0; cli_verbs[i]->actions != NULL && cli_verbs[i]->actions[j] != NULL; ++j) {
            uses |= cli_verbs[i]->actions[j]->common;
        }
        if ((uses & option->common) != 0) {
            fprintf(out, "%s%s", comma, cli_verbs[i]->name);
            comma = ", ";
        }
    }
}

void cli_print_markdown(FILE *out) {
    fprintf(out,
            "# The verbs\n\nMade by `halftone help --markdown` from the tables that drive the program; a test keeps "
            "this page current.\n\nExit codes: 0 done, 1 failed, 2 usage, 3 unsupported model, 4 a gate missed, "
            "5 disk, device or network, 130 interrupted and resumable.\n\n"
            "## Common options\n\n| option | meaning | verbs |\n|---|---|---|\n");
    for (const cli_option *row = cli_common_options; row->name != NULL; ++row) {
        char name[96], detail[CLI_DETAIL_LIMIT];
        fprintf(out, "| `%s` | %s | ", cli_option_heading(row, name), cli_option_detail(row, detail));
        print_takers(out, row);
        fprintf(out, " |\n");
    }
    for (size_t i = 0; cli_verbs[i] != NULL; ++i) {
        print_verb(out, cli_verbs[i], 2);
    }
}
