/* What the command line prints: errors, notes, the progress bar, colours, JSON. Results go to stdout, all else to
 * stderr. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

#include "halftone/context.h"

/* State of the progress line. */
typedef struct cli_terminal {
    bool shows_progress; /* stderr is a terminal and -q was not given */
    bool line_is_open;   /* a progress line stands on the screen */
    char stage[64];      /* of the line shown last */
    double stage_began;  /* seconds, monotonic clock */
    double last_drawn;
    double done_at_begin;
} cli_terminal;

struct cli_session;

/* Fills an error and returns its status, so that `return cli_fail(...)` reads well. `err` may be NULL. */
ht_status cli_fail(ht_error *err, ht_status status, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Says what the user can do about the error that is about to be returned; printed as its last line. */
void cli_advise(struct cli_session *session, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Prints an error: sentence, place, what to do. */
void cli_print_error(struct cli_session *session, const ht_error *err);
/* 0 done, 1 failed, 2 usage, 3 unsupported, 4 gate, 5 disk, device or network, 130 interrupted. */
int cli_exit_code(ht_status status);

typedef enum cli_style { CLI_PLAIN, CLI_BOLD, CLI_DIM, CLI_RED, CLI_YELLOW, CLI_GREEN, CLI_CYAN } cli_style;
/* The terminal's code for a style, or "" where `stream` is no terminal, NO_COLOR is set or TERM is "dumb". */
const char *cli_style_code(FILE *stream, cli_style style);
/* Whether the environment's locale says that text may be UTF-8. */
bool cli_terminal_is_utf8(void);
/* Columns of the terminal that `stream` is, at least 40; 80 where it is none. */
int cli_terminal_width(FILE *stream);

/* Callbacks for ht_context_options; `user` is the session. */
void cli_show_progress(void *user, const ht_progress *progress);
void cli_show_message(void *user, const char *level, const char *text);
/* Removes the progress line, so that something else can be printed. */
void cli_clear_progress(cli_terminal *terminal);

/* Prints {"format": format, "version": version, ...} with the members of `body` on stdout. Takes over the reference
 * to `body`. Errors: HT_ERROR_MEMORY (also when `body` is NULL). */
ht_status cli_print_json(const char *format, int version, json_t *body, ht_error *err);

#endif
