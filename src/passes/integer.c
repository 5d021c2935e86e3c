/* From annotations to integers. Every annotated activation `v` that can be held as codes gets a twin of codes:
 *
 *     made by an operator with an integer form      twin = integer nodes
 *     made by any other node, or an input           twin = IntegerQuantize(real numbers)
 *
 * and v itself becomes DequantizeLinear(twin), which disappears again when nothing reads real numbers. An activation
 * behind a node (Relu, Clip), between which and the node nothing is quantized, becomes part of the node's clamp. What
 * cannot be held as codes is simulated. */
#include <math.h>
#include <string.h>

#include "graph/integer.h"
#include "graph/op.h"
#include "ops/integer.h"
#include "ops/lookup/lookup.h"
#include "passes/integer.h"
#include "passes/passes.h"

typedef struct integering {
    ht_integer view;
    ht_graph *graph;
    ht_node **nodes; /* the nodes of the annotated graph, in order; NULL: absorbed into another */
    size_t node_count;
    ht_error *err;
} integering;

static bool is_op(const ht_node *node, const char *name) {
    return node != NULL && node->op->domain[0] == '\0' && strcmp(node->op->name, name) == 0;
}

/* ---- twins ---- */

static void code_range(const ht_quantization *q, int32_t *low, int32_t *high) {
    *low = q->is_signed ? -(1 << (q->bits - 1)) : 0;
    *high = *low + (1 << q->bits) - 1;
}

/* scale and zero point of a value's annotation, as constants. */
static ht_status add_parameters(integering *s, const ht_value *value, ht_value *inputs[3]) {
    ht_tensor_desc desc = {.type = HT_F32};
    HT_TRY(ht__graph_add_constant(s->graph, NULL, &desc, value->quantization->scale, false, &inputs[1], s->err));
    return ht__integer_zero_points(&s->view, value, &inputs[2], s->err);
}

/* twin = the codes of `real`, quantized as `value` is. */
static ht_status quantize(integering *s, const ht_value *value, ht_value *real) {
    ht_value *inputs[3] = {real};
    ht_node *node;
    s->view.result = value;
    code_range(value->quantization, &s->view.low, &s->view.high);
    HT_TRY(add_parameters(s, value, inputs));
    HT_TRY(ht__integer_add(&s->view, "IntegerQuantize", NULL, inputs, 3, ht__integer_type(value->quantization), &node,
                           s->err));
    HT_TRY(ht__integer_set_requantize(&s->view, node, s->err));
    return ht__integer_set_twin(&s->view, value, node->outputs[0], s->err);
}

/* `value`, which nothing produces now, = the real numbers of its twin. */
static ht_status dequantize(integering *s, ht_value *value) {
    ht_value *inputs[3] = {s->view.twins[value->id]};
    ht_node *node;
    HT_TRY(add_parameters(s, value, inputs));
    return ht__graph_add_node_raw(s->graph, "", "DequantizeLinear", value->name, inputs, 3, &value, 1, &node, s->err);
}

/* ---- inputs, and nodes that stay ---- */

/* An annotated input is read through a value of its own, which takes the annotation over. */
static ht_status begin_input(integering *s, ht_value *input) {
    if (!ht__integer_usable(input->quantization, true)) {
        return HT_OK;
    }
    ht_value *read;
    HT_TRY(ht__graph_add_value(s->graph, NULL, &input->desc, &read, s->err));
    ht__graph_replace_uses(s->graph, input, read);
    read->quantization = input->quantization;
    input->quantization = NULL;
    HT_TRY(quantize(s, read, input));
    return dequantize(s, read);
}

/* The node computes real numbers; what is annotated is quantized behind it. */
static ht_status keep_node(integering *s, ht_node *node) {
    for (uint32_t k = 0; k < node->output_count; ++k) {
        ht_value *value = node->outputs[k], *real;
        if (value == NULL || !ht__integer_usable(value->quantization, true)) {
            continue;
        }
        HT_TRY(ht__graph_add_value(s->graph, NULL, &value->desc, &real, s->err));
        node->outputs[k] = real;
        real->producer = node;
        value->producer = NULL;
        HT_TRY(quantize(s, value, real));
        HT_TRY(dequantize(s, value));
    }
    return HT_OK;
}

/* ---- nodes that become integer ---- */

/* The numbers that an activation lets through; false when `node` is none with constant bounds. */
static bool activation_bounds(const ht_node *node, float *low, float *high) {
    *low = -INFINITY;
    *high = INFINITY;
    if (is_op(node, "Relu")) {
        *low = 0.0f;
        return true;
    }
    if (!is_op(node, "Clip")) {
        return false;
    }
    float *bounds[] = {low, high};
    for (uint32_t i = 1; i < 3; ++i) {
        const ht_value *bound = i < node->input_count ? node->inputs[i] : NULL;
        if (bound == NULL) {
            continue;
        }
        if (bound->data == NULL || bound->desc.type != HT_F32 || ht__desc_elements(&bound->desc) != 1) {
            return false;
        }
        memcpy(bounds[i - 1], bound->data, sizeof(float));
    }
    return *low <= *high;
}

/* The code of a bound, within the width. Rounding is monotone: to clamp codes is to clamp the numbers first. */
static int32_t bound_code(const integering *s, float bound) {
    const ht_quantization *q = s->view.result->quantization;
    float steps = s->graph->requant == HT_REQUANT_FIXED ? roundf(bound / q->scale[0]) : rintf(bound / q->scale[0]);
    double code = (double)steps + (double)q->zero_point[0];
    return (int32_t)(code < s->view.low ? s->view.low : code > s->view.high ? s->view.high : code);
}

/* The value whose codes the node shall make: its output, or that of the activation which alone reads it. */
static ht_value *target_of(integering *s, const ht_node *node, ht_node **absorbed) {
    ht_value *value = node->outputs[0];
    ht_node *reader;
    float low = -INFINITY, high = INFINITY;
    *absorbed = NULL;
    if (value->quantization == NULL && !value->is_output && ht__graph_consumers(s->graph, value, &reader, 1) == 1 &&
        activation_bounds(reader, &low, &high)) {
        value = reader->outputs[0];
        *absorbed = reader;
    }
    if (!ht__integer_usable(value->quantization, true)) {
        return NULL;
    }
    const ht_quantization *q = value->quantization;
    s->view.result = value;
    s->view.target = (ht_codes){NULL, ht__integer_type(q), q->scale[0], (int32_t)q->zero_point[0]};
    code_range(q, &s->view.low, &s->view.high);
    int32_t low_code = bound_code(s, low), high_code = bound_code(s, high);
    s->view.low = low_code;
    s->view.high = high_code;
    return value;
}

static void forget(integering *s, const ht_node *node) {
    for (size_t i = 0; i < s->node_count; ++i) {
        s->nodes[i] = s->nodes[i] == node ? NULL : s->nodes[i];
    }
}

/* A QuantizeLinear of the model: the codes that are there, brought to its scale. */
static ht_status convert_quantizer(integering *s, ht_node *node) {
    ht_value *output = node->outputs[0], *value;
    ht_codes x, y;
    HT_TRY(ht__integer_codes(&s->view, node->inputs[0], &x, s->err));
    HT_TRY(ht__quantizer_codes(node, output->desc.type, &y, s->err));
    if (x.value == NULL || node->inputs[0]->data != NULL || y.type == HT_NONE) {
        return HT_OK;
    }
    HT_TRY(ht__lookup_requantize(&s->view, node, &x, &y, &value, s->err));
    ht__graph_remove_node(s->graph, node);
    ht_node *copy;
    return ht__graph_add_node_raw(s->graph, "", "Identity", node->name, &value, 1, &output, 1, &copy, s->err);
}

static bool has_shape(const ht_value *value) {
    return value == NULL || (value->desc.rank >= 0 && ht__desc_elements(&value->desc) >= 0);
}

/* Are the shapes of all that the node reads and gives known? */
static bool is_shaped(const ht_node *node) {
    bool known = true;
    for (uint32_t i = 0; i < node->input_count; ++i) {
        known = known && has_shape(node->inputs[i]);
    }
    for (uint32_t i = 0; i < node->output_count; ++i) {
        known = known && has_shape(node->outputs[i]);
    }
    return known;
}

/* A product of codes whose result nobody quantizes: *done when it has become one of integers that gives real numbers.
 */
static ht_status convert_real(integering *s, ht_node *node, bool *done) {
    ht_value *result = node->outputs[0];
    if (result->quantization != NULL || !ht__integer_may_be_real(node)) {
        return HT_OK;
    }
    s->view.result = result;
    s->view.target = (ht_codes){NULL, HT_F32, 1.0f, 0};
    HT_TRY(node->op->integer(&s->view, node, s->err));
    if (s->view.target.value == NULL) {
        return HT_OK;
    }
    ht_node *product = s->view.target.value->producer;
    ht__graph_remove_node(s->graph, node);
    product->outputs[0]->producer = NULL;
    product->outputs[0] = result;
    result->producer = product;
    *done = true;
    return HT_OK;
}

static ht_status convert_node(integering *s, ht_node *node) {
    bool shaped = is_shaped(node);
    if (shaped && is_op(node, "QuantizeLinear")) {
        return convert_quantizer(s, node);
    }
    ht_node *absorbed;
    bool has_form = shaped && node->op->integer != NULL && node->output_count == 1;
    ht_value *target = has_form ? target_of(s, node, &absorbed) : NULL;
    if (target != NULL) {
        HT_TRY(node->op->integer(&s->view, node, s->err));
    }
    bool done = false;
    if (has_form && target == NULL) {
        HT_TRY(convert_real(s, node, &done));
    }
    if (done) {
        return HT_OK;
    }
    if (target == NULL || s->view.target.value == NULL) {
        return keep_node(s, node);
    }
    ht__graph_remove_node(s->graph, node);
    if (absorbed != NULL) {
        ht__graph_remove_node(s->graph, absorbed);
        forget(s, absorbed);
    }
    HT_TRY(ht__integer_set_twin(&s->view, target, s->view.target.value, s->err));
    return dequantize(s, target);
}

static ht_status convert(integering *s) {
    for (size_t i = 0; i < s->graph->input_count; ++i) {
        HT_TRY(begin_input(s, s->graph->inputs[i]));
    }
    for (size_t i = 0; i < s->node_count; ++i) {
        if (s->nodes[i] != NULL) {
            HT_TRY(convert_node(s, s->nodes[i]));
        }
    }
    return HT_OK;
}

/* Twins exist now; what could have none is simulated. */
static ht_status finish(integering *s) {
    ht_graph *graph = s->graph;
    for (size_t i = 0; i < graph->value_count; ++i) {
        ht_value *value = graph->values[i];
        if (value->data == NULL && ht__integer_usable(value->quantization, true)) {
            value->quantization = NULL;
        }
    }
    HT_TRY(ht__pass_simulate_quantization(graph, s->err));
    ht__graph_prune(graph);
    HT_TRY(ht__graph_sort(graph, s->err));
    return ht__graph_infer(graph, s->err);
}

ht_status ht__pass_integer(ht_graph *graph, ht_error *err) {
    const ht_allocator *allocator = &graph->ctx->allocator;
    HT_TRY(ht__graph_sort(graph, err));
    HT_TRY(ht__graph_infer(graph, err));
    HT_TRY(ht__integer_split(graph, err));
    HT_TRY(ht__integer_annotate(graph, err));
    integering s = {.view = {.graph = graph}, .graph = graph, .node_count = graph->node_count, .err = err};
    s.nodes = ht__calloc(allocator, s.node_count, sizeof(ht_node *));
    if (s.nodes == NULL) {
        return ht__fail_memory(err, s.node_count * sizeof(ht_node *));
    }
    if (s.node_count != 0) {
        memcpy(s.nodes, graph->nodes, s.node_count * sizeof(ht_node *));
    }
    ht_status status = convert(&s);
    if (status == HT_OK) {
        status = finish(&s);
    }
    ht__free(allocator, s.nodes);
    ht__free(allocator, s.view.twins);
    return status;
}
