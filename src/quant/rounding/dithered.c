/* dithered: noise is added before rounding to nearest, measured in steps between levels.
 * Source: Lipshitz, Wannamaker and Vanderkooy 1992, "Quantization and Dither: A Theoretical Survey". Rectangular noise
 * of one step left in place is stochastic rounding; the two kinds here are the others in use: triangular noise of two
 * steps left in place makes the error's power independent of the value too, and rectangular noise that the decoder
 * subtracts again makes the whole error independent of it.
 */
#include "base/clones.h"
#include "quant/rounding.h"

/* Any rounding of a sum below 2^17 + 2 that is shifted to be positive: truncation of x + 1/2. */
enum { SHIFT = 4 };

HT_CLONES
static void choose_near(const ht_rounding_input *input, const float *restrict dither, int32_t *restrict chosen) {
    const int32_t *restrict lower = input->lower;
    const float *restrict fraction = input->fraction;
    const int32_t low = input->low, high = input->high;
    for (size_t i = 0; i < input->count; ++i) {
        int32_t level = lower[i] + (int32_t)(fraction[i] + dither[i] + (SHIFT + 0.5f)) - SHIFT;
        level = level < low ? low : level;
        chosen[i] = level > high ? high : level;
    }
}

HT_CLONES
static void triangular(const float *restrict noise, size_t count, float *restrict dither) {
    for (size_t i = 0; i < count; ++i) {
        dither[i] = noise[i] - noise[count + i];
    }
}

HT_CLONES
static void rectangular(const float *restrict noise, size_t count, float *restrict dither) {
    for (size_t i = 0; i < count; ++i) {
        dither[i] = noise[i] - 0.5f;
    }
}

/* `offset` serves as the dither's memory in both. */
static void choose(const ht_rounding_input *input, int32_t *chosen, float *offset) {
    triangular(input->noise, input->count, offset);
    choose_near(input, offset, chosen);
}

static void choose_subtractive(const ht_rounding_input *input, int32_t *chosen, float *offset) {
    rectangular(input->noise, input->count, offset);
    choose_near(input, offset, chosen);
    for (size_t i = 0; i < input->count; ++i) {
        offset[i] = -offset[i];
    }
}

const ht_rounding ht__round_dithered = {
    .name = "dithered",
    .summary = "triangular noise of two steps is added, then the closest level",
    .draws = 2,
    .choose = choose,
};
const ht_rounding ht__round_dithered_subtractive = {
    .name = "dithered-subtractive",
    .summary = "noise of one step is added before and subtracted after; decoding needs the seed",
    .draws = 1,
    .subtractive = true,
    .choose = choose_subtractive,
};
