/* Learning rate schedules: pure functions of the step, so that a resumed run needs no state of theirs. */
#ifndef HT_TRAIN_SCHEDULE_H
#define HT_TRAIN_SCHEDULE_H

#include "halftone/train.h"

/* The learning rate of step `step` (from 0) of `epochs` * `steps_per_epoch` steps, by the recipe's schedule. */
double ht__schedule_rate(const ht_train_options *recipe, uint64_t step, uint64_t steps_per_epoch);

#endif
