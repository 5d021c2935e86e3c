/* Augmentation of pictures, in place, from counter-based random numbers. */
#ifndef HT_TRAIN_AUGMENT_H
#define HT_TRAIN_AUGMENT_H

#include "base/pool.h"
#include "halftone/train.h"

/* Changes `count` pictures f32[count][channels][height][width] as the recipe says (flip, crop, cutout). Picture i draws
 * from position `first` + i of epoch `epoch`: the same for any batch split and number of threads. `scratch` holds one
 * picture per thread of the pool. */
void ht__augment(const ht_train_options *recipe, uint64_t epoch, uint64_t first, size_t count, const size_t dims[3],
                 float *pictures, float *scratch, ht_pool *pool);
/* Does the recipe augment at all? */
bool ht__augments(const ht_train_options *recipe);

#endif
