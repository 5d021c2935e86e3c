/* Looking names up in the lists of quantize.h. */
#ifndef HT_QUANT_CHOICES_H
#define HT_QUANT_CHOICES_H

#include "halftone/quantize.h"

bool ht__choice_has(ht_choice choice, const char *name);
/* The name of the list that is most like `name`. */
const char *ht__choice_nearest(ht_choice choice, const char *name);
/* Levenshtein's distance; both texts are cut at 39 characters. */
unsigned ht__edit_distance(const char *a, const char *b);

#endif
