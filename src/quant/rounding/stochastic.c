/* stochastic: up with probability fraction, down otherwise, so that the mean error is zero. */
#include "base/clones.h"
#include "quant/rounding.h"

HT_CLONES
static void choose(const ht_rounding_input *input, int32_t *restrict chosen, float *restrict offset) {
    (void)offset;
    const int32_t *restrict lower = input->lower;
    const float *restrict fraction = input->fraction, *restrict noise = input->noise;
    for (size_t i = 0; i < input->count; ++i) {
        chosen[i] = lower[i] + (noise[i] < fraction[i] ? 1 : 0);
    }
}

const ht_rounding ht__round_stochastic = {
    .name = "stochastic",
    .summary = "one of the two neighbours, the closer one more often: no error on average",
    .draws = 1,
    .choose = choose,
};
