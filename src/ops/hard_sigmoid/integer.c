/* max(0, min(1, alpha x + beta)) as a table; LiteRT has none in integers. */
#include "ops/lookup/lookup.h"

static int64_t entry(const ht_lookup *lookup, int32_t q) {
    float y = lookup->a * ht__lookup_real(lookup, q) + lookup->b;
    return ht__lookup_code(lookup, y < 0.0f ? 0.0f : y > 1.0f ? 1.0f : y);
}

ht_status ht__integer_HardSigmoid(ht_integer *integer, const ht_node *node, ht_error *err) {
    if (integer->graph->requant == HT_REQUANT_FIXED) {
        return HT_OK;
    }
    return ht__lookup_give(integer, node, ht__node_float(node, "alpha", 0.2f), ht__node_float(node, "beta", 0.5f),
                           entry, err);
}
