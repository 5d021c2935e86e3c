/* Nodes that decode a constant, while they are recognised. */
#ifndef HT_FORMATS_ONNX_FOLD_MATCH_H
#define HT_FORMATS_ONNX_FOLD_MATCH_H

#include "formats/onnx/fold.h"

#define ONNX_MAX_CHAIN 10

/* Nodes of which each is the only reader of the one before, and what they were found to say. */
typedef struct onnx_decoding {
    onnx_folding *folding;
    onnx_node *nodes[ONNX_MAX_CHAIN];
    size_t count;
    const char *name; /* output of the last node */
    const onnx_tensor *codes, *scale, *zero_point, *table, *offsets;
    int64_t axis, channels, block, blocks, length; /* length of a channel; blocks 0: none */
    int64_t run;       /* 0: codes lie as the tensor's elements; else each channel's lie together, in runs of so many */
    bool blocks_first; /* scales and zero points are [blocks, channels] rather than [channels, blocks] */
    ht_tensor_desc desc; /* of the decoded tensor */
} onnx_decoding;

/* Is this node still there, and the standard's `op`? */
bool ht__onnx_is_standard(const onnx_node *node, const char *op);
/* Follows the chain that begins at `node`; false when it is not one of the forms in quantized.h. */
bool ht__onnx_match(onnx_decoding *decoding, onnx_node *node);

#endif
