#include "quant/rounding.h"

#include <string.h>

/* Add a rounding here. */
static const ht_rounding *const roundings[] = {
    &ht__round_nearest,  &ht__round_stochastic, &ht__round_dithered, &ht__round_dithered_subtractive,
    &ht__round_adaptive,
};

const ht_rounding *ht__rounding_at(size_t index) {
    return index < sizeof roundings / sizeof roundings[0] ? roundings[index] : NULL;
}

const ht_rounding *ht__rounding(const char *name) {
    const ht_rounding *rounding;
    for (size_t i = 0; (rounding = ht__rounding_at(i)) != NULL; ++i) {
        if (strcmp(rounding->name, name) == 0) {
            return rounding;
        }
    }
    return NULL;
}
