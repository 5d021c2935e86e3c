/* Decoding a FunctionProto. */
#include "formats/onnx/decode.h"
#include "formats/onnx/function.h"
#include "onnx.pb.h"

/* A formal input or output. */
static bool read_formal(pb_istream_t *stream, const pb_field_t *field, void **arg) {
    const onnx_target *target = *arg;
    onnx_node *head = target->place;
    const char *name = NULL;
    onnx_target place = {target->decoder, &name};
    void *place_arg = &place;
    if (!ht__onnx_read_text(stream, field, &place_arg)) {
        return false;
    }
    return field->tag == onnx_FunctionProto_output_tag
               ? ht__onnx_append(target->decoder, &head->outputs, &head->output_count, &head->output_capacity, name)
               : ht__onnx_append(target->decoder, &head->inputs, &head->input_count, &head->input_capacity, name);
}

bool ht__onnx_read_function(pb_istream_t *stream, const pb_field_t *field, void **arg) {
    (void)field;
    onnx_decoder *decoder = *arg;
    onnx_document *around = decoder->document;
    onnx_function *function = ht__arena_alloc(around->arena, sizeof *function);
    onnx_document *body = ht__onnx_inner_document(decoder);
    if (function == NULL || body == NULL) {
        return ht__onnx_refuse_memory(decoder, sizeof *function);
    }
    *function = (onnx_function){.head = {.op = "", .domain = "", .name = "", .overload = ""}, .body = body};
    onnx_target inside = {decoder, &function->head}, name = {decoder, &function->head.op};
    onnx_target domain = {decoder, &function->head.domain}, overload = {decoder, &function->head.overload};
    onnx_FunctionProto message = {
        .name = {{ht__onnx_read_text}, &name},
        .input = {{read_formal}, &inside},
        .output = {{read_formal}, &inside},
        .node = {{ht__onnx_read_node}, decoder},
        .opset_import = {{ht__onnx_read_opset}, decoder},
        .domain = {{ht__onnx_read_text}, &domain},
        .attribute_proto = {{ht__onnx_read_attribute}, &inside},
        .overload = {{ht__onnx_read_text}, &overload},
    };
    decoder->document = body;
    decoder->in_function = true;
    bool good = pb_decode(stream, onnx_FunctionProto_fields, &message);
    decoder->in_function = false;
    decoder->document = around;
    if (!good) {
        return false;
    }
    for (size_t i = 0; i < function->head.attribute_count; ++i) {
        if (function->head.attributes[i]->reference != NULL) {
            return ht__onnx_refuse(decoder, HT_ERROR_FORMAT, "The default of the attribute %s is a reference.",
                                   function->head.attributes[i]->name);
        }
    }
    ht__onnx_standard_domain(&function->head);
    return ht__onnx_append(decoder, &around->functions, &around->function_count, &around->function_capacity, function);
}
