#include "kernels/integer_matmul/variants.h"

static const ht_kernel_variant *const variants[] = {
#if defined(__x86_64__)
    &ht__integer_matmul_amx,
    &ht__integer_matmul_avx512vnni,
#endif
    &ht__integer_matmul_tiles,
    &ht__integer_matmul_reference,
};

const ht_kernel_family ht__integer_matmul_family = {"integer_matmul", variants, sizeof variants / sizeof variants[0]};
