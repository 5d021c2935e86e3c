#include "kernels/recurrent/variants.h"

int32_t ht__recurrent_gates(ht_recurrent_kind kind) {
    return kind == HT_RECURRENT_LSTM ? 4 : kind == HT_RECURRENT_GRU ? 3 : 1;
}

static const ht_kernel_variant *const variants[] = {&ht__recurrent_reference};

const ht_kernel_family ht__recurrent_family = {"recurrent", variants, sizeof variants / sizeof variants[0],
                                               &ht__recurrent_rules};
