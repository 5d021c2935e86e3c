/* What transposed convolution and its integer form share. */
#ifndef HT_OPS_CONV_TRANSPOSE_COMMON_H
#define HT_OPS_CONV_TRANSPOSE_COMMON_H

#include "kernels/conv/conv.h"
#include "ops/integer.h"

typedef struct ht_transposed {
    ht_conv_parameters convolution; /* whose input's gradient this is */
    int64_t sizes[3];               /* of the result's spatial axes; -1 unknown */
} ht_transposed;

/* Errors: HT_ERROR_MISMATCH, HT_ERROR_FORMAT, naming what does not fit. */
ht_status ht__conv_transpose_read(const ht_node *node, ht_transposed *out, ht_error *err);
/* The shape of the result; the element type is that of input 0. */
ht_status ht__conv_transpose_infer(const ht_graph *graph, ht_node *node, ht_error *err);
int64_t ht__conv_transpose_macs(const ht_node *node);

#endif
