/* log(1 + exp(x)) as a table; LiteRT has none in integers. */
#include "numeric/elementary.h"
#include "ops/lookup/lookup.h"

static int64_t entry(const ht_lookup *lookup, int32_t q) {
    double x = (double)ht__lookup_real(lookup, q), size = x < 0.0 ? -x : x;
    return ht__lookup_code(lookup, (float)((x > 0.0 ? x : 0.0) + ht__log(1.0 + ht__exp(-size))));
}

ht_status ht__integer_Softplus(ht_integer *integer, const ht_node *node, ht_error *err) {
    if (integer->graph->requant == HT_REQUANT_FIXED) {
        return HT_OK;
    }
    return ht__lookup_give(integer, node, 0.0f, 0.0f, entry, err);
}
