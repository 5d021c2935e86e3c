#include "kernels/integer_binary/variants.h"

static const ht_kernel_variant *const variants[] = {
#if defined(__x86_64__)
    &ht__integer_binary_avx512,
#endif
    &ht__integer_binary_rows,
    &ht__integer_binary_reference,
};

const ht_kernel_family ht__integer_binary_family = {"integer_binary", variants, sizeof variants / sizeof variants[0],
                                                    NULL};
