/* From the result of quantizing an array to the annotation that the graph carries and files are written from. */
#ifndef HT_QUANT_ANNOTATE_H
#define HT_QUANT_ANNOTATE_H

#include "graph/graph.h"
#include "quant/array.h"

/* Gives the constant `value` the annotation for `quantized`, whose codes are codes[elements]; all copied into the
 * graph's arena. `channel_axis` and `scheme` as they were quantized. Errors: HT_ERROR_MEMORY. */
ht_status ht__annotate_constant(ht_graph *graph, ht_value *value, const ht_quantized *quantized, const uint32_t *codes,
                                int32_t channel_axis, const ht_scheme *scheme, ht_error *err);
/* Whether the scheme's values can be told from codes and parameters at all. */
bool ht__scheme_has_codes(const ht_scheme *scheme);

#endif
