/* Grids: levels at equal steps. The hot loops of affine, symmetric, power-of-two and mid-rise schemes. */
#include "base/clones.h"
#include "quant/levels.h"

/* Adding and subtracting 1.5 * 2^23 rounds a float of magnitude below 2^22 to an integer, ties to even. */
#define ROUNDER 12582912.0f
#define LARGEST_FLOAT 0x1.fffffep127f

HT_CLONES
static void locate_whole(const ht_levels *levels, const float *restrict values, size_t count, int32_t *restrict lower,
                         float *restrict fraction) {
    const float scale = levels->scale, low = (float)levels->low, high = (float)levels->high;
    for (size_t i = 0; i < count; ++i) {
        float quotient = values[i] / scale;
        quotient = quotient < low ? low : quotient;
        quotient = quotient > high ? high : quotient;
        float rounded = (quotient + ROUNDER) - ROUNDER;
        float below = rounded > quotient ? rounded - 1.0f : rounded;
        lower[i] = (int32_t)below;
        fraction[i] = quotient - below;
    }
}

/* Levels lie in the middle of cells. Where in its cell a value lies decides between the level's two neighbours; the
 * halves are kept apart from 1/2 so that the cell alone says which level is nearest, however small the value. */
HT_CLONES
static void locate_half(const ht_levels *levels, const float *restrict values, size_t count, int32_t *restrict lower,
                        float *restrict fraction) {
    const float scale = levels->scale, low = (float)levels->low, high = (float)levels->high;
    const float above_half = 0x1.000002p-1f, below_half = 0x1.fffffep-2f;
    for (size_t i = 0; i < count; ++i) {
        float quotient = values[i] / scale;
        /* Beyond the outermost levels, which lie half a step inside. */
        quotient = quotient < low + 0.5f ? low + 0.5f : quotient;
        quotient = quotient > high + 0.5f ? high + 0.5f : quotient;
        float rounded = (quotient + ROUNDER) - ROUNDER;
        float cell = rounded > quotient ? rounded - 1.0f : rounded;
        float within = quotient - cell;
        float from_lower = within + 0.5f, from_here = within - 0.5f;
        from_lower = from_lower < above_half ? above_half : from_lower;
        from_here = from_here > below_half ? below_half : from_here;
        lower[i] = (int32_t)(within < 0.5f ? cell - 1.0f : cell);
        fraction[i] = within < 0.5f ? from_lower : from_here;
    }
}

void ht__grid_locate(const ht_levels *levels, const float *values, size_t count, int32_t *lower, float *fraction) {
    if (levels->half != 0.0f) {
        locate_half(levels, values, count, lower, fraction);
    } else {
        locate_whole(levels, values, count, lower, fraction);
    }
}

HT_CLONES
static void decode(const ht_levels *levels, const int32_t *restrict chosen, size_t count, float *restrict values) {
    const float scale = levels->scale, half = levels->half;
    for (size_t i = 0; i < count; ++i) {
        float value = ((float)chosen[i] + half) * scale;
        /* The rounding of scale may carry the end levels of a huge range past the largest float. */
        value = value < -LARGEST_FLOAT ? -LARGEST_FLOAT : value;
        values[i] = value > LARGEST_FLOAT ? LARGEST_FLOAT : value;
    }
}

void ht__grid_decode(const ht_levels *levels, const int32_t *chosen, size_t count, float *values) {
    decode(levels, chosen, count, values);
}
