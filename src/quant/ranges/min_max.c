/* min-max: from the smallest to the largest value; nothing is clipped. */
#include "quant/range.h"

static ht_status choose(ht_fit *fit, const ht_level_method *method, ht_error *err) {
    (void)method;
    (void)err;
    ht__range_set(fit, fit->smallest, fit->largest);
    return HT_OK;
}

const ht_range_method ht__range_min_max = {
    .name = "min-max",
    .summary = "from the smallest to the largest value: nothing is clipped",
    .choose = choose,
};
