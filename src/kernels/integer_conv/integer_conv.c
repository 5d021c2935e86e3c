#include "kernels/integer_conv/variants.h"

static const ht_kernel_variant *const variants[] = {
#define VARIANT(name) &ht__integer_conv_##name,
#if defined(__x86_64__)
    VARIANT(depthwise_avx512vnni)
#endif
        VARIANT(depthwise) HT_BYTE_ENGINE_LIST(VARIANT) VARIANT(tiles) VARIANT(reference)
#undef VARIANT
};

const ht_kernel_family ht__integer_conv_family = {"integer_conv", variants, sizeof variants / sizeof variants[0],
                                                  &ht__integer_conv_rules};
