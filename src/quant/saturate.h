/* Where runtimes that sum pairs of products in 16 bits would saturate. */
#ifndef HT_QUANT_SATURATE_H
#define HT_QUANT_SATURATE_H

#include "graph/graph.h"

/* x86 processors with AVX2 or AVX-512 but without VNNI multiply u8 by i8 with vpmaddubsw, which adds each product to
 * its neighbour's in 16 bits and saturates. A pair of weights can do that when 255 (|a| + |b|) > 32767 and both have
 * one sign. Returns the share of pairs of neighbours along the sums of `node`'s weights (input 1) that can; 0 when the
 * codes are not symmetric and of 8 bits. Halftone's own kernels do not saturate. Neighbours are those of channels-last
 * sums: consecutive input channels, as ONNX Runtime packs them. */
double ht__saturating_pairs(const ht_node *node, const ht_value *weight);

#endif
