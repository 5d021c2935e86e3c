/* x / 2 (1 + erf(x / sqrt(2))) as a table; the approximation by tanh has x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715
 * x^3))). LiteRT fills its table alike. */
#include <string.h>

#include "numeric/elementary.h"
#include "ops/lookup/lookup.h"

static int64_t exact(const ht_lookup *lookup, int32_t q) {
    double x = (double)ht__lookup_real(lookup, q);
    return ht__lookup_code(lookup, (float)(0.5 * x * (1.0 + ht__erf(x * 0.70710678118654752440))));
}

static int64_t by_tanh(const ht_lookup *lookup, int32_t q) {
    double x = (double)ht__lookup_real(lookup, q), inner = 0.79788456080286535588 * (x + 0.044715 * x * x * x);
    return ht__lookup_code(lookup, (float)(0.5 * x * (1.0 + ht__tanh(inner))));
}

ht_status ht__integer_Gelu(ht_integer *integer, const ht_node *node, ht_error *err) {
    bool approximate = strcmp(ht__node_text(node, "approximate", "none"), "tanh") == 0;
    return ht__lookup_give(integer, node, 0.0f, 0.0f, approximate ? by_tanh : exact, err);
}
