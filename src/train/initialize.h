/* Fresh weights. */
#ifndef HT_TRAIN_INITIALIZE_H
#define HT_TRAIN_INITIALIZE_H

#include "base/tensor.h"
#include "halftone/train.h"

/* Fills `values`, a weight of `desc` (rank >= 2, [outputs, inputs, window...]), from stream `index` of `seed`.
 *
 *   He (2015):      normal with variance 2 / fan_in, or uniform in +-sqrt(6 / fan_in)
 *   Xavier (2010):  normal with variance 2 / (fan_in + fan_out), or uniform in +-sqrt(6 / (fan_in + fan_out))
 *
 * fan_in = inputs x window elements, fan_out = outputs x window elements. */
void ht__initialize(ht_initialization method, uint64_t seed, uint64_t index, const ht_tensor_desc *desc, float *values);

#endif
