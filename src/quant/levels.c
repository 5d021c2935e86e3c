#include "quant/levels.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "numeric/minifloat.h"
#include "quant/levels/list.h"

const ht_level_method *ht__level_method_at(size_t index) {
    static const ht_level_method *const methods[] = {HT_LEVEL_METHODS};
    return index < sizeof methods / sizeof methods[0] ? methods[index] : NULL;
}

const ht_level_method *ht__level_method(const char *name) {
    const ht_level_method *method;
    for (size_t i = 0; (method = ht__level_method_at(i)) != NULL; ++i) {
        if (strcmp(method->name, name) == 0) {
            return method;
        }
    }
    return NULL;
}

static void locate_table(const ht_levels *levels, const float *values, size_t count, int32_t *lower, float *fraction) {
    ht__lookup_locate(&levels->lookup, levels->scale, values, count, lower, fraction);
    if (levels->first != 0) {
        for (size_t i = 0; i < count; ++i) {
            lower[i] = values[i] <= levels->lookup.levels[0] ? levels->first : lower[i];
        }
    }
}

void ht__levels_locate(const ht_levels *levels, const float *values, size_t count, int32_t *lower, float *fraction) {
    switch (levels->kind) {
    case HT_LEVELS_GRID: ht__grid_locate(levels, values, count, lower, fraction); break;
    case HT_LEVELS_TABLE: locate_table(levels, values, count, lower, fraction); break;
    case HT_LEVELS_FORMAT: ht__minifloat_locate(&levels->format, levels->scale, values, count, lower, fraction); break;
    }
}

void ht__levels_decode(const ht_levels *levels, const int32_t *chosen, size_t count, float *values) {
    switch (levels->kind) {
    case HT_LEVELS_GRID: ht__grid_decode(levels, chosen, count, values); break;
    case HT_LEVELS_TABLE: ht__lookup_decode(&levels->lookup, levels->scale, chosen, count, values); break;
    case HT_LEVELS_FORMAT: ht__minifloat_decode_signed(&levels->format, levels->scale, chosen, count, values); break;
    }
}

static float decode_one(const ht_levels *levels, int32_t chosen) {
    float value;
    ht__levels_decode(levels, &chosen, 1, &value);
    return value;
}

void ht__levels_decode_offset(const ht_levels *levels, const int32_t *chosen, const float *offset, size_t count,
                              float *values) {
    ht__levels_decode(levels, chosen, count, values);
    if (levels->low == levels->high) {
        return;
    }
    for (size_t i = 0; i < count; ++i) {
        int32_t here = chosen[i];
        int32_t side = offset[i] < 0.0f ? (here > levels->low ? -1 : 1) : (here < levels->high ? 1 : -1);
        double step = ((double)decode_one(levels, here + side) - values[i]) * side;
        values[i] = (float)fmin(fmax(values[i] + step * offset[i], -FLT_MAX), FLT_MAX);
    }
}
