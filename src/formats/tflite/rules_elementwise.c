/* Operators on each number, and those that change how numbers are stored. */
#include "formats/tflite/rules.h"
#include "graph/op.h"

ht_status ht__tflite_read_elementwise(const tflite_call *call) {
    ht_value *inputs[HT_MAX_INPUTS];
    tflite_form form = ht__tflite_form(call);
    uint32_t count = (uint32_t)call->op.inputs.count;
    if (count > HT_MAX_INPUTS) {
        return ht__tflite_refuse(call, "of so many tensors");
    }
    for (uint32_t i = 0; i < count; ++i) {
        HT_TRY(ht__tflite_input(call, i, form, &inputs[i]));
    }
    return ht__tflite_result(call, 0, form, call->rule->op, inputs, count, NULL);
}

ht_status ht__tflite_read_clip(const tflite_call *call) {
    bool around_zero = call->op.code == 20,
         to_one = around_zero || call->op.code == 152; /* RELU_N1_TO_1, RELU_0_TO_1 */
    tflite_form form = ht__tflite_form(call);
    ht_value *inputs[3];
    HT_TRY(ht__tflite_input(call, 0, form, &inputs[0]));
    HT_TRY(ht__tflite_add_number(call, around_zero ? -1.0f : 0.0f, &inputs[1]));
    HT_TRY(ht__tflite_add_number(call, to_one ? 1.0f : 6.0f, &inputs[2]));
    return ht__tflite_result(call, 0, form, "Clip", inputs, 3, NULL);
}

ht_status ht__tflite_read_leaky_relu(const tflite_call *call) {
    tflite_form form = ht__tflite_form(call);
    ht_value *x;
    ht_node *node;
    HT_TRY(ht__tflite_input(call, 0, form, &x));
    HT_TRY(ht__tflite_result(call, 0, form, "LeakyRelu", &x, 1, &node));
    return ht__node_set_float(call->reading->graph, node, "alpha", ht__tflite_float(&call->op, "alpha", 0.0f),
                              call->reading->err);
}

ht_status ht__tflite_read_gelu(const tflite_call *call) {
    tflite_form form = ht__tflite_form(call);
    ht_value *x;
    ht_node *node;
    HT_TRY(ht__tflite_input(call, 0, form, &x));
    HT_TRY(ht__tflite_result(call, 0, form, "Gelu", &x, 1, &node));
    return ht__node_set_text(call->reading->graph, node, "approximate",
                             ht__tflite_int(&call->op, "approximate", 0) != 0 ? "tanh" : "none", call->reading->err);
}

ht_status ht__tflite_read_rsqrt(const tflite_call *call) {
    tflite_form form = ht__tflite_form(call);
    ht_value *x;
    ht_node *root;
    HT_TRY(ht__tflite_input(call, 0, form, &x));
    HT_TRY(ht__tflite_step(call, "Sqrt", &x, 1, &root));
    return ht__tflite_result(call, 0, form, "Reciprocal", root->outputs, 1, NULL);
}

ht_status ht__tflite_read_square(const tflite_call *call) {
    tflite_form form = ht__tflite_form(call);
    ht_value *x;
    HT_TRY(ht__tflite_input(call, 0, form, &x));
    return ht__tflite_result(call, 0, form, "Mul", (ht_value *[]){x, x}, 2, NULL);
}

ht_status ht__tflite_read_squared_difference(const tflite_call *call) {
    tflite_form form = ht__tflite_form(call);
    ht_value *inputs[2];
    ht_node *difference;
    HT_TRY(ht__tflite_input(call, 0, form, &inputs[0]));
    HT_TRY(ht__tflite_input(call, 1, form, &inputs[1]));
    HT_TRY(ht__tflite_step(call, "Sub", inputs, 2, &difference));
    ht_value *d = difference->outputs[0];
    return ht__tflite_result(call, 0, form, "Mul", (ht_value *[]){d, d}, 2, NULL);
}

/* softmax(beta x) over the last axis of the file. */
ht_status ht__tflite_read_softmax(const tflite_call *call) {
    tflite_form form = ht__tflite_form(call);
    float beta = ht__tflite_float(&call->op, "beta", call->rule->op[0] == 'S' ? 0.0f : 1.0f);
    ht_value *inputs[2];
    ht_node *node;
    HT_TRY(ht__tflite_input(call, 0, form, &inputs[0]));
    if (beta != 1.0f) {
        HT_TRY(ht__tflite_add_number(call, beta, &inputs[1]));
        HT_TRY(ht__tflite_step(call, "Mul", inputs, 2, &node));
        inputs[0] = node->outputs[0];
    }
    HT_TRY(ht__tflite_result(call, 0, form, call->rule->op, inputs, 1, &node));
    return ht__tflite_set_int(call, node, "axis", form == TFLITE_CHANNELS_FIRST ? 1 : -1);
}

/* Other parameters for the same numbers: the annotation of the result says it all. */
ht_status ht__tflite_read_quantize(const tflite_call *call) {
    tflite_form form = ht__tflite_form(call);
    ht_value *x;
    HT_TRY(ht__tflite_input(call, 0, form, &x));
    return ht__tflite_result(call, 0, form, "Identity", &x, 1, NULL);
}

/* The value of a quantized tensor is f32 already. Behind a constant, the output is the constant, for the operators that
 * want weights. */
ht_status ht__tflite_read_dequantize(const tflite_call *call) {
    if (ht__tflite_is_constant(call, 0)) {
        return ht__tflite_alias_constant(call, 0, 0);
    }
    tflite_form form = ht__tflite_form(call);
    ht_value *x;
    HT_TRY(ht__tflite_input(call, 0, form, &x));
    return ht__tflite_bind(call, 0, form, x);
}

ht_status ht__tflite_read_cast(const tflite_call *call) {
    static const int64_t onnx_types[] = {
#define TYPE_NUMBER(NAME, name, bytes, onnx) [HT_##NAME] = onnx,
        HT_TYPE_LIST(TYPE_NUMBER)
#undef TYPE_NUMBER
    };
    ht_type type = ht__tflite_type(ht__tflite_output_tensor(call, 0)->type);
    tflite_form form = ht__tflite_form(call);
    ht_value *x;
    ht_node *node;
    if (type == HT_NONE) {
        return ht__tflite_refuse(call, "to this type");
    }
    HT_TRY(ht__tflite_input(call, 0, form, &x));
    HT_TRY(ht__tflite_result(call, 0, form, "Cast", &x, 1, &node));
    return ht__tflite_set_int(call, node, "to", onnx_types[type]);
}
