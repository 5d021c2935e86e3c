/* The level methods, in the order in which they are shown. Add one here. */
#ifndef HT_QUANT_LEVELS_LIST_H
#define HT_QUANT_LEVELS_LIST_H

#include "quant/levels.h"

extern const ht_level_method ht__levels_affine, ht__levels_symmetric, ht__levels_power_of_two, ht__levels_mid_rise,
    ht__levels_uniform_range, ht__levels_histogram, ht__levels_prior_normal, ht__levels_prior_laplace,
    ht__levels_prior_uniform, ht__levels_prior_best, ht__levels_kde, ht__levels_k_means, ht__levels_normal_float,
    ht__levels_logarithmic, ht__levels_minifloat, ht__levels_f16, ht__levels_bf16, ht__levels_mx;

#define HT_LEVEL_METHODS                                                                                             \
    &ht__levels_affine, &ht__levels_symmetric, &ht__levels_power_of_two, &ht__levels_mid_rise,                       \
        &ht__levels_uniform_range, &ht__levels_histogram, &ht__levels_prior_normal, &ht__levels_prior_laplace,       \
        &ht__levels_prior_uniform, &ht__levels_prior_best, &ht__levels_kde, &ht__levels_k_means,                     \
        &ht__levels_normal_float, &ht__levels_logarithmic, &ht__levels_minifloat, &ht__levels_f16, &ht__levels_bf16, \
        &ht__levels_mx

#endif
