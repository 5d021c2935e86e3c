#include "kernels/attention/variants.h"

static const ht_kernel_variant *const variants[] = {&ht__attention_reference};

const ht_kernel_family ht__attention_family = {"attention", variants, sizeof variants / sizeof variants[0], NULL};
