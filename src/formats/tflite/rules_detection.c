/* TFLite_Detection_PostProcess, a custom operator with a map of numbers as options. */
#include "formats/tflite/flex.h"
#include "formats/tflite/rules.h"

/* An option and the attribute that it becomes. */
typedef struct detection_option {
    const char *option, *attribute;
    bool is_float, may_be_absent;
} detection_option;

static const detection_option options[] = {
    {"max_detections", "most", false, false},
    {"max_classes_per_detection", "most_per_box", false, false},
    {"detections_per_class", "most_per_class", false, true},
    {"use_regular_nms", "regular", false, true},
    {"num_classes", "classes", false, false},
    {"nms_score_threshold", "threshold", true, false},
    {"nms_iou_threshold", "overlap", true, false},
};

static ht_status fail(const tflite_call *call, const char *option) {
    return ht__fail_at(call->reading->err, HT_ERROR_FORMAT, call->name, "The options of %s have no usable %s.",
                       call->rule->name, option);
}

static ht_status set_option(const tflite_call *call, ht_node *node, const detection_option *option) {
    double number;
    if (!ht__flex_number(call->op.custom_options, call->op.custom_bytes, option->option, &number)) {
        return option->may_be_absent ? HT_OK : fail(call, option->option);
    }
    if (option->is_float) {
        return ht__node_set_float(call->reading->graph, node, option->attribute, (float)number, call->reading->err);
    }
    return number >= 0 && number <= INT32_MAX ? ht__tflite_set_int(call, node, option->attribute, (int64_t)number)
                                              : fail(call, option->option);
}

static ht_status set_scales(const tflite_call *call, ht_node *node) {
    static const char *const names[] = {"y_scale", "x_scale", "h_scale", "w_scale"};
    float scales[4];
    for (size_t i = 0; i < 4; ++i) {
        double number;
        if (!ht__flex_number(call->op.custom_options, call->op.custom_bytes, names[i], &number) || number == 0) {
            return fail(call, names[i]);
        }
        scales[i] = (float)number;
    }
    return ht__node_set_floats(call->reading->graph, node, "scales", scales, 4, call->reading->err);
}

ht_status ht__tflite_read_detection(const tflite_call *call) {
    tflite_reading *r = call->reading;
    ht_value *inputs[3], *outputs[4];
    ht_node *node;
    if (call->op.inputs.count != 3 || call->op.outputs.count != 4) {
        return ht__fail_at(r->err, HT_ERROR_FORMAT, call->name, "%s takes 3 tensors and gives 4.", call->rule->name);
    }
    for (uint32_t i = 0; i < 3; ++i) {
        HT_TRY(ht__tflite_input(call, i, TFLITE_AS_FILED, &inputs[i]));
    }
    for (uint32_t i = 0; i < 4; ++i) {
        const char *name;
        HT_TRY(ht__tflite_output_name(call, i, TFLITE_AS_FILED, &name));
        HT_TRY(ht__graph_add_value(r->graph, name, NULL, &outputs[i], r->err));
        HT_TRY(ht__tflite_bind(call, i, TFLITE_AS_FILED, outputs[i]));
    }
    HT_TRY(
        ht__graph_add_node_raw(r->graph, "halftone", "DetectBoxes", call->name, inputs, 3, outputs, 4, &node, r->err));
    for (size_t i = 0; i < sizeof options / sizeof options[0]; ++i) {
        HT_TRY(set_option(call, node, &options[i]));
    }
    return set_scales(call, node);
}
