#include "kernels/integer_matmul/variants.h"

static const ht_kernel_variant *const variants[] = {&ht__integer_matmul_tiles, &ht__integer_matmul_reference};

const ht_kernel_family ht__integer_matmul_family = {"integer_matmul", variants, 2};
