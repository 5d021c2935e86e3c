#include "train/archs/arch.h"

static ht_value *unit(ht_layers *layers, ht_value *x, int64_t channels, bool pool) {
    x = ht__layer_conv_norm_relu(layers, x, channels, (ht_layer_window){3, 1, 1}, 1, true);
    return pool ? ht__layer_max_pool(layers, x, (ht_layer_window){2, 2, 0}) : x;
}

static ht_value *residual(ht_layers *layers, ht_value *x, int64_t channels) {
    return ht__layer_add(layers, unit(layers, unit(layers, x, channels, false), channels, false), x);
}

/* The capstone's ResNet9. It ends in a maximum over 4x4, which for 32x32 is the whole map. */
static void build(ht_layers *layers) {
    ht_value *x = unit(layers, unit(layers, layers->input, 64, false), 128, true);
    x = unit(layers, unit(layers, residual(layers, x, 128), 256, true), 512, true);
    x = residual(layers, x, 512);
    int64_t extent = ht__layer_extent(x, 2);
    int64_t window = extent < 4 ? extent : 4;
    x = ht__layer_flatten(layers, ht__layer_max_pool(layers, x, (ht_layer_window){window, window, 0}));
    ht__layers_finish(layers, ht__layer_dense(layers, x, (int64_t)layers->outputs));
}

/* The capstone's: Adam, OneCycle to .01, weight decay, clipping of each gradient value at .1, 10 epochs. */
static void recipe(const ht_dataset_info *data, ht_train_options *out) {
    (void)data;
    out->batch = 128;
    out->learning_rate = 1e-2;
    out->weight_decay = 1e-5;
    out->clip_value = 0.1;
    out->epochs = 10;
    out->schedule = HT_SCHEDULE_ONECYCLE;
    out->flip = true;
    out->crop = 4;
}

const ht_arch ht__arch_resnet9 = {{"resnet9", "eight convolutions, two residual blocks (capstone)", 3}, build, recipe};
