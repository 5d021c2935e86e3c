/* crop: a window of the picture, from the middle unless `top` and `left` say where. */
#include <string.h>

#include "data/preprocess/steps.h"

#define MIDDLE ((size_t)-1)

typedef struct crop_state {
    size_t height, width, top, left;
} crop_state;

static ht_status parse(void *raw, ht_arena *arena, const ht__fields *fields, bool *fitted, ht_error *err) {
    (void)arena;
    static const char *const keys[] = {"height", "width", "top", "left", NULL};
    crop_state *state = raw;
    *state = (crop_state){0, 0, MIDDLE, MIDDLE};
    HT_TRY(ht__fields_known(fields, keys, err));
    HT_TRY(ht__field_size(fields, "height", 1, HT__PICTURE_MAX_SIDE, &state->height, err));
    HT_TRY(ht__field_size(fields, "width", 1, HT__PICTURE_MAX_SIDE, &state->width, err));
    HT_TRY(ht__field_size(fields, "top", 0, HT__PICTURE_MAX_SIDE, &state->top, err));
    HT_TRY(ht__field_size(fields, "left", 0, HT__PICTURE_MAX_SIDE, &state->left, err));
    if (state->height == 0 || state->width == 0) {
        return ht__fields_fail(fields, err, "'height' and 'width' must be given.");
    }
    *fitted = true;
    return HT_OK;
}

static json_t *print(const void *raw) {
    const crop_state *state = raw;
    json_t *json = json_pack("{s:I, s:I}", "height", (json_int_t)state->height, "width", (json_int_t)state->width);
    if (json != NULL && state->top != MIDDLE) {
        json_object_set_new(json, "top", json_integer((json_int_t)state->top));
    }
    if (json != NULL && state->left != MIDDLE) {
        json_object_set_new(json, "left", json_integer((json_int_t)state->left));
    }
    return json;
}

static ht_status apply(const void *raw, const ht__picture *in, ht__picture *out, ht_error *err) {
    const crop_state *state = raw;
    size_t top = state->top != MIDDLE ? state->top : (in->height - state->height) / 2;
    size_t left = state->left != MIDDLE ? state->left : (in->width - state->width) / 2;
    if (state->height > in->height || state->width > in->width || top > in->height - state->height ||
        left > in->width - state->width) {
        return ht__fail(err, HT_ERROR_MISMATCH, "A crop of %zu x %zu does not fit into a picture of %zu x %zu.",
                        state->width, state->height, in->width, in->height);
    }
    HT_TRY(ht__picture_shape(out, in->channels, state->height, state->width, err));
    for (size_t c = 0; c < in->channels; ++c) {
        for (size_t y = 0; y < state->height; ++y) {
            memcpy(ht__picture_plane(out, c) + y * state->width,
                   ht__picture_plane(in, c) + (top + y) * in->width + left, state->width);
        }
    }
    return HT_OK;
}

const ht__step_type ht__step_crop = {
    .name = "crop",
    .summary = "a window of height and width, from the middle or at top and left",
    .kind = HT__STEP_PICTURE,
    .state_bytes = sizeof(crop_state),
    .parse = parse,
    .print = print,
    .picture = apply,
};
