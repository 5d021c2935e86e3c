#include <string.h>
#include <time.h>

#include "verbs.h"

#define REDRAW_SECONDS 0.1
#define BAR_CELLS 24

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void cli_clear_progress(cli_terminal *terminal) {
    if (terminal->line_is_open) {
        fputs("\r\033[K", stderr);
        terminal->line_is_open = false;
    }
}

/* "1:02:03" or "2:03". */
static void format_duration(double seconds, char *text, size_t size) {
    long whole = (long)(seconds + 0.5);
    if (whole >= 3600) {
        snprintf(text, size, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
    } else {
        snprintf(text, size, "%ld:%02ld", whole / 60, whole % 60);
    }
}

/* "  ETA 0:31": the time that the rest takes at the pace so far, once that says something. */
static void format_remaining(const cli_terminal *terminal, const ht_progress *progress, double now, char *text,
                             size_t size) {
    double elapsed = now - terminal->stage_began, advanced = progress->done - terminal->done_at_begin;
    text[0] = '\0';
    if (elapsed > 1 && advanced > 0 && progress->total > progress->done) {
        char duration[32];
        format_duration(elapsed / advanced * (progress->total - progress->done), duration, sizeof duration);
        snprintf(text, size, "  ETA %s", duration);
    }
}

static void draw(cli_terminal *terminal, const ht_progress *progress, double now) {
    char bar[BAR_CELLS + 1], percent[16] = "", remaining[48], line[512];
    double share = progress->total > 0 ? progress->done / progress->total : 0;
    int filled = share >= 1 ? BAR_CELLS : share > 0 ? (int)(share * BAR_CELLS) : 0;
    memset(bar, '-', BAR_CELLS);
    memset(bar, '#', (size_t)filled);
    bar[BAR_CELLS] = '\0';
    if (progress->total > 0) {
        snprintf(percent, sizeof percent, "%3.0f %%", 100 * share);
    }
    format_remaining(terminal, progress, now, remaining, sizeof remaining);
    const char *detail = progress->detail != NULL ? progress->detail : "";
    snprintf(line, sizeof line, "%s [%s] %s%s%s%s", progress->stage, bar, percent, detail[0] != '\0' ? "  " : "",
             detail, remaining);
    /* One column stays free: a full line would wrap and could not be drawn over. */
    fprintf(stderr, "\r%.*s\033[K", cli_terminal_width(stderr) - 1, line);
    fflush(stderr);
    terminal->line_is_open = true;
    terminal->last_drawn = now;
}

void cli_show_progress(void *user, const ht_progress *progress) {
    cli_terminal *terminal = &((cli_session *)user)->terminal;
    if (!terminal->shows_progress) {
        return;
    }
    double now = seconds_now();
    bool is_new = strncmp(terminal->stage, progress->stage, sizeof terminal->stage - 1) != 0 ||
                  progress->done < terminal->done_at_begin;
    if (is_new) {
        snprintf(terminal->stage, sizeof terminal->stage, "%s", progress->stage);
        terminal->stage_began = now;
        terminal->done_at_begin = progress->done;
    }
    bool complete = progress->total > 0 && progress->done >= progress->total;
    if (complete) {
        cli_clear_progress(terminal);
        terminal->stage[0] = '\0';
    } else if (is_new || now - terminal->last_drawn >= REDRAW_SECONDS) {
        draw(terminal, progress, now);
    }
}

void cli_show_message(void *user, const char *level, const char *text) {
    cli_session *session = user;
    bool is_warning = strcmp(level, "warning") == 0;
    if (session->common.quiet && !is_warning) {
        return;
    }
    cli_clear_progress(&session->terminal);
    fprintf(stderr, "%s%s:%s %s\n", cli_style_code(stderr, is_warning ? CLI_YELLOW : CLI_CYAN), level,
            cli_style_code(stderr, CLI_PLAIN), text);
}
