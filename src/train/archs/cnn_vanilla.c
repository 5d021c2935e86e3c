#include "train/archs/arch.h"

/* The capstone's vanilla CNN; all convolutions 3x3 with padding 1 and bias. */
static void build(ht_layers *layers) {
    const ht_layer_window window = {3, 1, 1}, half = {2, 2, 0};
    ht_value *x = ht__layer_conv_norm_relu(layers, layers->input, 32, window, 1, true);
    x = ht__layer_relu(layers, ht__layer_conv(layers, x, 64, window, 1, true));
    x = ht__layer_dropout(layers, ht__layer_max_pool(layers, x, half), 0.2f);
    x = ht__layer_dropout(layers, ht__layer_conv_norm_relu(layers, x, 128, window, 1, true), 0.3f);
    x = ht__layer_max_pool(layers, ht__layer_conv_norm_relu(layers, x, 128, window, 1, true), half);
    x = ht__layer_conv_norm_relu(layers, x, 256, window, 1, true);
    x = ht__layer_max_pool(layers, ht__layer_conv_norm_relu(layers, x, 256, window, 1, true), half);
    x = ht__layer_flatten(layers, ht__layer_dropout(layers, x, 0.3f));
    x = ht__layer_relu(layers, ht__layer_dense(layers, x, 512));
    ht__layers_finish(layers, ht__layer_dense(layers, x, (int64_t)layers->outputs));
}

static void recipe(const ht_dataset_info *data, ht_train_options *out) {
    (void)data;
    out->batch = 64;
    out->learning_rate = 2e-3;
    out->epochs = 10;
    out->schedule = HT_SCHEDULE_ONECYCLE;
}

const ht_arch ht__arch_cnn_vanilla = {
    {"cnn-vanilla", "six convolutions, two dense layers (capstone)", 3}, build, recipe};
