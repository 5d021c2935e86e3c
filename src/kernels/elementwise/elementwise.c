#include "kernels/elementwise/variants.h"

static const ht_kernel_variant *const unary[] = {&ht__unary_f32_flat, &ht__unary_reference};
const ht_kernel_family ht__unary_family = {"unary", unary, sizeof unary / sizeof unary[0], &ht__unary_rules};

static const ht_kernel_variant *const binary[] = {&ht__binary_f32_rows, &ht__binary_reference};
const ht_kernel_family ht__binary_family = {"binary", binary, sizeof binary / sizeof binary[0], &ht__binary_rules};
