/* First all places are counted, then the tables are made in memory, then all is written from front to back; only the
 * header, which has the constants' checksum, is written last. */
#include "plan/write.h"

#include <string.h>

#include "base/checksum.h"
#include "base/file.h"
#include "cpu/features.h"
#include "kernels/families.h"
#include "kernels/field.h"
#include "run/plan_format.h"

#define UNPLACED UINT64_MAX

typedef struct writer {
    const ht_plan_source *source;
    const ht_program *program;
    const ht_allocator *allocator;
    ht_kernel_sizes *sizes; /* by step */
    uint64_t *packed_at;    /* by step */
    uint64_t *constant_at;  /* by tensor: UNPLACED for those that no run reads */
    uint32_t *order;        /* tensors, and UINT32_MAX - step for a step's packed bytes, as they lie in the constants */
    size_t order_count;
    uint64_t constant_bytes;
    ht_buffer tables[HT_PLAN_TABLES];
    ht_plan_header header;
    ht_plan_written *written;
    ht_error *err;
} writer;

/* Of a file's layout, whatever threads it is run with. */
static ht_kernel_env environment(const writer *w, uint32_t cpu) {
    return (ht_kernel_env){.allocator = w->allocator, .threads = 1, .cpu = cpu};
}

/* ---- what can be written, and what it needs ---- */

static bool is_in_files(const ht_kernel_variant *variant) {
    if (variant->prepare != NULL) {
        return false;
    }
    for (size_t f = 0; ht__plan_families[f] != NULL; ++f) {
        if (ht__plan_families[f] == variant->family) {
            return true;
        }
    }
    return false;
}

static ht_status check_steps(const writer *w) {
    if (w->program->input_count > HT_PLAN_MOST_INPUTS) {
        return ht__fail(w->err, HT_ERROR_LIMIT, "The model has more than %d inputs, which is the most for a plan.",
                        HT_PLAN_MOST_INPUTS);
    }
    for (size_t s = 0; s < w->program->step_count; ++s) {
        const ht_step *step = &w->program->steps[s];
        const char *reason = NULL;
        if (!is_in_files(step->variant)) {
            return ht__fail_at(
                w->err, HT_ERROR_UNSUPPORTED, step->name,
                "This step is done by %s, which a plan cannot hold: the model runs with `halftone run` only.",
                step->variant->name);
        }
        reason = step->variant->family->rules->check(&w->program->calls[s]);
        if (reason != NULL) {
            return ht__fail_at(w->err, HT_ERROR_UNSUPPORTED, step->name, "A plan cannot hold this step of %s: %s.",
                               step->variant->name, reason);
        }
    }
    return HT_OK;
}

/* The call as it will be read from the file. */
static ht_kernel_call call_in_file(const writer *w, size_t s) {
    ht_kernel_call call = w->program->calls[s];
    for (uint32_t i = 0; i < call.input_count; ++i) {
        if ((w->sizes[s].packed >> i & 1) != 0 && call.constants[i] != NULL) {
            call.constants[i] = NULL;
            call.packed |= UINT32_C(1) << i;
        }
    }
    return call;
}

/* The features without which a kernel would not take its step. */
static uint32_t features_of(const writer *w) {
    uint32_t needed = 0;
    for (size_t s = 0; s < w->program->step_count; ++s) {
        ht_kernel_call call = call_in_file(w, s);
        for (uint32_t f = 0; f < HT_CPU_FEATURE_COUNT; ++f) {
            uint32_t bit = UINT32_C(1) << f;
            ht_kernel_env env = environment(w, w->source->cpu & ~bit);
            const char *reason;
            if ((w->source->cpu & ~needed & bit) != 0 && !w->program->steps[s].variant->accept(&call, &env, &reason)) {
                needed |= bit;
            }
        }
    }
    return needed;
}

/* ---- places ---- */

static uint64_t place(writer *w, uint32_t what, size_t bytes) {
    uint64_t at = w->constant_bytes;
    w->order[w->order_count++] = what;
    w->constant_bytes = at + ht__aligned(bytes);
    return at;
}

/* Two tensors may be the same constant in two descriptions. */
static uint64_t place_constant(writer *w, uint32_t tensor) {
    const ht_program_tensor *t = &w->program->tensors[tensor];
    size_t bytes, other;
    ht__desc_bytes(&t->desc, &bytes);
    for (size_t i = 0; i < w->order_count; ++i) {
        uint32_t placed = w->order[i];
        if (placed < w->program->tensor_count && w->program->tensors[placed].slot.constant == t->slot.constant &&
            ht__desc_bytes(&w->program->tensors[placed].desc, &other) && other == bytes) {
            return w->constant_at[placed];
        }
    }
    w->written->constant_bytes += bytes;
    return place(w, tensor, bytes);
}

/* Constants lie in the order in which a run reads them. */
static void place_all(writer *w) {
    const ht_program *program = w->program;
    ht_kernel_env env = environment(w, w->source->cpu);
    for (size_t t = 0; t < program->tensor_count; ++t) {
        w->constant_at[t] = UNPLACED;
    }
    for (size_t s = 0; s < program->step_count; ++s) {
        const ht_step *step = &program->steps[s];
        ht__kernel_layout(step->variant, &program->calls[s], &env, &w->sizes[s]);
        for (uint32_t i = 0; i < step->input_count; ++i) {
            uint32_t tensor = step->inputs[i];
            bool read = tensor != HT_NO_TENSOR && program->tensors[tensor].slot.kind == HT_SLOT_CONSTANT &&
                        (w->sizes[s].packed >> i & 1) == 0;
            if (read && w->constant_at[tensor] == UNPLACED) {
                w->constant_at[tensor] = place_constant(w, tensor);
            }
        }
        w->packed_at[s] = place(w, UINT32_MAX - (uint32_t)s, w->sizes[s].packed_bytes);
        w->written->packed_bytes += w->sizes[s].packed_bytes;
    }
}

/* ---- tables ---- */

static uint32_t add_text(writer *w, const char *text) {
    ht_buffer *texts = &w->tables[HT_PLAN_TEXTS];
    if (text[0] == '\0') {
        return 0;
    }
    uint32_t at = (uint32_t)texts->size;
    ht__buffer_append(texts, text, strlen(text) + 1);
    return at;
}

static void add_tensor(writer *w, size_t index, const ht_plan_scale *scale) {
    const ht_program_tensor *tensor = &w->program->tensors[index];
    ht_plan_tensor_record record = {.at = tensor->slot.offset,
                                    .name = add_text(w, tensor->name),
                                    .type = (uint8_t)tensor->desc.type,
                                    .layout = (uint8_t)tensor->desc.layout,
                                    .rank = (uint8_t)tensor->desc.rank,
                                    .scale = scale != NULL ? scale->scale : 0.0f,
                                    .zero_point = scale != NULL ? scale->zero_point : 0};
    memcpy(record.dims, tensor->desc.dims, (size_t)tensor->desc.rank * sizeof *record.dims);
    switch (tensor->slot.kind) {
    case HT_SLOT_INPUT: record.place = HT_PLAN_INPUT; break;
    case HT_SLOT_OUTPUT: record.place = HT_PLAN_OUTPUT; break;
    case HT_SLOT_CONSTANT:
        record.place = w->constant_at[index] == UNPLACED ? HT_PLAN_PACKED : HT_PLAN_CONSTANT;
        record.at = w->constant_at[index] == UNPLACED ? 0 : w->constant_at[index];
        break;
    case HT_SLOT_ARENA:
    case HT_SLOT_ABSENT: record.place = HT_PLAN_IN_ARENA; break;
    }
    ht__buffer_append(&w->tables[HT_PLAN_TENSORS], &record, sizeof record);
}

static const ht_plan_scale *scale_of(const writer *w, uint32_t tensor) {
    for (size_t i = 0; i < w->program->input_count; ++i) {
        if (w->program->inputs[i] == tensor) {
            return &w->source->inputs[i];
        }
    }
    for (size_t i = 0; i < w->program->output_count; ++i) {
        if (w->program->outputs[i] == tensor) {
            return &w->source->outputs[i];
        }
    }
    return NULL;
}

/* The index of the variant in the list of kernels, to which it is added when it is new. */
static uint32_t add_kernel(writer *w, size_t s) {
    ht_buffer *kernels = &w->tables[HT_PLAN_KERNELS];
    for (size_t i = 0; i < s; ++i) {
        if (w->program->steps[i].variant == w->program->steps[s].variant) {
            ht_plan_step_record record;
            memcpy(&record, w->tables[HT_PLAN_STEPS].data + i * sizeof record, sizeof record);
            return record.kernel;
        }
    }
    const ht_kernel_variant *variant = w->program->steps[s].variant;
    ht_plan_kernel kernel = {add_text(w, variant->family->name), add_text(w, variant->name)};
    ht__buffer_append(kernels, &kernel, sizeof kernel);
    return (uint32_t)(kernels->size / sizeof kernel) - 1;
}

static void add_step(writer *w, size_t s) {
    const ht_step *step = &w->program->steps[s];
    const ht_kernel_rules *rules = step->variant->family->rules;
    uint8_t parameters[HT_MAX_PARAMETERS];
    ht_plan_step_record record = {.packed_at = w->packed_at[s],
                                  .packed_bytes = w->sizes[s].packed_bytes,
                                  .scratch_at = step->scratch_at,
                                  .scratch_bytes = step->state.scratch_bytes,
                                  .macs = step->macs > 0 ? step->macs : 0,
                                  .name = add_text(w, step->name),
                                  .kernel = add_kernel(w, s),
                                  .operands = (uint32_t)(w->tables[HT_PLAN_OPERANDS].size / sizeof(uint32_t)),
                                  .inputs = (uint16_t)step->input_count,
                                  .outputs = (uint16_t)step->output_count,
                                  .parameters = (uint32_t)w->tables[HT_PLAN_PARAMETERS].size};
    ht__buffer_append(&w->tables[HT_PLAN_OPERANDS], step->inputs, step->input_count * sizeof *step->inputs);
    ht__buffer_append(&w->tables[HT_PLAN_OPERANDS], step->outputs, step->output_count * sizeof *step->outputs);
    ht__fields_write(rules, w->program->calls[s].parameters, parameters);
    ht__buffer_append(&w->tables[HT_PLAN_PARAMETERS], parameters, ht__fields_bytes(rules));
    ht__buffer_append(&w->tables[HT_PLAN_STEPS], &record, sizeof record);
}

static ht_status make_tables(writer *w) {
    const ht_program *program = w->program;
    ht__buffer_append(&w->tables[HT_PLAN_TEXTS], "", 1);
    for (uint32_t t = 0; t < program->tensor_count; ++t) {
        add_tensor(w, t, scale_of(w, t));
    }
    for (size_t s = 0; s < program->step_count && !w->tables[HT_PLAN_STEPS].failed; ++s) {
        add_step(w, s);
    }
    ht__buffer_append(&w->tables[HT_PLAN_ENDS], program->inputs, program->input_count * sizeof *program->inputs);
    ht__buffer_append(&w->tables[HT_PLAN_ENDS], program->outputs, program->output_count * sizeof *program->outputs);
    ht__buffer_append(&w->tables[HT_PLAN_ENDS], program->states, program->state_count * sizeof *program->states);
    for (size_t i = 0; i < w->source->metadata_count; ++i) {
        ht_plan_pair pair = {add_text(w, w->source->metadata[i].key), add_text(w, w->source->metadata[i].value)};
        ht__buffer_append(&w->tables[HT_PLAN_METADATA], &pair, sizeof pair);
    }
    for (int t = 0; t < HT_PLAN_TABLES; ++t) {
        if (w->tables[t].failed || w->tables[t].size > UINT32_MAX) {
            return ht__fail_memory(w->err, w->tables[t].size);
        }
    }
    return HT_OK;
}

static size_t padding(uint64_t at, size_t step) { return (size_t)((step - at % step) % step); }

static void make_header(writer *w) {
    uint64_t at = sizeof w->header;
    w->header = (ht_plan_header){.magic = {0},
                                 .version = HT_PLAN_VERSION,
                                 .features = features_of(w),
                                 .arena_bytes = w->program->arena_bytes,
                                 .inputs = (uint32_t)w->program->input_count,
                                 .outputs = (uint32_t)w->program->output_count,
                                 .states = (uint32_t)w->program->state_count};
    memcpy(w->header.magic, HT_PLAN_MAGIC, sizeof w->header.magic);
    for (int t = 0; t < HT_PLAN_TABLES; ++t) {
        w->header.tables[t] = (ht_plan_section){at, w->tables[t].size / ht__plan_record_bytes[t]};
        at += w->tables[t].size;
        at += padding(at, 8);
    }
    w->header.constants = (ht_plan_section){at + padding(at, HT_PLAN_PAGE), w->constant_bytes};
    w->header.file_bytes = w->header.constants.offset + w->constant_bytes;
}

/* ---- bytes ---- */

/* The checksum of what goes into a file, and the file, or NULL: only counted. */
typedef struct sink {
    FILE *stream;
    ht_checksum sum;
} sink;

static void put(sink *to, const void *bytes, size_t size) {
    if (size == 0) {
        return;
    }
    if (to->stream != NULL) {
        fwrite(bytes, 1, size, to->stream); /* errors surface when the file is committed */
    }
    ht__checksum_add(&to->sum, bytes, size);
}

static void put_zeros(sink *to, size_t count) {
    static const unsigned char zeros[HT_PLAN_PAGE];
    put(to, zeros, count);
}

static void put_tables(const writer *w, sink *to) {
    uint64_t at = sizeof w->header;
    for (int t = 0; t < HT_PLAN_TABLES; ++t) {
        put_zeros(to, (size_t)(w->header.tables[t].offset - at));
        put(to, w->tables[t].data, w->tables[t].size);
        at = w->header.tables[t].offset + w->tables[t].size;
    }
    put_zeros(to, (size_t)(w->header.constants.offset - at));
}

static ht_status put_packed(const writer *w, size_t s, sink *to) {
    size_t bytes = w->sizes[s].packed_bytes;
    const ht_kernel_variant *variant = w->program->steps[s].variant;
    if (bytes == 0) {
        return HT_OK;
    }
    void *packed = ht__calloc(w->allocator, 1, bytes);
    if (packed == NULL) {
        return ht__fail_memory(w->err, bytes);
    }
    variant->pack(&w->program->calls[s], packed);
    put(to, packed, bytes);
    put_zeros(to, padding(bytes, HT_PLAN_ALIGNMENT));
    ht__free(w->allocator, packed);
    return HT_OK;
}

static ht_status put_constants(const writer *w, sink *to) {
    for (size_t i = 0; i < w->order_count; ++i) {
        size_t bytes = 0;
        if (w->order[i] >= w->program->tensor_count) {
            HT_TRY(put_packed(w, UINT32_MAX - w->order[i], to));
            continue;
        }
        const ht_program_tensor *tensor = &w->program->tensors[w->order[i]];
        ht__desc_bytes(&tensor->desc, &bytes);
        put(to, tensor->slot.constant, bytes);
        put_zeros(to, padding(bytes, HT_PLAN_ALIGNMENT));
    }
    return HT_OK;
}

/* Everything behind the header, which comes last: it has the checksums. */
static ht_status put_all(writer *w, FILE *stream) {
    sink tables = {.stream = stream}, constants = {.stream = stream}, counted = {.stream = NULL};
    ht__checksum_begin(&tables.sum);
    ht__checksum_begin(&constants.sum);
    ht__checksum_begin(&counted.sum);
    put(&tables, &w->header, sizeof w->header); /* its place; its content follows */
    put_tables(w, &tables);
    HT_TRY(put_constants(w, &constants));
    w->header.constant_checksum = ht__checksum_end(&constants.sum);
    put(&counted, &w->header, sizeof w->header);
    put_tables(w, &counted);
    w->header.table_checksum = ht__checksum_end(&counted.sum);
    rewind(stream);
    fwrite(&w->header, 1, sizeof w->header, stream);
    return HT_OK;
}

static ht_status write_file(writer *w, const char *path, bool overwrite) {
    ht_file_writer file;
    HT_TRY(ht__file_create(w->allocator, path, overwrite, &file, w->err));
    ht_status status = put_all(w, file.stream);
    if (status != HT_OK) {
        ht__file_discard(&file);
        return status;
    }
    return ht__file_commit(&file, w->err);
}

static ht_status write_program(writer *w, const char *path, bool overwrite) {
    size_t steps = w->program->step_count, tensors = w->program->tensor_count;
    w->sizes = ht__calloc(w->allocator, steps + 1, sizeof *w->sizes);
    w->packed_at = ht__calloc(w->allocator, steps + 1, sizeof *w->packed_at);
    w->constant_at = ht__calloc(w->allocator, tensors + 1, sizeof *w->constant_at);
    w->order = ht__calloc(w->allocator, steps + tensors + 1, sizeof *w->order);
    if (w->sizes == NULL || w->packed_at == NULL || w->constant_at == NULL || w->order == NULL) {
        return ht__fail_memory(w->err, (steps + tensors) * sizeof *w->constant_at);
    }
    HT_TRY(check_steps(w));
    place_all(w);
    HT_TRY(make_tables(w));
    make_header(w);
    *w->written = (ht_plan_written){.file_bytes = (size_t)w->header.file_bytes,
                                    .packed_bytes = w->written->packed_bytes,
                                    .constant_bytes = w->written->constant_bytes,
                                    .features = w->header.features};
    return write_file(w, path, overwrite);
}

ht_status ht__plan_write(const ht_plan_source *source, const char *path, bool overwrite, ht_plan_written *out,
                         ht_error *err) {
    writer w = {.source = source,
                .program = source->program,
                .allocator = source->program->allocator,
                .written = out,
                .err = err};
    *out = (ht_plan_written){0};
    for (int t = 0; t < HT_PLAN_TABLES; ++t) {
        ht__buffer_init(&w.tables[t], w.allocator);
    }
    ht_status status = write_program(&w, path, overwrite);
    for (int t = 0; t < HT_PLAN_TABLES; ++t) {
        ht__buffer_free(&w.tables[t]);
    }
    ht__free(w.allocator, w.order);
    ht__free(w.allocator, w.constant_at);
    ht__free(w.allocator, w.packed_at);
    ht__free(w.allocator, w.sizes);
    return status;
}
