/* Resizing of codes: nearest moves them, the other modes interpolate (kernels/integer_resize). The rule `fixed` knows
 * linear along height and width, for signed codes that keep their scale; what else LiteRT resizes it resizes in float.
 */
#include <string.h>

#include "kernels/integer_resize/integer_resize.h"
#include "ops/lookup/lookup.h"
#include "ops/resize/resize_common.h"

static bool is_fixed_form(const ht_node *node, const ht_codes *x, const ht_resize_parameters *p) {
    const ht_tensor_desc *xd = &node->inputs[0]->desc, *yd = &node->outputs[0]->desc;
    bool known = p->coordinate == HT_RESIZE_ASYMMETRIC || p->coordinate == HT_RESIZE_HALF_PIXEL ||
                 p->coordinate == HT_RESIZE_ALIGN_CORNERS;
    return known && p->mode == HT_RESIZE_LINEAR && !p->antialias && !p->exclude_outside && xd->rank == 4 &&
           xd->dims[1] == yd->dims[1] && xd->dims[2] > 0 && xd->dims[3] > 0 && (x->type == HT_I8 || x->type == HT_I16);
}

static ht_status interpolate(ht_integer *integer, const ht_node *node, const ht_codes *x, const ht_codes *y,
                             ht_error *err) {
    ht_graph *graph = integer->graph;
    ht_value *inputs[4] = {x->value};
    ht_node *resize;
    for (uint32_t i = 1; i < node->input_count; ++i) {
        inputs[i] = node->inputs[i];
    }
    HT_TRY(ht__integer_add(integer, "IntegerResize", node, inputs, node->input_count, y->type, &resize, err));
    HT_TRY(ht__copy_all_attributes(graph, node, resize, err));
    HT_TRY(ht__integer_set_requantize(integer, resize, err));
    HT_TRY(ht__node_set_int(graph, resize, "type", (int64_t)y->type, err));
    HT_TRY(ht__node_set_int(graph, resize, "x_zero", x->zero, err));
    HT_TRY(ht__node_set_int(graph, resize, "y_zero", y->zero, err));
    HT_TRY(ht__node_set_float(graph, resize, "x_scale", x->scale, err));
    HT_TRY(ht__node_set_float(graph, resize, "y_scale", y->scale, err));
    ht__integer_give(integer, resize);
    return HT_OK;
}

ht_status ht__integer_Resize(ht_integer *integer, const ht_node *node, ht_error *err) {
    ht_resize_parameters p;
    ht_tensor_desc desc;
    ht_codes x, y = integer->target;
    HT_TRY(ht__integer_codes(integer, node->inputs[0], &x, err));
    for (uint32_t i = 1; i < node->input_count; ++i) {
        if (x.value == NULL || (node->inputs[i] != NULL && node->inputs[i]->data == NULL)) {
            return HT_OK;
        }
    }
    HT_TRY(ht__resize_read(node, &p, &desc, err));
    if (p.mode == HT_RESIZE_NEAREST && p.coordinate != HT_RESIZE_CROP) {
        return ht__integer_move(integer, node, err);
    }
    if (integer->graph->requant != HT_REQUANT_FIXED) {
        return interpolate(integer, node, &x, &y, err);
    }
    if (!is_fixed_form(node, &x, &p)) {
        return HT_OK;
    }
    HT_TRY(ht__lookup_requantize(integer, node, &x, &y, &x.value, err));
    x.type = y.type;
    return interpolate(integer, node, &x, &y, err);
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    HT_TRY(ht__resize_infer(graph, node, err));
    node->outputs[0]->desc.type = (ht_type)ht__node_int(node, "type", HT_I8);
    return HT_OK;
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    ht_tensor_desc y;
    ht_integer_resize_parameters *p = HT_LOWER(ht_integer_resize_parameters, call, ht__integer_resize_family);
    call->input_count = 1;
    p->x_zero = (int32_t)ht__node_int(node, "x_zero", 0);
    p->y_zero = (int32_t)ht__node_int(node, "y_zero", 0);
    p->x_scale = ht__node_float(node, "x_scale", 1.0f);
    p->y_scale = ht__node_float(node, "y_scale", 1.0f);
    HT_TRY(ht__integer_read_requantize(node, &p->requantize, err));
    return ht__resize_read(node, &p->resize, &y, err);
}

const ht_op ht__op_IntegerResize = {
    .name = "IntegerResize",
    .domain = "halftone",
    .min_inputs = 1,
    .max_inputs = 4,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_NEUTRAL,
    .plain_inputs = 0xe,
    .infer = infer,
    .lower = lower,
    .content_inputs = 0xe,
};
