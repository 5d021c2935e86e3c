/* adaptive: nearest at first; then the calibration samples decide for each weight of a layer (quant/adapt.h). */
#include "quant/rounding.h"

static void choose(const ht_rounding_input *input, int32_t *chosen, float *offset) {
    ht__round_nearest.choose(input, chosen, offset);
}

const ht_rounding ht__round_adaptive = {
    .name = "adaptive",
    .summary = "up or down as suits the layer's results on calibration samples",
    .adaptive = true,
    .choose = choose,
};
