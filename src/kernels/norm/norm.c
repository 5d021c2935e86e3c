#include "kernels/norm/variants.h"

static const ht_kernel_variant *const inference[] = {&ht__batch_norm_f32_rows, &ht__batch_norm_f32_reference};
static const ht_kernel_variant *const train[] = {&ht__batch_norm_train_f32_rows, &ht__batch_norm_train_f32_reference};
static const ht_kernel_variant *const grad[] = {&ht__batch_norm_grad_f32_rows, &ht__batch_norm_grad_f32_reference};

const ht_kernel_family ht__batch_norm_family = {"batch_norm", inference, 2, &ht__batch_norm_rules};
const ht_kernel_family ht__batch_norm_train_family = {"batch_norm_train", train, 2, NULL};
const ht_kernel_family ht__batch_norm_grad_family = {"batch_norm_grad", grad, 2, NULL};
