#include "kernels/reduce/variants.h"

static const ht_kernel_variant *const variants[] = {&ht__reduce_f32_walk, &ht__reduce_reference};
const ht_kernel_family ht__reduce_family = {"reduce", variants, sizeof variants / sizeof variants[0],
                                            &ht__reduce_rules};
