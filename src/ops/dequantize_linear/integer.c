/* A node that decodes codes: they are the result, brought to its scale. */
#include "kernels/codes.h"
#include "ops/lookup/lookup.h"

ht_status ht__integer_DequantizeLinear(ht_integer *integer, const ht_node *node, ht_error *err) {
    ht_codes codes;
    HT_TRY(ht__quantizer_codes(node, node->inputs[0]->desc.type, &codes, err));
    codes.value = node->inputs[0];
    return codes.type != HT_NONE && node->inputs[0]->data == NULL ? ht__lookup_finish(integer, node, &codes, err)
                                                                  : HT_OK;
}
