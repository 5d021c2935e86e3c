/* What checks of reductions have in common. */
#ifndef HT_KERNELS_REDUCE_RULES_H
#define HT_KERNELS_REDUCE_RULES_H

#include "base/tensor.h"

/* Has y an element for each place along the axes of x that are not reduced? */
bool ht__check_reduced(const ht_tensor_desc *x, const bool *axes, const ht_tensor_desc *y);

#endif
