/* Schemes as text: parsing, printing, checking. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "quant/choices.h"
#include "quant/levels.h"
#include "quant/presets.h"
#include "quant/rounding.h"

typedef struct quirk_name {
    const char *name;
    uint32_t mask;
} quirk_name;

static const quirk_name quirk_names[] = {
    {"joint-bias", HT_QUIRK_JOINT_BIAS}, {"unsorted", HT_QUIRK_UNSORTED},     {"open-fence", HT_QUIRK_OPEN_FENCE},
    {"unclipped", HT_QUIRK_UNCLIPPED},   {"single-row", HT_QUIRK_SINGLE_ROW}, {"ties-up", HT_QUIRK_TIES_UP},
};
enum { QUIRKS = sizeof quirk_names / sizeof quirk_names[0], LARGEST_BLOCK = 1 << 20 };

void ht_scheme_init(ht_scheme *scheme) {
    *scheme = (ht_scheme){.levels = "affine",
                          .round = "nearest",
                          .granularity = "tensor",
                          .range = "min-max",
                          .bits = 8,
                          .block = 32,
                          .percentile = 99.9,
                          .fence = 1.5,
                          .momentum = 0.9};
}

/* Copies a list's name, which may carry a parameter after a colon; *parameter is what follows it, or NULL. */
static ht_status take_name(ht_choice choice, const char *what, char *value, char target[24], char **parameter,
                           ht_error *err) {
    char *colon = strchr(value, ':');
    *parameter = NULL;
    if (colon != NULL) {
        *colon = '\0';
        *parameter = colon + 1;
    }
    if (!ht__choice_has(choice, value)) {
        return ht__fail(err, HT_ERROR_NOT_FOUND, "There is no %s called \"%s\"; the nearest is \"%s\".", what, value,
                        ht__choice_nearest(choice, value));
    }
    snprintf(target, 24, "%s", value);
    return HT_OK;
}

static ht_status take_integer(const char *what, const char *text, int64_t low, int64_t high, int64_t *out,
                              ht_error *err) {
    if (!ht__parse_int64(text, out) || *out < low || *out > high) {
        return ht__fail(err, HT_ERROR_ARGUMENT, "%s must be a whole number from %lld to %lld, not \"%s\".", what,
                        (long long)low, (long long)high, text);
    }
    return HT_OK;
}

static ht_status take_number(const char *what, const char *text, double *out, ht_error *err) {
    if (!ht__parse_double(text, out)) {
        return ht__fail(err, HT_ERROR_ARGUMENT, "%s must be a number, not \"%s\".", what, text);
    }
    return HT_OK;
}

static bool has_digits(const ht_scheme *scheme) {
    return strcmp(scheme->levels, "minifloat") == 0 || strcmp(scheme->levels, "mx") == 0;
}

/* levels=minifloat:e4m3 */
static ht_status take_levels(ht_scheme *scheme, char *value, ht_error *err) {
    char *parameter;
    HT_TRY(take_name(HT_CHOICE_LEVELS, "set of levels", value, scheme->levels, &parameter, err));
    scheme->exponent_bits = scheme->mantissa_bits = 0;
    uint32_t fixed = ht_scheme_fixed_bits(scheme);
    scheme->bits = fixed != 0 ? fixed : scheme->bits;
    if (parameter == NULL) {
        return HT_OK;
    }
    unsigned exponent, mantissa;
    int used = 0;
    if (!has_digits(scheme) || sscanf(parameter, "e%1um%2u%n", &exponent, &mantissa, &used) != 2 ||
        parameter[used] != '\0' || exponent == 0 || exponent > 8 || mantissa > 10) {
        return ht__fail(err, HT_ERROR_ARGUMENT,
                        "\":%s\" after the levels \"%s\" is not understood; only minifloat and mx take a "
                        "parameter, such as minifloat:e4m3 (exponent 1 to 8 bits, mantissa 0 to 10).",
                        parameter, scheme->levels);
    }
    scheme->exponent_bits = exponent;
    scheme->mantissa_bits = mantissa;
    scheme->bits = 1 + exponent + mantissa;
    return HT_OK;
}

static ht_status take_granularity(ht_scheme *scheme, char *value, ht_error *err) {
    char *parameter;
    HT_TRY(take_name(HT_CHOICE_GRANULARITY, "granularity", value, scheme->granularity, &parameter, err));
    if (parameter != NULL && strcmp(scheme->granularity, "block") == 0) {
        int64_t block;
        HT_TRY(take_integer("A block's length", parameter, 1, LARGEST_BLOCK, &block, err));
        scheme->block = (uint32_t)block;
    } else if (parameter != NULL) {
        return ht__fail(err, HT_ERROR_ARGUMENT, "Only the granularity \"block\" takes a length, as in block:32.");
    }
    return HT_OK;
}

static ht_status take_range(ht_scheme *scheme, char *value, ht_error *err) {
    char *parameter;
    HT_TRY(take_name(HT_CHOICE_RANGE, "range", value, scheme->range, &parameter, err));
    if (parameter == NULL) {
        return HT_OK;
    }
    if (strcmp(scheme->range, "percentile") == 0) {
        return take_number("A percentile", parameter, &scheme->percentile, err);
    }
    if (strcmp(scheme->range, "iqr") == 0) {
        return take_number("The fence", parameter, &scheme->fence, err);
    }
    if (strcmp(scheme->range, "moving-average") == 0) {
        return take_number("The momentum", parameter, &scheme->momentum, err);
    }
    return ht__fail(err, HT_ERROR_ARGUMENT, "The range \"%s\" takes no parameter.", scheme->range);
}

/* bits=4 or bits=4/8 */
static ht_status take_bits(ht_scheme *scheme, char *value, ht_error *err) {
    char *slash = strchr(value, '/');
    int64_t bits, activation_bits = 0;
    if (slash != NULL) {
        *slash = '\0';
        HT_TRY(take_integer("The width of activations", slash + 1, 2, HT_BITS_MAX, &activation_bits, err));
    }
    HT_TRY(take_integer("The width", value, 1, HT_BITS_MAX, &bits, err));
    scheme->bits = (uint32_t)bits;
    scheme->activation_bits = slash != NULL ? (uint32_t)activation_bits : scheme->activation_bits;
    return HT_OK;
}

static ht_status take_quirks(ht_scheme *scheme, char *value, ht_error *err) {
    scheme->quirks = 0;
    char *rest;
    for (char *one = strtok_r(value, "+", &rest); one != NULL; one = strtok_r(NULL, "+", &rest)) {
        uint32_t mask = strcmp(one, "capstone") == 0 ? HT_QUIRKS_CAPSTONE : 0;
        for (size_t i = 0; i < QUIRKS; ++i) {
            mask |= strcmp(one, quirk_names[i].name) == 0 ? quirk_names[i].mask : 0;
        }
        if (mask == 0 && strcmp(one, "none") != 0) {
            return ht__fail(err, HT_ERROR_NOT_FOUND,
                            "There is no quirk called \"%s\"; there are joint-bias, unsorted, open-fence, unclipped, "
                            "single-row, ties-up, and capstone for all of them.",
                            one);
        }
        scheme->quirks |= mask;
    }
    return HT_OK;
}

static ht_status take_pair(ht_scheme *scheme, const char *key, char *value, ht_error *err) {
    char *parameter;
    if (strcmp(key, "levels") == 0) {
        return take_levels(scheme, value, err);
    }
    if (strcmp(key, "round") == 0) {
        HT_TRY(take_name(HT_CHOICE_ROUND, "rounding", value, scheme->round, &parameter, err));
        return parameter == NULL ? HT_OK : ht__fail(err, HT_ERROR_ARGUMENT, "A rounding takes no parameter.");
    }
    if (strcmp(key, "granularity") == 0) {
        return take_granularity(scheme, value, err);
    }
    if (strcmp(key, "range") == 0) {
        return take_range(scheme, value, err);
    }
    if (strcmp(key, "bits") == 0) {
        return take_bits(scheme, value, err);
    }
    if (strcmp(key, "quirks") == 0) {
        return take_quirks(scheme, value, err);
    }
    if (strcmp(key, "seed") == 0) {
        int64_t seed;
        HT_TRY(take_integer("The seed", value, 0, INT64_MAX, &seed, err));
        scheme->seed = (uint64_t)seed;
        return HT_OK;
    }
    return ht__fail(
        err, HT_ERROR_ARGUMENT,
        "\"%s\" is not a part of a scheme; there are levels, round, granularity, range, bits, seed, quirks.", key);
}

static ht_status take_preset(ht_scheme *scheme, const char *name, ht_error *err);

static ht_status take_parts(ht_scheme *scheme, const char *text, ht_error *err) {
    char copy[HT_SCHEME_TEXT];
    if (strlen(text) >= sizeof copy) {
        return ht__fail(err, HT_ERROR_LIMIT, "A scheme's text has at most %d characters.", HT_SCHEME_TEXT - 1);
    }
    strcpy(copy, text);
    bool first = true;
    char *rest;
    for (char *part = strtok_r(copy, ",", &rest); part != NULL; part = strtok_r(NULL, ",", &rest), first = false) {
        char *equals = strchr(part, '=');
        if (equals != NULL) {
            *equals = '\0';
            HT_TRY(take_pair(scheme, part, equals + 1, err));
        } else if (first) {
            HT_TRY(take_preset(scheme, part, err));
        } else {
            return ht__fail(err, HT_ERROR_ARGUMENT, "\"%s\" in a scheme is not of the form name=value.", part);
        }
    }
    return HT_OK;
}

/* A level set's name alone is a scheme too. */
static ht_status take_preset(ht_scheme *scheme, const char *name, ht_error *err) {
    const ht_preset *preset = ht__preset(name);
    if (preset != NULL) {
        HT_TRY(take_parts(scheme, preset->text, err));
        snprintf(scheme->name, sizeof scheme->name, "%s", name);
        return HT_OK;
    }
    char levels[40];
    snprintf(levels, sizeof levels, "%s", name);
    if (ht__level_method(name) == NULL && strchr(name, ':') == NULL) {
        return ht__fail(err, HT_ERROR_NOT_FOUND,
                        "There is no scheme called \"%s\"; the nearest is \"%s\" (see: halftone list schemes).", name,
                        ht__choice_nearest(HT_CHOICE_PRESET, name));
    }
    return take_levels(scheme, levels, err);
}

ht_status ht_scheme_parse(const char *text, ht_scheme *scheme, ht_error *err) {
    ht_scheme made;
    ht_scheme_init(&made);
    HT_TRY(take_parts(&made, text, err));
    HT_TRY(ht_scheme_check(&made, err));
    *scheme = made;
    return HT_OK;
}

uint32_t ht_scheme_fixed_bits(const ht_scheme *scheme) {
    const ht_level_method *method = ht__level_method(scheme->levels);
    if (method != NULL && method->fixed_bits != 0) {
        return method->fixed_bits;
    }
    return scheme->exponent_bits != 0 ? 1 + scheme->exponent_bits + scheme->mantissa_bits : 0;
}

bool ht_scheme_is_random(const ht_scheme *scheme) {
    const ht_rounding *rounding = ht__rounding(scheme->round);
    return rounding != NULL && rounding->draws > 0;
}

static ht_status check_name(ht_choice choice, const char *what, const char *name, ht_error *err) {
    if (ht__choice_has(choice, name)) {
        return HT_OK;
    }
    return ht__fail(err, HT_ERROR_NOT_FOUND, "There is no %s called \"%s\"; the nearest is \"%s\".", what, name,
                    ht__choice_nearest(choice, name));
}

static ht_status check_bits(const ht_scheme *scheme, ht_error *err) {
    const ht_level_method *method = ht__level_method(scheme->levels);
    uint32_t fixed = ht_scheme_fixed_bits(scheme);
    if (fixed != 0 && scheme->bits != fixed) {
        return ht__fail(err, HT_ERROR_ARGUMENT, "The levels \"%s\" always have %u bits, not %u.", scheme->levels, fixed,
                        scheme->bits);
    }
    if (scheme->bits < method->smallest_bits || scheme->bits > HT_BITS_MAX) {
        return ht__fail(err, HT_ERROR_ARGUMENT, "The levels \"%s\" have %u to %d bits, not %u.", scheme->levels,
                        method->smallest_bits, HT_BITS_MAX, scheme->bits);
    }
    if (scheme->activation_bits == 1 || scheme->activation_bits > HT_BITS_MAX) {
        return ht__fail(err, HT_ERROR_ARGUMENT, "Activations have 2 to %d bits, not %u.", HT_BITS_MAX,
                        scheme->activation_bits);
    }
    return HT_OK;
}

ht_status ht_scheme_check(const ht_scheme *scheme, ht_error *err) {
    HT_TRY(check_name(HT_CHOICE_LEVELS, "set of levels", scheme->levels, err));
    HT_TRY(check_name(HT_CHOICE_ROUND, "rounding", scheme->round, err));
    HT_TRY(check_name(HT_CHOICE_GRANULARITY, "granularity", scheme->granularity, err));
    HT_TRY(check_name(HT_CHOICE_RANGE, "range", scheme->range, err));
    HT_TRY(check_bits(scheme, err));
    if (scheme->block < 1 || scheme->block > LARGEST_BLOCK) {
        return ht__fail(err, HT_ERROR_ARGUMENT, "A block has 1 to %d values, not %u.", LARGEST_BLOCK, scheme->block);
    }
    if (!(scheme->percentile > 0.0 && scheme->percentile <= 100.0)) {
        return ht__fail(err, HT_ERROR_ARGUMENT, "A percentile lies above 0 and at most at 100, not at %g.",
                        scheme->percentile);
    }
    if (!(scheme->fence >= 0.0 && scheme->fence <= 1e6)) {
        return ht__fail(err, HT_ERROR_ARGUMENT, "The fence lies between 0 and 1e6, not at %g.", scheme->fence);
    }
    if (!(scheme->momentum >= 0.0 && scheme->momentum < 1.0)) {
        return ht__fail(err, HT_ERROR_ARGUMENT, "The momentum lies in [0, 1), not at %g.", scheme->momentum);
    }
    return HT_OK;
}

void ht_scheme_print(const ht_scheme *scheme, char *text) {
    char levels[40] = "", granularity[40], range[48], quirks[96] = "";
    snprintf(levels, sizeof levels, "%s", scheme->levels);
    if (scheme->exponent_bits != 0) {
        snprintf(levels, sizeof levels, "%s:e%um%u", scheme->levels, scheme->exponent_bits, scheme->mantissa_bits);
    }
    snprintf(granularity, sizeof granularity, "%s", scheme->granularity);
    if (strcmp(scheme->granularity, "block") == 0) {
        snprintf(granularity, sizeof granularity, "block:%u", scheme->block);
    }
    bool percentile = strcmp(scheme->range, "percentile") == 0, fence = strcmp(scheme->range, "iqr") == 0;
    bool average = strcmp(scheme->range, "moving-average") == 0;
    snprintf(range, sizeof range, "%s", scheme->range);
    if (percentile || (fence && scheme->fence != 1.5) || average) {
        snprintf(range, sizeof range, "%s:%.9g", scheme->range,
                 percentile ? scheme->percentile
                 : fence    ? scheme->fence
                            : scheme->momentum);
        /* A locale's decimal comma would end the part. */
        for (char *comma = range; (comma = strchr(comma, ',')) != NULL;) {
            *comma = '.';
        }
    }
    for (size_t i = 0; i < QUIRKS; ++i) {
        if (scheme->quirks & quirk_names[i].mask) {
            size_t length = strlen(quirks);
            snprintf(quirks + length, sizeof quirks - length, "%s%s",
                     length > 0 ? "+" : ",quirks=", quirk_names[i].name);
        }
    }
    int used = snprintf(text, HT_SCHEME_TEXT, "levels=%s,round=%s,granularity=%s,range=%s,bits=%u", levels,
                        scheme->round, granularity, range, scheme->bits);
    if (scheme->activation_bits != 0) {
        used += snprintf(text + used, (size_t)(HT_SCHEME_TEXT - used), "/%u", scheme->activation_bits);
    }
    if (ht_scheme_is_random(scheme)) {
        used += snprintf(text + used, (size_t)(HT_SCHEME_TEXT - used), ",seed=%llu", (unsigned long long)scheme->seed);
    }
    snprintf(text + used, (size_t)(HT_SCHEME_TEXT - used), "%s", quirks);
}
