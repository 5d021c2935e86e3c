/* GroupNormalization of operator sets 18 to 20, whose scale and shift have one number per group: with every group seen
 * as one channel it is an InstanceNormalization.
 *
 *     Reshape(InstanceNormalization(Reshape(x, [0, groups, -1]), scale, shift), Shape(x))
 */
#include "formats/onnx/raise.h"

/* A node of `op` whose result gets a name of its own. */
static ht_status add_step(onnx_raising *raising, const char *op, const char *const *operands, size_t count,
                          onnx_node **step, const char **result) {
    onnx_name *entry;
    HT_TRY(ht__onnx_fresh(raising->index, operands[0], ".group", result, raising->err));
    HT_TRY(ht__onnx_add_node(raising->document, op, *result, step, raising->err));
    for (size_t i = 0; i < count; ++i) {
        HT_TRY(ht__onnx_add_operand(raising->document, *step, false, operands[i], raising->err));
    }
    HT_TRY(ht__onnx_add_operand(raising->document, *step, true, *result, raising->err));
    HT_TRY(ht__onnx_name(raising->index, *result, &entry, raising->err));
    entry->producer = *step;
    return HT_OK;
}

ht_status ht__onnx_raise_group_normalization(onnx_raising *raising, onnx_node *node) {
    if (node->input_count != 3 || node->output_count != 1) {
        return ht__fail_at(raising->err, HT_ERROR_FORMAT, node->name,
                           "GroupNormalization needs 3 inputs and 1 output.");
    }
    const int64_t shape[3] = {0, ht__onnx_int(node, "num_groups", 0), -1};
    ht_tensor_desc desc = {.type = HT_I64, .rank = 1, .dims = {3}};
    const char *names[2] = {node->inputs[0]}, *x = node->inputs[0], *normalised, *dimensions;
    onnx_tensor *tensor;
    onnx_node *step;
    HT_TRY(ht__onnx_fresh(raising->index, node->outputs[0], ".groups", &names[1], raising->err));
    HT_TRY(ht__onnx_add_tensor(raising->document, names[1], &desc, shape, true, &tensor, raising->err));
    ht__onnx_find(raising->index, names[1])->tensor = tensor;
    const char *operands[3] = {NULL, node->inputs[1], node->inputs[2]};
    HT_TRY(add_step(raising, "Reshape", names, 2, &step, &operands[0]));
    HT_TRY(add_step(raising, "InstanceNormalization", operands, 3, &step, &normalised));
    const onnx_attribute *epsilon = ht__onnx_attribute(node, "epsilon");
    if (epsilon != NULL) {
        HT_TRY(ht__onnx_push(raising->document->arena, &step->attributes, &step->attribute_count,
                             &step->attribute_capacity, epsilon, raising->err));
        ht__onnx_drop_attribute(node, "epsilon");
    }
    ht__onnx_drop_attribute(node, "num_groups");
    ht__onnx_drop_attribute(node, "stash_type");
    HT_TRY(add_step(raising, "Shape", &x, 1, &step, &dimensions));
    node->op = "Reshape"; /* the rule's own node goes on as the last step */
    node->inputs[0] = normalised;
    node->inputs[1] = dimensions;
    node->input_count = 2;
    return HT_OK;
}
