#include "kernels/resize/variants.h"

static const ht_kernel_variant *const variants[] = {&ht__resize_reference};
const ht_kernel_family ht__resize_family = {"resize", variants, sizeof variants / sizeof variants[0],
                                            &ht__resize_rules};
