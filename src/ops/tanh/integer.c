/* The hyperbolic tangent as a table. */
#include "numeric/elementary.h"
#include "ops/lookup/lookup.h"

static int64_t entry(const ht_lookup *lookup, int32_t q) {
    if (ht__lookup_is_wide(lookup)) {
        return ht__lookup_wide_tanh(lookup, q);
    }
    return ht__lookup_code(lookup, (float)ht__tanh((double)ht__lookup_real(lookup, q)));
}

ht_status ht__integer_Tanh(ht_integer *integer, const ht_node *node, ht_error *err) {
    return ht__lookup_give(integer, node, 0.0f, 0.0f, entry, err);
}
