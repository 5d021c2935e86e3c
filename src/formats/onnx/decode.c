#include <inttypes.h>
#include <string.h>

#include "formats/onnx/decode.h"
#include "onnx.pb.h"

/* Messages may hold at most this many of one kind; far beyond any network, and memory stays bounded. */
#define MAX_ITEMS (1u << 20)
#define MAX_METADATA 4096
/* Graphs within graphs; each takes a few frames of the stack. */
#define MAX_DEPTH 16

static bool read_source(pb_istream_t *stream, pb_byte_t *buffer, size_t count) {
    onnx_decoder *decoder = stream->state;
    if (count > decoder->size - decoder->position) {
        stream->bytes_left = 0;
        return false;
    }
    memcpy(buffer, decoder->bytes + decoder->position, count);
    decoder->position += count;
    return true;
}

pb_istream_t ht__onnx_stream(onnx_decoder *decoder) {
    return (pb_istream_t){.callback = read_source, .state = decoder, .bytes_left = decoder->size};
}

bool ht__onnx_is_file(const pb_istream_t *stream) { return stream->callback == read_source; }

bool ht__onnx_append(onnx_decoder *decoder, void *array, size_t *count, size_t *capacity, const void *item) {
    if (*count >= MAX_ITEMS) {
        return ht__onnx_refuse(decoder, HT_ERROR_LIMIT, "The model has more than %u entries of one kind.", MAX_ITEMS);
    }
    return ht__onnx_pass(decoder, ht__onnx_push(decoder->document->arena, array, count, capacity, item, decoder->err));
}

static void *make(onnx_decoder *decoder, size_t bytes) {
    void *memory = ht__arena_alloc(decoder->document->arena, bytes);
    if (memory == NULL) {
        ht__onnx_refuse_memory(decoder, bytes);
    }
    return memory;
}

/* ---- attributes and nodes ---- */

typedef struct onnx_texts {
    const char **items;
    size_t count, capacity;
} onnx_texts;

/* The type of an attribute, which the oldest files leave out: then whatever is there says it. */
static onnx_attribute_type attribute_type(const onnx_AttributeProto *message, const onnx_attribute *attribute,
                                          const onnx_numbers *ints, const onnx_numbers *floats) {
    if (message->has_type && message->type != 0) {
        return (onnx_attribute_type)message->type;
    }
    return message->has_f              ? ONNX_ATTRIBUTE_FLOAT
           : message->has_i            ? ONNX_ATTRIBUTE_INT
           : attribute->text != NULL   ? ONNX_ATTRIBUTE_TEXT
           : attribute->tensor != NULL ? ONNX_ATTRIBUTE_TENSOR
           : attribute->graph != NULL  ? ONNX_ATTRIBUTE_GRAPH
           : floats->count != 0        ? ONNX_ATTRIBUTE_FLOATS
           : ints->count != 0          ? ONNX_ATTRIBUTE_INTS
                                       : ONNX_ATTRIBUTE_UNKNOWN;
}

/* Gives the attribute the numbers that belong to its type. */
static bool set_numbers(onnx_decoder *decoder, onnx_attribute *attribute, const onnx_AttributeProto *message,
                        const onnx_numbers *ints, const onnx_numbers *floats) {
    ht_arena *arena = decoder->document->arena;
    switch (attribute->type) {
    case ONNX_ATTRIBUTE_FLOAT:
        attribute->count = 1;
        attribute->floats = ht__arena_copy(arena, &message->f, sizeof message->f);
        break;
    case ONNX_ATTRIBUTE_INT:
        attribute->count = 1;
        attribute->ints = ht__arena_copy(arena, &message->i, sizeof message->i);
        break;
    case ONNX_ATTRIBUTE_FLOATS:
        attribute->count = floats->count;
        attribute->floats = floats->count != 0 ? floats->items : ht__arena_alloc(arena, 1);
        break;
    case ONNX_ATTRIBUTE_INTS:
        attribute->count = ints->count;
        attribute->ints = ints->count != 0 ? ints->items : ht__arena_alloc(arena, 1);
        break;
    case ONNX_ATTRIBUTE_TEXT:
        attribute->text = attribute->text != NULL ? attribute->text : "";
        attribute->count = strlen(attribute->text);
        return true;
    case ONNX_ATTRIBUTE_TEXTS: return true;
    case ONNX_ATTRIBUTE_GRAPH:
        return attribute->graph != NULL ||
               ht__onnx_refuse(decoder, HT_ERROR_FORMAT, "Attribute %s has no graph.", attribute->name);
    case ONNX_ATTRIBUTE_TENSOR:
        return attribute->tensor != NULL ||
               ht__onnx_refuse(decoder, HT_ERROR_FORMAT, "Attribute %s has no tensor.", attribute->name);
    default: return true; /* an error only when an operator that we know has it */
    }
    return attribute->ints != NULL || attribute->floats != NULL || ht__onnx_refuse_memory(decoder, 8);
}

/* Each text of a list. */
static bool read_list_text(pb_istream_t *stream, const pb_field_t *field, void **arg) {
    const onnx_target *target = *arg;
    onnx_texts *texts = target->place;
    const char *text = NULL;
    onnx_target place = {target->decoder, &text};
    void *place_arg = &place;
    return ht__onnx_read_text(stream, field, &place_arg) &&
           ht__onnx_append(target->decoder, &texts->items, &texts->count, &texts->capacity, text);
}

static bool read_graph(pb_istream_t *stream, const pb_field_t *field, void **arg);

onnx_document *ht__onnx_inner_document(onnx_decoder *decoder) {
    const onnx_document *around = decoder->document;
    onnx_document *inner = make(decoder, sizeof *inner);
    if (inner == NULL) {
        return NULL;
    }
    *inner = (onnx_document){.is_inner = true,
                             .arena = around->arena,
                             .payload = around->payload,
                             .externals = around->externals,
                             .file = around->file,
                             .size = around->size,
                             .producer = "",
                             .producer_version = "",
                             .graph_name = ""};
    return inner;
}

/* A graph inside a node: a document of its own in the same memory. */
static bool read_inner_graph(pb_istream_t *stream, const pb_field_t *field, void **arg) {
    const onnx_target *target = *arg;
    onnx_decoder *decoder = target->decoder;
    onnx_document *around = decoder->document, *inner = ht__onnx_inner_document(decoder);
    if (inner == NULL) {
        return false;
    }
    if (decoder->depth == MAX_DEPTH) {
        return ht__onnx_refuse(decoder, HT_ERROR_LIMIT, "Graphs lie within graphs more than %d deep.", MAX_DEPTH);
    }
    void *self = decoder;
    decoder->document = inner;
    ++decoder->depth;
    bool good = read_graph(stream, field, &self);
    --decoder->depth;
    decoder->document = around;
    memcpy(target->place, &inner, sizeof inner);
    return good;
}

bool ht__onnx_read_attribute(pb_istream_t *stream, const pb_field_t *field, void **arg) {
    (void)field;
    const onnx_target *target = *arg;
    onnx_decoder *decoder = target->decoder;
    onnx_node *node = target->place;
    onnx_attribute *attribute = make(decoder, sizeof *attribute);
    if (attribute == NULL) {
        return false;
    }
    attribute->name = "";
    onnx_numbers ints = {.decoder = decoder}, floats = {.decoder = decoder};
    onnx_target name = {decoder, &attribute->name}, text = {decoder, &attribute->text};
    onnx_target reference = {decoder, &attribute->reference};
    onnx_target tensor = {decoder, &attribute->tensor}, graph = {decoder, &attribute->graph};
    onnx_texts texts = {0};
    onnx_target list = {decoder, &texts};
    onnx_AttributeProto message = {
        .name = {{ht__onnx_read_text}, &name},
        .s = {{ht__onnx_read_text}, &text},
        .t = {{ht__onnx_read_tensor}, &tensor},
        .g = {{read_inner_graph}, &graph},
        .strings = {{read_list_text}, &list},
        .floats = {{ht__onnx_read_floats}, &floats},
        .ints = {{ht__onnx_read_integers}, &ints},
        .ref_attr_name = {{ht__onnx_read_text}, &reference},
    };
    if (!pb_decode(stream, onnx_AttributeProto_fields, &message)) {
        return false;
    }
    if (attribute->reference != NULL && attribute->reference[0] != '\0' && !decoder->in_function) {
        return ht__onnx_refuse(decoder, HT_ERROR_FORMAT, "The attribute %s is a reference outside any function.",
                               attribute->name);
    }
    attribute->texts = texts.items;
    attribute->type = attribute_type(&message, attribute, &ints, &floats);
    if (attribute->reference != NULL && attribute->reference[0] != '\0') {
        return ht__onnx_append(decoder, &node->attributes, &node->attribute_count, &node->attribute_capacity,
                               attribute);
    }
    attribute->reference = NULL;
    if (attribute->type == ONNX_ATTRIBUTE_TEXTS) {
        attribute->count = texts.count;
    }
    return set_numbers(decoder, attribute, &message, &ints, &floats) &&
           ht__onnx_append(decoder, &node->attributes, &node->attribute_count, &node->attribute_capacity, attribute);
}

static bool read_operand(pb_istream_t *stream, const pb_field_t *field, void **arg) {
    const onnx_target *target = *arg;
    onnx_node *node = target->place;
    const char *name = NULL;
    onnx_target place = {target->decoder, &name};
    void *place_arg = &place;
    if (!ht__onnx_read_text(stream, field, &place_arg)) {
        return false;
    }
    return field->tag == onnx_NodeProto_output_tag
               ? ht__onnx_append(target->decoder, &node->outputs, &node->output_count, &node->output_capacity, name)
               : ht__onnx_append(target->decoder, &node->inputs, &node->input_count, &node->input_capacity, name);
}

void ht__onnx_standard_domain(onnx_node *node) {
    if (strcmp(node->domain, "ai.onnx") == 0) {
        node->domain = "";
    }
}

bool ht__onnx_read_node(pb_istream_t *stream, const pb_field_t *field, void **arg) {
    (void)field;
    onnx_decoder *decoder = *arg;
    onnx_node *node = make(decoder, sizeof *node);
    if (node == NULL) {
        return false;
    }
    *node = (onnx_node){.op = "", .domain = "", .name = "", .overload = ""};
    onnx_target inside = {decoder, node}, name = {decoder, &node->name}, op = {decoder, &node->op};
    onnx_target domain = {decoder, &node->domain}, overload = {decoder, &node->overload};
    onnx_NodeProto message = {
        .input = {{read_operand}, &inside},
        .output = {{read_operand}, &inside},
        .attribute = {{ht__onnx_read_attribute}, &inside},
        .name = {{ht__onnx_read_text}, &name},
        .op_type = {{ht__onnx_read_text}, &op},
        .domain = {{ht__onnx_read_text}, &domain},
        .overload = {{ht__onnx_read_text}, &overload},
    };
    if (!pb_decode(stream, onnx_NodeProto_fields, &message)) {
        return false;
    }
    ht__onnx_standard_domain(node);
    onnx_document *document = decoder->document;
    return ht__onnx_append(decoder, &document->nodes, &document->node_count, &document->node_capacity, node);
}

/* ---- inputs and outputs ---- */

static bool read_dimension(pb_istream_t *stream, const pb_field_t *field, void **arg) {
    (void)field;
    const onnx_target *target = *arg;
    onnx_value *value = target->place;
    if (value->desc.rank >= HT_MAX_RANK) {
        return ht__onnx_refuse(target->decoder, HT_ERROR_LIMIT, "Tensor %s has more than %d dimensions.", value->name,
                               HT_MAX_RANK);
    }
    int32_t axis = value->desc.rank++;
    onnx_target symbol = {target->decoder, &value->symbols[axis]};
    onnx_DimensionProto message = {.dim_param = {{ht__onnx_read_text}, &symbol}};
    if (!pb_decode(stream, onnx_DimensionProto_fields, &message)) {
        return false;
    }
    /* Some exporters write 0 or -1 for a dimension that they do not know. */
    value->desc.dims[axis] = message.has_dim_value && message.dim_value > 0 ? message.dim_value : -1;
    if (value->symbols[axis] != NULL && value->symbols[axis][0] == '\0') {
        value->symbols[axis] = NULL;
    }
    return true;
}

static bool read_shape(pb_istream_t *stream, const pb_field_t *field, void **arg) {
    (void)field;
    onnx_target *target = *arg;
    onnx_value *value = target->place;
    value->desc.rank = 0;
    onnx_TensorShapeProto message = {.dim = {{read_dimension}, target}};
    return pb_decode(stream, onnx_TensorShapeProto_fields, &message);
}

static bool read_tensor_type(pb_istream_t *stream, const pb_field_t *field, void **arg) {
    (void)field;
    onnx_target *target = *arg;
    onnx_value *value = target->place;
    onnx_TensorTypeProto message = {.shape = {{read_shape}, target}};
    if (!pb_decode(stream, onnx_TensorTypeProto_fields, &message)) {
        return false;
    }
#define FIND_TYPE(NAME, type_name, bytes, onnx) \
    if (message.elem_type == (onnx)) {          \
        value->desc.type = HT_##NAME;           \
    }
    HT_TYPE_LIST(FIND_TYPE)
#undef FIND_TYPE
    return true;
}

static bool read_type(pb_istream_t *stream, const pb_field_t *field, void **arg) {
    (void)field;
    onnx_TypeProto message = {.tensor_type = {{read_tensor_type}, *arg}};
    return pb_decode(stream, onnx_TypeProto_fields, &message);
}

static bool read_value(pb_istream_t *stream, const pb_field_t *field, void **arg) {
    onnx_decoder *decoder = *arg;
    onnx_document *document = decoder->document;
    onnx_value *value = make(decoder, sizeof *value);
    if (value == NULL) {
        return false;
    }
    *value = (onnx_value){.name = "", .desc = {.type = HT_NONE, .rank = -1}};
    onnx_target name = {decoder, &value->name}, inside = {decoder, value};
    onnx_ValueInfoProto message = {.name = {{ht__onnx_read_text}, &name}, .type = {{read_type}, &inside}};
    if (!pb_decode(stream, onnx_ValueInfoProto_fields, &message)) {
        return false;
    }
    return field->tag == onnx_GraphProto_input_tag
               ? ht__onnx_append(decoder, &document->inputs, &document->input_count, &document->input_capacity, value)
               : ht__onnx_append(decoder, &document->outputs, &document->output_count, &document->output_capacity,
                                 value);
}

/* ---- graph and model ---- */

static bool read_initializer(pb_istream_t *stream, const pb_field_t *field, void **arg) {
    onnx_decoder *decoder = *arg;
    onnx_document *document = decoder->document;
    onnx_tensor *tensor = NULL;
    onnx_target target = {decoder, &tensor};
    void *target_arg = &target;
    return ht__onnx_read_tensor(stream, field, &target_arg) &&
           ht__onnx_append(decoder, &document->tensors, &document->tensor_count, &document->tensor_capacity, tensor);
}

static bool read_graph(pb_istream_t *stream, const pb_field_t *field, void **arg) {
    (void)field;
    onnx_decoder *decoder = *arg;
    onnx_target name = {decoder, &decoder->document->graph_name};
    onnx_GraphProto message = {
        .node = {{ht__onnx_read_node}, decoder},
        .name = {{ht__onnx_read_text}, &name},
        .initializer = {{read_initializer}, decoder},
        .input = {{read_value}, decoder},
        .output = {{read_value}, decoder},
    };
    return pb_decode(stream, onnx_GraphProto_fields, &message);
}

bool ht__onnx_read_opset(pb_istream_t *stream, const pb_field_t *field, void **arg) {
    (void)field;
    onnx_decoder *decoder = *arg;
    const char *domain = "";
    onnx_target target = {decoder, &domain};
    onnx_OperatorSetIdProto message = {.domain = {{ht__onnx_read_text}, &target}};
    if (!pb_decode(stream, onnx_OperatorSetIdProto_fields, &message)) {
        return false;
    }
    if (domain[0] == '\0' || strcmp(domain, "ai.onnx") == 0) {
        decoder->document->opset = message.version;
    } else if (decoder->document->opset == 0) {
        decoder->document->opset = ONNX_OPSET_NEWEST; /* unless the standard's own follows: it uses none of that */
    }
    return true;
}

static bool read_metadata(pb_istream_t *stream, const pb_field_t *field, void **arg) {
    (void)field;
    onnx_decoder *decoder = *arg;
    onnx_document *document = decoder->document;
    if (document->metadata_count >= MAX_METADATA) {
        return ht__onnx_refuse(decoder, HT_ERROR_LIMIT, "The model has more than %d metadata texts.", MAX_METADATA);
    }
    onnx_pair *pair = make(decoder, sizeof *pair);
    if (pair == NULL) {
        return false;
    }
    return ht__onnx_read_pair(stream, decoder, pair) &&
           ht__onnx_append(decoder, &document->metadata, &document->metadata_count, &document->metadata_capacity, pair);
}

ht_status ht__onnx_decode(onnx_document *document, const uint8_t *bytes, size_t size, ht_error *err) {
    document->size = size;
    onnx_decoder decoder = {.document = document, .bytes = bytes, .size = size, .err = err};
    pb_istream_t stream = ht__onnx_stream(&decoder);
    onnx_target producer = {&decoder, &document->producer}, version = {&decoder, &document->producer_version};
    onnx_ModelProto message = {
        .producer_name = {{ht__onnx_read_text}, &producer},
        .producer_version = {{ht__onnx_read_text}, &version},
        .graph = {{read_graph}, &decoder},
        .opset_import = {{ht__onnx_read_opset}, &decoder},
        .metadata_props = {{read_metadata}, &decoder},
        .functions = {{ht__onnx_read_function}, &decoder},
    };
    if (!pb_decode(&stream, onnx_ModelProto_fields, &message)) {
        ht__onnx_refuse(&decoder, HT_ERROR_FORMAT, "This is no ONNX file, or it is damaged: %s.",
                        stream.errmsg != NULL ? stream.errmsg : "unreadable field");
        return decoder.status;
    }
    document->ir_version = message.ir_version;
    if (document->node_count == 0 && document->output_count == 0) {
        return ht__fail_at(err, HT_ERROR_FORMAT, document->file, "This is no ONNX file: it has no graph.");
    }
    if (document->opset == 0) {
        return ht__fail_at(err, HT_ERROR_FORMAT, document->file,
                           "The file says no operator set; its end may be missing.");
    }
    if (document->opset < ONNX_OPSET_OLDEST || document->opset > ONNX_OPSET_NEWEST) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, document->file,
                           "The model uses operator set %" PRId64 "; %d to %d are supported.", document->opset,
                           ONNX_OPSET_OLDEST, ONNX_OPSET_NEWEST);
    }
    return HT_OK;
}
