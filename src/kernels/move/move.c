#include "kernels/move/variants.h"

static const ht_kernel_variant *const transpose[] = {&ht__transpose_walk, &ht__transpose_reference};
static const ht_kernel_variant *const copy[] = {&ht__copy_reference};
static const ht_kernel_variant *const concat[] = {&ht__concat_reference};
static const ht_kernel_variant *const pad[] = {&ht__pad_reference};
static const ht_kernel_variant *const slice[] = {&ht__slice_reference};
static const ht_kernel_variant *const gather[] = {&ht__gather_reference};
static const ht_kernel_variant *const cast[] = {&ht__cast_codes, &ht__cast_reference};
static const ht_kernel_variant *const expand[] = {&ht__expand_walk, &ht__expand_reference};

const ht_kernel_family ht__transpose_family = {"transpose", transpose, 2, &ht__transpose_rules};
const ht_kernel_family ht__copy_family = {"copy", copy, 1, &ht__copy_rules};
const ht_kernel_family ht__concat_family = {"concat", concat, 1, &ht__concat_rules};
const ht_kernel_family ht__pad_family = {"pad", pad, 1, &ht__pad_rules};
const ht_kernel_family ht__slice_family = {"slice", slice, 1, &ht__slice_rules};
const ht_kernel_family ht__gather_family = {"gather", gather, 1, &ht__gather_rules};
const ht_kernel_family ht__cast_family = {"cast", cast, 2, &ht__cast_rules};
const ht_kernel_family ht__expand_family = {"expand", expand, 2, &ht__expand_rules};
