/* What goes to the terminal: colours, the progress line, messages, errors; and status to exit code. */
#define _XOPEN_SOURCE 700
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support.h"
#include "verbs.h"

/* Stands in for stderr while `capture` is open: a pseudo-terminal or a file. */
typedef struct capture {
    int saved, reader, writer;
} capture;

static capture begin_capture(bool terminal) {
    capture held = {.saved = dup(STDERR_FILENO)};
    if (terminal) {
        held.reader = posix_openpt(O_RDWR | O_NOCTTY);
        assert_int_equal(grantpt(held.reader), 0);
        assert_int_equal(unlockpt(held.reader), 0);
        held.writer = open(ptsname(held.reader), O_RDWR | O_NOCTTY);
    } else {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        held.reader = ends[0];
        held.writer = ends[1];
    }
    fflush(stderr);
    dup2(held.writer, STDERR_FILENO);
    return held;
}

/* What was written since; `text` has room for `size` bytes. */
static void end_capture(capture *held, char *text, size_t size) {
    fflush(stderr);
    dup2(held->saved, STDERR_FILENO);
    close(held->saved);
    close(held->writer);
    /* With its last writer gone, a pipe ends and a terminal reports an error once all is read. */
    size_t used = 0;
    for (ssize_t count; (count = read(held->reader, text + used, size - 1 - used)) > 0; used += (size_t)count) {
    }
    text[used] = '\0';
    close(held->reader);
}

static void every_status_has_its_exit_code(void **state) {
    (void)state;
    assert_int_equal(cli_exit_code(HT_OK), 0);
    assert_int_equal(cli_exit_code(HT_ERROR_NOT_FOUND), 1);
    assert_int_equal(cli_exit_code(HT_ERROR_FORMAT), 1);
    assert_int_equal(cli_exit_code(HT_ERROR_ARGUMENT), 2);
    assert_int_equal(cli_exit_code(HT_ERROR_UNSUPPORTED), 3);
    assert_int_equal(cli_exit_code(HT_ERROR_GATE), 4);
    assert_int_equal(cli_exit_code(HT_ERROR_IO), 5);
    assert_int_equal(cli_exit_code(HT_ERROR_NETWORK), 5);
    assert_int_equal(cli_exit_code(HT_ERROR_INTERRUPTED), 130);
}

static void errors_have_sentence_place_and_advice(void **state) {
    (void)state;
    char text[1024];
    cli_session session = {0};
    ht_error err = {
        .status = HT_ERROR_FORMAT, .message = "The row is short.", .where = "a.csv", .offset = -1, .line = 7};
    capture held = begin_capture(false);
    cli_advise(&session, "halftone help %s", "data");
    cli_print_error(&session, &err);
    end_capture(&held, text, sizeof text);
    assert_string_equal(text, "halftone: The row is short.\n  at:  a.csv, line 7\n  try: halftone help data\n");

    cli_session verbose = {.common = {.verbose = true}};
    err = (ht_error){.status = HT_ERROR_EXISTS, .message = "It exists.", .offset = 12, .line = -1};
    held = begin_capture(false);
    cli_print_error(&verbose, &err);
    end_capture(&held, text, sizeof text);
    assert_string_equal(text, "halftone: It exists.\n  at:  byte 12\n  try: give --force to overwrite it, or another "
                              "name\n  status: ERROR_EXISTS\n");
}

static void quiet_keeps_warnings_only(void **state) {
    (void)state;
    char text[256];
    cli_session session = {.common = {.quiet = true}};
    capture held = begin_capture(false);
    cli_show_message(&session, "note", "a");
    cli_show_message(&session, "warning", "b");
    end_capture(&held, text, sizeof text);
    assert_string_equal(text, "warning: b\n");
}

static void the_progress_line_is_drawn_over_and_removed(void **state) {
    (void)state;
    char text[1024];
    cli_session session = {.terminal = {.shows_progress = true}};
    capture held = begin_capture(true);
    cli_show_progress(&session, &(ht_progress){"training", 1, 4, "loss 0.5"});
    cli_show_progress(&session, &(ht_progress){"training", 2, 4, "loss 0.4"}); /* too soon to be drawn */
    cli_show_message(&session, "note", "saved");
    cli_show_progress(&session, &(ht_progress){"evaluating", 0, 0, ""});
    cli_show_progress(&session, &(ht_progress){"evaluating", 3, 3, ""});
    assert_false(session.terminal.line_is_open);
    end_capture(&held, text, sizeof text);
    assert_non_null(strstr(text, "\rtraining [######------------------]  25 %  loss 0.5"));
    assert_null(strstr(text, "loss 0.4"));
    assert_non_null(strstr(text, "note:"));
    assert_non_null(strstr(text, "evaluating [------------------------]"));
    assert_non_null(strstr(text, "\r\033[K"));
}

static void colours_need_a_terminal_and_leave(void **state) {
    (void)state;
    char text[256];
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
    capture held = begin_capture(true);
    assert_string_equal(cli_style_code(stderr, CLI_BOLD), "\033[1m");
    setenv("NO_COLOR", "1", 1);
    assert_string_equal(cli_style_code(stderr, CLI_BOLD), "");
    unsetenv("NO_COLOR");
    setenv("TERM", "dumb", 1);
    assert_string_equal(cli_style_code(stderr, CLI_BOLD), "");
    end_capture(&held, text, sizeof text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_its_exit_code),
        cmocka_unit_test(errors_have_sentence_place_and_advice),
        cmocka_unit_test(quiet_keeps_warnings_only),
        cmocka_unit_test(the_progress_line_is_drawn_over_and_removed),
        cmocka_unit_test(colours_need_a_terminal_and_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
