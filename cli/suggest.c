#include "suggest.h"

#include <stdio.h>
#include <string.h>

#define LONGEST 48

static size_t smallest(size_t a, size_t b, size_t c) {
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Edits that turn one word into the other: insert, delete, replace, swap two neighbours (optimal string alignment,
 * row by row as in Wagner and Fischer 1974). Longer words than LONGEST count as far away. */
static size_t distance_between(const char *a, const char *b) {
    size_t a_length = strlen(a), b_length = strlen(b);
    if (a_length > LONGEST || b_length > LONGEST) {
        return LONGEST;
    }
    size_t rows[3][LONGEST + 1]; /* the row before the last, the last, the current: indexed modulo 3 */
    for (size_t j = 0; j <= b_length; ++j) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a_length; ++i) {
        size_t *now = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b_length; ++j) {
            now[j] = smallest(last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < now[j]) {
                now[j] = before[j - 2] + 1;
            }
        }
    }
    return rows[a_length % 3][b_length];
}

cli_suggestion cli_suggest_start(const char *word) {
    return (cli_suggestion){.word = word, .nearest = NULL, .distance = 2 + strlen(word) / 3};
}

void cli_suggest_consider(cli_suggestion *suggestion, const char *candidate) {
    size_t distance = distance_between(suggestion->word, candidate);
    if (distance < suggestion->distance && distance < strlen(candidate)) {
        suggestion->nearest = candidate;
        suggestion->distance = distance;
    }
}

const char *cli_suggest_advice(const cli_suggestion *suggestion, const char *prefix, char *text, size_t size) {
    text[0] = '\0';
    if (suggestion->nearest != NULL) {
        snprintf(text, size, " Did you mean %s%s?", prefix, suggestion->nearest);
    }
    return text;
}
