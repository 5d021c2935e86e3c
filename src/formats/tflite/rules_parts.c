/* Operators that put tensors together, take parts of them, or sum over axes. */
#include "formats/tflite/rules.h"
#include "graph/op.h"

/* ---- together ---- */

#define MOST_PARTS 4096

ht_status ht__tflite_concatenate(const tflite_call *call, tflite_form form, int64_t axis, ht_value **values,
                                 uint32_t count) {
    ht_node *node;
    while (count > HT_MAX_INPUTS) {
        uint32_t kept = 0;
        for (uint32_t i = 0; i < count; i += HT_MAX_INPUTS) {
            uint32_t some = count - i < HT_MAX_INPUTS ? count - i : HT_MAX_INPUTS;
            HT_TRY(ht__tflite_step(call, "Concat", values + i, some, &node));
            HT_TRY(ht__tflite_set_int(call, node, "axis", axis));
            values[kept++] = node->outputs[0];
        }
        count = kept;
    }
    HT_TRY(ht__tflite_result(call, 0, form, "Concat", values, count, &node));
    return ht__tflite_set_int(call, node, "axis", axis);
}

/* The operator's inputs, each as it is or with a new axis. */
static ht_status read_parts(const tflite_call *call, tflite_form form, const int64_t *new_axis, ht_value ***out) {
    size_t count = call->op.inputs.count;
    if (count > MOST_PARTS) {
        return ht__tflite_refuse(call, "of so many tensors");
    }
    ht_value **values = ht__arena_alloc(call->reading->graph->arena, (count + 1) * sizeof *values);
    if (values == NULL) {
        return ht__fail_memory(call->reading->err, count * sizeof *values);
    }
    for (uint32_t i = 0; i < count; ++i) {
        HT_TRY(ht__tflite_input(call, i, form, &values[i]));
        if (new_axis != NULL) {
            ht_value *inputs[2] = {values[i]};
            ht_node *node;
            HT_TRY(ht__tflite_add_ints(call, new_axis, 1, &inputs[1]));
            HT_TRY(ht__tflite_step(call, "Unsqueeze", inputs, 2, &node));
            values[i] = node->outputs[0];
        }
    }
    *out = values;
    return HT_OK;
}

ht_status ht__tflite_read_concatenation(const tflite_call *call) {
    tflite_form form = ht__tflite_form(call);
    int64_t axis;
    ht_value **values;
    HT_TRY(ht__tflite_axis(call, ht__tflite_int(&call->op, "axis", 0), ht__tflite_output_tensor(call, 0)->shape.count,
                           form, &axis));
    HT_TRY(read_parts(call, form, NULL, &values));
    return ht__tflite_concatenate(call, form, axis, values, (uint32_t)call->op.inputs.count);
}

ht_status ht__tflite_read_pack(const tflite_call *call) {
    int64_t axis;
    ht_value **values;
    HT_TRY(ht__tflite_axis(call, ht__tflite_int(&call->op, "axis", 0), ht__tflite_output_tensor(call, 0)->shape.count,
                           TFLITE_AS_FILED, &axis));
    HT_TRY(read_parts(call, TFLITE_AS_FILED, &axis, &values));
    return ht__tflite_concatenate(call, TFLITE_AS_FILED, axis, values, (uint32_t)call->op.inputs.count);
}

/* ---- parts ---- */

/* A part of input 0 by axes of the file; what is not listed stays whole. */
typedef struct part {
    int64_t starts[HT_MAX_RANK], ends[HT_MAX_RANK], axes[HT_MAX_RANK], steps[HT_MAX_RANK];
    size_t count;
} part;

/* The five inputs of a Slice. */
static ht_status slice_inputs(const tflite_call *call, ht_value *x, const part *p, ht_value *inputs[5]) {
    inputs[0] = x;
    HT_TRY(ht__tflite_add_ints(call, p->starts, p->count, &inputs[1]));
    HT_TRY(ht__tflite_add_ints(call, p->ends, p->count, &inputs[2]));
    HT_TRY(ht__tflite_add_ints(call, p->axes, p->count, &inputs[3]));
    return ht__tflite_add_ints(call, p->steps, p->count, &inputs[4]);
}

/* Where begin or size is computed: from begin to begin + size, or to the end of the axis where the size is -1. */
static ht_status read_computed_slice(const tflite_call *call) {
    static const int64_t zero = 0, end = INT64_MAX;
    ht_value *x, *begin, *size, *none, *last;
    ht_node *open, *sum, *ends;
    HT_TRY(ht__tflite_input(call, 0, TFLITE_AS_FILED, &x));
    HT_TRY(ht__tflite_list(call, 1, &begin));
    HT_TRY(ht__tflite_list(call, 2, &size));
    HT_TRY(ht__tflite_add_ints(call, &zero, 1, &none));
    HT_TRY(ht__tflite_add_ints(call, &end, 1, &last));
    HT_TRY(ht__tflite_step(call, "Less", (ht_value *[]){size, none}, 2, &open));
    HT_TRY(ht__tflite_step(call, "Add", (ht_value *[]){begin, size}, 2, &sum));
    HT_TRY(ht__tflite_step(call, "Where", (ht_value *[]){open->outputs[0], last, sum->outputs[0]}, 3, &ends));
    return ht__tflite_result(call, 0, TFLITE_AS_FILED, "Slice", (ht_value *[]){x, begin, ends->outputs[0]}, 3, NULL);
}

ht_status ht__tflite_read_slice(const tflite_call *call) {
    if (!ht__tflite_is_constant(call, 1) || !ht__tflite_is_constant(call, 2)) {
        return read_computed_slice(call);
    }
    tflite_form form = ht__tflite_form(call);
    size_t rank = ht__tflite_input_tensor(call, 0)->shape.count, sizes;
    int64_t lengths[HT_MAX_RANK];
    part p;
    HT_TRY(ht__tflite_constant_ints(call, 1, p.starts, HT_MAX_RANK, &p.count));
    HT_TRY(ht__tflite_constant_ints(call, 2, lengths, HT_MAX_RANK, &sizes));
    if (p.count != rank || sizes != rank) {
        return ht__fail_at(call->reading->err, HT_ERROR_FORMAT, call->name,
                           "%s needs a begin and a size for each axis.", call->rule->name);
    }
    for (size_t i = 0; i < rank; ++i) {
        if (p.starts[i] < 0 || p.starts[i] > INT32_MAX || lengths[i] < -1 || lengths[i] > INT32_MAX) {
            return ht__fail_at(call->reading->err, HT_ERROR_FORMAT, call->name,
                               "A begin or size of %s is out of range.", call->rule->name);
        }
        p.ends[i] = lengths[i] < 0 ? INT64_MAX : p.starts[i] + lengths[i];
        p.steps[i] = 1;
        HT_TRY(ht__tflite_axis(call, (int64_t)i, rank, form, &p.axes[i]));
    }
    ht_value *x, *inputs[5];
    HT_TRY(ht__tflite_input(call, 0, form, &x));
    HT_TRY(slice_inputs(call, x, &p, inputs));
    return ht__tflite_result(call, 0, form, "Slice", inputs, 5, NULL);
}

/* Where masks, which have a bit for each axis, say so, a part begins or ends with its axis, or is one element of it,
 * whose axis goes. */
static ht_status read_strided(const tflite_call *call, part *p, int64_t *gone, size_t *gone_count) {
    const tflite_operator *op = &call->op;
    int64_t begin_mask = ht__tflite_int(op, "begin_mask", 0), end_mask = ht__tflite_int(op, "end_mask", 0);
    int64_t shrink_mask = ht__tflite_int(op, "shrink_axis_mask", 0);
    size_t ends, steps;
    if (ht__tflite_int(op, "ellipsis_mask", 0) != 0 || ht__tflite_int(op, "new_axis_mask", 0) != 0) {
        return ht__tflite_refuse(call, "with an ellipsis or a new axis");
    }
    HT_TRY(ht__tflite_constant_ints(call, 1, p->starts, HT_MAX_RANK, &p->count));
    HT_TRY(ht__tflite_constant_ints(call, 2, p->ends, HT_MAX_RANK, &ends));
    HT_TRY(ht__tflite_constant_ints(call, 3, p->steps, HT_MAX_RANK, &steps));
    if (ends != p->count || steps != p->count) {
        return ht__fail_at(call->reading->err, HT_ERROR_FORMAT, call->name,
                           "%s needs as many ends and steps as begins.", call->rule->name);
    }
    *gone_count = 0;
    for (size_t i = 0; i < p->count; ++i) {
        p->axes[i] = (int64_t)i;
        if (ht__tflite_int(op, "offset", 0) != 0 && __builtin_add_overflow(p->starts[i], p->ends[i], &p->ends[i])) {
            return ht__tflite_refuse(call, "with such an end");
        }
        if ((shrink_mask >> i & 1) != 0) {
            p->ends[i] = p->starts[i] == -1 ? INT64_MAX : p->starts[i] + 1;
            p->steps[i] = 1;
            gone[(*gone_count)++] = (int64_t)i;
            continue;
        }
        if ((begin_mask >> i & 1) != 0) {
            p->starts[i] = p->steps[i] > 0 ? 0 : INT64_MAX;
        }
        if ((end_mask >> i & 1) != 0) {
            p->ends[i] = p->steps[i] > 0 ? INT64_MAX : INT64_MIN;
        }
    }
    return HT_OK;
}

ht_status ht__tflite_read_strided_slice(const tflite_call *call) {
    part p;
    int64_t gone[HT_MAX_RANK];
    size_t gone_count;
    ht_value *x, *inputs[5];
    HT_TRY(read_strided(call, &p, gone, &gone_count));
    HT_TRY(ht__tflite_input(call, 0, TFLITE_AS_FILED, &x));
    HT_TRY(slice_inputs(call, x, &p, inputs));
    if (gone_count == 0) {
        return ht__tflite_result(call, 0, TFLITE_AS_FILED, "Slice", inputs, 5, NULL);
    }
    ht_node *node;
    HT_TRY(ht__tflite_step(call, "Slice", inputs, 5, &node));
    ht_value *squeezed[] = {node->outputs[0], NULL};
    HT_TRY(ht__tflite_add_ints(call, gone, gone_count, &squeezed[1]));
    return ht__tflite_result(call, 0, TFLITE_AS_FILED, "Squeeze", squeezed, 2, NULL);
}

/* Equal parts along a constant axis (input 0) of input 1. */
ht_status ht__tflite_read_split(const tflite_call *call) {
    tflite_form form = ht__tflite_form(call);
    int64_t axis, place;
    size_t count, pieces = call->op.outputs.count;
    HT_TRY(ht__tflite_constant_ints(call, 0, &axis, 1, &count));
    if (count != 1 || !ht__tflite_has(call, 1)) {
        return ht__tflite_refuse(call, "without an axis");
    }
    const tflite_tensor *tensor = ht__tflite_input_tensor(call, 1);
    HT_TRY(ht__tflite_axis(call, axis, tensor->shape.count, TFLITE_AS_FILED, &axis));
    HT_TRY(ht__tflite_axis(call, axis, tensor->shape.count, form, &place));
    int64_t size = ht__tflite_size(tensor, (size_t)axis);
    if (size < 0 || size % (int64_t)pieces != 0) {
        return ht__tflite_refuse(call, "into parts of unequal or unknown size");
    }
    ht_value *x, *inputs[5];
    HT_TRY(ht__tflite_input(call, 1, form, &x));
    int64_t length = size / (int64_t)pieces;
    for (uint32_t i = 0; i < pieces; ++i) {
        part p = {{i * length}, {(i + 1) * length}, {place}, {1}, 1};
        HT_TRY(slice_inputs(call, x, &p, inputs));
        HT_TRY(ht__tflite_result(call, i, form, "Slice", inputs, 5, NULL));
    }
    return HT_OK;
}

/* Like SPLIT, with the sizes of the parts as input 1, of which one may be -1: what the others leave. */
ht_status ht__tflite_read_split_v(const tflite_call *call) {
    tflite_form form = ht__tflite_form(call);
    const tflite_tensor *tensor = ht__tflite_input_tensor(call, 0);
    int64_t sizes[HT_MAX_OUTPUTS], axis, place, begin = 0, known = 0;
    size_t count, one, pieces = call->op.outputs.count;
    HT_TRY(ht__tflite_constant_ints(call, 1, sizes, HT_MAX_OUTPUTS, &count));
    HT_TRY(ht__tflite_constant_ints(call, 2, &axis, 1, &one));
    HT_TRY(ht__tflite_axis(call, one != 0 ? axis : 0, tensor->shape.count, TFLITE_AS_FILED, &axis));
    HT_TRY(ht__tflite_axis(call, axis, tensor->shape.count, form, &place));
    int64_t size = ht__tflite_size(tensor, (size_t)axis);
    if (count != pieces || size < 0) {
        return ht__tflite_refuse(call, "into parts of unknown size");
    }
    for (size_t i = 0; i < pieces; ++i) {
        known += sizes[i] > 0 ? sizes[i] : 0;
    }
    ht_value *x, *inputs[5];
    HT_TRY(ht__tflite_input(call, 0, form, &x));
    for (uint32_t i = 0; i < pieces; ++i) {
        int64_t length = sizes[i] < 0 ? size - known : sizes[i];
        if (length < 0 || begin + length > size) {
            return ht__fail_at(call->reading->err, HT_ERROR_FORMAT, call->name,
                               "The parts of SPLIT_V do not fit an axis of %lld.", (long long)size);
        }
        part p = {{begin}, {begin + length}, {place}, {1}, 1};
        HT_TRY(slice_inputs(call, x, &p, inputs));
        HT_TRY(ht__tflite_result(call, i, form, "Slice", inputs, 5, NULL));
        begin += length;
    }
    return HT_OK;
}

ht_status ht__tflite_read_unpack(const tflite_call *call) {
    const tflite_tensor *tensor = ht__tflite_input_tensor(call, 0);
    int64_t axis;
    ht_value *inputs[2];
    HT_TRY(ht__tflite_axis(call, ht__tflite_int(&call->op, "axis", 0), tensor->shape.count, TFLITE_AS_FILED, &axis));
    HT_TRY(ht__tflite_input(call, 0, TFLITE_AS_FILED, &inputs[0]));
    for (uint32_t i = 0; i < call->op.outputs.count; ++i) {
        ht_tensor_desc scalar = {.type = HT_I64};
        ht_node *node;
        HT_TRY(ht__graph_add_constant(call->reading->graph, NULL, &scalar, &(int64_t){i}, false, &inputs[1],
                                      call->reading->err));
        HT_TRY(ht__tflite_result(call, i, TFLITE_AS_FILED, "Gather", inputs, 2, &node));
        HT_TRY(ht__tflite_set_int(call, node, "axis", axis));
    }
    return HT_OK;
}

ht_status ht__tflite_read_gather(const tflite_call *call) {
    int64_t axis;
    ht_value *inputs[2];
    ht_node *node;
    if (ht__tflite_int(&call->op, "batch_dims", 0) != 0) {
        return ht__tflite_refuse(call, "with batch dimensions");
    }
    HT_TRY(ht__tflite_axis(call, ht__tflite_int(&call->op, "axis", 0), ht__tflite_input_tensor(call, 0)->shape.count,
                           TFLITE_AS_FILED, &axis));
    HT_TRY(ht__tflite_input(call, 0, TFLITE_AS_FILED, &inputs[0]));
    HT_TRY(ht__tflite_input(call, 1, TFLITE_AS_FILED, &inputs[1]));
    HT_TRY(ht__tflite_result(call, 0, TFLITE_AS_FILED, "Gather", inputs, 2, &node));
    return ht__tflite_set_int(call, node, "axis", axis);
}

/* ---- sums over axes ---- */

/* The forms of input and output. Without its axes the result is in the file's order if what stays of a channels-first
 * value is: height and width go both, or the channels go. */
static void reduction_forms(const tflite_call *call, bool keeps, const bool gone[4], tflite_form *in,
                            tflite_form *out) {
    const tflite_slot *slot = &call->reading->slots[call->op.inputs.data[0]];
    bool turned = slot->tensor.data == NULL && slot->tensor.shape.count == 4 && slot->values[TFLITE_AS_FILED] == NULL;
    bool in_order = (gone[1] && gone[2]) || gone[3];
    *in = turned && (keeps || in_order) ? TFLITE_CHANNELS_FIRST : TFLITE_AS_FILED;
    *out = keeps ? *in : TFLITE_AS_FILED;
}

ht_status ht__tflite_read_reduce(const tflite_call *call) {
    bool keeps = ht__tflite_int(&call->op, "keep_dims", 0) != 0, gone[HT_MAX_RANK] = {false};
    size_t rank = ht__tflite_input_tensor(call, 0)->shape.count, count;
    int64_t axes[HT_MAX_RANK];
    HT_TRY(ht__tflite_constant_ints(call, 1, axes, HT_MAX_RANK, &count));
    if (rank > HT_MAX_RANK || count == 0) {
        return ht__tflite_refuse(call, "over no axis");
    }
    for (size_t i = 0; i < count; ++i) {
        HT_TRY(ht__tflite_axis(call, axes[i], rank, TFLITE_AS_FILED, &axes[i]));
        gone[axes[i]] = true;
    }
    tflite_form in, out;
    reduction_forms(call, keeps, gone, &in, &out);
    for (size_t i = 0; i < count; ++i) {
        HT_TRY(ht__tflite_axis(call, axes[i], rank, in, &axes[i]));
    }
    ht_value *inputs[2];
    bool as_input = call->op.code == 74; /* SUM: ONNX's ReduceSum has its axes as an input */
    ht_node *node;
    HT_TRY(ht__tflite_input(call, 0, in, &inputs[0]));
    if (as_input) {
        HT_TRY(ht__tflite_add_ints(call, axes, count, &inputs[1]));
    }
    HT_TRY(ht__tflite_result(call, 0, out, call->rule->op, inputs, as_input ? 2 : 1, &node));
    HT_TRY(as_input ? HT_OK : ht__tflite_set_ints(call, node, "axes", axes, count));
    return ht__tflite_set_int(call, node, "keepdims", keeps);
}
