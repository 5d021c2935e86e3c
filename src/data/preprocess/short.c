/* Preprocessing in the short form of the command line, "size=416,letterbox=114,bgr,raw", as a list of steps. The order
 * of the words does not matter: pictures are resized, cropped, their planes ordered, and then scaled. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "data/description.h"
#include "data/preprocess/pipeline.h"
#include "halftone/data.h"

enum { MOST_NUMBERS = 16 };

typedef struct numbers {
    size_t count;
    double value[MOST_NUMBERS];
} numbers;

/* Pixels before mean and deviation are applied. */
typedef enum pixel_scale { SCALE_UNSAID, SCALE_RAW, SCALE_UNIT } pixel_scale;

typedef struct wishes {
    numbers size, shorter, crop, letterbox, repeat, divide, mean, deviation; /* count 0: not said */
    bool boxed, reversed;
    pixel_scale scale;
} wishes;

/* ---- reading ---- */

typedef struct numeric_word {
    const char *name;
    size_t offset; /* in wishes */
    size_t least, most;
    double low, high; /* of each number */
} numeric_word;

#define AT(member) offsetof(wishes, member)
static const numeric_word numeric_words[] = {
    {"size", AT(size), 1, 2, 1, HT__PICTURE_MAX_SIDE},
    {"shorter", AT(shorter), 1, 1, 1, HT__PICTURE_MAX_SIDE},
    {"crop", AT(crop), 1, 2, 1, HT__PICTURE_MAX_SIDE},
    {"letterbox", AT(letterbox), 1, 1, 0, 255},
    {"repeat", AT(repeat), 1, 1, 1, 16},
    {"divide", AT(divide), 1, 1, 1e-30, 1e30},
    {"mean", AT(mean), 1, MOST_NUMBERS, -1e30, 1e30},
    {"std", AT(deviation), 1, MOST_NUMBERS, 1e-30, 1e30},
};

static ht_status fail(const char *text, ht_error *err, const char *word, const char *why) {
    return ht__fail_at(err, HT_ERROR_ARGUMENT, text, "In the preprocessing, '%.60s' %s.", word, why);
}

/* "416", "320x416" or "0.485+0.456+0.406" after what is there already. */
static ht_status add_numbers(const char *text, const numeric_word *word, char *list, numbers *out, ht_error *err) {
    char *rest = NULL;
    const char *separators = word->most == 2 ? "x" : "+";
    for (char *item = strtok_r(list, separators, &rest); item != NULL; item = strtok_r(NULL, separators, &rest)) {
        double number;
        if (!ht__parse_double(item, &number) || !(number >= word->low && number <= word->high)) {
            return fail(text, err, item, "is no number that fits there");
        }
        if (out->count == word->most) {
            return fail(text, err, word->name, "has too many numbers");
        }
        out->value[out->count++] = number;
    }
    return out->count >= word->least ? HT_OK : fail(text, err, word->name, "wants a number, as in size=416");
}

static ht_status take_word(const char *text, const char *item, wishes *out, ht_error *err) {
    if (strcmp(item, "raw") == 0 || strcmp(item, "unit") == 0) {
        pixel_scale scale = item[0] == 'r' ? SCALE_RAW : SCALE_UNIT;
        if (out->scale != SCALE_UNSAID && out->scale != scale) {
            return fail(text, err, item, "contradicts what stands before it: pixels are raw (0..255) or unit (0..1)");
        }
        out->scale = scale;
    } else if (strcmp(item, "letterbox") == 0) {
        out->boxed = true;
    } else if (strcmp(item, "bgr") == 0 || strcmp(item, "rgb") == 0) {
        out->reversed = item[0] == 'b';
    } else {
        return fail(text, err, item,
                    "is not known or wants no number; there are size=, shorter=, crop=, letterbox=, bgr, rgb, repeat=, "
                    "raw, unit, "
                    "divide=, mean= and std=");
    }
    return HT_OK;
}

static const numeric_word *find_word(const char *name) {
    for (size_t i = 0; i < sizeof numeric_words / sizeof *numeric_words; ++i) {
        if (strcmp(numeric_words[i].name, name) == 0) {
            return &numeric_words[i];
        }
    }
    return NULL;
}

static numbers *numbers_of(wishes *out, const numeric_word *word) {
    return (numbers *)(void *)((char *)out + word->offset);
}

/* "mean=0.485", cut at the equals sign. */
static ht_status take_pair(const char *text, char *item, char *equals, wishes *out, const numeric_word **word,
                           ht_error *err) {
    *equals = '\0';
    *word = find_word(item);
    if (*word == NULL) {
        return take_word(text, item, out, err);
    }
    return numbers_of(out, *word)->count == 0 ? add_numbers(text, *word, equals + 1, numbers_of(out, *word), err)
                                              : fail(text, err, item, "is said twice");
}

static ht_status read_words(ht_arena *arena, const char *text, wishes *out, ht_error *err) {
    char *copy = ht__arena_strdup(arena, text), *rest = NULL;
    if (copy == NULL) {
        return ht__fail_memory(err, strlen(text));
    }
    const numeric_word *last = NULL;
    for (char *item = strtok_r(copy, ",", &rest); item != NULL; item = strtok_r(NULL, ",", &rest)) {
        char *equals = strchr(item, '=');
        if (equals != NULL) {
            HT_TRY(take_pair(text, item, equals, out, &last, err));
        } else if (last != NULL && last->most > 2 && strchr("+-.0123456789", item[0]) != NULL) {
            /* A number by itself goes on with the list before it: mean=0.485,0.456,0.406. */
            HT_TRY(add_numbers(text, last, item, numbers_of(out, last), err));
        } else {
            last = NULL;
            HT_TRY(take_word(text, item, out, err));
        }
    }
    return HT_OK;
}

/* ---- steps ---- */

static void add_step(json_t *steps, const char *name, json_t *arguments) {
    json_array_append_new(steps, json_pack("{s:o}", name, arguments));
}

/* {"height": h, "width": w} of "size=w" or "size=hxw". */
static json_t *window(const numbers *size) {
    return json_pack("{s:I, s:I}", "height", (json_int_t)size->value[0], "width",
                     (json_int_t)size->value[size->count - 1]);
}

static void add_picture_steps(const wishes *w, json_t *steps) {
    if (w->shorter.count != 0) {
        add_step(steps, "resize", json_pack("{s:I}", "shorter", (json_int_t)w->shorter.value[0]));
    }
    if (w->size.count != 0) {
        json_t *size = window(&w->size);
        if (w->letterbox.count != 0) {
            json_object_set_new(size, "fill", json_integer((json_int_t)w->letterbox.value[0]));
        }
        add_step(steps, w->boxed || w->letterbox.count != 0 ? "letterbox" : "resize", size);
    }
    if (w->crop.count != 0) {
        add_step(steps, "crop", window(&w->crop));
    }
    if (w->reversed) {
        add_step(steps, "channel-order", json_pack("{s:[i,i,i]}", "order", 2, 1, 0));
    }
    if (w->repeat.count != 0) {
        add_step(steps, "repeat-channels", json_pack("{s:I}", "count", (json_int_t)w->repeat.value[0]));
    }
}

static json_t *list_of(const numbers *list) { return ht__json_doubles(list->value, list->count); }

/* Does every number look as if pixels went from 0 to 1? */
static bool is_small(const numbers *list) {
    bool small = true;
    for (size_t i = 0; i < list->count; ++i) {
        small = small && fabs(list->value[i]) <= 1.0;
    }
    return small;
}

static void add_value_steps(const wishes *w, json_t *steps) {
    static const numbers zero = {1, {0.0}}, one = {1, {1.0}};
    bool centred = w->mean.count != 0 || w->deviation.count != 0;
    bool unit = w->scale == SCALE_UNIT || (w->scale == SCALE_UNSAID && centred && w->divide.count == 0 &&
                                           is_small(&w->mean) && is_small(&w->deviation));
    if (unit || w->divide.count != 0) {
        add_step(steps, "scale", json_pack("{s:f}", "divide", unit ? 255.0 : w->divide.value[0]));
    }
    if (centred) {
        add_step(steps, "normalize",
                 json_pack("{s:o, s:o}", "mean", list_of(w->mean.count != 0 ? &w->mean : &zero), "deviation",
                           list_of(w->deviation.count != 0 ? &w->deviation : &one)));
    }
}

static ht_status steps_of_text(ht_arena *arena, const char *text, json_t **out, ht_error *err) {
    wishes w = {0};
    HT_TRY(read_words(arena, text, &w, err));
    if ((w.boxed || w.letterbox.count != 0) && w.size.count == 0) {
        return fail(text, err, "letterbox", "needs size=, the size that pictures are fitted in");
    }
    if (w.scale != SCALE_UNSAID && w.divide.count != 0) {
        return fail(text, err, "divide", "and raw or unit say the same thing twice");
    }
    *out = json_array();
    add_picture_steps(&w, *out);
    add_value_steps(&w, *out);
    return HT_OK;
}

/* ---- all of it ---- */

/* The list "preprocess" of a description of one's own. */
static ht_status steps_of_file(ht_context *ctx, ht_arena *arena, const char *path, json_t **out, ht_error *err) {
    ht__description description;
    ht_status status = ht__description_find(ctx, arena, path, &description, err);
    if (status == HT_OK) {
        *out = description.preprocess != NULL ? json_deep_copy(description.preprocess) : json_array();
    }
    ht__description_free(&description);
    return status == HT_OK && *out == NULL ? ht__fail_memory(err, 256) : status;
}

/* Steps as the rest of the program knows them; parsing them checks their arguments. */
static ht_status print_steps(ht_context *ctx, ht_arena *arena, const char *text, const json_t *steps, char **out,
                             ht_error *err) {
    ht__pipeline pipeline;
    HT_TRY(ht__pipeline_parse(arena, text, steps, &pipeline, err));
    if (ht__pipeline_needs_training(&pipeline)) {
        return ht__fail_at(err, HT_ERROR_ARGUMENT, text,
                           "A step learns from training data; say its numbers instead (normalize: mean, deviation).");
    }
    json_t *root = json_pack("{s:i, s:o}", "version", HT__PREPROCESS_VERSION, "steps", ht__pipeline_print(&pipeline));
    char *printed = root != NULL ? json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(root);
    size_t bytes = printed != NULL ? strlen(printed) + 1 : 1024;
    *out = printed != NULL ? ht__alloc(&ctx->allocator, bytes) : NULL;
    if (*out != NULL) {
        memcpy(*out, printed, bytes);
    }
    free(printed);
    return *out != NULL ? HT_OK : ht__fail_memory(err, bytes);
}

static bool is_file(const char *text) {
    size_t length = strlen(text);
    return (length > 5 && strcmp(text + length - 5, ".yaml") == 0) ||
           (length > 4 && strcmp(text + length - 4, ".yml") == 0);
}

ht_status ht_preprocess_read(ht_context *ctx, const char *text, char **json, ht_error *err) {
    ht_arena *arena;
    json_t *steps = NULL;
    *json = NULL;
    HT_TRY(ht__arena_create(&ctx->allocator, &arena, err));
    ht_status status =
        is_file(text) ? steps_of_file(ctx, arena, text, &steps, err) : steps_of_text(arena, text, &steps, err);
    if (status == HT_OK) {
        status = print_steps(ctx, arena, text, steps, json, err);
    }
    json_decref(steps);
    ht__arena_destroy(arena);
    return status;
}
