/* x above alpha, 0 else, as a table. */
#include "ops/lookup/lookup.h"

static int64_t entry(const ht_lookup *lookup, int32_t q) {
    float x = ht__lookup_real(lookup, q);
    return ht__lookup_code(lookup, x > lookup->a ? x : 0.0f);
}

ht_status ht__integer_ThresholdedRelu(ht_integer *integer, const ht_node *node, ht_error *err) {
    return ht__lookup_give(integer, node, ht__node_float(node, "alpha", 1.0f), 0.0f, entry, err);
}
