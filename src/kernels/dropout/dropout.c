#include "kernels/dropout/variants.h"

static const ht_kernel_variant *const variants[] = {&ht__dropout_f32_flat, &ht__dropout_f32_reference};
const ht_kernel_family ht__dropout_family = {"dropout", variants, sizeof variants / sizeof variants[0], NULL};
