/* gamma x above 0, gamma alpha (exp(x) - 1) else, as a table. */
#include "numeric/elementary.h"
#include "ops/lookup/lookup.h"

static int64_t entry(const ht_lookup *lookup, int32_t q) {
    double x = (double)ht__lookup_real(lookup, q);
    double y = x > 0.0 ? x : (double)lookup->a * (ht__exp(x) - 1.0);
    return ht__lookup_code(lookup, (float)((double)lookup->b * y));
}

ht_status ht__integer_Selu(ht_integer *integer, const ht_node *node, ht_error *err) {
    return ht__lookup_give(integer, node, ht__node_float(node, "alpha", 1.67326319217681884765625f),
                           ht__node_float(node, "gamma", 1.05070102214813232421875f), entry, err);
}
