#include "kernels/matmul/variants.h"

static const ht_kernel_variant *const variants[] = {&ht__matmul_f32_small, &ht__matmul_f32_reference};

const ht_kernel_family ht__matmul_family = {"matmul", variants, sizeof variants / sizeof variants[0],
                                            &ht__matmul_rules};
