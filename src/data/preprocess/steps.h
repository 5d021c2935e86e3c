/* The steps, for the list. */
#ifndef HT_DATA_PREPROCESS_STEPS_H
#define HT_DATA_PREPROCESS_STEPS_H

#include "data/preprocess/step.h"

extern const ht__step_type ht__step_resize;
extern const ht__step_type ht__step_crop;
extern const ht__step_type ht__step_letterbox;
extern const ht__step_type ht__step_channel_order;
extern const ht__step_type ht__step_repeat_channels;
extern const ht__step_type ht__step_one_hot;
extern const ht__step_type ht__step_quantile_filter;
extern const ht__step_type ht__step_scale;
extern const ht__step_type ht__step_normalize;
extern const ht__step_type ht__step_standardize;
extern const ht__step_type ht__step_min_max;

#endif
