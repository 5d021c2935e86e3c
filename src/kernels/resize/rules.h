/* What checks of resizing have in common. */
#ifndef HT_KERNELS_RESIZE_RULES_H
#define HT_KERNELS_RESIZE_RULES_H

#include "kernels/resize/resize.h"

/* May x be resized to y with these parameters? */
bool ht__check_resize(const ht_resize_parameters *p, const ht_tensor_desc *x, const ht_tensor_desc *y);

#endif
