#include "train/archs/arch.h"

/* LeNet-5 (LeCun et al. 1998) with ReLU and max pooling in place of squashing and subsampling. The original sees 32x32;
 * smaller pictures are padded to what it expects. */
static void build(ht_layers *layers) {
    const ht_layer_window half = {2, 2, 0}, second = {5, 1, 0};
    ht_layer_window first = {5, 1, ht__layer_extent(layers->input, 2) < 32 ? 2 : 0};
    ht_value *x = ht__layer_relu(layers, ht__layer_conv(layers, layers->input, 6, first, 1, true));
    x = ht__layer_max_pool(layers, x, half);
    x = ht__layer_relu(layers, ht__layer_conv(layers, x, 16, second, 1, true));
    x = ht__layer_flatten(layers, ht__layer_max_pool(layers, x, half));
    x = ht__layer_relu(layers, ht__layer_dense(layers, x, 120));
    x = ht__layer_relu(layers, ht__layer_dense(layers, x, 84));
    ht__layers_finish(layers, ht__layer_dense(layers, x, (int64_t)layers->outputs));
}

static void recipe(const ht_dataset_info *data, ht_train_options *out) {
    (void)data;
    out->batch = 64;
    out->learning_rate = 2e-3;
    out->epochs = 12;
    out->schedule = HT_SCHEDULE_COSINE;
    out->crop = 1;
}

const ht_arch ht__arch_lenet5 = {{"lenet5", "two convolutions, three dense layers (LeCun 1998)", 3}, build, recipe};
