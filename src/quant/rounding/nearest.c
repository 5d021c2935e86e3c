/* nearest: the closer neighbour; halfway, the one with the even integer. */
#include "base/clones.h"
#include "quant/rounding.h"

HT_CLONES
static void choose(const ht_rounding_input *input, int32_t *restrict chosen, float *restrict offset) {
    (void)offset;
    const int32_t *restrict lower = input->lower;
    const float *restrict fraction = input->fraction;
    const int32_t ties_up = input->ties_up;
    for (size_t i = 0; i < input->count; ++i) {
        int32_t tie = fraction[i] == 0.5f ? (lower[i] & 1) | ties_up : 0;
        chosen[i] = lower[i] + (fraction[i] > 0.5f ? 1 : tie);
    }
}

const ht_rounding ht__round_nearest = {
    .name = "nearest",
    .summary = "the closest level, ties to even",
    .choose = choose,
};
