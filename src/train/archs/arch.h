/* Architectures by name. One file each; the list is in arch.c. */
#ifndef HT_TRAIN_ARCHS_ARCH_H
#define HT_TRAIN_ARCHS_ARCH_H

#include "train/layers.h"

typedef struct ht_arch {
    ht_arch_info info;
    /* Adds the layers from layers->input to layers->outputs and finishes. Reports through the builder. */
    void (*build)(ht_layers *layers);
    /* Changes the general recipe to one that suits; may use data->task and dims. */
    void (*recipe)(const ht_dataset_info *data, ht_train_options *recipe);
} ht_arch;

extern const ht_arch ht__arch_mlp_simple, ht__arch_mlp_complex, ht__arch_cnn_small, ht__arch_cnn_vanilla,
    ht__arch_lenet5, ht__arch_resnet8, ht__arch_resnet9, ht__arch_ds_cnn, ht__arch_mobilenet_v1_quarter;

/* Errors: HT_ERROR_NOT_FOUND with the nearest name. */
ht_status ht__arch_find(const char *name, const ht_arch **out, ht_error *err);
/* The architecture's inference graph with fresh weights: input "input" [batch, ...], output "output" [batch, outputs]
 * (logits or values). Ownership of *out passes to the caller. */
ht_status ht__arch_graph(ht_context *ctx, const ht_arch *arch, const ht_dataset_info *data,
                         ht_initialization initialization, uint64_t seed, ht_graph **out, ht_error *err);

#endif
