/* A plan in memory: a program (run/program.h) whose tables and states lie in one block and whose constants lie in the
 * file. */
#include <string.h>

#include "base/checksum.h"
#include "base/context.h"
#include "base/file.h"
#include "cpu/features.h"
#include "halftone/run.h"
#include "kernels/quantize/quantize.h"
#include "run/plan_file.h"
#include "run/plan_program.h"

/* A state is at most a few tables; what a damaged file asks beyond this is refused. */
#define MOST_STATE_BYTES ((size_t)1 << 30)

struct ht_plan {
    ht_program program;
    ht_plan_view view;
    ht_plan_memory memory;
    unsigned threads;
    ht_file_view file;             /* of a plan that was opened by name */
    const ht_allocator *allocator; /* of its memory; NULL: the caller's */
};

/* ---- layout of the block ---- */

/* Hands out parts of the block one behind the other. */
typedef struct parts {
    unsigned char *memory; /* NULL: only counted */
    size_t used;
} parts;

static void *take(parts *p, size_t count, size_t bytes) {
    void *part = p->memory != NULL ? p->memory + p->used : NULL;
    p->used += ht__aligned(count * bytes); /* counts are of a file's tables, so this is far from SIZE_MAX */
    return part;
}

typedef struct block {
    ht_plan *plan;
    ht_program_tensor *tensors;
    ht_step *steps;
    uint32_t *ends;
} block;

static block take_tables(parts *p, const ht_plan_view *view) {
    block b;
    b.plan = take(p, 1, sizeof *b.plan);
    b.tensors = take(p, ht__plan_count(view, HT_PLAN_TENSORS), sizeof *b.tensors);
    b.steps = take(p, ht__plan_count(view, HT_PLAN_STEPS), sizeof *b.steps);
    b.ends = take(p, ht__plan_count(view, HT_PLAN_ENDS), sizeof *b.ends);
    return b;
}

/* ---- tables ---- */

static void fill_tensor(const ht_plan_view *view, uint32_t index, ht_program_tensor *out) {
    static const ht_slot_kind kinds[] = {[HT_PLAN_IN_ARENA] = HT_SLOT_ARENA,
                                         [HT_PLAN_CONSTANT] = HT_SLOT_CONSTANT,
                                         [HT_PLAN_INPUT] = HT_SLOT_INPUT,
                                         [HT_PLAN_OUTPUT] = HT_SLOT_OUTPUT,
                                         [HT_PLAN_PACKED] = HT_SLOT_ABSENT};
    const ht_plan_tensor_record *record = &view->tensors[index];
    *out = (ht_program_tensor){.name = ht__plan_text(view, record->name), .value_id = index, .storage = index};
    ht__plan_desc(view, index, &out->desc);
    out->slot.kind = kinds[record->place];
    if (record->place == HT_PLAN_CONSTANT) {
        out->slot.constant = view->constants + record->at;
    } else if (record->place != HT_PLAN_PACKED) {
        out->slot.offset = (size_t)record->at;
    }
}

/* Does the step find room for its scratch in the arena? Several threads may need more than the file has planned. */
static bool scratch_fits(const ht_plan_step_record *record, const ht_plan_step *step) {
    return step->sizes.scratch_bytes <= record->scratch_bytes;
}

static void fill_step(const ht_plan_view *view, size_t index, const ht_plan_step *from, void *state, ht_step *out) {
    const ht_plan_step_record *record = &view->steps[index];
    const uint32_t *operands = view->operands + record->operands;
    *out =
        (ht_step){.name = ht__plan_text(view, record->name),
                  .variant = from->variant,
                  .state = {state, from->sizes.state_bytes, from->sizes.scratch_bytes},
                  .input_count = record->inputs,
                  .output_count = record->outputs,
                  .macs = record->macs,
                  .scratch_at = (size_t)(scratch_fits(record, from) ? record->scratch_at : view->header->arena_bytes)};
    memcpy(out->inputs, operands, record->inputs * sizeof *operands);
    memcpy(out->outputs, operands + record->inputs, record->outputs * sizeof *operands);
}

static void fill_program(const ht_plan_view *view, const block *b, ht_program *out) {
    const ht_plan_header *header = view->header;
    size_t ends = ht__plan_count(view, HT_PLAN_ENDS);
    *out = (ht_program){.steps = b->steps,
                        .step_count = ht__plan_count(view, HT_PLAN_STEPS),
                        .tensors = b->tensors,
                        .tensor_count = ht__plan_count(view, HT_PLAN_TENSORS),
                        .inputs = b->ends,
                        .input_count = header->inputs,
                        .outputs = b->ends + header->inputs,
                        .output_count = header->outputs,
                        .states = b->ends + header->inputs + header->outputs,
                        .state_count = header->states,
                        .arena_bytes = (size_t)header->arena_bytes,
                        .packed_bytes = (size_t)header->constants.count};
    if (ends != 0) {
        memcpy(b->ends, view->ends, ends * sizeof *b->ends);
    }
    for (uint32_t i = 0; i < out->tensor_count; ++i) {
        fill_tensor(view, i, &b->tensors[i]);
    }
}

/* ---- the walk over the steps, which counts or makes ---- */

static ht_status check_processor(const ht_plan_view *view, uint32_t cpu, ht_error *err) {
    uint32_t needs = view->header->features;
    char wanted[256], missing[256];
    if ((needs & cpu) == needs) {
        return HT_OK;
    }
    if (needs >> HT_CPU_FEATURE_COUNT != 0) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, view->name,
                           "The plan needs features of processors that this build does not know.");
    }
    return ht__fail_at(err, HT_ERROR_UNSUPPORTED, view->name,
                       "The plan needs a processor with %s; this one lacks %s. Compile the model for it.",
                       ht__cpu_print(needs, wanted, sizeof wanted),
                       ht__cpu_print(needs & ~cpu, missing, sizeof missing));
}

/* With memory in `p` it makes the plan there, else it only counts. */
static ht_status walk(const ht_plan_view *view, unsigned threads, uint32_t cpu, parts *p, ht_plan_memory *out,
                      ht_plan **made, ht_error *err) {
    const ht_kernel_env env = {.threads = threads, .cpu = cpu};
    size_t scratch = 0;
    if (threads < 1 || threads > 256) {
        return ht__fail(err, HT_ERROR_ARGUMENT, "A plan is run by 1 to 256 threads.");
    }
    HT_TRY(check_processor(view, cpu, err));
    block b = take_tables(p, view);
    for (size_t i = 0; i < ht__plan_count(view, HT_PLAN_STEPS); ++i) {
        ht_plan_step step;
        HT_TRY(ht__plan_step_read(view, i, &env, &step, err));
        if (p->used > MOST_STATE_BYTES || step.sizes.state_bytes > MOST_STATE_BYTES - p->used ||
            step.sizes.scratch_bytes > PTRDIFF_MAX / 2) {
            return ht__fail_at(err, HT_ERROR_LIMIT, ht__plan_text(view, view->steps[i].name),
                               "The plan's step needs more memory than plans may take.");
        }
        void *state = take(p, 1, step.sizes.state_bytes);
        if (state != NULL) {
            ht__kernel_bind(step.variant, &step.call, step.packed, state);
            fill_step(view, i, &step, state, &b.steps[i]);
        }
        if (!scratch_fits(&view->steps[i], &step) && step.sizes.scratch_bytes > scratch) {
            scratch = step.sizes.scratch_bytes;
        }
    }
    if ((size_t)view->header->arena_bytes > PTRDIFF_MAX / 2) {
        return ht__fail_at(err, HT_ERROR_LIMIT, view->name, "The plan's arena is larger than memory can be.");
    }
    *out = (ht_plan_memory){p->used, (size_t)view->header->arena_bytes + ht__aligned(scratch)};
    if (p->memory != NULL) {
        *b.plan = (ht_plan){.view = *view, .memory = *out, .threads = threads};
        fill_program(view, &b, &b.plan->program);
        b.plan->program.arena_bytes = out->arena_bytes;
        *made = b.plan;
    }
    return HT_OK;
}

ht_status ht__plan_measure_on(const void *file, size_t bytes, const char *name, unsigned threads, uint32_t cpu,
                              ht_plan_memory *out, ht_error *err) {
    ht_plan_view view;
    parts counted = {NULL, 0};
    HT_TRY(ht__plan_view_make(file, bytes, name, &view, err));
    return walk(&view, threads, cpu, &counted, out, NULL, err);
}

static ht_status make(const void *file, size_t bytes, const char *name, unsigned threads, void *memory,
                      size_t memory_bytes, ht_plan **out, ht_error *err) {
    ht_plan_view view;
    ht_plan_memory wanted;
    parts counted = {NULL, 0}, given = {memory, 0};
    if (memory == NULL || (uintptr_t)memory % HT_ALIGNMENT != 0) {
        return ht__fail_at(err, HT_ERROR_ARGUMENT, name, "The memory for a plan must be aligned to %d bytes.",
                           HT_ALIGNMENT);
    }
    HT_TRY(ht__plan_view_make(file, bytes, name, &view, err));
    HT_TRY(walk(&view, threads, ht__cpu_mask(), &counted, &wanted, NULL, err));
    if (memory_bytes < wanted.plan_bytes) {
        return ht__fail_at(err, HT_ERROR_ARGUMENT, name, "The plan needs %zu bytes, but %zu were given.",
                           wanted.plan_bytes, memory_bytes);
    }
    return walk(&view, threads, ht__cpu_mask(), &given, &wanted, out, err);
}

ht_status ht_plan_measure(const void *file, size_t bytes, unsigned threads, ht_plan_memory *out, ht_error *err) {
    return ht__plan_measure_on(file, bytes, "plan", threads, ht__cpu_mask(), out, err);
}

ht_status ht_plan_create(const void *file, size_t bytes, unsigned threads, void *memory, size_t memory_bytes,
                         ht_plan **out, ht_error *err) {
    return make(file, bytes, "plan", threads, memory, memory_bytes, out, err);
}

static ht_status open_file(ht_context *ctx, const char *path, const ht_file_view *file, ht_plan **out, ht_error *err) {
    ht_plan_memory sizes;
    HT_TRY(ht__plan_measure_on(file->data, file->size, path, ht_context_threads(ctx), ht__cpu_mask(), &sizes, err));
    void *memory = ht__alloc(&ctx->allocator, sizes.plan_bytes);
    if (memory == NULL) {
        return ht__fail_memory(err, sizes.plan_bytes);
    }
    ht_status status = make(file->data, file->size, path, ht_context_threads(ctx), memory, sizes.plan_bytes, out, err);
    if (status != HT_OK) {
        ht__free(&ctx->allocator, memory);
    }
    return status;
}

ht_status ht_plan_open(ht_context *ctx, const char *path, ht_plan **out, ht_error *err) {
    ht_file_view file;
    HT_TRY(ht__file_map(path, &file, err));
    ht_status status = open_file(ctx, path, &file, out, err);
    if (status != HT_OK) {
        ht__file_unmap(&file);
        return status;
    }
    (*out)->view.name = "plan"; /* the path is the caller's */
    (*out)->file = file;
    (*out)->allocator = &ctx->allocator;
    return HT_OK;
}

bool ht_plan_is_file(const char *path) {
    const size_t length = sizeof HT_PLAN_MAGIC - 1;
    ht_file_view file;
    if (ht__file_map(path, &file, NULL) != HT_OK) {
        return false;
    }
    bool is_plan = file.size >= length && memcmp(file.data, HT_PLAN_MAGIC, length) == 0;
    ht__file_unmap(&file);
    return is_plan;
}

void ht_plan_close(ht_plan *plan) {
    if (plan == NULL) {
        return;
    }
    ht__file_unmap(&plan->file);
    if (plan->allocator != NULL) {
        ht__free(plan->allocator, plan);
    }
}

const ht_program *ht__plan_program(const ht_plan *plan) { return &plan->program; }

/* ---- what is in it ---- */

ht_status ht_plan_verify(const ht_plan *plan, ht_error *err) {
    const ht_plan_header *header = plan->view.header;
    return ht__checksum_of(plan->view.constants, (size_t)header->constants.count) == header->constant_checksum
               ? HT_OK
               : ht__fail_offset(err, HT_ERROR_FORMAT, plan->view.name, (int64_t)header->constants.offset,
                                 "The constants of the plan are damaged: their checksum differs.");
}

ht_plan_memory ht_plan_memory_of(const ht_plan *plan) { return plan->memory; }

static bool end_at(const ht_plan *plan, const uint32_t *list, size_t count, size_t index, ht_plan_end *out) {
    if (index >= count) {
        return false;
    }
    const ht_program_tensor *tensor = &plan->program.tensors[list[index]];
    const ht_plan_tensor_record *record = &plan->view.tensors[list[index]];
    *out = (ht_plan_end){.name = tensor->name,
                         .type = tensor->desc.type,
                         .rank = tensor->desc.rank,
                         .scale = record->scale,
                         .zero_point = record->zero_point};
    memcpy(out->dims, tensor->desc.dims, sizeof out->dims);
    return ht__desc_bytes(&tensor->desc, &out->bytes);
}

bool ht_plan_input(const ht_plan *plan, size_t index, ht_plan_end *out) {
    return end_at(plan, plan->program.inputs, plan->program.input_count, index, out);
}

bool ht_plan_output(const ht_plan *plan, size_t index, ht_plan_end *out) {
    return end_at(plan, plan->program.outputs, plan->program.output_count, index, out);
}

bool ht_plan_metadata_at(const ht_plan *plan, size_t index, const char **key, const char **value) {
    if (index >= ht__plan_count(&plan->view, HT_PLAN_METADATA)) {
        return false;
    }
    *key = ht__plan_text(&plan->view, plan->view.metadata[index].key);
    *value = ht__plan_text(&plan->view, plan->view.metadata[index].value);
    return true;
}

bool ht_plan_step_at(const ht_plan *plan, size_t index, const char **name, const char **kernel, int64_t *macs) {
    if (index >= plan->program.step_count) {
        return false;
    }
    const ht_step *step = &plan->program.steps[index];
    *name = step->name;
    *kernel = step->variant->name;
    if (macs != NULL) {
        *macs = step->macs;
    }
    return true;
}

/* ---- running ---- */

static bool is_aligned(const void *data, ht_type type) {
    size_t element = ht_type_bytes(type);
    return data != NULL && (uintptr_t)data % element == 0;
}

/* Does a step quantize this input? */
static bool is_quantized_at_once(const ht_program *program, uint32_t tensor) {
    for (size_t s = 0; s < program->step_count; ++s) {
        const ht_step *step = &program->steps[s];
        if (step->variant->family == &ht__quantize_family && step->inputs[0] == tensor) {
            return true;
        }
    }
    return false;
}

/* NaN is in no integer's range; x - x is NaN for infinities, too, which saturate. */
static bool has_nan(const float *values, size_t count) {
    bool found = false;
    for (size_t i = 0; i < count; ++i) {
        found |= values[i] != values[i];
    }
    return found;
}

static ht_status check_input(const ht_plan *plan, size_t index, const ht_tensor *given, ht_error *err) {
    const ht_program_tensor *tensor = &plan->program.tensors[plan->program.inputs[index]];
    ht_tensor_desc desc = {.type = given->type, .rank = given->rank};
    char wanted[128], got[128];
    size_t bytes = 0;
    if (given->name != NULL && strcmp(given->name, tensor->name) != 0) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, tensor->name, "Input %zu of the plan is this one, not %.100s.",
                           index, given->name);
    }
    if (given->rank < 0 || given->rank > HT_MAX_RANK) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, tensor->name, "The tensor given for this input has %d dimensions.",
                           (int)given->rank);
    }
    memcpy(desc.dims, given->dims, (size_t)given->rank * sizeof *desc.dims);
    if (given->type != tensor->desc.type || !ht__desc_same_shape(&desc, &tensor->desc)) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, tensor->name, "This input is %s, but %s was given.",
                           ht__desc_print(&tensor->desc, wanted, sizeof wanted),
                           ht__desc_print(&desc, got, sizeof got));
    }
    ht__desc_bytes(&desc, &bytes);
    if (bytes != 0 && !is_aligned(given->data, desc.type)) {
        return ht__fail_at(err, HT_ERROR_ARGUMENT, tensor->name, "The memory of this input is missing or not aligned.");
    }
    if (desc.type == HT_F32 && is_quantized_at_once(&plan->program, plan->program.inputs[index]) &&
        has_nan(given->data, bytes / sizeof(float))) {
        return ht__fail_at(err, HT_ERROR_NUMERIC, tensor->name, "This input contains NaN, which has no code.");
    }
    return HT_OK;
}

static ht_status check_memory(const ht_plan *plan, unsigned threads, const ht_plan_buffers *buffers, ht_error *err) {
    if (threads > plan->threads) {
        return ht__fail(err, HT_ERROR_ARGUMENT, "The plan was made for %u threads, but the context has %u.",
                        plan->threads, threads);
    }
    if (buffers->arena_bytes < plan->memory.arena_bytes) {
        return ht__fail(err, HT_ERROR_ARGUMENT, "The arena has %zu bytes; the plan needs %zu.", buffers->arena_bytes,
                        plan->memory.arena_bytes);
    }
    if (plan->memory.arena_bytes != 0 && (buffers->arena == NULL || (uintptr_t)buffers->arena % HT_ALIGNMENT != 0)) {
        return ht__fail(err, HT_ERROR_ARGUMENT, "The arena must be aligned to %d bytes.", HT_ALIGNMENT);
    }
    for (size_t i = 0; i < plan->program.output_count; ++i) {
        const ht_program_tensor *tensor = &plan->program.tensors[plan->program.outputs[i]];
        if (ht__desc_elements(&tensor->desc) != 0 && !is_aligned(buffers->outputs[i], tensor->desc.type)) {
            return ht__fail_at(err, HT_ERROR_ARGUMENT, tensor->name,
                               "The memory of this output is missing or not aligned.");
        }
    }
    return HT_OK;
}

ht_status ht_plan_run(const ht_plan *plan, const ht_context *ctx, const ht_plan_buffers *buffers, ht_error *err) {
    const void *inputs[HT_PLAN_MOST_INPUTS];
    HT_TRY(check_memory(plan, ctx != NULL ? ht_context_threads(ctx) : 1, buffers, err));
    for (size_t i = 0; i < plan->program.input_count; ++i) {
        HT_TRY(check_input(plan, i, &buffers->inputs[i], err));
        inputs[i] = buffers->inputs[i].data;
    }
    ht_run_arguments arguments = {.inputs = inputs,
                                  .outputs = buffers->outputs,
                                  .arena = buffers->arena,
                                  .keep_states = buffers->keep_states,
                                  .pool = ctx != NULL ? ctx->pool : NULL};
    return ht__program_run(&plan->program, &arguments, err);
}
