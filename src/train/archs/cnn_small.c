#include "train/archs/arch.h"

/* Three stages of two 3x3 convolutions, 16, 32 and 48 channels wide: about 53,000 weights. */
static void build(ht_layers *layers) {
    const ht_layer_window window = {3, 1, 1}, half = {2, 2, 0};
    ht_value *x = layers->input;
    static const int64_t widths[3] = {16, 32, 48};
    for (int stage = 0; stage < 3; ++stage) {
        x = stage > 0 ? ht__layer_max_pool(layers, x, half) : x;
        x = ht__layer_conv_norm_relu(layers, x, widths[stage], window, 1, false);
        x = ht__layer_conv_norm_relu(layers, x, widths[stage], window, 1, false);
    }
    x = ht__layer_flatten(layers, ht__layer_global_average(layers, x));
    ht__layers_finish(layers, ht__layer_dense(layers, x, (int64_t)layers->outputs));
}

static void recipe(const ht_dataset_info *data, ht_train_options *out) {
    (void)data;
    out->batch = 64;
    out->learning_rate = 5e-3;
    out->epochs = 12;
    out->schedule = HT_SCHEDULE_ONECYCLE;
    out->flip = true;
    out->crop = 2;
}

const ht_arch ht__arch_cnn_small = {
    {"cnn-small", "six narrow convolutions, 53,000 weights (the demonstration's net)", 3}, build, recipe};
