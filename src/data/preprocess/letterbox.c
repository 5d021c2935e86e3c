/* letterbox: resized with its proportions kept until it fits, the rest filled with one value. */
#include <string.h>

#include "data/preprocess/resize.h"
#include "data/preprocess/steps.h"

typedef struct letterbox_state {
    size_t height, width, fill;
    bool centred, antialias;
} letterbox_state;

static ht_status parse(void *raw, ht_arena *arena, const ht__fields *fields, bool *fitted, ht_error *err) {
    (void)arena;
    static const char *const keys[] = {"height", "width", "fill", "centred", "antialias", NULL};
    letterbox_state *state = raw;
    *state = (letterbox_state){.fill = 114, .centred = true};
    HT_TRY(ht__fields_known(fields, keys, err));
    HT_TRY(ht__field_size(fields, "height", 1, HT__PICTURE_MAX_SIDE, &state->height, err));
    HT_TRY(ht__field_size(fields, "width", 1, HT__PICTURE_MAX_SIDE, &state->width, err));
    HT_TRY(ht__field_size(fields, "fill", 0, 255, &state->fill, err));
    HT_TRY(ht__field_bool(fields, "centred", &state->centred, err));
    HT_TRY(ht__field_bool(fields, "antialias", &state->antialias, err));
    if (state->height == 0 || state->width == 0) {
        return ht__fields_fail(fields, err, "'height' and 'width' must be given.");
    }
    *fitted = true;
    return HT_OK;
}

static json_t *print(const void *raw) {
    const letterbox_state *state = raw;
    return json_pack("{s:I, s:I, s:I, s:b, s:b}", "height", (json_int_t)state->height, "width",
                     (json_int_t)state->width, "fill", (json_int_t)state->fill, "centred", state->centred, "antialias",
                     state->antialias);
}

static ht_status apply(const void *raw, const ht__picture *in, ht__picture *out, ht_error *err) {
    const letterbox_state *state = raw;
    /* The side that is short of room sets the scale: height / in.height < width / in.width, in whole numbers. */
    bool by_height = state->height * in->width < state->width * in->height;
    size_t height = by_height ? state->height : in->height * state->width / in->width;
    size_t width = by_height ? in->width * state->height / in->height : state->width;
    height = height == 0 ? 1 : height;
    width = width == 0 ? 1 : width;
    HT_TRY(ht__picture_shape(out, in->channels, state->height, state->width, err));
    memset(out->pixels, (int)state->fill, ht__picture_bytes(out));
    ht__picture inner = {.allocator = out->allocator};
    ht_status status = ht__resize(in, height, width, state->antialias, &inner, err);
    size_t top = state->centred ? (state->height - height) / 2 : 0;
    size_t left = state->centred ? (state->width - width) / 2 : 0;
    for (size_t c = 0; status == HT_OK && c < in->channels; ++c) {
        for (size_t y = 0; y < height; ++y) {
            memcpy(ht__picture_plane(out, c) + (top + y) * state->width + left,
                   ht__picture_plane(&inner, c) + y * width, width);
        }
    }
    ht__picture_free(&inner);
    return status;
}

const ht__step_type ht__step_letterbox = {
    .name = "letterbox",
    .summary = "fits the whole picture into height and width; fill: 114; centred: true, else top left",
    .kind = HT__STEP_PICTURE,
    .state_bytes = sizeof(letterbox_state),
    .parse = parse,
    .print = print,
    .picture = apply,
};
