#include "kernels/integer_matmul/variants.h"

static const ht_kernel_variant *const variants[] = {
#define VARIANT(name) &ht__integer_matmul_##name,
    HT_BYTE_ENGINE_LIST(VARIANT) VARIANT(tiles) VARIANT(reference)
#undef VARIANT
};

const ht_kernel_family ht__integer_matmul_family = {"integer_matmul", variants, sizeof variants / sizeof variants[0],
                                                    &ht__integer_matmul_rules};
