#include "kernels/integer_conv/variants.h"

static const ht_kernel_variant *const variants[] = {&ht__integer_conv_depthwise, &ht__integer_conv_tiles,
                                                    &ht__integer_conv_reference};

const ht_kernel_family ht__integer_conv_family = {"integer_conv", variants, 3};
