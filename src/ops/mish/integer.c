/* x tanh(log(1 + exp(x))) as a table. */
#include "numeric/elementary.h"
#include "ops/lookup/lookup.h"

static int64_t entry(const ht_lookup *lookup, int32_t q) {
    double x = (double)ht__lookup_real(lookup, q), size = x < 0.0 ? -x : x;
    double softplus = (x > 0.0 ? x : 0.0) + ht__log(1.0 + ht__exp(-size));
    return ht__lookup_code(lookup, (float)(x * ht__tanh(softplus)));
}

ht_status ht__integer_Mish(ht_integer *integer, const ht_node *node, ht_error *err) {
    return ht__lookup_give(integer, node, 0.0f, 0.0f, entry, err);
}
