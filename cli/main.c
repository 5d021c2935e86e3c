/* halftone: the command line. Finds the verb, fills its settings, makes the context, runs it, reports. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "help.h"
#include "verbs.h"

static volatile sig_atomic_t interrupt_requested;

/* The first Ctrl-C asks for an orderly end; SA_RESETHAND gives the second one its usual, immediate effect. */
static void request_interrupt(int signal_number) {
    (void)signal_number;
    interrupt_requested = 1;
}

static void watch_interrupts(void) {
    struct sigaction action = {.sa_handler = request_interrupt, .sa_flags = SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static bool was_interrupted(void *user) {
    (void)user;
    return interrupt_requested != 0;
}

/* A full disk or a closed pipe shows only when the buffered output is written. */
static ht_status flush_results(ht_error *err) {
    if (fflush(stdout) != 0 || ferror(stdout)) {
        return cli_fail(err, HT_ERROR_IO, "The result could not be written to standard output.");
    }
    return HT_OK;
}

static ht_status run_with_context(const cli_verb *verb, cli_session *session, const void *settings, ht_error *err) {
    session->terminal.shows_progress = !session->common.quiet && isatty(STDERR_FILENO);
    ht_context_options options = {.threads = (unsigned)session->common.threads,
                                  .progress = cli_show_progress,
                                  .message = cli_show_message,
                                  .interrupted = was_interrupted,
                                  .user = session};
    ht_status status = ht_context_create(&options, &session->context, err);
    if (status == HT_OK) {
        status = verb->run(session, settings, err);
        ht_context_destroy(session->context);
    }
    cli_clear_progress(&session->terminal);
    return status == HT_OK ? flush_results(err) : status;
}

static bool asks_for_help(int argc, char *const *argv) {
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; ++i) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            return true;
        }
    }
    return false;
}

static ht_status run_verb(const cli_verb *verb, cli_session *session, int argc, char *const *argv, ht_error *err) {
    if (asks_for_help(argc, argv)) {
        cli_print_help(stdout, verb);
        return flush_results(err);
    }
    if (verb->actions != NULL) {
        cli_advise(session, "halftone help %s", verb->name);
        return cli_fail(err, HT_ERROR_ARGUMENT, "halftone %s needs to know what to do.", verb->name);
    }
    void *settings = calloc(1, verb->settings_size + 1);
    if (settings == NULL) {
        return cli_fail(err, HT_ERROR_MEMORY, "Memory for the command line could not be allocated.");
    }
    cli_option common[CLI_COMMON_LIMIT];
    cli_select_common(verb, common);
    cli_target targets[] = {{verb->options, settings}, {common, &session->common}};
    cli_advise(session, "halftone help %s", verb->name);
    ht_status status = cli_parse(targets, 2, argc, argv, err);
    if (status == HT_OK) {
        session->advice[0] = '\0';
        status = run_with_context(verb, session, settings, err);
    }
    cli_release_settings(&targets[0]);
    free(settings);
    return status;
}

/* The words that people try first. */
static const char *usual_alias(const char *word) {
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        return "help";
    }
    return strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0 ? "version" : word;
}

static ht_status dispatch(cli_session *session, int argc, char **argv, ht_error *err) {
    if (argc < 2) {
        cli_print_overview(stdout);
        return flush_results(err);
    }
    const char *words[] = {usual_alias(argv[1]), argc > 2 ? argv[2] : NULL};
    const cli_verb *verb;
    size_t used;
    ht_status status = cli_resolve_verb(words, argc > 2 ? 2 : 1, &verb, &used, err);
    if (status != HT_OK) {
        cli_advise(session, "halftone help%s%s", used > 1 ? " " : "", used > 1 ? words[0] : "");
        return status;
    }
    return run_verb(verb, session, argc - 1 - (int)used, argv + 1 + used, err);
}

int main(int argc, char **argv) {
    watch_interrupts();
    cli_session session = {0};
    ht_error err = {.offset = -1, .line = -1};
    ht_status status = dispatch(&session, argc, argv, &err);
    if (status != HT_OK) {
        err.status = status;
        cli_print_error(&session, &err);
    }
    return cli_exit_code(status);
}
