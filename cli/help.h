/* Help in its four dresses: the terminal, man pages, Markdown, bash completion. All from the verbs' tables. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "verbs.h"

#define CLI_COMMON_LIMIT 16
#define CLI_DETAIL_LIMIT 768

/* The rows of cli_common_options that `verb` takes, ended by a row without a name. */
void cli_select_common(const cli_verb *verb, cli_option out[CLI_COMMON_LIMIT]);

/* All verbs along the data flow. */
void cli_print_overview(FILE *out);
/* Help of one verb, for the terminal. */
void cli_print_help(FILE *out, const cli_verb *verb);
/* A man page (roff, man macros) of one verb; NULL: of the program. */
void cli_print_manual(FILE *out, const cli_verb *verb);
/* All verbs as one Markdown page: docs/verbs.md. */
void cli_print_markdown(FILE *out);
/* The completion script for bash. */
void cli_print_completion(FILE *out);

/* "-o, --output FILE" or "MODEL". Returns `text`. */
const char *cli_option_heading(const cli_option *option, char text[96]);
/* The help phrase with range, choices and default: "width in bits (1 to 16; default 8)". Returns `text`. */
const char *cli_option_detail(const cli_option *option, char text[CLI_DETAIL_LIMIT]);
/* "halftone quantize MODEL [options]". Returns `text`. */
const char *cli_usage_line(const cli_verb *verb, char text[256]);

#endif
