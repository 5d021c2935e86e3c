/* "Did you mean": the nearest of a set of words. */
#ifndef CLI_SUGGEST_H
#define CLI_SUGGEST_H

#include <stddef.h>

typedef struct cli_suggestion {
    const char *word;    /* as typed */
    const char *nearest; /* NULL while nothing is near enough */
    size_t distance;
} cli_suggestion;

cli_suggestion cli_suggest_start(const char *word);
void cli_suggest_consider(cli_suggestion *suggestion, const char *candidate);
/* " Did you mean PREFIXnearest?", to follow a sentence, or "" when nothing is near. Returns `text`. */
const char *cli_suggest_advice(const cli_suggestion *suggestion, const char *prefix, char *text, size_t size);

#endif
