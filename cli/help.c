#include "help.h"

#include <stdarg.h>
#include <string.h>

void cli_select_common(const cli_verb *verb, cli_option out[CLI_COMMON_LIMIT]) {
    size_t count = 0;
    for (const cli_option *row = cli_common_options; row->name != NULL && count + 1 < CLI_COMMON_LIMIT; ++row) {
        if ((row->common & (verb->common | CLI_USES_NOTHING)) != 0) {
            out[count++] = *row;
        }
    }
    out[count] = (cli_option){.name = NULL};
}

/* Appends to a text of fixed size; what does not fit is cut. */
static void append(char *text, size_t size, const char *format, ...) {
    size_t used = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + used, size - used, format, arguments);
    va_end(arguments);
}

const char *cli_option_heading(const cli_option *option, char text[96]) {
    text[0] = '\0';
    if (option->positional) {
        append(text, 96, "%s", option->name);
        return text;
    }
    if (option->letter != 0) {
        append(text, 96, "-%c, ", option->letter);
    }
    append(text, 96, "--%s", option->name);
    if (cli_value_name(option) != NULL) {
        append(text, 96, " %s", cli_value_name(option));
    }
    return text;
}

/* "one of affine, symmetric, ..." */
static void append_choices(const cli_option *option, char *text, size_t size) {
    for (size_t i = 0; cli_choice_at(option, i) != NULL; ++i) {
        append(text, size, "%s%s", i == 0 ? "one of " : ", ", cli_choice_at(option, i));
    }
}

/* "1 to 16"; "0 or more" where the upper end is only there to be finite. */
static void append_range(const cli_option *option, char *text, size_t size) {
    const char *separator = text[0] != '\0' ? "; " : "";
    if (option->high >= 1e9) {
        append(text, size, "%s%.15g or more", separator, option->low);
    } else if (option->low != 0 || option->high != 0) {
        append(text, size, "%s%.15g to %.15g", separator, option->low, option->high);
    }
}

const char *cli_option_detail(const cli_option *option, char text[CLI_DETAIL_LIMIT]) {
    char facts[CLI_DETAIL_LIMIT] = "";
    append_choices(option, facts, sizeof facts);
    append_range(option, facts, sizeof facts);
    const char *otherwise = option->fallback != NULL ? option->fallback : option->otherwise;
    if (otherwise != NULL) {
        append(facts, sizeof facts, "%sdefault %s", facts[0] != '\0' ? "; " : "", otherwise);
    } else if (option->required) {
        append(facts, sizeof facts, "%srequired", facts[0] != '\0' ? "; " : "");
    }
    if (option->kind == CLI_REPEATED) {
        append(facts, sizeof facts, "%smay be repeated", facts[0] != '\0' ? "; " : "");
    }
    text[0] = '\0';
    append(text, CLI_DETAIL_LIMIT, facts[0] != '\0' ? "%s (%s)" : "%s", option->help, facts);
    return text;
}

const char *cli_usage_line(const cli_verb *verb, char text[256]) {
    text[0] = '\0';
    append(text, 256, "halftone %s", verb->name);
    if (verb->actions != NULL) {
        append(text, 256, " ACTION ...");
        return text;
    }
    for (const cli_option *row = verb->options; row != NULL && row->name != NULL; ++row) {
        if (row->positional) {
            const char *dots = row->kind == CLI_REPEATED ? "..." : "";
            append(text, 256, row->required ? " %s%s" : " [%s%s]", row->name, dots);
        }
    }
    append(text, 256, " [options]");
    return text;
}

/* Prints words of `text` from `column` on, breaking lines before `width` and indenting them by `column`. */
static void print_wrapped(FILE *out, const char *text, int column, int width) {
    int at = column;
    while (*text != '\0') {
        int length = (int)strcspn(text, " \n");
        if (at > column && at + 1 + length > width) {
            fprintf(out, "\n%*s", column, "");
            at = column;
        } else if (at > column) {
            fputc(' ', out);
            ++at;
        }
        fprintf(out, "%.*s", length, text);
        at += length;
        text += length;
        text += strspn(text, " \n");
    }
    fputc('\n', out);
}

static void print_heading(FILE *out, const char *text) {
    fprintf(out, "\n%s%s%s\n", cli_style_code(out, CLI_BOLD), text, cli_style_code(out, CLI_PLAIN));
}

static void print_rows(FILE *out, const char *heading, const cli_option *table, bool positional) {
    const int column = 26;
    bool first = true;
    int width = cli_terminal_width(out) > 100 ? 100 : cli_terminal_width(out);
    for (const cli_option *row = table; row != NULL && row->name != NULL; ++row) {
        if (row->positional != positional) {
            continue;
        }
        if (first) {
            print_heading(out, heading);
            first = false;
        }
        char name[96], detail[CLI_DETAIL_LIMIT];
        cli_option_heading(row, name);
        /* Options without a letter line up with those that have one. */
        int printed = fprintf(out, "  %s%s", row->positional || row->letter != 0 ? "" : "    ", name);
        if (printed > column - 2) {
            fprintf(out, "\n%*s", column, "");
        } else {
            fprintf(out, "%*s", column - printed, "");
        }
        print_wrapped(out, cli_option_detail(row, detail), column, width);
    }
}

static void print_actions(FILE *out, const cli_verb *verb) {
    print_heading(out, "Actions");
    for (size_t i = 0; verb->actions[i] != NULL; ++i) {
        fprintf(out, "  %-18s %s\n", verb->actions[i]->name, verb->actions[i]->summary);
    }
    fprintf(out, "\nhalftone help %s ACTION shows the options of one.\n", verb->name);
}

void cli_print_help(FILE *out, const cli_verb *verb) {
    char usage[256];
    fprintf(out, "%shalftone %s%s: %s\n", cli_style_code(out, CLI_BOLD), verb->name, cli_style_code(out, CLI_PLAIN),
            verb->summary);
    print_heading(out, "Examples");
    for (size_t i = 0; i < 2 && verb->examples[i].command != NULL; ++i) {
        fprintf(out, "  %s%s%s\n      %s\n", cli_style_code(out, CLI_CYAN), verb->examples[i].command,
                cli_style_code(out, CLI_PLAIN), verb->examples[i].explanation);
    }
    print_heading(out, "Usage");
    fprintf(out, "  %s\n", cli_usage_line(verb, usage));
    if (verb->description != NULL) {
        fprintf(out, "\n");
        print_wrapped(out, verb->description, 0, 80);
    }
    if (verb->actions != NULL) {
        print_actions(out, verb);
        return;
    }
    cli_option common[CLI_COMMON_LIMIT];
    cli_select_common(verb, common);
    print_rows(out, "Arguments", verb->options, true);
    print_rows(out, "Options", verb->options, false);
    print_rows(out, "Common options", common, false);
}

void cli_print_overview(FILE *out) {
    fprintf(out, "%shalftone%s %s: makes trained neural networks small and fast, and shows what that cost.\n",
            cli_style_code(out, CLI_BOLD), cli_style_code(out, CLI_PLAIN), ht_version());
    const char *stage = "";
    for (size_t i = 0; cli_verbs[i] != NULL; ++i) {
        if (strcmp(stage, cli_verbs[i]->stage) != 0) {
            stage = cli_verbs[i]->stage;
            print_heading(out, stage);
        }
        fprintf(out, "  %-12s %s\n", cli_verbs[i]->name, cli_verbs[i]->summary);
    }
    fprintf(out, "\nhalftone help VERB shows examples and every option.\n");
}
