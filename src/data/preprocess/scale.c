/* scale: y = x * multiply / divide. A fixed change of unit, such as 0..255 to 0..1. */
#include <math.h>

#include "data/preprocess/steps.h"

typedef struct scale_state {
    double multiply, divide;
} scale_state;

static ht_status parse(void *state, ht_arena *arena, const ht__fields *fields, bool *fitted, ht_error *err) {
    (void)arena;
    static const char *const keys[] = {"multiply", "divide", NULL};
    scale_state *scale = state;
    *scale = (scale_state){1, 1};
    HT_TRY(ht__fields_known(fields, keys, err));
    HT_TRY(ht__field_double(fields, "multiply", &scale->multiply, err));
    HT_TRY(ht__field_double(fields, "divide", &scale->divide, err));
    if (scale->divide == 0 || !isfinite(scale->multiply / scale->divide)) {
        return ht__fields_fail(fields, err, "'divide' must not be zero.");
    }
    *fitted = true;
    return HT_OK;
}

static json_t *print(const void *state) {
    const scale_state *scale = state;
    return json_pack("{s:f, s:f}", "multiply", scale->multiply, "divide", scale->divide);
}

static double value(const void *state, size_t channel, double x) {
    (void)channel;
    const scale_state *scale = state;
    return x * scale->multiply / scale->divide;
}

const ht__step_type ht__step_scale = {
    .name = "scale",
    .summary = "x * multiply / divide, every feature or channel alike",
    .kind = HT__STEP_VALUE,
    .state_bytes = sizeof(scale_state),
    .parse = parse,
    .print = print,
    .value = value,
};
