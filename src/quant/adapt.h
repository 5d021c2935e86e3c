/* Adaptive rounding: each weight goes up or down (or further) so that the layer's results on the calibration samples
 * change least, instead of to the closest level.
 *
 * For one output channel with weights w, levels q and e = q - w the cost is e^T H e, H = E[x x^T] of the layer's
 * inputs, or their covariance where the layer's bias takes the mean out afterwards (quant/correct.h). Starting at the
 * closest levels, one weight after the other moves to the level that costs least while the others stay, until none
 * moves: with g = H e, moving e_i by d changes the cost by 2 d g_i + d^2 H_ii. H's diagonal gets 1 % of its mean on
 * top.
 *
 * Sources: the cost is that of Nagel et al. 2020, "Up or Down? Adaptive Rounding for Post-Training Quantization";
 * cyclic coordinate descent on it that of Behdin et al. 2023, "QuantEase".
 */
#ifndef HT_QUANT_ADAPT_H
#define HT_QUANT_ADAPT_H

#include "quant/array.h"
#include "quant/gram.h"

typedef struct ht_adaptation {
    const ht_gram *gram;     /* with products */
    bool centred;            /* the bias takes the mean out */
    const float *original;   /* [outputs * width] the weights as they were */
    uint32_t *codes;         /* the same, levels as quantized; changed */
    float *values;           /* what the codes stand for; changed */
    ht_quantized *quantized; /* grid levels; its error is measured anew */
} ht_adaptation;

/* Adapts one layer, output channels side by side; the result is the same for any number of threads.
 * Errors: HT_ERROR_MEMORY. */
ht_status ht__adapt_rounding(ht_context *ctx, const ht_adaptation *adaptation, ht_error *err);

#endif
