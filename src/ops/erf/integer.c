/* The error function as a table; LiteRT has none in integers. */
#include "numeric/elementary.h"
#include "ops/lookup/lookup.h"

static int64_t entry(const ht_lookup *lookup, int32_t q) {
    return ht__lookup_code(lookup, (float)ht__erf((double)ht__lookup_real(lookup, q)));
}

ht_status ht__integer_Erf(ht_integer *integer, const ht_node *node, ht_error *err) {
    if (integer->graph->requant == HT_REQUANT_FIXED) {
        return HT_OK;
    }
    return ht__lookup_give(integer, node, 0.0f, 0.0f, entry, err);
}
