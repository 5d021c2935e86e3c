#include "train/archs/arch.h"

/* MobileNet v1 (Howard et al. 2017) at a quarter of its width, as in MLPerf Tiny. Made for 96x96; pictures below 64x64
 * are not halved in the first convolution, so that something is left at the end. */
static void build(ht_layers *layers) {
    static const struct {
        int64_t channels, stride;
    } blocks[] = {{16, 1},  {32, 2},  {32, 1},  {64, 2},  {64, 1},  {128, 2}, {128, 1},
                  {128, 1}, {128, 1}, {128, 1}, {128, 1}, {256, 2}, {256, 1}};
    int64_t first = ht__layer_extent(layers->input, 2) < 64 ? 1 : 2;
    ht_value *x = ht__layer_conv_norm_relu(layers, layers->input, 8, (ht_layer_window){3, first, 1}, 1, false);
    int64_t channels = 8;
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; ++i) {
        x = ht__layer_conv_norm_relu(layers, x, channels, (ht_layer_window){3, blocks[i].stride, 1}, channels, false);
        channels = blocks[i].channels;
        x = ht__layer_conv_norm_relu(layers, x, channels, (ht_layer_window){1, 1, 0}, 1, false);
    }
    x = ht__layer_flatten(layers, ht__layer_global_average(layers, x));
    ht__layers_finish(layers, ht__layer_dense(layers, x, (int64_t)layers->outputs));
}

static void recipe(const ht_dataset_info *data, ht_train_options *out) {
    (void)data;
    out->batch = 64;
    out->learning_rate = 5e-3;
    out->epochs = 30;
    out->schedule = HT_SCHEDULE_ONECYCLE;
    out->flip = true;
    out->crop = 4;
}

const ht_arch ht__arch_mobilenet_v1_quarter = {
    {"mobilenet-v1-0.25", "MobileNet v1 at a quarter of its width (MLPerf Tiny)", 3}, build, recipe};
