/* x above 0, alpha (exp(x / alpha) - 1) else, as a table. */
#include "numeric/elementary.h"
#include "ops/lookup/lookup.h"

static int64_t entry(const ht_lookup *lookup, int32_t q) {
    double x = (double)ht__lookup_real(lookup, q), alpha = (double)lookup->a;
    return ht__lookup_code(lookup, (float)(x > 0.0 ? x : alpha * (ht__exp(x / alpha) - 1.0)));
}

ht_status ht__integer_Celu(ht_integer *integer, const ht_node *node, ht_error *err) {
    return ht__lookup_give(integer, node, ht__node_float(node, "alpha", 1.0f), 0.0f, entry, err);
}
