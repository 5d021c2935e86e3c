/* The padding is cropped away again; only where it is constant, since the other modes repeat elements. */
#include <string.h>

#include "ops/gradient.h"

ht_status ht__gradient_Pad(ht_gradient *gradient, const ht_node *node, ht_error *err) {
    const ht_value *pads = node->inputs[1];
    size_t count = 2 * (size_t)node->inputs[0]->desc.rank;
    if (strcmp(ht__node_text(node, "mode", "constant"), "constant") != 0 || pads->data == NULL ||
        ht__has_input(node, 3)) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, node->name, "Only a constant Pad has a gradient rule.");
    }
    int64_t crop[2 * HT_MAX_RANK];
    for (size_t i = 0; i < count; ++i) {
        crop[i] = -((const int64_t *)pads->data)[i];
    }
    ht_value *amounts, *dx;
    HT_TRY(ht__gradient_ints(gradient, crop, count, &amounts, err));
    HT_TRY(ht__gradient_call(gradient, "Pad", ht__gradient_of(gradient, node->outputs[0]), amounts, &dx, err));
    return ht__gradient_add(gradient, node->inputs[0], dx, err);
}
