#include "kernels/integer_conv/variants.h"

static const ht_kernel_variant *const variants[] = {
#if defined(__x86_64__)
    &ht__integer_conv_depthwise_avx512vnni,
#endif
    &ht__integer_conv_depthwise,
#if defined(__x86_64__)
    &ht__integer_conv_amx,
    &ht__integer_conv_avx512vnni,
#endif
    &ht__integer_conv_tiles,
    &ht__integer_conv_reference,
};

const ht_kernel_family ht__integer_conv_family = {"integer_conv", variants, sizeof variants / sizeof variants[0]};
