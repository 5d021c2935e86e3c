#include "train/archs/arch.h"

/* Two 3x3 convolutions beside a shortcut, which is a 1x1 convolution where the shape changes. */
static ht_value *block(ht_layers *layers, ht_value *x, int64_t channels, int64_t stride) {
    ht_value *y = ht__layer_conv_norm_relu(layers, x, channels, (ht_layer_window){3, stride, 1}, 1, false);
    y = ht__layer_batch_norm(layers, ht__layer_conv(layers, y, channels, (ht_layer_window){3, 1, 1}, 1, false));
    if (stride != 1) {
        x = ht__layer_conv(layers, x, channels, (ht_layer_window){1, stride, 0}, 1, true);
    }
    return ht__layer_relu(layers, ht__layer_add(layers, x, y));
}

/* MLPerf Tiny's image classification net. */
static void build(ht_layers *layers) {
    ht_value *x = ht__layer_conv_norm_relu(layers, layers->input, 16, (ht_layer_window){3, 1, 1}, 1, false);
    x = block(layers, x, 16, 1);
    x = block(layers, x, 32, 2);
    x = block(layers, x, 64, 2);
    x = ht__layer_flatten(layers, ht__layer_global_average(layers, x));
    ht__layers_finish(layers, ht__layer_dense(layers, x, (int64_t)layers->outputs));
}

static void recipe(const ht_dataset_info *data, ht_train_options *out) {
    (void)data;
    out->batch = 64;
    out->optimizer = HT_OPTIMIZER_ADAMW;
    out->learning_rate = 1e-2;
    out->weight_decay = 1e-2;
    out->epochs = 30;
    out->schedule = HT_SCHEDULE_ONECYCLE;
    out->flip = true;
    out->crop = 4;
}

const ht_arch ht__arch_resnet8 = {{"resnet8", "three residual blocks, 78,000 weights (MLPerf Tiny)", 3}, build, recipe};
