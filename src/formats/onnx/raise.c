/* Raising a document to operator set 17: one rule per operator whose meaning was written differently before or after.
 */
#include <string.h>

#include "formats/onnx/raise.h"
#include "graph/op.h"

/* Puts `tensor` in as operand `position`; operands between are absent. */
static ht_status set_input(onnx_raising *raising, onnx_node *node, size_t position, const char *name) {
    while (node->input_count < position) {
        HT_TRY(ht__onnx_add_operand(raising->document, node, false, "", raising->err));
    }
    if (position < node->input_count) {
        node->inputs[position] = name;
        return HT_OK;
    }
    return ht__onnx_add_operand(raising->document, node, false, name, raising->err);
}

/* Moves an attribute of numbers into a constant operand: one f32, or a list of f32 or i64. Nothing happens when it is
 * absent. */
static ht_status attribute_to_input(onnx_raising *raising, onnx_node *node, const char *name, size_t position) {
    const onnx_attribute *attribute = ht__onnx_attribute(node, name);
    if (attribute == NULL) {
        return HT_OK;
    }
    bool is_float = attribute->type == ONNX_ATTRIBUTE_FLOAT || attribute->type == ONNX_ATTRIBUTE_FLOATS;
    if (!is_float && attribute->type != ONNX_ATTRIBUTE_INTS) {
        return ht__fail_at(raising->err, HT_ERROR_FORMAT, node->name, "The attribute %s of %s has the wrong type.",
                           name, node->op);
    }
    ht_tensor_desc desc = {.type = is_float ? HT_F32 : HT_I64,
                           .rank = attribute->type == ONNX_ATTRIBUTE_FLOAT ? 0 : 1,
                           .dims = {(int64_t)attribute->count}};
    const void *data = is_float ? (const void *)attribute->floats : attribute->ints;
    const char *tensor_name;
    const char *suffix = ht__arena_printf(raising->document->arena, ".%s", name);
    if (suffix == NULL) {
        return ht__fail_memory(raising->err, strlen(name));
    }
    HT_TRY(ht__onnx_fresh(raising->index, node->output_count != 0 ? node->outputs[0] : node->op, suffix, &tensor_name,
                          raising->err));
    onnx_tensor *tensor;
    HT_TRY(ht__onnx_add_tensor(raising->document, tensor_name, &desc, data, false, &tensor, raising->err));
    ht__onnx_find(raising->index, tensor_name)->tensor = tensor;
    ht__onnx_drop_attribute(node, name);
    return set_input(raising, node, position, tensor_name);
}

static ht_status raise_clip(onnx_raising *raising, onnx_node *node) {
    HT_TRY(attribute_to_input(raising, node, "min", 1));
    return attribute_to_input(raising, node, "max", 2);
}

static ht_status raise_dropout(onnx_raising *raising, onnx_node *node) {
    return attribute_to_input(raising, node, "ratio", 1);
}

static ht_status raise_axes(onnx_raising *raising, onnx_node *node) {
    return attribute_to_input(raising, node, "axes", 1);
}

static ht_status raise_pad(onnx_raising *raising, onnx_node *node) {
    HT_TRY(attribute_to_input(raising, node, "pads", 1));
    return attribute_to_input(raising, node, "value", 2);
}

static ht_status raise_slice(onnx_raising *raising, onnx_node *node) {
    HT_TRY(attribute_to_input(raising, node, "starts", 1));
    HT_TRY(attribute_to_input(raising, node, "ends", 2));
    return attribute_to_input(raising, node, "axes", 3);
}

static ht_status raise_batch_normalization(onnx_raising *raising, onnx_node *node) {
    if (ht__onnx_int(node, "spatial", 1) == 0) {
        return ht__fail_at(raising->err, HT_ERROR_UNSUPPORTED, node->name,
                           "A BatchNormalization with statistics per element (spatial = 0) is not supported.");
    }
    ht__onnx_drop_attribute(node, "spatial");
    return HT_OK;
}

/* Until operator set 12 the axis was 1 when not said; whether the rest agrees is seen when shapes are known (build.c).
 */
static ht_status raise_softmax(onnx_raising *raising, onnx_node *node) {
    return ht__onnx_attribute(node, "axis") != NULL
               ? HT_OK
               : ht__onnx_add_int(raising->document, node, "axis", 1, raising->err);
}

/* From operator set 18 on these reductions have their axes as an operand. Constant ones become the attribute of 17, so
 * that the model can be written as that. */
static ht_status lower_axes(onnx_raising *raising, onnx_node *node) {
    if (node->input_count < 2 || node->inputs[1][0] == '\0') {
        return HT_OK;
    }
    const onnx_name *entry = ht__onnx_find(raising->index, node->inputs[1]);
    const onnx_tensor *axes = entry != NULL ? entry->tensor : NULL;
    if (axes == NULL || axes->data == NULL || axes->desc.type != HT_I64 || axes->desc.rank != 1 ||
        ht__onnx_int(node, "noop_with_empty_axes", 0) != 0) {
        return HT_OK; /* computed, or said to mean nothing when empty: they stay an operand */
    }
    onnx_attribute *attribute = ht__arena_alloc(raising->document->arena, sizeof *attribute);
    if (attribute == NULL) {
        return ht__fail_memory(raising->err, sizeof *attribute);
    }
    *attribute = (onnx_attribute){
        .name = "axes", .type = ONNX_ATTRIBUTE_INTS, .count = (size_t)axes->desc.dims[0], .ints = axes->data};
    node->input_count = 1;
    return ht__onnx_push(raising->document->arena, &node->attributes, &node->attribute_count, &node->attribute_capacity,
                         attribute, raising->err);
}

/* A node that takes over the name `result`; the rule's own node goes on as its last step. */
static ht_status add_step(onnx_raising *raising, const char *op, const char *first, const char *second,
                          const char **result) {
    onnx_node *step;
    onnx_name *entry;
    HT_TRY(ht__onnx_fresh(raising->index, first, ".step", result, raising->err));
    HT_TRY(ht__onnx_add_node(raising->document, op, *result, &step, raising->err));
    HT_TRY(ht__onnx_add_operand(raising->document, step, false, first, raising->err));
    HT_TRY(ht__onnx_add_operand(raising->document, step, false, second, raising->err));
    HT_TRY(ht__onnx_add_operand(raising->document, step, true, *result, raising->err));
    HT_TRY(ht__onnx_name(raising->index, *result, &entry, raising->err));
    entry->producer = step;
    return HT_OK;
}

/* Sum, Max and Min of any number of tensors: pairs, from left to right. */
static ht_status split_into_pairs(onnx_raising *raising, onnx_node *node, const char *op) {
    const char *left = node->input_count != 0 ? node->inputs[0] : "";
    node->op = node->input_count == 1 ? "Identity" : op;
    if (node->input_count <= 2) {
        return HT_OK;
    }
    for (size_t k = 1; k + 1 < node->input_count; ++k) {
        HT_TRY(add_step(raising, op, left, node->inputs[k], &left));
    }
    node->inputs[0] = left;
    node->inputs[1] = node->inputs[node->input_count - 1];
    node->input_count = 2;
    return HT_OK;
}

static ht_status raise_sum(onnx_raising *raising, onnx_node *node) { return split_into_pairs(raising, node, "Add"); }
static ht_status raise_max(onnx_raising *raising, onnx_node *node) { return split_into_pairs(raising, node, "Max"); }
static ht_status raise_min(onnx_raising *raising, onnx_node *node) { return split_into_pairs(raising, node, "Min"); }

/* A constant list of one integer. */
static ht_status add_int_list(onnx_raising *raising, const char *base, const char *suffix, int64_t value,
                              const char **name) {
    ht_tensor_desc desc = {.type = HT_I64, .rank = 1, .dims = {1}};
    onnx_tensor *tensor;
    HT_TRY(ht__onnx_fresh(raising->index, base, suffix, name, raising->err));
    HT_TRY(ht__onnx_add_tensor(raising->document, *name, &desc, &value, true, &tensor, raising->err));
    ht__onnx_find(raising->index, *name)->tensor = tensor;
    return HT_OK;
}

/* The piece begin .. end along `axis` of a Split's input, as a Slice. */
static ht_status add_slice(onnx_raising *raising, const char *input, const char *output, int64_t axis, int64_t begin,
                           int64_t end) {
    const char *operands[4] = {input};
    HT_TRY(add_int_list(raising, output, ".begin", begin, &operands[1]));
    HT_TRY(add_int_list(raising, output, ".end", end, &operands[2]));
    HT_TRY(add_int_list(raising, output, ".axis", axis, &operands[3]));
    onnx_node *slice;
    HT_TRY(ht__onnx_add_node(raising->document, "Slice", output, &slice, raising->err));
    for (size_t k = 0; k < 4; ++k) {
        HT_TRY(ht__onnx_add_operand(raising->document, slice, false, operands[k], raising->err));
    }
    return ht__onnx_add_operand(raising->document, slice, true, output, raising->err);
}

/* A Split into pieces of stated sizes: one Slice for each. Without sizes it stays, and is named as unsupported. */
static ht_status raise_split(onnx_raising *raising, onnx_node *node) {
    HT_TRY(attribute_to_input(raising, node, "split", 1));
    const onnx_name *entry = node->input_count == 2 ? ht__onnx_find(raising->index, node->inputs[1]) : NULL;
    const onnx_tensor *sizes = entry != NULL ? entry->tensor : NULL;
    if (sizes == NULL || sizes->data == NULL || sizes->desc.type != HT_I64 || sizes->desc.rank != 1 ||
        sizes->desc.dims[0] != (int64_t)node->output_count) {
        return HT_OK;
    }
    int64_t begin = 0, axis = ht__onnx_int(node, "axis", 0);
    for (size_t i = 0; i < node->output_count; ++i) {
        int64_t size = ((const int64_t *)sizes->data)[i];
        if (size < 0 || size > INT32_MAX) {
            return ht__fail_at(raising->err, HT_ERROR_FORMAT, node->name, "A Split has a piece of %lld elements.",
                               (long long)size);
        }
        if (node->outputs[i][0] != '\0') {
            HT_TRY(add_slice(raising, node->inputs[0], node->outputs[i], axis, begin, begin + size));
        }
        begin += size;
    }
    node->removed = true;
    return HT_OK;
}

/* Upsample, and Resize of operator set 10: the scales move behind the (absent) region, and coordinates are asymmetric.
 */
static ht_status raise_resize(onnx_raising *raising, onnx_node *node) {
    HT_TRY(attribute_to_input(raising, node, "scales", 1));
    if (node->input_count != 2) {
        return ht__fail_at(raising->err, HT_ERROR_FORMAT, node->name, "%s needs scales.", node->op);
    }
    node->op = "Resize";
    const char *scales = node->inputs[1];
    node->inputs[1] = "";
    HT_TRY(ht__onnx_add_operand(raising->document, node, false, scales, raising->err));
    HT_TRY(ht__onnx_add_text(raising->document, node, "coordinate_transformation_mode", "asymmetric", raising->err));
    return ht__onnx_add_text(raising->document, node, "nearest_mode", "floor", raising->err);
}

static ht_status raise_scatter(onnx_raising *raising, onnx_node *node) {
    (void)raising;
    node->op = "ScatterElements";
    return HT_OK;
}

/* Before operator set 9 a Scan ran over a batch of sequences. */
static ht_status raise_scan(onnx_raising *raising, onnx_node *node) {
    return ht__fail_at(raising->err, HT_ERROR_UNSUPPORTED, node->name, "A Scan of operator set 8 is not supported.");
}

/* Until operator set 19 the axis was an attribute, and 1 when not said. */
static ht_status raise_dft(onnx_raising *raising, onnx_node *node) {
    int64_t axis = ht__onnx_int(node, "axis", 1);
    ht_tensor_desc desc = {.type = HT_I64};
    onnx_tensor *tensor;
    const char *name;
    HT_TRY(ht__onnx_fresh(raising->index, node->output_count != 0 ? node->outputs[0] : node->op, ".axis", &name,
                          raising->err));
    HT_TRY(ht__onnx_add_tensor(raising->document, name, &desc, &axis, true, &tensor, raising->err));
    ht__onnx_find(raising->index, name)->tensor = tensor;
    ht__onnx_drop_attribute(node, "axis");
    return set_input(raising, node, 2, name);
}

/* Until operator set 15 regions were not moved by half an element. */
static ht_status raise_roi_align(onnx_raising *raising, onnx_node *node) {
    return ht__onnx_add_text(raising->document, node, "coordinate_transformation_mode", "output_half_pixel",
                             raising->err);
}

/* Which nodes a rule is for: those of operator sets first .. last. */
typedef struct raise_rule {
    const char *op;
    int64_t first, last;
    ht_status (*apply)(onnx_raising *raising, onnx_node *node);
} raise_rule;

static const raise_rule rules[] = {
    {"BatchNormalization", 1, 8, raise_batch_normalization},
    {"Clip", 1, 10, raise_clip},
    {"DFT", 17, 19, raise_dft},
    {"Dropout", 1, 11, raise_dropout},
    {"GroupNormalization", 18, 20, ht__onnx_raise_group_normalization},
    {"LogSoftmax", 1, 12, raise_softmax},
    {"Max", 1, INT64_MAX, raise_max},
    {"Min", 1, INT64_MAX, raise_min},
    {"Pad", 1, 10, raise_pad},
    {"ReduceL1", 18, INT64_MAX, lower_axes},
    {"ReduceL2", 18, INT64_MAX, lower_axes},
    {"ReduceLogSum", 18, INT64_MAX, lower_axes},
    {"ReduceLogSumExp", 18, INT64_MAX, lower_axes},
    {"ReduceMax", 18, INT64_MAX, lower_axes},
    {"ReduceMean", 18, INT64_MAX, lower_axes},
    {"ReduceMin", 18, INT64_MAX, lower_axes},
    {"ReduceProd", 18, INT64_MAX, lower_axes},
    {"ReduceSum", 1, 12, raise_axes},
    {"ReduceSumSquare", 18, INT64_MAX, lower_axes},
    {"Resize", 10, 10, raise_resize},
    {"Scan", 1, 8, raise_scan},
    {"Scatter", 9, INT64_MAX, raise_scatter},
    {"RoiAlign", 1, 15, raise_roi_align},
    {"Slice", 1, 9, raise_slice},
    {"Softmax", 1, 12, raise_softmax},
    {"Split", 1, INT64_MAX, raise_split},
    {"Squeeze", 1, 12, raise_axes},
    {"Sum", 1, INT64_MAX, raise_sum},
    {"Unsqueeze", 1, 12, raise_axes},
    {"Upsample", 7, 9, raise_resize},
};

/* Outputs that an inference model has no use for: masks, indices, batch statistics. */
static void drop_unused_outputs(onnx_raising *raising, onnx_node *node) {
    const ht_op *op = ht__op_find("", node->op);
    size_t least = op != NULL ? op->min_outputs : 1;
    while (node->output_count > least) {
        const char *last = node->outputs[node->output_count - 1];
        const onnx_name *entry = last[0] != '\0' ? ht__onnx_find(raising->index, last) : NULL;
        if (entry != NULL && (entry->uses != 0 || entry->is_output)) {
            return;
        }
        --node->output_count;
    }
}

/* A node whose first output is absent, but not its others (a recurrent layer's): inside, every first output has a name.
 */
static ht_status name_first_output(onnx_raising *raising, onnx_node *node) {
    if (node->output_count < 2 || node->outputs[0][0] != '\0') {
        return HT_OK;
    }
    onnx_name *entry;
    HT_TRY(ht__onnx_fresh(raising->index, node->op, ".unused", &node->outputs[0], raising->err));
    HT_TRY(ht__onnx_name(raising->index, node->outputs[0], &entry, raising->err));
    entry->producer = node;
    return HT_OK;
}

static void drop_absent_inputs(onnx_node *node) {
    while (node->input_count != 0 && node->inputs[node->input_count - 1][0] == '\0') {
        --node->input_count;
    }
}

static int64_t opset_of(const onnx_document *document, const onnx_node *node) {
    return node->opset != 0 ? node->opset : document->opset;
}

/* Graphs inside nodes have the operator set of the model, or of the function that the node comes from. */
static ht_status raise_inner(const onnx_document *document, const onnx_node *node, ht_error *err) {
    for (size_t i = 0; i < node->attribute_count; ++i) {
        if (node->attributes[i]->type == ONNX_ATTRIBUTE_GRAPH) {
            node->attributes[i]->graph->opset = opset_of(document, node);
            HT_TRY(ht__onnx_raise(node->attributes[i]->graph, err));
        }
    }
    return HT_OK;
}

ht_status ht__onnx_raise(onnx_document *document, ht_error *err) {
    onnx_index index;
    HT_TRY(ht__onnx_drop_constant_inputs(document, err));
    HT_TRY(ht__onnx_index(document, &index, err));
    onnx_raising raising = {document, &index, err};
    HT_TRY(ht__onnx_take_constants(&raising));
    HT_TRY(ht__onnx_drop_identities(&raising));
    for (size_t i = 0; i < document->node_count; ++i) {
        onnx_node *node = document->nodes[i];
        if (!node->removed) {
            HT_TRY(ht__onnx_raise_qlinear(&raising, node));
            HT_TRY(ht__onnx_raise_nbits(&raising, node));
        }
        if (node->removed || node->domain[0] != '\0') {
            continue;
        }
        HT_TRY(raise_inner(document, node, err));
        for (size_t k = 0; k < sizeof rules / sizeof rules[0]; ++k) {
            if (strcmp(rules[k].op, node->op) == 0 && opset_of(document, node) >= rules[k].first &&
                opset_of(document, node) <= rules[k].last) {
                HT_TRY(rules[k].apply(&raising, node));
            }
        }
        HT_TRY(ht__onnx_drop_later_attributes(&raising, node));
        drop_unused_outputs(&raising, node);
        drop_absent_inputs(node);
        HT_TRY(name_first_output(&raising, node));
    }
    return HT_OK;
}
