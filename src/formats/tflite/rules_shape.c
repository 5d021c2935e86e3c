/* Operators that change shapes, and resizing. */
#include <string.h>

#include "formats/tflite/rules.h"

/* Files with an open batch may still say 1 in a shape. */
static void open_batch(const tflite_call *call, int64_t *shape, size_t count) {
    const tflite_tensor *y = ht__tflite_output_tensor(call, 0);
    bool others_given = count == y->shape.count && count != 0 && shape[0] == 1 && ht__tflite_size(y, 0) < 0;
    for (size_t i = 1; i < count && others_given; ++i) {
        others_given = shape[i] > 0;
    }
    if (others_given) {
        shape[0] = -1;
    }
}

/* The constant or computed new shape as i64. */
static ht_status new_shape(const tflite_call *call, uint32_t i, ht_value **out) {
    int64_t values[HT_MAX_RANK];
    size_t count;
    if (ht__tflite_is_constant(call, i)) {
        HT_TRY(ht__tflite_constant_ints(call, i, values, HT_MAX_RANK, &count));
        open_batch(call, values, count);
        return ht__tflite_add_ints(call, values, count, out);
    }
    HT_TRY(ht__tflite_input(call, i, TFLITE_AS_FILED, out));
    if (ht__tflite_input_tensor(call, i)->type == TFLITE_INT64) {
        return HT_OK;
    }
    ht_node *node;
    HT_TRY(ht__tflite_step(call, "Cast", out, 1, &node));
    *out = node->outputs[0];
    return ht__tflite_set_int(call, node, "to", 7); /* ONNX's number of int64 */
}

/* The new shape: the second input, or the option of files that have none. */
ht_status ht__tflite_read_reshape(const tflite_call *call) {
    ht_value *inputs[2];
    HT_TRY(ht__tflite_input(call, 0, TFLITE_AS_FILED, &inputs[0]));
    tflite_ints option = ht__tflite_ints(&call->op, "new_shape");
    if (ht__tflite_has(call, 1)) {
        HT_TRY(new_shape(call, 1, &inputs[1]));
    } else {
        int64_t shape[HT_MAX_RANK];
        if (option.count > HT_MAX_RANK) {
            return ht__tflite_refuse(call, "to that many dimensions");
        }
        for (size_t i = 0; i < option.count; ++i) {
            shape[i] = option.data[i];
        }
        open_batch(call, shape, option.count);
        HT_TRY(ht__tflite_add_ints(call, shape, option.count, &inputs[1]));
    }
    ht_node *node;
    HT_TRY(ht__tflite_result(call, 0, TFLITE_AS_FILED, "Reshape", inputs, 2, &node));
    return ht__tflite_set_int(call, node, "allowzero", 1); /* a 0 is no special number in TFLite */
}

ht_status ht__tflite_read_squeeze(const tflite_call *call) {
    const tflite_tensor *tensor = ht__tflite_input_tensor(call, 0);
    tflite_ints option = ht__tflite_ints(&call->op, "squeeze_dims");
    int64_t axes[HT_MAX_RANK];
    size_t count = 0;
    for (size_t i = 0; i < option.count && i < HT_MAX_RANK; ++i) {
        HT_TRY(ht__tflite_axis(call, option.data[i], tensor->shape.count, TFLITE_AS_FILED, &axes[count++]));
    }
    for (size_t i = 0; i < tensor->shape.count && option.count == 0 && count < HT_MAX_RANK; ++i) {
        if (ht__tflite_size(tensor, i) == 1) {
            axes[count++] = (int64_t)i;
        }
    }
    ht_value *inputs[2];
    HT_TRY(ht__tflite_input(call, 0, TFLITE_AS_FILED, &inputs[0]));
    HT_TRY(ht__tflite_add_ints(call, axes, count, &inputs[1]));
    return ht__tflite_result(call, 0, TFLITE_AS_FILED, count != 0 ? "Squeeze" : "Identity", inputs, count != 0 ? 2 : 1,
                             NULL);
}

ht_status ht__tflite_read_expand_dims(const tflite_call *call) {
    int64_t axis;
    size_t count;
    ht_value *inputs[2];
    HT_TRY(ht__tflite_constant_ints(call, 1, &axis, 1, &count));
    HT_TRY(ht__tflite_axis(call, count != 0 ? axis : 0, ht__tflite_input_tensor(call, 0)->shape.count + 1,
                           TFLITE_AS_FILED, &axis));
    HT_TRY(ht__tflite_input(call, 0, TFLITE_AS_FILED, &inputs[0]));
    HT_TRY(ht__tflite_add_ints(call, &axis, 1, &inputs[1]));
    return ht__tflite_result(call, 0, TFLITE_AS_FILED, "Unsqueeze", inputs, 2, NULL);
}

ht_status ht__tflite_read_transpose(const tflite_call *call) {
    int64_t order[HT_MAX_RANK];
    size_t count;
    ht_value *x;
    ht_node *node;
    HT_TRY(ht__tflite_constant_ints(call, 1, order, HT_MAX_RANK, &count));
    HT_TRY(ht__tflite_input(call, 0, TFLITE_AS_FILED, &x));
    HT_TRY(ht__tflite_result(call, 0, TFLITE_AS_FILED, "Transpose", &x, 1, &node));
    return ht__tflite_set_ints(call, node, "perm", order, count);
}

/* Blocks of pixels become channels, or the other way round; both formats list a pixel's channels together. */
ht_status ht__tflite_read_blocks(const tflite_call *call) {
    ht_value *x;
    ht_node *node;
    HT_TRY(ht__tflite_input(call, 0, TFLITE_CHANNELS_FIRST, &x));
    HT_TRY(ht__tflite_result(call, 0, TFLITE_CHANNELS_FIRST, call->rule->op, &x, 1, &node));
    return ht__tflite_set_int(call, node, "blocksize", ht__tflite_int(&call->op, "block_size", 0));
}

/* ---- padding ---- */

/* Computed amounts [rank, 2]: all those before, then all those behind. */
static ht_status computed_amounts(const tflite_call *call, ht_value **out) {
    ht_value *list;
    ht_node *node;
    HT_TRY(ht__tflite_input(call, 1, TFLITE_AS_FILED, out));
    HT_TRY(ht__tflite_step(call, "Cast", out, 1, &node));
    HT_TRY(ht__tflite_set_int(call, node, "to", 7)); /* ONNX's number of int64 */
    HT_TRY(ht__tflite_step(call, "Transpose", node->outputs, 1, &node));
    HT_TRY(ht__tflite_set_ints(call, node, "perm", (int64_t[]){1, 0}, 2));
    HT_TRY(ht__tflite_add_ints(call, (int64_t[]){-1}, 1, &list));
    HT_TRY(ht__tflite_step(call, "Reshape", (ht_value *[]){node->outputs[0], list}, 2, &node));
    *out = node->outputs[0];
    return HT_OK;
}

/* Amounts before and behind each axis, [rank, 2] in the file, as ONNX lists them. */
static ht_status read_amounts(const tflite_call *call, tflite_form form, ht_value **out) {
    size_t rank = ht__tflite_input_tensor(call, 0)->shape.count, count;
    int64_t filed[2 * HT_MAX_RANK], amounts[2 * HT_MAX_RANK];
    HT_TRY(ht__tflite_constant_ints(call, 1, filed, 2 * HT_MAX_RANK, &count));
    if (count != 2 * rank) {
        return ht__fail_at(call->reading->err, HT_ERROR_FORMAT, call->name, "%s needs two amounts for each axis.",
                           call->rule->name);
    }
    for (size_t i = 0; i < rank; ++i) {
        int64_t place;
        HT_TRY(ht__tflite_axis(call, (int64_t)i, rank, form, &place));
        amounts[place] = filed[2 * i];
        amounts[(int64_t)rank + place] = filed[2 * i + 1];
    }
    return ht__tflite_add_ints(call, amounts, count, out);
}

ht_status ht__tflite_read_pad(const tflite_call *call) {
    bool given = ht__tflite_is_constant(call, 1);
    tflite_form form = given ? ht__tflite_form(call) : TFLITE_AS_FILED;
    ht_value *inputs[3];
    HT_TRY(ht__tflite_input(call, 0, form, &inputs[0]));
    HT_TRY(given ? read_amounts(call, form, &inputs[1]) : computed_amounts(call, &inputs[1]));
    if (ht__tflite_has(call, 2)) {
        HT_TRY(ht__tflite_input(call, 2, TFLITE_AS_FILED, &inputs[2]));
    }
    return ht__tflite_result(call, 0, form, "Pad", inputs, ht__tflite_has(call, 2) ? 3 : 2, NULL);
}

ht_status ht__tflite_read_mirror_pad(const tflite_call *call) {
    tflite_form form = ht__tflite_form(call);
    ht_value *inputs[2];
    ht_node *node;
    if (ht__tflite_int(&call->op, "mode", 0) != 0) {
        return ht__tflite_refuse(call, "with the symmetric mode");
    }
    HT_TRY(ht__tflite_input(call, 0, form, &inputs[0]));
    HT_TRY(read_amounts(call, form, &inputs[1]));
    HT_TRY(ht__tflite_result(call, 0, form, "Pad", inputs, 2, &node));
    return ht__node_set_text(call->reading->graph, node, "mode", "reflect", call->reading->err);
}

/* ---- shapes as numbers ---- */

ht_status ht__tflite_read_shape(const tflite_call *call) {
    ht_value *x;
    ht_node *node;
    HT_TRY(ht__tflite_input(call, 0, TFLITE_AS_FILED, &x));
    if (ht__tflite_output_tensor(call, 0)->type == TFLITE_INT64) {
        return ht__tflite_result(call, 0, TFLITE_AS_FILED, "Shape", &x, 1, NULL);
    }
    HT_TRY(ht__tflite_step(call, "Shape", &x, 1, &node));
    HT_TRY(ht__tflite_result(call, 0, TFLITE_AS_FILED, "Cast", node->outputs, 1, &node));
    return ht__tflite_set_int(call, node, "to", 6); /* ONNX's number of int32 */
}

/* ---- resizing ---- */

static const char *coordinates(const tflite_call *call) {
    return ht__tflite_int(&call->op, "align_corners", 0) != 0        ? "align_corners"
           : ht__tflite_int(&call->op, "half_pixel_centers", 0) != 0 ? "half_pixel"
                                                                     : "asymmetric";
}

/* Height and width are given; the batch may be open, which ONNX can say with factors only. */
ht_status ht__tflite_read_resize(const tflite_call *call) {
    const tflite_tensor *x = ht__tflite_input_tensor(call, 0);
    ht_graph *graph = call->reading->graph;
    ht_error *err = call->reading->err;
    bool nearest = call->op.code == 97;
    const char *coordinate = coordinates(call);
    int64_t sizes[2];
    size_t count;
    ht_value *inputs[4] = {NULL};
    ht_node *node;
    HT_TRY(ht__tflite_input(call, 0, TFLITE_CHANNELS_FIRST, &inputs[0]));
    HT_TRY(ht__tflite_constant_ints(call, 1, sizes, 2, &count));
    if (count != 2 || ht__tflite_size(x, 0) < 0) {
        return ht__tflite_refuse(call, "with an open batch");
    }
    int64_t all[] = {ht__tflite_size(x, 0), x->shape.data[3], sizes[0], sizes[1]};
    HT_TRY(ht__tflite_add_ints(call, all, 4, &inputs[3]));
    HT_TRY(ht__tflite_result(call, 0, TFLITE_CHANNELS_FIRST, "Resize", inputs, 4, &node));
    HT_TRY(ht__node_set_text(graph, node, "mode", nearest ? "nearest" : "linear", err));
    HT_TRY(ht__node_set_text(graph, node, "coordinate_transformation_mode", coordinate, err));
    /* Nearest takes the element below o scale; of half pixels that below (o + 1/2) scale, which ONNX's coordinate is
     * half an element below of; with aligned corners the nearest one. */
    const char *rounding = strcmp(coordinate, "asymmetric") == 0 ? "floor" : "round_prefer_ceil";
    return nearest ? ht__node_set_text(graph, node, "nearest_mode", rounding, err) : HT_OK;
}
