/* Writing operators that move, cut, join, resize and sum. */
#include <string.h>

#include "formats/tflite/emit.h"

/* The integers of a constant input; HT_ERROR_UNSUPPORTED when it is computed. */
static ht_status constant_ints(const tflite_emission *e, uint32_t i, int64_t *out, size_t most, size_t *count) {
    const ht_value *value = i < e->node->input_count ? e->node->inputs[i] : NULL;
    *count = 0;
    if (value == NULL) {
        return HT_OK;
    }
    int64_t elements = ht__desc_elements(&value->desc);
    bool words = value->desc.type == HT_I32;
    if (value->data == NULL || elements < 0 || elements > (int64_t)most || (!words && value->desc.type != HT_I64)) {
        return ht__tflite_cannot(e, "with computed settings");
    }
    for (int64_t k = 0; k < elements; ++k) {
        out[k] = words ? ((const int32_t *)value->data)[k] : ((const int64_t *)value->data)[k];
    }
    *count = (size_t)elements;
    return HT_OK;
}

/* To the shape that the result has, whatever the node says of it. */
ht_status ht__tflite_write_reshape(const tflite_emission *e) {
    const ht_tensor_desc *y = &e->result->desc, *single = &e->writing->single->values[e->result->id]->desc;
    int64_t shape[HT_MAX_RANK];
    int32_t inputs[2];
    int open = 0; /* the first open dimension is left to the run */
    for (int32_t i = 0; i < y->rank; ++i) {
        shape[i] = y->dims[i] < 0 && open > 0 && single->rank == y->rank ? single->dims[i] : y->dims[i];
        open += shape[i] < 0;
    }
    if (open > 1) {
        return ht__tflite_cannot(e, "to a shape with several open dimensions");
    }
    HT_TRY(ht__tflite_operand(e, 0, TFLITE_PLAIN, &inputs[0]));
    HT_TRY(ht__tflite_write_ints(e->writing, shape, (size_t)y->rank, 0, &inputs[1]));
    return ht__tflite_write_result(e, TFLITE_PLAIN, inputs, 2, NULL);
}

/* Between channels first and last: the same tensors under other names. */
static bool is_turn(const int64_t *order, const int64_t *wanted) {
    return memcmp(order, wanted, 4 * sizeof *order) == 0;
}

ht_status ht__tflite_write_transpose(const tflite_emission *e) {
    static const int64_t to_last[] = {0, 2, 3, 1}, to_first[] = {0, 3, 1, 2};
    tflite_writing *w = e->writing;
    const ht_value *x = e->node->inputs[0];
    int32_t rank = x->desc.rank, inputs[2];
    int64_t order[HT_MAX_RANK];
    size_t count;
    const int64_t *given = ht__node_ints(e->node, "perm", &count);
    for (int32_t i = 0; i < rank; ++i) {
        order[i] = given != NULL ? given[i] : rank - 1 - i;
    }
    const tflite_place *place = &w->places[x->id];
    bool codes = e->codes;
    if (rank == 4 && is_turn(order, to_last) && !e->result->is_output) {
        HT_TRY(ht__tflite_tensor_of(w, x, TFLITE_CHANNELS_LAST, codes, &inputs[0]));
        w->places[e->result->id].tensors[TFLITE_PLAIN][codes] = inputs[0];
        return HT_OK;
    }
    if (rank == 4 && is_turn(order, to_first) && !e->result->is_output && place->tensors[TFLITE_PLAIN][codes] >= 0) {
        w->places[e->result->id].tensors[TFLITE_CHANNELS_LAST][codes] = place->tensors[TFLITE_PLAIN][codes];
        return HT_OK;
    }
    HT_TRY(ht__tflite_operand(e, 0, TFLITE_PLAIN, &inputs[0]));
    HT_TRY(ht__tflite_write_ints(w, order, (size_t)rank, 0, &inputs[1]));
    return ht__tflite_write_result(e, TFLITE_PLAIN, inputs, 2, NULL);
}

ht_status ht__tflite_write_pad(const tflite_emission *e) {
    int64_t pads[2 * HT_MAX_RANK], amounts[2 * HT_MAX_RANK];
    size_t count;
    int32_t rank = e->node->inputs[0]->desc.rank, inputs[3];
    const ht_value *value = e->node->input_count > 2 ? e->node->inputs[2] : NULL;
    bool zero = value == NULL || (value->data != NULL && *(const float *)value->data == 0.0f);
    HT_TRY(constant_ints(e, 1, pads, 2 * HT_MAX_RANK, &count));
    if (strcmp(ht__node_text(e->node, "mode", "constant"), "constant") != 0 || !zero || count != 2 * (size_t)rank) {
        return ht__tflite_cannot(e, "with other than zeros");
    }
    tflite_order order = ht__tflite_write_order(e);
    for (int32_t i = 0; i < rank; ++i) {
        int32_t place = ht__tflite_write_axis(i, rank, order);
        amounts[2 * place] = pads[i];
        amounts[2 * place + 1] = pads[rank + i];
        if (pads[i] < 0 || pads[rank + i] < 0) {
            return ht__tflite_cannot(e, "that takes away");
        }
    }
    HT_TRY(ht__tflite_operand(e, 0, order, &inputs[0]));
    HT_TRY(ht__tflite_write_ints(e->writing, amounts, count, rank, &inputs[1]));
    return ht__tflite_write_result(e, order, inputs, 2, NULL);
}

/* Codes are put side by side: all inputs must have the result's parameters. */
ht_status ht__tflite_write_concat(const tflite_emission *e) {
    tflite_emission own = *e;
    const ht_quantization *const *annotations = e->writing->annotations, *y = annotations[e->result->id];
    int32_t inputs[HT_MAX_INPUTS];
    if (e->node->input_count > HT_MAX_INPUTS) {
        return ht__tflite_cannot(e, "of so many tensors");
    }
    for (uint32_t i = 0; i < e->node->input_count && own.codes; ++i) {
        const ht_value *x = e->node->inputs[i];
        const ht_quantization *q = x->data != NULL ? x->quantization : annotations[x->id];
        own.codes = q->scale[0] == y->scale[0] && q->zero_point[0] == y->zero_point[0];
    }
    tflite_order order = ht__tflite_write_order(&own);
    for (uint32_t i = 0; i < e->node->input_count; ++i) {
        HT_TRY(ht__tflite_operand(&own, i, order, &inputs[i]));
    }
    tflite_written_operator *op;
    HT_TRY(ht__tflite_write_result(&own, order, inputs, e->node->input_count, &op));
    ht__tflite_option_int(op, "axis",
                          ht__tflite_write_axis(ht__node_int(e->node, "axis", 0), e->result->desc.rank, order));
    return HT_OK;
}

/* STRIDED_SLICE with a begin, an end and a step for each axis; masks where a part begins or ends with its axis. */
ht_status ht__tflite_write_slice(const tflite_emission *e) {
    int64_t given[4][HT_MAX_RANK], begin[HT_MAX_RANK], end[HT_MAX_RANK], step[HT_MAX_RANK];
    size_t counts[4];
    int32_t rank = e->node->inputs[0]->desc.rank, begin_mask = 0, end_mask = 0, inputs[4];
    tflite_order order = ht__tflite_write_order(e);
    for (uint32_t k = 0; k < 4; ++k) {
        HT_TRY(constant_ints(e, 1 + k, given[k], HT_MAX_RANK, &counts[k]));
    }
    for (int32_t i = 0; i < rank; ++i) {
        begin[i] = end[i] = 0;
        step[i] = 1;
        begin_mask |= 1 << i;
        end_mask |= 1 << i;
    }
    for (size_t k = 0; k < counts[0]; ++k) {
        int32_t axis = ht__tflite_write_axis(counts[2] != 0 ? given[2][k] : (int64_t)k, rank, order);
        begin[axis] = given[0][k];
        end[axis] = given[1][k];
        step[axis] = counts[3] != 0 ? given[3][k] : 1;
        /* What no 32-bit number says is the end of the axis. */
        begin_mask &= begin[axis] <= INT32_MAX ? ~(1 << axis) : -1;
        end_mask &= end[axis] <= INT32_MAX && end[axis] >= INT32_MIN ? ~(1 << axis) : -1;
    }
    HT_TRY(ht__tflite_operand(e, 0, order, &inputs[0]));
    HT_TRY(ht__tflite_write_ints(e->writing, begin, (size_t)rank, 0, &inputs[1]));
    HT_TRY(ht__tflite_write_ints(e->writing, end, (size_t)rank, 0, &inputs[2]));
    HT_TRY(ht__tflite_write_ints(e->writing, step, (size_t)rank, 0, &inputs[3]));
    tflite_written_operator *op;
    HT_TRY(ht__tflite_write_result(e, order, inputs, 4, &op));
    ht__tflite_option_int(op, "begin_mask", begin_mask);
    ht__tflite_option_int(op, "end_mask", end_mask);
    return HT_OK;
}

/* Axes are an input or an attribute; none means all. */
static ht_status read_axes(const tflite_emission *e, int64_t *axes, size_t *count) {
    const int64_t *attribute = ht__node_ints(e->node, "axes", count);
    int32_t rank = e->node->inputs[0]->desc.rank;
    if (attribute != NULL && *count <= HT_MAX_RANK) {
        memcpy(axes, attribute, *count * sizeof *axes);
    } else {
        HT_TRY(constant_ints(e, 1, axes, HT_MAX_RANK, count));
    }
    for (int32_t i = 0; *count == 0 && i < rank; ++i) {
        axes[i] = i;
    }
    *count = *count == 0 ? (size_t)rank : *count;
    return HT_OK;
}

ht_status ht__tflite_write_reduce(const tflite_emission *e) {
    int64_t axes[HT_MAX_RANK];
    size_t count;
    int32_t rank = e->node->inputs[0]->desc.rank, inputs[2];
    bool keeps = ht__node_int(e->node, "keepdims", 1) != 0, gone[HT_MAX_RANK] = {false};
    HT_TRY(read_axes(e, axes, &count));
    for (size_t i = 0; i < count; ++i) {
        axes[i] += axes[i] < 0 ? rank : 0;
        gone[axes[i]] = true;
    }
    /* Without its axes the result is in the graph's order if height and width go, or the channels. */
    const tflite_place *place = &e->writing->places[e->node->inputs[0]->id];
    bool turned = rank == 4 && place->tensors[TFLITE_PLAIN][0] < 0 && place->tensors[TFLITE_PLAIN][1] < 0 &&
                  (keeps || (gone[2] && gone[3]) || gone[1]);
    tflite_order order = turned ? TFLITE_CHANNELS_LAST : TFLITE_PLAIN;
    for (size_t i = 0; i < count; ++i) {
        axes[i] = ht__tflite_write_axis(axes[i], rank, order);
    }
    tflite_written_operator *op;
    HT_TRY(ht__tflite_operand(e, 0, order, &inputs[0]));
    HT_TRY(ht__tflite_write_ints(e->writing, axes, count, 0, &inputs[1]));
    HT_TRY(ht__tflite_write_result(e, keeps ? order : TFLITE_PLAIN, inputs, 2, &op));
    ht__tflite_option_int(op, "keep_dims", keeps);
    return HT_OK;
}

ht_status ht__tflite_write_resize(const tflite_emission *e) {
    const char *mode = ht__node_text(e->node, "mode", "nearest");
    const char *coordinate = ht__node_text(e->node, "coordinate_transformation_mode", "half_pixel");
    const char *rounding = ht__node_text(e->node, "nearest_mode", "round_prefer_floor");
    const ht_tensor_desc *x = &e->node->inputs[0]->desc, *y = &e->result->desc;
    bool nearest = strcmp(mode, "nearest") == 0, asymmetric = strcmp(coordinate, "asymmetric") == 0;
    bool corners = strcmp(coordinate, "align_corners") == 0, half = strcmp(coordinate, "half_pixel") == 0;
    int32_t inputs[2];
    if (x->rank != 4 || x->dims[1] != y->dims[1] || y->dims[2] < 0 || y->dims[3] < 0 ||
        (!asymmetric && !corners && !half) ||
        (nearest && strcmp(rounding, asymmetric ? "floor" : "round_prefer_ceil") != 0) ||
        (!nearest && strcmp(mode, "linear") != 0)) {
        return ht__tflite_cannot(e, "in this mode");
    }
    tflite_write_rule rule = *e->rule;
    tflite_emission own = *e;
    own.rule = &rule;
    if (nearest) {
        rule.code = 97; /* RESIZE_NEAREST_NEIGHBOR */
        rule.options_type = 74;
    }
    tflite_written_operator *op;
    HT_TRY(ht__tflite_operand(e, 0, TFLITE_CHANNELS_LAST, &inputs[0]));
    HT_TRY(ht__tflite_write_ints(e->writing, y->dims + 2, 2, 0, &inputs[1]));
    HT_TRY(ht__tflite_write_result(&own, TFLITE_CHANNELS_LAST, inputs, 2, &op));
    ht__tflite_option_int(op, "align_corners", corners);
    ht__tflite_option_int(op, "half_pixel_centers", half);
    return HT_OK;
}

ht_status ht__tflite_write_gather(const tflite_emission *e) {
    int32_t inputs[2];
    tflite_written_operator *op;
    HT_TRY(ht__tflite_operand(e, 0, TFLITE_PLAIN, &inputs[0]));
    HT_TRY(ht__tflite_operand(e, 1, TFLITE_PLAIN, &inputs[1]));
    HT_TRY(ht__tflite_write_result(e, TFLITE_PLAIN, inputs, 2, &op));
    ht__tflite_option_int(
        op, "axis",
        ht__tflite_write_axis(ht__node_int(e->node, "axis", 0), e->node->inputs[0]->desc.rank, TFLITE_PLAIN));
    return HT_OK;
}
