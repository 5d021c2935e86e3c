#include "train/archs/arch.h"

/* in-10-out (capstone). */
static void build(ht_layers *layers) {
    ht_value *x = ht__layer_relu(layers, ht__layer_dense(layers, layers->input, 10));
    ht__layers_finish(layers, ht__layer_dense(layers, x, (int64_t)layers->outputs));
}

/* The capstone's Adam 1e-3 with batch 16, but longer and ending in small steps: its fixed 10 and 20 epochs stop short
 * of what these nets reach. */
static void recipe(const ht_dataset_info *data, ht_train_options *out) {
    bool regression = data->task == HT_TASK_REGRESSION;
    out->batch = 16;
    out->learning_rate = regression ? 2e-3 : 1e-3;
    out->epochs = regression ? 60 : 30;
    out->schedule = HT_SCHEDULE_COSINE;
}

const ht_arch ht__arch_mlp_simple = {{"mlp-simple", "one hidden layer of 10 (capstone ANN simple)", 1}, build, recipe};
