/* x / (1 + exp(-alpha x)) as a table. */
#include "numeric/elementary.h"
#include "ops/lookup/lookup.h"

static int64_t entry(const ht_lookup *lookup, int32_t q) {
    double x = (double)ht__lookup_real(lookup, q);
    return ht__lookup_code(lookup, (float)(x * ht__sigmoid((double)lookup->a * x)));
}

ht_status ht__integer_Swish(ht_integer *integer, const ht_node *node, ht_error *err) {
    return ht__lookup_give(integer, node, ht__node_float(node, "alpha", 1.0f), 0.0f, entry, err);
}
