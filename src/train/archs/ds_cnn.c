#include "train/archs/arch.h"

/* MLPerf Tiny's keyword spotting net (Zhang et al. 2017): a strided convolution, four depthwise separable blocks. Its
 * first window is 10x4 for 49x10 features; on square inputs 5x5 is used, which covers a like share. */
static void build(ht_layers *layers) {
    ht_value *x = ht__layer_conv_norm_relu(layers, layers->input, 64, (ht_layer_window){5, 2, 2}, 1, false);
    x = ht__layer_dropout(layers, x, 0.2f);
    for (int i = 0; i < 4; ++i) {
        x = ht__layer_conv_norm_relu(layers, x, 64, (ht_layer_window){3, 1, 1}, 64, false);
        x = ht__layer_conv_norm_relu(layers, x, 64, (ht_layer_window){1, 1, 0}, 1, false);
    }
    x = ht__layer_dropout(layers, x, 0.4f);
    x = ht__layer_flatten(layers, ht__layer_global_average(layers, x));
    ht__layers_finish(layers, ht__layer_dense(layers, x, (int64_t)layers->outputs));
}

static void recipe(const ht_dataset_info *data, ht_train_options *out) {
    (void)data;
    out->batch = 64;
    out->learning_rate = 5e-3;
    out->epochs = 20;
    out->schedule = HT_SCHEDULE_ONECYCLE;
}

const ht_arch ht__arch_ds_cnn = {
    {"ds-cnn", "depthwise separable convolutions, 64 wide (MLPerf Tiny)", 3}, build, recipe};
