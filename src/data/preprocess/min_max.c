/* min-max: y = (x - minimum[c]) / range[c], fitted: the training split lies in 0..1, other splits may leave it. */
#include "data/preprocess/affine.h"
#include "data/preprocess/steps.h"

static ht_status parse(void *state, ht_arena *arena, const ht__fields *fields, bool *fitted, ht_error *err) {
    ht__affine *affine = state;
    affine->step = "min-max";
    affine->offset_key = "minimum";
    affine->divisor_key = "range";
    return ht__affine_parse(affine, arena, fields, fitted, err);
}

static ht_status fit(void *state, ht_arena *arena, const ht__statistics *statistics, size_t count, ht_error *err) {
    ht__affine *affine = state;
    HT_TRY(ht__affine_room(affine, arena, count, err));
    for (size_t i = 0; i < count; ++i) {
        double range = statistics[i].maximum - statistics[i].minimum;
        affine->offset[i] = statistics[i].minimum;
        affine->divisor[i] = range > 0 ? range : 1; /* a constant feature becomes 0 */
    }
    return HT_OK;
}

const ht__step_type ht__step_min_max = {
    .name = "min-max",
    .summary = "(x - minimum) / range, both fitted per feature or channel",
    .kind = HT__STEP_VALUE,
    .state_bytes = sizeof(ht__affine),
    .parse = parse,
    .print = ht__affine_print,
    .fit_values = fit,
    .check_values = ht__affine_check,
    .value = ht__affine_value,
};
