/* Static quantization: everything that a graph needs to be computed on codes, once the ranges are known and the weights
 * are quantized. */
#ifndef HT_QUANT_STATIC_H
#define HT_QUANT_STATIC_H

#include "quant/placement.h"

/* How activations are coded. */
typedef struct ht_activation_style {
    uint32_t bits; /* 2..16 */
    ht_activation_codes codes;
    bool fixed;             /* operators with a range of their own (HT_CODES_FIXED) keep to that */
    const ht_scheme *range; /* what the ranges were chosen by, for reports */
} ht_activation_style;

/* Annotates the value of each range, widened to contain zero. Errors: HT_ERROR_MEMORY. */
ht_status ht__annotate_ranges(ht_graph *graph, const ht_activation_range *ranges, size_t count,
                              const ht_activation_style *style, ht_error *err);
/* Gives every placed value its owner's annotation. */
void ht__placement_share(ht_graph *graph, const ht_placement *placement);

/* Constants that an operator without weights reads beside annotated activations, such as what a Mul scales by, get
 * codes of 8 bits over their smallest and largest value. Errors: HT_ERROR_NUMERIC (a constant is not finite),
 * HT_ERROR_MEMORY. */
ht_status ht__quantize_operands(ht_graph *graph, ht_activation_codes codes, ht_error *err);

/* Biases of weighted operators whose input and weights are annotated: 32-bit codes with the scale s_x s_w of the sums
 * that they are added to (Jacob et al. 2018, section 2.4). Where a channel's scale is so small that its bias would not
 * fit, as in a channel whose weights are all zero, the weights of this channel get a larger one. A bias that several
 * nodes read is copied for each. Errors: HT_ERROR_NUMERIC (a bias is not finite), HT_ERROR_MEMORY. */
ht_status ht__quantize_biases(ht_graph *graph, ht_error *err);

#endif
