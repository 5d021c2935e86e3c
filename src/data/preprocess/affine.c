#include "data/preprocess/affine.h"

ht_status ht__affine_room(ht__affine *affine, ht_arena *arena, size_t count, ht_error *err) {
    affine->offset = ht__arena_alloc(arena, (count + 1) * sizeof *affine->offset);
    affine->divisor = ht__arena_alloc(arena, (count + 1) * sizeof *affine->divisor);
    if (affine->offset == NULL || affine->divisor == NULL) {
        return ht__fail_memory(err, count * sizeof *affine->offset);
    }
    affine->count = count;
    return HT_OK;
}

ht_status ht__affine_parse(ht__affine *affine, ht_arena *arena, const ht__fields *fields, bool *fitted, ht_error *err) {
    const char *const keys[] = {affine->offset_key, affine->divisor_key, NULL};
    HT_TRY(ht__fields_known(fields, keys, err));
    size_t offsets = 0, divisors = 0;
    HT_TRY(ht__field_doubles(fields, affine->offset_key, arena, &affine->offset, &offsets, err));
    HT_TRY(ht__field_doubles(fields, affine->divisor_key, arena, &affine->divisor, &divisors, err));
    if (offsets != divisors) {
        return ht__fields_fail(fields, err, "'%s' has %zu numbers and '%s' has %zu.", affine->offset_key, offsets,
                               affine->divisor_key, divisors);
    }
    for (size_t i = 0; i < divisors; ++i) {
        if (affine->divisor[i] == 0) {
            return ht__fields_fail(fields, err, "'%s' must not hold a zero.", affine->divisor_key);
        }
    }
    affine->count = offsets;
    *fitted = offsets != 0;
    return HT_OK;
}

json_t *ht__affine_print(const void *state) {
    const ht__affine *affine = state;
    return json_pack("{s:o, s:o}", affine->offset_key, ht__json_doubles(affine->offset, affine->count),
                     affine->divisor_key, ht__json_doubles(affine->divisor, affine->count));
}

ht_status ht__affine_check(const void *state, size_t count, ht_error *err) {
    const ht__affine *affine = state;
    return ht__step_check_count(affine->step, affine->count, count, err);
}

double ht__affine_value(const void *state, size_t channel, double x) {
    const ht__affine *affine = state;
    size_t i = affine->count == 1 ? 0 : channel;
    return (x - affine->offset[i]) / affine->divisor[i];
}
