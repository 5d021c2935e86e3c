/* The public lists of names, and the nearest name to a mistyped one. */
#include <string.h>

#include "quant/choices.h"
#include "quant/levels.h"
#include "quant/presets.h"
#include "quant/range.h"
#include "quant/rounding.h"

typedef struct named {
    const char *name, *summary;
} named;

static const named granularities[] = {
    {"tensor", "one set of levels for the whole tensor (the literature's layerwise)"},
    {"channel", "one set of levels for each output channel"},
    {"block", "one set of levels for each run of n values within a channel (block:n)"},
};

bool ht_choice_at(ht_choice choice, size_t index, const char **name, const char **summary) {
    named found = {0};
    switch (choice) {
    case HT_CHOICE_LEVELS: {
        const ht_level_method *method = ht__level_method_at(index);
        found = method != NULL ? (named){method->name, method->summary} : found;
        break;
    }
    case HT_CHOICE_ROUND: {
        const ht_rounding *rounding = ht__rounding_at(index);
        found = rounding != NULL ? (named){rounding->name, rounding->summary} : found;
        break;
    }
    case HT_CHOICE_GRANULARITY:
        found = index < sizeof granularities / sizeof granularities[0] ? granularities[index] : found;
        break;
    case HT_CHOICE_RANGE: {
        const ht_range_method *range = ht__range_method_at(index);
        found = range != NULL ? (named){range->name, range->summary} : found;
        break;
    }
    case HT_CHOICE_PRESET: {
        const ht_preset *preset = ht__preset_at(index);
        found = preset != NULL ? (named){preset->name, preset->summary} : found;
        break;
    }
    }
    if (found.name == NULL) {
        return false;
    }
    if (name != NULL) {
        *name = found.name;
    }
    if (summary != NULL) {
        *summary = found.summary;
    }
    return true;
}

bool ht__choice_has(ht_choice choice, const char *name) {
    const char *candidate;
    for (size_t i = 0; ht_choice_at(choice, i, &candidate, NULL); ++i) {
        if (strcmp(candidate, name) == 0) {
            return true;
        }
    }
    return false;
}

unsigned ht__edit_distance(const char *a, const char *b) {
    enum { LONGEST = 39 };
    size_t length = strnlen(b, LONGEST);
    unsigned row[LONGEST + 1];
    for (size_t j = 0; j <= length; ++j) {
        row[j] = (unsigned)j;
    }
    for (size_t i = 0; a[i] != '\0' && i < LONGEST; ++i) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i + 1;
        for (size_t j = 0; j < length; ++j) {
            unsigned replace = diagonal + (a[i] != b[j]);
            unsigned either = (row[j] < row[j + 1] ? row[j] : row[j + 1]) + 1;
            diagonal = row[j + 1];
            row[j + 1] = replace < either ? replace : either;
        }
    }
    return row[length];
}

const char *ht__choice_nearest(ht_choice choice, const char *name) {
    const char *best = "", *candidate;
    unsigned least = ~0u;
    for (size_t i = 0; ht_choice_at(choice, i, &candidate, NULL); ++i) {
        unsigned here = ht__edit_distance(name, candidate);
        if (here < least) {
            least = here;
            best = candidate;
        }
    }
    return best;
}
