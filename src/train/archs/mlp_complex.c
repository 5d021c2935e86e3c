#include "train/archs/arch.h"

/* in-20-40-60-30-out with dropout 0.1 for classes, in-50-100-100-50-out for values (capstone ANN complex). */
static void build(ht_layers *layers) {
    static const int64_t widths[2][4] = {{20, 40, 60, 30}, {50, 100, 100, 50}};
    const int64_t *hidden = widths[layers->task == HT_TASK_REGRESSION];
    ht_value *x = layers->input;
    for (int i = 0; i < 4; ++i) {
        x = ht__layer_dropout(layers, ht__layer_relu(layers, ht__layer_dense(layers, x, hidden[i])), 0.1f);
    }
    ht__layers_finish(layers, ht__layer_dense(layers, x, (int64_t)layers->outputs));
}

/* Dropout costs a regression its precision (the noise it adds to the sums stays in the squared error), so it is switched off
 * there; --dropout 0.1 brings the capstone's back. */
static void recipe(const ht_dataset_info *data, ht_train_options *out) {
    bool regression = data->task == HT_TASK_REGRESSION;
    out->batch = 16;
    out->learning_rate = 1e-3;
    out->epochs = regression ? 60 : 40;
    out->schedule = HT_SCHEDULE_COSINE;
    out->dropout = regression ? 0 : -1;
}

const ht_arch ht__arch_mlp_complex = {
    {"mlp-complex", "four hidden layers with dropout (capstone ANN complex, both forms)", 1}, build, recipe};
