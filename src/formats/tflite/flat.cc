/* FlatBuffers behind a C header. Uses nothing of the C++ library: no allocation, no exceptions, no type information. */
extern "C" {
#include "base/error.h"
}
#include "formats/tflite/flat.h"

#include <cstring>

#include "schema_generated.h"

namespace {

const tflite::Model *model_of(const tflite_file *file) { return tflite::GetModel(file->bytes); }

const char *text_of(const flatbuffers::String *text) { return text != nullptr ? text->c_str() : ""; }

template <typename Element, typename Out>
void vector_of(const flatbuffers::Vector<Element> *vector, const Out **data, size_t *count) {
    *count = vector != nullptr ? vector->size() : 0;
    *data = *count != 0 ? reinterpret_cast<const Out *>(vector->data()) : nullptr;
}

tflite_ints ints_of(const flatbuffers::Vector<int32_t> *vector) {
    tflite_ints out;
    vector_of(vector, &out.data, &out.count);
    return out;
}

/* The bytes of a buffer: in the tables, or, in files of more than 2 GB, behind them. */
ht_status buffer_of(const tflite_file *file, uint32_t index, const uint8_t **data, size_t *bytes, ht_error *err) {
    const auto *buffers = model_of(file)->buffers();
    if (buffers == nullptr || index >= buffers->size()) {
        return ht__fail_at(err, HT_ERROR_FORMAT, file->name, "The file uses buffer %u, which does not exist.", index);
    }
    const tflite::Buffer *buffer = buffers->Get(index);
    vector_of(buffer->data(), data, bytes);
    if (*data == nullptr && buffer->offset() > 1) {
        if (buffer->offset() > file->size || buffer->size() > file->size - buffer->offset()) {
            return ht__fail_at(err, HT_ERROR_FORMAT, file->name, "Buffer %u lies outside the file.", index);
        }
        *data = buffer->size() != 0 ? file->bytes + buffer->offset() : nullptr;
        *bytes = static_cast<size_t>(buffer->size());
    }
    return HT_OK;
}

/* ---- options by name, through the tables of types that flatc makes ---- */

const flatbuffers::TypeTable *options_type(uint8_t number) {
    const flatbuffers::TypeTable *all = tflite::BuiltinOptionsTypeTable();
    for (size_t i = 0; i < all->num_elems; ++i) {
        if (all->values[i] == number && all->type_codes[i].sequence_ref >= 0) {
            return all->type_refs[all->type_codes[i].sequence_ref]();
        }
    }
    return nullptr;
}

struct Field {
    flatbuffers::voffset_t offset; /* 0: there is none */
    flatbuffers::TypeCode type;
};

Field find_field(uint8_t options, const char *name) {
    const flatbuffers::TypeTable *type = options_type(options);
    for (size_t i = 0; type != nullptr && i < type->num_elems; ++i) {
        if (std::strcmp(type->names[i], name) == 0) {
            return {flatbuffers::FieldIndexToOffset(static_cast<flatbuffers::voffset_t>(i)), type->type_codes[i]};
        }
    }
    return {0, {0, 0, -1}};
}

/* The operator's options, and where in them; nullptr when the file leaves the option out. */
const flatbuffers::Table *find_option(const tflite_operator *op, const char *name, Field *field) {
    *field = find_field(op->options_type, name);
    const auto *table = static_cast<const flatbuffers::Table *>(op->options);
    return table != nullptr && field->offset != 0 && table->CheckField(field->offset) ? table : nullptr;
}

} // namespace

ht_status ht__tflite_open(const tflite_file *file, ht_error *err) {
    /* The tables end before 2 GB; larger files have the buffers behind them. */
    size_t size = file->size < FLATBUFFERS_MAX_BUFFER_SIZE ? file->size : FLATBUFFERS_MAX_BUFFER_SIZE - 1;
    flatbuffers::Verifier verifier(file->bytes, size);
    if (!tflite::VerifyModelBuffer(verifier)) {
        return ht__fail_at(err, HT_ERROR_FORMAT, file->name, "The tables of this TFLite file are damaged.");
    }
    return HT_OK;
}

const char *ht__tflite_operator_name(int32_t code) {
    const char *name = tflite::EnumNameBuiltinOperator(static_cast<tflite::BuiltinOperator>(code));
    return name[0] != '\0' ? name : nullptr;
}

const char *ht__tflite_description(const tflite_file *file) { return text_of(model_of(file)->description()); }

uint32_t ht__tflite_version(const tflite_file *file) { return model_of(file)->version(); }

size_t ht__tflite_subgraphs(const tflite_file *file) {
    const auto *subgraphs = model_of(file)->subgraphs();
    return subgraphs != nullptr ? subgraphs->size() : 0;
}

void ht__tflite_subgraph(const tflite_file *file, size_t index, tflite_subgraph *out) {
    const tflite::SubGraph *graph = model_of(file)->subgraphs()->Get(static_cast<flatbuffers::uoffset_t>(index));
    out->name = text_of(graph->name());
    out->inputs = ints_of(graph->inputs());
    out->outputs = ints_of(graph->outputs());
    out->tensors = graph->tensors() != nullptr ? graph->tensors()->size() : 0;
    out->operators = graph->operators() != nullptr ? graph->operators()->size() : 0;
}

ht_status ht__tflite_tensor(const tflite_file *file, size_t subgraph, size_t index, tflite_tensor *out, ht_error *err) {
    const tflite::SubGraph *graph = model_of(file)->subgraphs()->Get(static_cast<flatbuffers::uoffset_t>(subgraph));
    const tflite::Tensor *tensor = graph->tensors()->Get(static_cast<flatbuffers::uoffset_t>(index));
    *out = {};
    out->name = text_of(tensor->name());
    out->type = tensor->type();
    out->shape = ints_of(tensor->shape());
    out->signature = ints_of(tensor->shape_signature());
    out->is_variable = tensor->is_variable();
    out->is_sparse = tensor->sparsity() != nullptr;
    if (const tflite::QuantizationParameters *q = tensor->quantization()) {
        vector_of(q->scale(), &out->scale, &out->scales);
        vector_of(q->zero_point(), &out->zero_point, &out->zero_points);
        if (reinterpret_cast<uintptr_t>(out->zero_point) % sizeof *out->zero_point != 0) {
            return ht__fail_at(err, HT_ERROR_FORMAT, out->name, "The zero points of this tensor are not aligned.");
        }
        out->axis = q->quantized_dimension();
        out->has_other_details = static_cast<uint8_t>(q->details_type()) != 0;
    }
    return buffer_of(file, tensor->buffer(), &out->data, &out->bytes, err);
}

ht_status ht__tflite_operator(const tflite_file *file, size_t subgraph, size_t index, tflite_operator *out,
                              ht_error *err) {
    const tflite::Model *model = model_of(file);
    const tflite::SubGraph *graph = model->subgraphs()->Get(static_cast<flatbuffers::uoffset_t>(subgraph));
    const tflite::Operator *op = graph->operators()->Get(static_cast<flatbuffers::uoffset_t>(index));
    const auto *codes = model->operator_codes();
    if (codes == nullptr || op->opcode_index() >= codes->size()) {
        return ht__fail_at(err, HT_ERROR_FORMAT, file->name, "Operator %zu has the code %u, which does not exist.",
                           index, op->opcode_index());
    }
    const tflite::OperatorCode *code = codes->Get(op->opcode_index());
    *out = {};
    out->code =
        code->builtin_code() > code->deprecated_builtin_code() ? code->builtin_code() : code->deprecated_builtin_code();
    out->version = code->version();
    out->custom = text_of(code->custom_code());
    out->inputs = ints_of(op->inputs());
    out->outputs = ints_of(op->outputs());
    out->intermediates = ints_of(op->intermediates());
    vector_of(op->custom_options(), &out->custom_options, &out->custom_bytes);
    out->options_type = static_cast<uint8_t>(op->builtin_options_type());
    /* Options of a kind that the schema does not name were not verified, and are never looked into. */
    out->options = options_type(out->options_type) != nullptr ? op->builtin_options() : nullptr;
    return HT_OK;
}

bool ht__tflite_metadata(const tflite_file *file, size_t index, const char **name, const uint8_t **data,
                         size_t *bytes) {
    const auto *all = model_of(file)->metadata();
    if (all == nullptr || index >= all->size()) {
        return false;
    }
    const tflite::Metadata *entry = all->Get(static_cast<flatbuffers::uoffset_t>(index));
    *name = text_of(entry->name());
    *data = nullptr;
    *bytes = 0;
    (void)buffer_of(file, entry->buffer(), data, bytes, nullptr); /* one that does not exist has no bytes */
    return true;
}

int64_t ht__tflite_int(const tflite_operator *op, const char *option, int64_t otherwise) {
    Field field;
    const flatbuffers::Table *table = find_option(op, option, &field);
    if (table == nullptr || field.type.is_repeating) {
        return otherwise;
    }
    switch (field.type.base_type) {
    case flatbuffers::ET_BOOL: return table->GetField<uint8_t>(field.offset, 0) != 0;
    case flatbuffers::ET_CHAR: return table->GetField<int8_t>(field.offset, 0);
    case flatbuffers::ET_INT: return table->GetField<int32_t>(field.offset, 0);
    default: return otherwise;
    }
}

float ht__tflite_float(const tflite_operator *op, const char *option, float otherwise) {
    Field field;
    const flatbuffers::Table *table = find_option(op, option, &field);
    return table != nullptr && !field.type.is_repeating && field.type.base_type == flatbuffers::ET_FLOAT
               ? table->GetField<float>(field.offset, 0)
               : otherwise;
}

tflite_ints ht__tflite_ints(const tflite_operator *op, const char *option) {
    Field field;
    const flatbuffers::Table *table = find_option(op, option, &field);
    bool fits = table != nullptr && field.type.is_repeating && field.type.base_type == flatbuffers::ET_INT;
    return ints_of(fits ? table->GetPointer<const flatbuffers::Vector<int32_t> *>(field.offset) : nullptr);
}

const char *ht__tflite_text(const tflite_operator *op, const char *option) {
    Field field;
    const flatbuffers::Table *table = find_option(op, option, &field);
    bool fits = table != nullptr && !field.type.is_repeating && field.type.base_type == flatbuffers::ET_STRING;
    return text_of(fits ? table->GetPointer<const flatbuffers::String *>(field.offset) : nullptr);
}

bool ht__tflite_field(uint8_t options, const char *option, uint32_t *field, uint32_t *bytes) {
    Field found = find_field(options, option);
    bool wide = found.type.base_type == flatbuffers::ET_INT || found.type.base_type == flatbuffers::ET_FLOAT;
    *field = found.offset != 0 ? (found.offset - 4u) / 2u : 0;
    *bytes = found.type.is_repeating ? 0 : wide ? 4 : 1;
    return found.offset != 0;
}
