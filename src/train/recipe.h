/* Recipes: what is allowed in one, and what identifies it. */
#ifndef HT_TRAIN_RECIPE_H
#define HT_TRAIN_RECIPE_H

#include "base/memory.h"
#include "halftone/train.h"

/* Errors: HT_ERROR_ARGUMENT naming the option and its range. */
ht_status ht__recipe_check(const ht_train_options *recipe, const ht_dataset_info *data, ht_error *err);
/* The recipe as one line of JSON: everything that decides about the weights, and nothing else. */
void ht__recipe_print(const ht_train_options *recipe, ht_buffer *out);

#endif
