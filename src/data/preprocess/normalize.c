/* normalize: y = (x - mean[c]) / deviation[c] with given numbers.
 * standardize: the same with each feature's mean and deviation over the training split. */
#include "data/preprocess/affine.h"
#include "data/preprocess/steps.h"

static void name_keys(ht__affine *affine, const char *step) {
    affine->step = step;
    affine->offset_key = "mean";
    affine->divisor_key = "deviation";
}

static ht_status parse_normalize(void *state, ht_arena *arena, const ht__fields *fields, bool *fitted, ht_error *err) {
    name_keys(state, "normalize");
    HT_TRY(ht__affine_parse(state, arena, fields, fitted, err));
    return *fitted ? HT_OK : ht__fields_fail(fields, err, "'mean' and 'deviation' must be given.");
}

static ht_status parse_standardize(void *state, ht_arena *arena, const ht__fields *fields, bool *fitted,
                                   ht_error *err) {
    name_keys(state, "standardize");
    return ht__affine_parse(state, arena, fields, fitted, err);
}

static ht_status fit(void *state, ht_arena *arena, const ht__statistics *statistics, size_t count, ht_error *err) {
    ht__affine *affine = state;
    HT_TRY(ht__affine_room(affine, arena, count, err));
    for (size_t i = 0; i < count; ++i) {
        affine->offset[i] = statistics[i].mean;
        /* A constant feature becomes 0 instead of a division by zero. */
        affine->divisor[i] = statistics[i].deviation > 0 ? statistics[i].deviation : 1;
    }
    return HT_OK;
}

const ht__step_type ht__step_normalize = {
    .name = "normalize",
    .summary = "(x - mean) / deviation with given numbers, one for all or one per channel",
    .kind = HT__STEP_VALUE,
    .state_bytes = sizeof(ht__affine),
    .parse = parse_normalize,
    .print = ht__affine_print,
    .check_values = ht__affine_check,
    .value = ht__affine_value,
};

const ht__step_type ht__step_standardize = {
    .name = "standardize",
    .summary = "(x - mean) / deviation, both fitted per feature or channel; one-hot columns stay 0 and 1",
    .kind = HT__STEP_VALUE,
    .state_bytes = sizeof(ht__affine),
    .parse = parse_standardize,
    .print = ht__affine_print,
    .fit_values = fit,
    .check_values = ht__affine_check,
    .value = ht__affine_value,
    .skips_indicators = true,
};
