/* moving-average: for activations, an exponential moving average of each batch's smallest and largest value (Jacob et
 * al. 2018, section 3.1). A tensor of weights is one batch, so that it is min-max there.
 */
#include "quant/range.h"

static ht_status choose(ht_fit *fit, const ht_level_method *method, ht_error *err) {
    return ht__range_min_max.choose(fit, method, err);
}

const ht_range_method ht__range_moving_average = {
    .name = "moving-average",
    .summary = "activations: moving average over batches of minimum and maximum (moving-average:0.9); weights: min-max",
    .choose = choose,
};
