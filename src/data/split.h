/* Cutting samples into training, validation and test: seeded, stratified on request. */
#ifndef HT_DATA_SPLIT_H
#define HT_DATA_SPLIT_H

#include <stdint.h>

#include "base/memory.h"

/* Orders 0..samples-1 into `order`: a seeded permutation, cut into `count` groups by `fractions` (the last group takes
 * the rest). Group g is order[bounds[g]..bounds[g+1]). With `classes` (f32[samples], whole numbers; NULL: not
 * stratified) each class is cut by these fractions, to within one sample.
 * The same samples, seed, fractions and classes give the same groups on every machine. */
ht_status ht__split(const ht_allocator *allocator, size_t samples, uint64_t seed, const double *fractions, size_t count,
                    const float *classes, uint32_t *order, size_t *bounds, ht_error *err);

#endif
