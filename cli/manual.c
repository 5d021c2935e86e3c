#include <string.h>

#include "help.h"

/* Text in roff: minus signs stay minus signs, and no line starts with a control character. */
static void print_roff(FILE *out, const char *text) {
    bool line_start = true;
    for (; *text != '\0'; ++text) {
        if (line_start && (*text == '.' || *text == '\'')) {
            fputs("\\&", out);
        }
        switch (*text) {
        case '-': fputs("\\-", out); break;
        case '\\': fputs("\\e", out); break;
        default: fputc(*text, out); break;
        }
        line_start = *text == '\n';
    }
}

static void print_line(FILE *out, const char *macro, const char *text) {
    fprintf(out, "%s", macro);
    print_roff(out, text);
    fputc('\n', out);
}

static void print_title(FILE *out, const char *name, const char *summary) {
    char page[64];
    snprintf(page, sizeof page, "%s", name);
    for (char *at = page; *at != '\0'; ++at) {
        *at = *at == ' ' ? '-' : *at;
    }
    fprintf(out, ".TH \"%s\" 1 \"\" \"halftone %s\" \"Halftone\"\n.SH NAME\n%s ", page, ht_version(), page);
    print_line(out, "\\- ", summary);
}

static void print_options(FILE *out, const cli_option *table) {
    for (const cli_option *row = table; row != NULL && row->name != NULL; ++row) {
        char name[96], detail[CLI_DETAIL_LIMIT];
        fprintf(out, ".TP\n");
        print_line(out, ".B ", cli_option_heading(row, name));
        print_line(out, "", cli_option_detail(row, detail));
    }
}

static void print_exit_codes(FILE *out) {
    fprintf(out, ".SH EXIT STATUS\n0 done, 1 failed, 2 usage, 3 unsupported model, 4 a gate missed, "
                 "5 disk, device or network, 130 interrupted and resumable.\n");
}

static void print_program(FILE *out) {
    print_title(out, "halftone", "make trained neural networks small and fast, and show what that cost");
    fprintf(out, ".SH SYNOPSIS\n.B halftone VERB\n[arguments] [options]\n.SH VERBS\n");
    for (size_t i = 0; cli_verbs[i] != NULL; ++i) {
        fprintf(out, ".TP\n");
        print_line(out, ".B ", cli_verbs[i]->name);
        print_line(out, "", cli_verbs[i]->summary);
    }
    print_exit_codes(out);
}

static void print_verb_body(FILE *out, const cli_verb *verb, const char *section) {
    char usage[256];
    print_line(out, section, cli_usage_line(verb, usage));
    for (size_t i = 0; i < 2 && verb->examples[i].command != NULL; ++i) {
        print_line(out, ".PP\n.EX\n", verb->examples[i].command);
        print_line(out, ".EE\n.RS\n", verb->examples[i].explanation);
        fprintf(out, ".RE\n");
    }
    if (verb->description != NULL) {
        print_line(out, ".PP\n", verb->description);
    }
    if (verb->options != NULL) {
        fprintf(out, ".SS Options\n");
        print_options(out, verb->options);
    }
}

void cli_print_manual(FILE *out, const cli_verb *verb) {
    if (verb == NULL) {
        print_program(out);
        return;
    }
    char name[64];
    snprintf(name, sizeof name, "halftone %s", verb->name);
    print_title(out, name, verb->summary);
    print_verb_body(out, verb, ".SH SYNOPSIS\n.B ");
    for (size_t i = 0; verb->actions != NULL && verb->actions[i] != NULL; ++i) {
        print_line(out, ".SH ", verb->actions[i]->name);
        print_line(out, "", verb->actions[i]->summary);
        print_verb_body(out, verb->actions[i], ".PP\n.B ");
    }
    if (verb->actions == NULL) {
        cli_option common[CLI_COMMON_LIMIT];
        cli_select_common(verb, common);
        fprintf(out, ".SH COMMON OPTIONS\n");
        print_options(out, common);
    }
    print_exit_codes(out);
}
