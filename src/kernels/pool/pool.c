#include "kernels/pool/variants.h"

static const ht_kernel_variant *const pool[] = {&ht__pool_f32_rows, &ht__pool_reference};
static const ht_kernel_variant *const pool_grad[] = {&ht__pool_grad_f32_rows, &ht__pool_grad_f32_reference};

const ht_kernel_family ht__pool_family = {"pool", pool, 2, &ht__pool_rules};
const ht_kernel_family ht__pool_grad_family = {"pool_grad", pool_grad, 2, NULL};
