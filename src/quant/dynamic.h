/* Dynamic quantization: products of codes whose activations are quantized as the model runs. */
#ifndef HT_QUANT_DYNAMIC_H
#define HT_QUANT_DYNAMIC_H

#include "graph/graph.h"

/* Puts, in place of each Conv, Gemm and MatMul whose weights are annotated,
 *
 *     q, s_x, z_x = DynamicQuantizeLinear(x)        once for each x
 *     sums = ConvInteger or MatMulInteger(q, w, z_x)
 *     y = Cast(sums) * (s_x * s_w) [+ bias]
 *
 * with one scale s_w for each output channel: the form that ONNX Runtime fuses into one operator. Weights must be
 * symmetric, of at most 8 bits, with a scale for the whole tensor or one for each output channel. Nodes that are not of
 * that form stay; their weights keep their annotation. Errors: HT_ERROR_MEMORY, those of ht__graph_infer. */
ht_status ht__make_dynamic(ht_graph *graph, ht_error *err);

#endif
