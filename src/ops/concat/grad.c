/* Each input gets its slice of dy. */
#include "ops/gradient.h"

ht_status ht__gradient_Concat(ht_gradient *gradient, const ht_node *node, ht_error *err) {
    ht_value *dy = ht__gradient_of(gradient, node->outputs[0]);
    int32_t axis;
    HT_TRY(ht__normal_axis(node, ht__node_int(node, "axis", 0), dy->desc.rank, &axis, err));
    int64_t begin = 0, along = axis;
    for (uint32_t i = 0; i < node->input_count; ++i) {
        int64_t end = begin + node->inputs[i]->desc.dims[axis];
        if (ht__gradient_wanted(gradient, node->inputs[i])) {
            ht_value *inputs[4] = {dy, NULL, NULL, NULL};
            HT_TRY(ht__gradient_ints(gradient, &begin, 1, &inputs[1], err));
            HT_TRY(ht__gradient_ints(gradient, &end, 1, &inputs[2], err));
            HT_TRY(ht__gradient_ints(gradient, &along, 1, &inputs[3], err));
            ht_node *made;
            HT_TRY(ht__gradient_node(gradient, "Slice", NULL, inputs, 4, 1, &made, err));
            HT_TRY(ht__gradient_infer(gradient, made, err));
            HT_TRY(ht__gradient_add(gradient, node->inputs[i], made->outputs[0], err));
        }
        begin = end;
    }
    return HT_OK;
}
