/* From a document to bytes. nanopb asks for each message twice: once to count its bytes, once to write them. */
#include <inttypes.h>
#include <pb_encode.h>
#include <stdio.h>
#include <string.h>

#include "formats/onnx/document.h"
#include "numeric/pack.h"
#include "numeric/scalar.h"
#include "onnx.pb.h"

/* The format's own limit for one file. */
#define MAX_BYTES INT32_MAX

typedef struct sink {
    bool (*write)(void *user, const void *bytes, size_t size);
    void *user;
} sink;

static bool write_bytes(pb_ostream_t *stream, const pb_byte_t *bytes, size_t size) {
    const sink *target = stream->state;
    return target->write(target->user, bytes, size);
}

/* An array of texts or messages. */
typedef struct items {
    const void *const *items;
    size_t count;
} items;

static bool write_text(pb_ostream_t *stream, const pb_field_t *field, void *const *arg) {
    const char *text = *arg;
    return text[0] == '\0' ||
           (pb_encode_tag_for_field(stream, field) && pb_encode_string(stream, (const pb_byte_t *)text, strlen(text)));
}

static bool write_texts(pb_ostream_t *stream, const pb_field_t *field, void *const *arg) {
    const items *list = *arg;
    for (size_t i = 0; i < list->count; ++i) {
        const char *text = list->items[i]; /* empty ones count: they are absent operands */
        if (!pb_encode_tag_for_field(stream, field) ||
            !pb_encode_string(stream, (const pb_byte_t *)text, strlen(text))) {
            return false;
        }
    }
    return true;
}

#define TEXT(value) \
    { {.encode = write_text}, (void *)(uintptr_t)(value) }

/* ---- tensors ---- */

static bool write_dims(pb_ostream_t *stream, const pb_field_t *field, void *const *arg) {
    const ht_tensor_desc *desc = *arg;
    for (int32_t i = 0; i < desc->rank; ++i) {
        if (!pb_encode_tag_for_field(stream, field) || !pb_encode_varint(stream, (uint64_t)desc->dims[i])) {
            return false;
        }
    }
    return true;
}

/* Elements of less than 8 bits, least significant bits first: eight of them fill `bits` bytes. */
static bool write_packed(pb_ostream_t *stream, const onnx_tensor *tensor, unsigned bits) {
    size_t elements;
    const uint8_t *data = tensor->data;
    if (!ht__desc_bytes(&tensor->desc, &elements)) {
        return false;
    }
    for (size_t i = 0; i < elements; i += 8) {
        size_t count = elements - i < 8 ? elements - i : 8;
        uint32_t codes[8];
        uint8_t packed[8];
        for (size_t k = 0; k < count; ++k) {
            codes[k] = data[i + k] & ((1u << bits) - 1);
        }
        ht__pack(codes, count, bits, packed);
        if (!pb_write(stream, packed, ht__packed_bytes(count, bits))) {
            return false;
        }
    }
    return true;
}

/* The data itself: what the raw field holds, or the file beside. */
static bool write_payload(pb_ostream_t *stream, const onnx_tensor *tensor) {
    unsigned bits = ht__type_bits(tensor->desc.type);
    return bits < 8 ? write_packed(stream, tensor, bits)
                    : pb_write(stream, tensor->data, ht__onnx_tensor_bytes(tensor));
}

static bool write_raw(pb_ostream_t *stream, const pb_field_t *field, void *const *arg) {
    const onnx_tensor *tensor = *arg;
    return tensor->beside != NULL ||
           (pb_encode_tag_for_field(stream, field) && pb_encode_varint(stream, ht__onnx_tensor_bytes(tensor)) &&
            write_payload(stream, tensor));
}

static bool write_pair(pb_ostream_t *stream, const pb_field_t *field, const char *key, const char *value) {
    onnx_StringStringEntryProto message = {.key = TEXT(key), .value = TEXT(value)};
    return pb_encode_tag_for_field(stream, field) &&
           pb_encode_submessage(stream, onnx_StringStringEntryProto_fields, &message);
}

static bool write_place(pb_ostream_t *stream, const pb_field_t *field, void *const *arg) {
    const onnx_tensor *tensor = *arg;
    char offset[24], length[24];
    if (tensor->beside == NULL) {
        return true;
    }
    snprintf(offset, sizeof offset, "%" PRId64, tensor->offset);
    snprintf(length, sizeof length, "%zu", ht__onnx_tensor_bytes(tensor));
    return write_pair(stream, field, "location", tensor->beside) && write_pair(stream, field, "offset", offset) &&
           write_pair(stream, field, "length", length);
}

static bool write_tensors(pb_ostream_t *stream, const pb_field_t *field, void *const *arg) {
    const items *list = *arg;
    for (size_t i = 0; i < list->count; ++i) {
        const onnx_tensor *tensor = list->items[i];
        onnx_TensorProto message = {
            .dims = {{.encode = write_dims}, (void *)(uintptr_t)&tensor->desc},
            .has_data_type = true,
            .data_type = tensor->onnx_type,
            .name = TEXT(tensor->name),
            .raw_data = {{.encode = write_raw}, (void *)(uintptr_t)tensor},
            .external_data = {{.encode = write_place}, (void *)(uintptr_t)tensor},
            .has_data_location = tensor->beside != NULL,
            .data_location = 1,
        };
        if (!pb_encode_tag_for_field(stream, field) ||
            !pb_encode_submessage(stream, onnx_TensorProto_fields, &message)) {
            return false;
        }
    }
    return true;
}

/* ---- nodes ---- */

static bool write_ints(pb_ostream_t *stream, const pb_field_t *field, void *const *arg) {
    const onnx_attribute *attribute = *arg;
    for (size_t i = 0; i < attribute->count; ++i) {
        if (!pb_encode_tag_for_field(stream, field) || !pb_encode_varint(stream, (uint64_t)attribute->ints[i])) {
            return false;
        }
    }
    return true;
}

static bool write_floats(pb_ostream_t *stream, const pb_field_t *field, void *const *arg) {
    const onnx_attribute *attribute = *arg;
    for (size_t i = 0; i < attribute->count; ++i) {
        if (!pb_encode_tag(stream, PB_WT_32BIT, field->tag) || !pb_encode_fixed32(stream, &attribute->floats[i])) {
            return false;
        }
    }
    return true;
}

static bool write_attribute_text(pb_ostream_t *stream, const pb_field_t *field, void *const *arg) {
    const onnx_attribute *attribute = *arg;
    return pb_encode_tag_for_field(stream, field) &&
           pb_encode_string(stream, (const pb_byte_t *)attribute->text, attribute->count);
}

static bool write_attribute_texts(pb_ostream_t *stream, const pb_field_t *field, void *const *arg) {
    const onnx_attribute *attribute = *arg;
    items texts = {(const void *const *)attribute->texts, attribute->count};
    void *list = &texts;
    return write_texts(stream, field, &list);
}

static bool write_attribute_tensor(pb_ostream_t *stream, const pb_field_t *field, void *const *arg) {
    const onnx_attribute *attribute = *arg;
    const void *const one[] = {attribute->tensor};
    items tensors = {one, 1};
    void *list = &tensors;
    return write_tensors(stream, field, &list);
}

static bool write_graph(pb_ostream_t *stream, const pb_field_t *field, void *const *arg);

static bool write_attributes(pb_ostream_t *stream, const pb_field_t *field, void *const *arg) {
    const onnx_node *node = *arg;
    for (size_t i = 0; i < node->attribute_count; ++i) {
        onnx_attribute *attribute = node->attributes[i];
        onnx_AttributeProto message = {.name = TEXT(attribute->name), .has_type = true, .type = attribute->type};
        switch (attribute->type) {
        case ONNX_ATTRIBUTE_INT:
            message.has_i = true;
            message.i = attribute->ints[0];
            break;
        case ONNX_ATTRIBUTE_FLOAT:
            message.has_f = true;
            message.f = attribute->floats[0];
            break;
        case ONNX_ATTRIBUTE_INTS: message.ints = (pb_callback_t){{.encode = write_ints}, attribute}; break;
        case ONNX_ATTRIBUTE_FLOATS: message.floats = (pb_callback_t){{.encode = write_floats}, attribute}; break;
        case ONNX_ATTRIBUTE_TEXTS:
            message.strings = (pb_callback_t){{.encode = write_attribute_texts}, attribute};
            break;
        case ONNX_ATTRIBUTE_TENSOR: message.t = (pb_callback_t){{.encode = write_attribute_tensor}, attribute}; break;
        case ONNX_ATTRIBUTE_GRAPH: message.g = (pb_callback_t){{.encode = write_graph}, attribute->graph}; break;
        default: message.s = (pb_callback_t){{.encode = write_attribute_text}, attribute}; break;
        }
        if (!pb_encode_tag_for_field(stream, field) ||
            !pb_encode_submessage(stream, onnx_AttributeProto_fields, &message)) {
            return false;
        }
    }
    return true;
}

static bool write_nodes(pb_ostream_t *stream, const pb_field_t *field, void *const *arg) {
    const onnx_document *document = *arg;
    for (size_t i = 0; i < document->node_count; ++i) {
        onnx_node *node = document->nodes[i];
        items inputs = {(const void *const *)node->inputs, node->input_count};
        items outputs = {(const void *const *)node->outputs, node->output_count};
        onnx_NodeProto message = {
            .input = {{.encode = write_texts}, &inputs},
            .output = {{.encode = write_texts}, &outputs},
            .name = TEXT(node->name),
            .op_type = TEXT(node->op),
            .domain = TEXT(node->domain),
            .attribute = {{.encode = write_attributes}, node},
        };
        if (!pb_encode_tag_for_field(stream, field) || !pb_encode_submessage(stream, onnx_NodeProto_fields, &message)) {
            return false;
        }
    }
    return true;
}

/* ---- inputs and outputs ---- */

static bool write_dimensions(pb_ostream_t *stream, const pb_field_t *field, void *const *arg) {
    const onnx_value *value = *arg;
    for (int32_t i = 0; i < value->desc.rank; ++i) {
        bool known = value->desc.dims[i] >= 0;
        const char *symbol = !known && value->symbols[i] != NULL ? value->symbols[i] : "";
        onnx_DimensionProto message = {
            .has_dim_value = known, .dim_value = value->desc.dims[i], .dim_param = TEXT(symbol)};
        if (!pb_encode_tag_for_field(stream, field) ||
            !pb_encode_submessage(stream, onnx_DimensionProto_fields, &message)) {
            return false;
        }
    }
    return true;
}

static bool write_shape(pb_ostream_t *stream, const pb_field_t *field, void *const *arg) {
    const onnx_value *value = *arg;
    onnx_TensorShapeProto message = {.dim = {{.encode = write_dimensions}, *arg}};
    return value->desc.rank < 0 || (pb_encode_tag_for_field(stream, field) &&
                                    pb_encode_submessage(stream, onnx_TensorShapeProto_fields, &message));
}

static bool write_tensor_type(pb_ostream_t *stream, const pb_field_t *field, void *const *arg) {
    static const int32_t onnx_types[] = {
#define ONNX_TYPE(NAME, name, bytes, onnx) onnx,
        HT_TYPE_LIST(ONNX_TYPE)
#undef ONNX_TYPE
    };
    const onnx_value *value = *arg;
    onnx_TensorTypeProto message = {
        .has_elem_type = true, .elem_type = onnx_types[value->desc.type], .shape = {{.encode = write_shape}, *arg}};
    return pb_encode_tag_for_field(stream, field) &&
           pb_encode_submessage(stream, onnx_TensorTypeProto_fields, &message);
}

static bool write_type(pb_ostream_t *stream, const pb_field_t *field, void *const *arg) {
    const onnx_value *value = *arg;
    onnx_TypeProto message = {.tensor_type = {{.encode = write_tensor_type}, *arg}};
    return value->desc.type == HT_NONE ||
           (pb_encode_tag_for_field(stream, field) && pb_encode_submessage(stream, onnx_TypeProto_fields, &message));
}

static bool write_values(pb_ostream_t *stream, const pb_field_t *field, void *const *arg) {
    const items *list = *arg;
    for (size_t i = 0; i < list->count; ++i) {
        const onnx_value *value = list->items[i];
        onnx_ValueInfoProto message = {.name = TEXT(value->name),
                                       .type = {{.encode = write_type}, (void *)(uintptr_t)value}};
        if (!pb_encode_tag_for_field(stream, field) ||
            !pb_encode_submessage(stream, onnx_ValueInfoProto_fields, &message)) {
            return false;
        }
    }
    return true;
}

/* ---- model ---- */

static bool write_graph(pb_ostream_t *stream, const pb_field_t *field, void *const *arg) {
    onnx_document *document = *arg;
    items inputs = {(const void *const *)document->inputs, document->input_count};
    items outputs = {(const void *const *)document->outputs, document->output_count};
    items tensors = {(const void *const *)document->tensors, document->tensor_count};
    onnx_GraphProto message = {
        .node = {{.encode = write_nodes}, document},
        .name = TEXT(document->graph_name),
        .initializer = {{.encode = write_tensors}, &tensors},
        .input = {{.encode = write_values}, &inputs},
        .output = {{.encode = write_values}, &outputs},
    };
    return pb_encode_tag_for_field(stream, field) && pb_encode_submessage(stream, onnx_GraphProto_fields, &message);
}

static bool write_opset(pb_ostream_t *stream, const pb_field_t *field, void *const *arg) {
    const onnx_document *document = *arg;
    onnx_OperatorSetIdProto message = {.has_version = true, .version = document->opset};
    return pb_encode_tag_for_field(stream, field) &&
           pb_encode_submessage(stream, onnx_OperatorSetIdProto_fields, &message);
}

static bool write_metadata(pb_ostream_t *stream, const pb_field_t *field, void *const *arg) {
    const onnx_document *document = *arg;
    for (size_t i = 0; i < document->metadata_count; ++i) {
        if (!write_pair(stream, field, document->metadata[i]->key, document->metadata[i]->value)) {
            return false;
        }
    }
    return true;
}

static onnx_ModelProto model_message(const onnx_document *document) {
    void *self = (void *)(uintptr_t)document;
    return (onnx_ModelProto){
        .has_ir_version = true,
        .ir_version = document->ir_version,
        .producer_name = TEXT(document->producer),
        .producer_version = TEXT(document->producer_version),
        .graph = {{.encode = write_graph}, self},
        .opset_import = {{.encode = write_opset}, self},
        .metadata_props = {{.encode = write_metadata}, self},
    };
}

bool ht__onnx_fits(const onnx_document *document) {
    onnx_ModelProto message = model_message(document);
    size_t size;
    return pb_get_encoded_size(&size, onnx_ModelProto_fields, &message) && size <= MAX_BYTES;
}

ht_status ht__onnx_encode(const onnx_document *document, bool (*write)(void *user, const void *bytes, size_t size),
                          void *user, ht_error *err) {
    if (!ht__onnx_fits(document)) {
        return ht__fail(err, HT_ERROR_LIMIT, "The model does not fit into an ONNX file, which ends at 2 GB.");
    }
    onnx_ModelProto message = model_message(document);
    sink target = {write, user};
    pb_ostream_t stream = {.callback = write_bytes, .state = &target, .max_size = SIZE_MAX};
    if (!pb_encode(&stream, onnx_ModelProto_fields, &message)) {
        return ht__fail(err, HT_ERROR_IO, "The model could not be written.");
    }
    return HT_OK;
}

/* ---- the file beside ---- */

static bool fill_up(pb_ostream_t *stream, size_t position) {
    static const pb_byte_t zeros[256] = {0};
    while (stream->bytes_written < position) {
        size_t missing = position - stream->bytes_written;
        if (!pb_write(stream, zeros, missing < sizeof zeros ? missing : sizeof zeros)) {
            return false;
        }
    }
    return true;
}

static bool write_data(pb_ostream_t *stream, const onnx_document *document) {
    for (size_t i = 0; i < document->tensor_count; ++i) {
        const onnx_tensor *tensor = document->tensors[i];
        if (tensor->beside != NULL && (!fill_up(stream, (size_t)tensor->offset) || !write_payload(stream, tensor))) {
            return false;
        }
    }
    for (size_t i = 0; i < document->node_count; ++i) {
        const onnx_node *node = document->nodes[i];
        for (size_t k = 0; k < node->attribute_count; ++k) {
            if (node->attributes[k]->type == ONNX_ATTRIBUTE_GRAPH && !write_data(stream, node->attributes[k]->graph)) {
                return false;
            }
        }
    }
    return true;
}

ht_status ht__onnx_encode_data(const onnx_document *document, bool (*write)(void *user, const void *bytes, size_t size),
                               void *user, ht_error *err) {
    sink target = {write, user};
    pb_ostream_t stream = {.callback = write_bytes, .state = &target, .max_size = SIZE_MAX};
    return write_data(&stream, document) ? HT_OK : ht__fail(err, HT_ERROR_IO, "The model's data could not be written.");
}
