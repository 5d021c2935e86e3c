/* Are an .ht file's header and tables sound by themselves? */
#include <math.h>
#include <string.h>

#include "base/checksum.h"
#include "run/plan_file.h"

static ht_status fail(const ht_plan_view *view, uint64_t offset, const char *sentence, ht_error *err) {
    return ht__fail_offset(err, HT_ERROR_FORMAT, view->name, (int64_t)offset, "%s", sentence);
}

/* ---- header ---- */

static ht_status check_identity(const ht_plan_view *view, size_t size, ht_error *err) {
    const ht_plan_header *header = view->header;
    if (size < sizeof header->magic || memcmp(header->magic, HT_PLAN_MAGIC, sizeof header->magic) != 0) {
        return fail(view, 0, "This is no compiled plan.", err);
    }
    if (size < sizeof *header) {
        return fail(view, size, "The plan is cut off in its header.", err);
    }
    if (header->version != HT_PLAN_VERSION) {
        return ht__fail_offset(err, HT_ERROR_FORMAT, view->name, 8,
                               "The plan has version %u; this build reads version %d. Compile the model again.",
                               (unsigned)header->version, HT_PLAN_VERSION);
    }
    if (header->file_bytes != size) {
        return ht__fail_offset(err, HT_ERROR_FORMAT, view->name, (int64_t)size,
                               "The plan should have %llu bytes, but there are %zu.",
                               (unsigned long long)header->file_bytes, size);
    }
    return HT_OK;
}

static ht_status check_sections(ht_plan_view *view, size_t size, ht_error *err) {
    const ht_plan_header *header = view->header;
    uint64_t begin = header->constants.offset;
    if (begin < sizeof *header || begin > size || begin % HT_PLAN_ALIGNMENT != 0 ||
        header->constants.count != size - begin) {
        return fail(view, offsetof(ht_plan_header, constants), "The place of the constants is not in the file.", err);
    }
    for (int t = 0; t < HT_PLAN_TABLES; ++t) {
        const ht_plan_section *table = &header->tables[t];
        uint64_t bytes;
        if (table->offset < sizeof *header || table->offset > begin || table->offset % 8 != 0 ||
            __builtin_mul_overflow(table->count, (uint64_t)ht__plan_record_bytes[t], &bytes) ||
            bytes > begin - table->offset || table->count > UINT32_MAX) {
            return fail(view, offsetof(ht_plan_header, tables) + (uint64_t)t * sizeof *table,
                        "The place of a table is not in the file.", err);
        }
    }
    view->kernels = (const void *)(view->bytes + header->tables[HT_PLAN_KERNELS].offset);
    view->tensors = (const void *)(view->bytes + header->tables[HT_PLAN_TENSORS].offset);
    view->steps = (const void *)(view->bytes + header->tables[HT_PLAN_STEPS].offset);
    view->operands = (const void *)(view->bytes + header->tables[HT_PLAN_OPERANDS].offset);
    view->ends = (const void *)(view->bytes + header->tables[HT_PLAN_ENDS].offset);
    view->metadata = (const void *)(view->bytes + header->tables[HT_PLAN_METADATA].offset);
    view->parameters = view->bytes + header->tables[HT_PLAN_PARAMETERS].offset;
    view->texts = (const char *)(view->bytes + header->tables[HT_PLAN_TEXTS].offset);
    view->constants = view->bytes + begin;
    return HT_OK;
}

static ht_status check_tables_sum(const ht_plan_view *view, ht_error *err) {
    ht_plan_header header = *view->header;
    ht_checksum sum;
    header.table_checksum = 0;
    ht__checksum_begin(&sum);
    ht__checksum_add(&sum, &header, sizeof header);
    ht__checksum_add(&sum, view->bytes + sizeof header, (size_t)header.constants.offset - sizeof header);
    return ht__checksum_end(&sum) == view->header->table_checksum
               ? HT_OK
               : fail(view, offsetof(ht_plan_header, table_checksum), "The plan is damaged: its checksum differs.",
                      err);
}

/* ---- texts ---- */

static bool is_text(const ht_plan_view *view, uint32_t text) { return text < ht__plan_count(view, HT_PLAN_TEXTS); }

static ht_status check_texts(const ht_plan_view *view, ht_error *err) {
    size_t count = ht__plan_count(view, HT_PLAN_TEXTS);
    bool sound = count > 0 && view->texts[count - 1] == '\0';
    for (size_t i = 0; sound && i < ht__plan_count(view, HT_PLAN_KERNELS); ++i) {
        sound = is_text(view, view->kernels[i].family) && is_text(view, view->kernels[i].variant);
    }
    for (size_t i = 0; sound && i < ht__plan_count(view, HT_PLAN_METADATA); ++i) {
        sound = is_text(view, view->metadata[i].key) && is_text(view, view->metadata[i].value);
    }
    return sound
               ? HT_OK
               : fail(view, view->header->tables[HT_PLAN_TEXTS].offset, "A text of the plan is not in the file.", err);
}

/* ---- tensors ---- */

void ht__plan_desc(const ht_plan_view *view, uint32_t index, ht_tensor_desc *out) {
    const ht_plan_tensor_record *record = &view->tensors[index];
    *out = (ht_tensor_desc){.type = (ht_type)record->type, .layout = (ht_layout)record->layout, .rank = record->rank};
    for (int32_t i = 0; i < record->rank; ++i) {
        out->dims[i] = record->dims[i];
    }
}

/* Does the record describe a tensor, of *bytes bytes? */
static bool is_tensor(const ht_plan_view *view, uint32_t index, size_t *bytes) {
    const ht_plan_tensor_record *record = &view->tensors[index];
    if (record->type == HT_NONE || ht_type_bytes((ht_type)record->type) == 0 ||
        record->layout > HT_LAYOUT_CHANNELS_LAST || record->rank > HT_MAX_RANK || !is_text(view, record->name)) {
        return false;
    }
    for (int i = 0; i < record->rank; ++i) {
        if (record->dims[i] < 0) {
            return false;
        }
    }
    ht_tensor_desc desc;
    ht__plan_desc(view, index, &desc);
    return ht__desc_is_sane(&desc) && ht__desc_bytes(&desc, bytes) && isfinite(record->scale) && record->scale >= 0.0f;
}

/* Do so many bytes lie in a room of `all`, at an aligned place? */
static bool is_inside(uint64_t at, uint64_t bytes, uint64_t all) {
    return at % HT_PLAN_ALIGNMENT == 0 && at <= all && bytes <= all - at;
}

/* Does it fit the model's input or output whose memory it is? */
static bool is_end(const ht_plan_view *view, const ht_plan_tensor_record *record, uint64_t first, uint64_t count,
                   size_t bytes) {
    size_t own;
    if (record->at >= count || !is_tensor(view, view->ends[first + record->at], &own)) {
        return false;
    }
    return view->tensors[view->ends[first + record->at]].type == record->type && bytes <= own;
}

static bool has_place(const ht_plan_view *view, const ht_plan_tensor_record *record, size_t bytes) {
    const ht_plan_header *header = view->header;
    switch (record->place) {
    case HT_PLAN_IN_ARENA: return is_inside(record->at, bytes, header->arena_bytes);
    case HT_PLAN_CONSTANT: return is_inside(record->at, bytes, header->constants.count);
    case HT_PLAN_INPUT: return is_end(view, record, 0, header->inputs, bytes);
    case HT_PLAN_OUTPUT: return is_end(view, record, header->inputs, header->outputs, bytes);
    case HT_PLAN_PACKED: return true;
    default: return false;
    }
}

static ht_status check_tensors(const ht_plan_view *view, ht_error *err) {
    for (uint32_t i = 0; i < ht__plan_count(view, HT_PLAN_TENSORS); ++i) {
        size_t bytes;
        if (!is_tensor(view, i, &bytes) || !has_place(view, &view->tensors[i], bytes)) {
            return ht__fail_offset(err, HT_ERROR_FORMAT, view->name,
                                   (int64_t)(view->header->tables[HT_PLAN_TENSORS].offset + i * sizeof *view->tensors),
                                   "Tensor %u of the plan is not sound.", (unsigned)i);
        }
    }
    return HT_OK;
}

static ht_status check_ends(const ht_plan_view *view, ht_error *err) {
    const ht_plan_header *header = view->header;
    uint64_t inputs = header->inputs, outputs = header->outputs, all = inputs + outputs + header->states;
    bool sound = all == ht__plan_count(view, HT_PLAN_ENDS) && inputs <= HT_PLAN_MOST_INPUTS &&
                 header->arena_bytes <= PTRDIFF_MAX && header->arena_bytes % HT_PLAN_ALIGNMENT == 0;
    for (uint64_t i = 0; sound && i < all; ++i) {
        sound = view->ends[i] < ht__plan_count(view, HT_PLAN_TENSORS);
    }
    for (uint64_t i = 0; sound && i < all; ++i) {
        const ht_plan_tensor_record *record = &view->tensors[view->ends[i]];
        if (i < inputs + outputs) {
            bool input = i < inputs;
            sound = record->place == (input ? HT_PLAN_INPUT : HT_PLAN_OUTPUT) &&
                    record->at == (input ? i : i - inputs) && record->layout == HT_LAYOUT_PLAIN;
        } else {
            sound = record->place == HT_PLAN_IN_ARENA;
        }
    }
    return sound ? HT_OK
                 : fail(view, header->tables[HT_PLAN_ENDS].offset, "The plan's inputs and outputs are not sound.", err);
}

/* ---- steps ---- */

static bool is_operand(const ht_plan_view *view, uint32_t operand, bool written) {
    if (operand == HT_PLAN_NONE) {
        return true;
    }
    if (operand >= ht__plan_count(view, HT_PLAN_TENSORS)) {
        return false;
    }
    uint8_t place = view->tensors[operand].place;
    return !written || place == HT_PLAN_IN_ARENA || place == HT_PLAN_OUTPUT;
}

/* Do two operands share memory? */
static bool overlap(const ht_plan_view *view, uint32_t a, uint32_t b) {
    if (a == HT_PLAN_NONE || b == HT_PLAN_NONE || view->tensors[a].place != view->tensors[b].place) {
        return false;
    }
    uint64_t at_a = view->tensors[a].at, at_b = view->tensors[b].at;
    if (view->tensors[a].place != HT_PLAN_IN_ARENA) {
        return at_a == at_b;
    }
    size_t bytes_a, bytes_b;
    return is_tensor(view, a, &bytes_a) && is_tensor(view, b, &bytes_b) && at_a < at_b + bytes_b &&
           at_b < at_a + bytes_a;
}

static bool touches_scratch(const ht_plan_view *view, const ht_plan_step_record *step, uint32_t operand) {
    size_t bytes;
    return operand != HT_PLAN_NONE && view->tensors[operand].place == HT_PLAN_IN_ARENA &&
           is_tensor(view, operand, &bytes) && view->tensors[operand].at < step->scratch_at + step->scratch_bytes &&
           step->scratch_at < view->tensors[operand].at + bytes;
}

/* A kernel may count on its scratch and its results lying apart from all else. */
static bool results_are_apart(const ht_plan_view *view, const ht_plan_step_record *step) {
    const uint32_t *operands = view->operands + step->operands;
    uint32_t all = (uint32_t)step->inputs + step->outputs;
    for (uint32_t i = 0; i < all; ++i) {
        if (touches_scratch(view, step, operands[i])) {
            return false;
        }
    }
    for (uint32_t i = step->inputs; i < all; ++i) {
        for (uint32_t k = 0; k < i; ++k) {
            if (overlap(view, operands[i], operands[k])) {
                return false;
            }
        }
    }
    return true;
}

static bool is_step(const ht_plan_view *view, const ht_plan_step_record *step) {
    uint64_t all = (uint64_t)step->inputs + step->outputs;
    if (!is_text(view, step->name) || step->kernel >= ht__plan_count(view, HT_PLAN_KERNELS) ||
        step->inputs > HT_MAX_INPUTS || step->outputs > HT_MAX_OUTPUTS ||
        step->operands + all > ht__plan_count(view, HT_PLAN_OPERANDS) ||
        step->parameters > ht__plan_count(view, HT_PLAN_PARAMETERS) || step->macs < 0 ||
        !is_inside(step->packed_at, step->packed_bytes, view->header->constants.count) ||
        !is_inside(step->scratch_at, step->scratch_bytes, view->header->arena_bytes)) {
        return false;
    }
    for (uint64_t i = 0; i < all; ++i) {
        if (!is_operand(view, view->operands[step->operands + i], i >= step->inputs)) {
            return false;
        }
    }
    return results_are_apart(view, step);
}

static ht_status check_steps(const ht_plan_view *view, ht_error *err) {
    for (size_t i = 0; i < ht__plan_count(view, HT_PLAN_STEPS); ++i) {
        if (!is_step(view, &view->steps[i])) {
            return ht__fail_offset(err, HT_ERROR_FORMAT, view->name,
                                   (int64_t)(view->header->tables[HT_PLAN_STEPS].offset + i * sizeof *view->steps),
                                   "Step %zu of the plan is not sound.", i);
        }
    }
    return HT_OK;
}

ht_status ht__plan_view_make(const void *bytes, size_t size, const char *name, ht_plan_view *out, ht_error *err) {
    *out = (ht_plan_view){.bytes = bytes, .name = name, .header = bytes};
    if ((uintptr_t)bytes % HT_PLAN_ALIGNMENT != 0) {
        return ht__fail_at(err, HT_ERROR_ARGUMENT, name, "A plan in memory must be aligned to %d bytes.",
                           HT_PLAN_ALIGNMENT);
    }
    HT_TRY(check_identity(out, size, err));
    HT_TRY(check_sections(out, size, err));
    HT_TRY(check_tables_sum(out, err));
    HT_TRY(check_texts(out, err));
    HT_TRY(check_ends(out, err));
    HT_TRY(check_tensors(out, err));
    return check_steps(out, err);
}
