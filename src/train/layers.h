/* Building a network layer by layer, as an inference graph with fresh weights as constants.
 *
 * The builder carries the first error: after it every function returns NULL and does nothing, so that a network reads
 * as a list of layers and is checked once at the end.
 */
#ifndef HT_TRAIN_LAYERS_H
#define HT_TRAIN_LAYERS_H

#include "graph/graph.h"
#include "halftone/train.h"

typedef struct ht_layers {
    ht_graph *graph;
    ht_value *input;
    size_t outputs; /* classes, or values to predict */
    ht_task task;
    ht_initialization initialization;
    uint64_t seed;
    unsigned made[8];     /* layers made so far, by kind; numbers their names */
    uint64_t initialized; /* weights drawn so far: the stream's index */
    ht_status status;
    ht_error *err;
} ht_layers;

/* A window: `size` x `size`, moved by `stride`, the edge padded by `pad` on every side. */
typedef struct ht_layer_window {
    int64_t size, stride, pad;
} ht_layer_window;

/* x [N,C,H,W] -> [N,channels,H',W']; `groups` divides both. Weights from the initialisation, bias (when asked) 0. */
ht_value *ht__layer_conv(ht_layers *layers, ht_value *x, int64_t channels, ht_layer_window window, int64_t groups,
                         bool bias);
/* epsilon 1e-5, momentum 0.9 (ONNX's; PyTorch calls it 0.1). */
ht_value *ht__layer_batch_norm(ht_layers *layers, ht_value *x);
ht_value *ht__layer_relu(ht_layers *layers, ht_value *x);
ht_value *ht__layer_max_pool(ht_layers *layers, ht_value *x, ht_layer_window window);
ht_value *ht__layer_global_average(ht_layers *layers, ht_value *x);
ht_value *ht__layer_dropout(ht_layers *layers, ht_value *x, float ratio);
ht_value *ht__layer_flatten(ht_layers *layers, ht_value *x);
/* x [N,K] -> [N,outputs], with bias. */
ht_value *ht__layer_dense(ht_layers *layers, ht_value *x, int64_t outputs);
ht_value *ht__layer_add(ht_layers *layers, ht_value *x, ht_value *y);
/* Convolution, batch norm, ReLU. */
ht_value *ht__layer_conv_norm_relu(ht_layers *layers, ht_value *x, int64_t channels, ht_layer_window window,
                                   int64_t groups, bool bias);
/* Names the last value "output" and makes it the graph's. */
void ht__layers_finish(ht_layers *layers, ht_value *x);
/* Height or width (axis 2 or 3) of x; 1 after an error. */
int64_t ht__layer_extent(const ht_value *x, int axis);

#endif
