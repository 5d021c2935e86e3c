#include "kernels/matmul/variants.h"

static const ht_kernel_variant *const variants[] = {
#define VARIANT(name) &ht__matmul_f32_##name,
    HT_FLOAT_ENGINE_LIST(VARIANT) VARIANT(small) VARIANT(reference)
#undef VARIANT
};

const ht_kernel_family ht__matmul_family = {"matmul", variants, sizeof variants / sizeof variants[0],
                                            &ht__matmul_rules};
