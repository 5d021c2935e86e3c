#include "output.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "verbs.h"

ht_status cli_fail(ht_error *err, ht_status status, const char *format, ...) {
    if (err != NULL) {
        *err = (ht_error){.status = status, .offset = -1, .line = -1};
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(err->message, sizeof err->message, format, arguments);
        va_end(arguments);
    }
    return status;
}

void cli_advise(cli_session *session, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(session->advice, sizeof session->advice, format, arguments);
    va_end(arguments);
}

/* What helps in general, where the verb did not say. */
static const char *general_advice(ht_status status) {
    switch (status) {
    case HT_ERROR_EXISTS: return "give --force to overwrite it, or another name";
    case HT_ERROR_INTERRUPTED: return "give the same command again to go on";
    case HT_ERROR_MEMORY: return "give --threads 1, or close other programs";
    case HT_ERROR_INTERNAL: return "report this with the command that you gave";
    default: return "";
    }
}

void cli_print_error(cli_session *session, const ht_error *err) {
    cli_clear_progress(&session->terminal);
    const char *red = cli_style_code(stderr, CLI_RED), *plain = cli_style_code(stderr, CLI_PLAIN);
    fprintf(stderr, "%shalftone:%s %s\n", red, plain,
            err->message[0] != '\0' ? err->message : ht_status_text(err->status));
    if (err->where[0] != '\0' || err->line >= 0 || err->offset >= 0) {
        fprintf(stderr, "  at:  %s", err->where);
        const char *comma = err->where[0] != '\0' ? ", " : "";
        if (err->line >= 0) {
            fprintf(stderr, "%sline %lld", comma, (long long)err->line);
        } else if (err->offset >= 0) {
            fprintf(stderr, "%sbyte %lld", comma, (long long)err->offset);
        }
        fputc('\n', stderr);
    }
    const char *advice = session->advice[0] != '\0' ? session->advice : general_advice(err->status);
    if (advice[0] != '\0') {
        fprintf(stderr, "  try: %s\n", advice);
    }
    if (session->common.verbose) {
        fprintf(stderr, "  status: %s\n", ht_status_name(err->status));
    }
}

int cli_exit_code(ht_status status) {
    switch (status) {
    case HT_OK: return 0;
    case HT_ERROR_ARGUMENT: return 2;
    case HT_ERROR_UNSUPPORTED: return 3;
    case HT_ERROR_GATE: return 4;
    case HT_ERROR_IO:
    case HT_ERROR_NETWORK: return 5;
    case HT_ERROR_INTERRUPTED: return 130;
    default: return 1;
    }
}

const char *cli_style_code(FILE *stream, cli_style style) {
    static const char *const codes[] = {"\033[0m",  "\033[1m",  "\033[2m", "\033[1;31m",
                                        "\033[33m", "\033[32m", "\033[36m"};
    const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");
    bool plain = (no_color != NULL && no_color[0] != '\0') || (terminal != NULL && strcmp(terminal, "dumb") == 0);
    return plain || !isatty(fileno(stream)) ? "" : codes[style];
}

bool cli_terminal_is_utf8(void) {
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; ++i) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != '\0') {
            return strstr(value, "UTF-8") != NULL || strstr(value, "utf8") != NULL;
        }
    }
    return false;
}

int cli_terminal_width(FILE *stream) {
    struct winsize size = {0};
    if (ioctl(fileno(stream), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
        return 80;
    }
    return size.ws_col < 40 ? 40 : size.ws_col;
}

ht_status cli_print_json(const char *format, int version, json_t *body, ht_error *err) {
    json_t *document = json_pack("{s:s, s:i}", "format", format, "version", version);
    if (document == NULL || body == NULL || json_object_update(document, body) != 0) {
        json_decref(document);
        json_decref(body);
        return cli_fail(err, HT_ERROR_MEMORY, "Memory for the result could not be allocated.");
    }
    json_dumpf(document, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
    putchar('\n');
    json_decref(document);
    json_decref(body);
    return HT_OK;
}
