/* channel-order: planes in another order, e.g. [2, 1, 0] from RGB to BGR.
 * repeat-channels: a grey picture as several equal planes. */
#include <string.h>

#include "data/preprocess/steps.h"

#define MAX_CHANNELS 16

typedef struct order_state {
    size_t count;
    size_t from[MAX_CHANNELS];
} order_state;

static ht_status parse_order(void *raw, ht_arena *arena, const ht__fields *fields, bool *fitted, ht_error *err) {
    static const char *const keys[] = {"order", NULL};
    order_state *state = raw;
    double *order = NULL;
    HT_TRY(ht__fields_known(fields, keys, err));
    HT_TRY(ht__field_doubles(fields, "order", arena, &order, &state->count, err));
    if (state->count == 0 || state->count > MAX_CHANNELS) {
        return ht__fields_fail(fields, err, "'order' must list 1 to %d planes.", MAX_CHANNELS);
    }
    for (size_t i = 0; i < state->count; ++i) {
        if (!(order[i] >= 0 && order[i] < MAX_CHANNELS)) {
            return ht__fields_fail(fields, err, "'order' counts planes from 0.");
        }
        state->from[i] = (size_t)order[i];
    }
    *fitted = true;
    return HT_OK;
}

static json_t *print_order(const void *raw) {
    const order_state *state = raw;
    json_t *order = json_array();
    for (size_t i = 0; i < state->count; ++i) {
        json_array_append_new(order, json_integer((json_int_t)state->from[i]));
    }
    return json_pack("{s:o}", "order", order);
}

static ht_status apply_order(const void *raw, const ht__picture *in, ht__picture *out, ht_error *err) {
    const order_state *state = raw;
    HT_TRY(ht__picture_shape(out, state->count, in->height, in->width, err));
    for (size_t i = 0; i < state->count; ++i) {
        if (state->from[i] >= in->channels) {
            return ht__fail(err, HT_ERROR_MISMATCH, "channel-order asks for plane %zu; the picture has %zu.",
                            state->from[i], in->channels);
        }
        memcpy(ht__picture_plane(out, i), ht__picture_plane(in, state->from[i]), in->height * in->width);
    }
    return HT_OK;
}

const ht__step_type ht__step_channel_order = {
    .name = "channel-order",
    .summary = "planes in the listed order, counted from 0: [2, 1, 0] makes BGR of RGB",
    .kind = HT__STEP_PICTURE,
    .state_bytes = sizeof(order_state),
    .parse = parse_order,
    .print = print_order,
    .picture = apply_order,
};

typedef struct repeat_state {
    size_t count;
} repeat_state;

static ht_status parse_repeat(void *raw, ht_arena *arena, const ht__fields *fields, bool *fitted, ht_error *err) {
    (void)arena;
    static const char *const keys[] = {"count", NULL};
    repeat_state *state = raw;
    state->count = 3;
    HT_TRY(ht__fields_known(fields, keys, err));
    HT_TRY(ht__field_size(fields, "count", 1, MAX_CHANNELS, &state->count, err));
    *fitted = true;
    return HT_OK;
}

static json_t *print_repeat(const void *raw) {
    return json_pack("{s:I}", "count", (json_int_t)((const repeat_state *)raw)->count);
}

static ht_status apply_repeat(const void *raw, const ht__picture *in, ht__picture *out, ht_error *err) {
    const repeat_state *state = raw;
    if (in->channels != 1) {
        return ht__fail(err, HT_ERROR_MISMATCH, "repeat-channels works on grey pictures; this one has %zu channels.",
                        in->channels);
    }
    HT_TRY(ht__picture_shape(out, state->count, in->height, in->width, err));
    for (size_t c = 0; c < state->count; ++c) {
        memcpy(ht__picture_plane(out, c), in->pixels, in->height * in->width);
    }
    return HT_OK;
}

static size_t repeats(const void *raw) { return ((const repeat_state *)raw)->count; }

const ht__step_type ht__step_repeat_channels = {
    .name = "repeat-channels",
    .summary = "a grey picture as `count` equal channels (3)",
    .kind = HT__STEP_PICTURE,
    .state_bytes = sizeof(repeat_state),
    .parse = parse_repeat,
    .print = print_repeat,
    .picture = apply_repeat,
    .repeats = repeats,
};
