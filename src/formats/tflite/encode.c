/* From a file's content to its bytes. */
#include <limits.h>
#include <string.h>

#include "formats/tflite/builder.h"
#include "formats/tflite/writing.h"

/* ---- field numbers: places in the tables of schema.fbs ---- */

enum { MODEL_VERSION, MODEL_CODES, MODEL_SUBGRAPHS, MODEL_DESCRIPTION, MODEL_BUFFERS, MODEL_METADATA = 6 };
enum { GRAPH_TENSORS, GRAPH_INPUTS, GRAPH_OUTPUTS, GRAPH_OPERATORS, GRAPH_NAME };
enum { TENSOR_SHAPE, TENSOR_TYPE, TENSOR_BUFFER, TENSOR_NAME, TENSOR_QUANTIZATION, TENSOR_SIGNATURE = 7 };
enum { QUANTIZATION_SCALE = 2, QUANTIZATION_ZERO_POINT, QUANTIZATION_AXIS = 6 };
enum { CODE_DEPRECATED, CODE_CUSTOM, CODE_VERSION, CODE_BUILTIN };
enum { OPERATOR_CODE, OPERATOR_INPUTS, OPERATOR_OUTPUTS, OPERATOR_OPTIONS_TYPE, OPERATOR_OPTIONS };
enum { METADATA_NAME, METADATA_BUFFER };

static flat_field offset(uint32_t number) { return (flat_field){.number = number, .bytes = 4}; }
static flat_field word(uint32_t number, uint32_t value) {
    return (flat_field){.number = number, .bytes = 4, .value = value};
}
static flat_field byte(uint32_t number, uint8_t value) {
    return (flat_field){.number = number, .bytes = 1, .value = value};
}

/* ---- operator codes: one for each kind and version in use ---- */

typedef struct operator_kind {
    int32_t code, version;
} operator_kind;

/* The kind's place in the list, appended when new. */
static uint32_t find_kind(operator_kind *kinds, size_t *count, const tflite_written_operator *op) {
    for (size_t i = 0; i < *count; ++i) {
        if (kinds[i].code == op->code && kinds[i].version == op->version) {
            return (uint32_t)i;
        }
    }
    kinds[*count] = (operator_kind){op->code, op->version};
    return (uint32_t)(*count)++;
}

static size_t write_kinds(ht_buffer *b, const operator_kind *kinds, size_t count) {
    size_t list = ht__flat_offsets(b, count);
    for (size_t i = 0; i < count; ++i) {
        int32_t code = kinds[i].code;
        /* Readers of old files know the numbers up to 127 by the first field. */
        flat_field fields[] = {byte(CODE_DEPRECATED, (uint8_t)(code < 127 ? code : 127)),
                               word(CODE_VERSION, (uint32_t)kinds[i].version), word(CODE_BUILTIN, (uint32_t)code)};
        ht__flat_point(b, list + 4 + 4 * i, ht__flat_table(b, fields, 3));
    }
    return list;
}

/* ---- tensors ---- */

static size_t write_quantization(ht_buffer *b, const tflite_written_tensor *tensor) {
    flat_field fields[] = {offset(QUANTIZATION_SCALE), offset(QUANTIZATION_ZERO_POINT),
                           word(QUANTIZATION_AXIS, (uint32_t)tensor->axis)};
    size_t table = ht__flat_table(b, fields, 3);
    ht__flat_point(b, fields[0].position, ht__flat_vector(b, tensor->scale, tensor->scales, 4, 4));
    ht__flat_point(b, fields[1].position, ht__flat_vector(b, tensor->zero_point, tensor->scales, 8, 8));
    return table;
}

static size_t write_tensor(ht_buffer *b, const tflite_written_tensor *tensor, uint32_t buffer) {
    flat_field fields[6] = {offset(TENSOR_SHAPE), byte(TENSOR_TYPE, (uint8_t)tensor->type), word(TENSOR_BUFFER, buffer),
                            offset(TENSOR_NAME)};
    size_t count = 4, rank = (size_t)tensor->rank;
    bool open = memcmp(tensor->shape, tensor->signature, rank * sizeof *tensor->shape) != 0;
    flat_field *quantization = tensor->scale != NULL ? &fields[count++] : NULL;
    if (quantization != NULL) {
        *quantization = offset(TENSOR_QUANTIZATION);
    }
    flat_field *signature = open ? &fields[count++] : NULL;
    if (signature != NULL) {
        *signature = offset(TENSOR_SIGNATURE);
    }
    size_t table = ht__flat_table(b, fields, count);
    ht__flat_point(b, fields[0].position, ht__flat_vector(b, tensor->shape, rank, 4, 4));
    ht__flat_point(b, fields[3].position, ht__flat_text(b, tensor->name));
    if (quantization != NULL) {
        ht__flat_point(b, quantization->position, write_quantization(b, tensor));
    }
    if (signature != NULL) {
        ht__flat_point(b, signature->position, ht__flat_vector(b, tensor->signature, rank, 4, 4));
    }
    return table;
}

/* Constants have buffers of their own, from 1 on in the order of the tensors; 0 is empty. */
static size_t write_tensors(ht_buffer *b, const tflite_content *content) {
    size_t list = ht__flat_offsets(b, content->tensor_count);
    uint32_t buffers = 0;
    for (size_t i = 0; i < content->tensor_count; ++i) {
        uint32_t buffer = content->tensors[i].data != NULL ? ++buffers : 0;
        ht__flat_point(b, list + 4 + 4 * i, write_tensor(b, &content->tensors[i], buffer));
    }
    return list;
}

static size_t write_buffer(ht_buffer *b, const void *data, size_t bytes) {
    flat_field field = offset(0);
    size_t table = ht__flat_table(b, &field, data != NULL);
    if (data != NULL) {
        ht__flat_point(b, field.position, ht__flat_vector(b, data, bytes, 1, 16));
    }
    return table;
}

static size_t constants_of(const tflite_content *content) {
    size_t count = 0;
    for (size_t i = 0; i < content->tensor_count; ++i) {
        count += content->tensors[i].data != NULL;
    }
    return count;
}

static size_t write_buffers(ht_buffer *b, const tflite_content *content) {
    size_t next = 0, list = ht__flat_offsets(b, 1 + constants_of(content) + content->metadata_count);
    ht__flat_point(b, list + 4 + 4 * next++, write_buffer(b, NULL, 0));
    for (size_t i = 0; i < content->tensor_count && !b->failed; ++i) {
        const tflite_written_tensor *tensor = &content->tensors[i];
        if (tensor->data != NULL) {
            ht__flat_point(b, list + 4 + 4 * next++, write_buffer(b, tensor->data, tensor->bytes));
        }
    }
    for (size_t i = 0; i < content->metadata_count; ++i) {
        const char *text = content->metadata[2 * i + 1];
        ht__flat_point(b, list + 4 + 4 * next++, write_buffer(b, text, strlen(text)));
    }
    return list;
}

/* ---- operators ---- */

static size_t write_options(ht_buffer *b, const tflite_written_operator *op) {
    flat_field fields[TFLITE_MOST_OPTIONS];
    size_t count = 0;
    for (size_t i = 0; i < op->option_count; ++i) {
        flat_field field = {.value = op->options[i].bits};
        if (ht__tflite_field(op->options_type, op->options[i].name, &field.number, &field.bytes)) {
            fields[count++] = field;
        }
    }
    return ht__flat_table(b, fields, count);
}

static size_t write_operator(ht_buffer *b, const tflite_written_operator *op, uint32_t kind) {
    flat_field fields[] = {word(OPERATOR_CODE, kind), offset(OPERATOR_INPUTS), offset(OPERATOR_OUTPUTS),
                           byte(OPERATOR_OPTIONS_TYPE, op->options_type), offset(OPERATOR_OPTIONS)};
    size_t table = ht__flat_table(b, fields, op->options_type != 0 ? 5 : 3);
    ht__flat_point(b, fields[1].position, ht__flat_vector(b, op->inputs, op->input_count, 4, 4));
    ht__flat_point(b, fields[2].position, ht__flat_vector(b, op->outputs, op->output_count, 4, 4));
    if (op->options_type != 0) {
        ht__flat_point(b, fields[4].position, write_options(b, op));
    }
    return table;
}

static size_t write_subgraph(ht_buffer *b, const tflite_content *content, const uint32_t *kinds) {
    flat_field fields[] = {offset(GRAPH_TENSORS), offset(GRAPH_INPUTS), offset(GRAPH_OUTPUTS), offset(GRAPH_OPERATORS),
                           offset(GRAPH_NAME)};
    size_t table = ht__flat_table(b, fields, 5);
    ht__flat_point(b, fields[0].position, write_tensors(b, content));
    ht__flat_point(b, fields[1].position, ht__flat_vector(b, content->inputs, content->input_count, 4, 4));
    ht__flat_point(b, fields[2].position, ht__flat_vector(b, content->outputs, content->output_count, 4, 4));
    size_t list = ht__flat_offsets(b, content->operator_count);
    ht__flat_point(b, fields[3].position, list);
    for (size_t i = 0; i < content->operator_count; ++i) {
        ht__flat_point(b, list + 4 + 4 * i, write_operator(b, &content->operators[i], kinds[i]));
    }
    ht__flat_point(b, fields[4].position, ht__flat_text(b, content->name));
    return table;
}

static size_t write_metadata(ht_buffer *b, const tflite_content *content) {
    uint32_t first = (uint32_t)(1 + constants_of(content));
    size_t list = ht__flat_offsets(b, content->metadata_count);
    for (size_t i = 0; i < content->metadata_count; ++i) {
        flat_field fields[] = {offset(METADATA_NAME), word(METADATA_BUFFER, first + (uint32_t)i)};
        ht__flat_point(b, list + 4 + 4 * i, ht__flat_table(b, fields, 2));
        ht__flat_point(b, fields[0].position, ht__flat_text(b, content->metadata[2 * i]));
    }
    return list;
}

static void write_model(ht_buffer *b, const tflite_content *content, operator_kind *kinds, uint32_t *kind_of) {
    size_t count = 0;
    for (size_t i = 0; i < content->operator_count; ++i) {
        kind_of[i] = find_kind(kinds, &count, &content->operators[i]);
    }
    ht__buffer_append(b, "\0\0\0\0TFL3", 8);
    flat_field fields[] = {word(MODEL_VERSION, 3),    offset(MODEL_CODES),   offset(MODEL_SUBGRAPHS),
                           offset(MODEL_DESCRIPTION), offset(MODEL_BUFFERS), offset(MODEL_METADATA)};
    ht__flat_point(b, 0, ht__flat_table(b, fields, 6));
    ht__flat_point(b, fields[1].position, write_kinds(b, kinds, count));
    size_t subgraphs = ht__flat_offsets(b, 1);
    ht__flat_point(b, fields[2].position, subgraphs);
    ht__flat_point(b, subgraphs + 4, write_subgraph(b, content, kind_of));
    ht__flat_point(b, fields[3].position, ht__flat_text(b, content->description));
    ht__flat_point(b, fields[5].position, write_metadata(b, content));
    ht__flat_point(b, fields[4].position, write_buffers(b, content)); /* the large part last */
}

ht_status ht__tflite_encode(const tflite_content *content, ht_buffer *out, ht_error *err) {
    size_t total = 0, count = content->operator_count;
    for (size_t i = 0; i < content->tensor_count; ++i) {
        total += content->tensors[i].bytes;
        if (total > INT_MAX / 2) {
            return ht__fail(err, HT_ERROR_LIMIT, "A TFLite file of this model would be larger than 1 GB.");
        }
    }
    operator_kind *kinds = ht__calloc(out->allocator, count + 1, sizeof *kinds);
    uint32_t *kind_of = ht__calloc(out->allocator, count + 1, sizeof *kind_of);
    if (kinds != NULL && kind_of != NULL) {
        write_model(out, content, kinds, kind_of);
    }
    bool failed = kinds == NULL || kind_of == NULL || out->failed;
    ht__free(out->allocator, kinds);
    ht__free(out->allocator, kind_of);
    return failed ? ht__fail_memory(err, total) : HT_OK;
}
