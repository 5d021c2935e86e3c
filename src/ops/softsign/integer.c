/* x / (1 + |x|) as a table. */
#include "ops/lookup/lookup.h"

static int64_t entry(const ht_lookup *lookup, int32_t q) {
    float x = ht__lookup_real(lookup, q);
    return ht__lookup_code(lookup, x / (1.0f + (x < 0.0f ? -x : x)));
}

ht_status ht__integer_Softsign(ht_integer *integer, const ht_node *node, ht_error *err) {
    return ht__lookup_give(integer, node, 0.0f, 0.0f, entry, err);
}
