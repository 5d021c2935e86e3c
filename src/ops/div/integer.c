/* x / c with one constant number c as a table; a quotient of two tensors has no integer form. */
#include <math.h>

#include "ops/lookup/lookup.h"

static int64_t entry(const ht_lookup *lookup, int32_t q) {
    return ht__lookup_code(lookup, ht__lookup_real(lookup, q) / lookup->a);
}

ht_status ht__integer_Div(ht_integer *integer, const ht_node *node, ht_error *err) {
    const ht_value *divisor = node->inputs[1];
    float number;
    if (divisor->data == NULL || divisor->desc.type != HT_F32 || ht__desc_elements(&divisor->desc) != 1 ||
        divisor->desc.rank > node->inputs[0]->desc.rank) {
        return HT_OK;
    }
    HT_TRY(ht__constant_float(node, 1, 1.0f, &number, err));
    return number != 0.0f && isfinite(number) ? ht__lookup_give(integer, node, number, 0.0f, entry, err) : HT_OK;
}
