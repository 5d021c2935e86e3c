/* 1 / (1 + exp(-x)) as a table. Rule `fixed`: each step in f32, as LiteRT fills its table. */
#include "numeric/elementary.h"
#include "ops/lookup/lookup.h"

static int64_t entry(const ht_lookup *lookup, int32_t q) {
    if (ht__lookup_is_wide(lookup)) {
        return ht__lookup_wide_logistic(lookup, q);
    }
    float x = ht__lookup_real(lookup, q);
    float y = lookup->fixed ? 1.0f / (1.0f + (float)ht__exp(-(double)x)) : (float)ht__sigmoid((double)x);
    return ht__lookup_code(lookup, y);
}

ht_status ht__integer_Sigmoid(ht_integer *integer, const ht_node *node, ht_error *err) {
    return ht__lookup_give(integer, node, 0.0f, 0.0f, entry, err);
}
