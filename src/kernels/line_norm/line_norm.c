#include "kernels/line_norm/variants.h"

static const ht_kernel_variant *const variants[] = {&ht__line_norm_f32_lanes, &ht__line_norm_reference};

const ht_kernel_family ht__line_norm_family = {"line_norm", variants, sizeof variants / sizeof variants[0],
                                               &ht__line_norm_rules};
