/* A plan on named tensors. */
#include <string.h>

#include "formats/tensors.h"
#include "run/plan_program.h"

/* `matched` gets a tensor for each input, in the plan's order. */
static ht_status match_inputs(const ht_plan *plan, const ht_tensor *inputs, size_t count, ht_tensor *matched,
                              ht_error *err) {
    ht_plan_end end;
    for (size_t k = 0; k < count; ++k) {
        size_t i = 0;
        while (ht_plan_input(plan, i, &end) && strcmp(end.name, inputs[k].name) != 0) {
            ++i;
        }
        if (!ht_plan_input(plan, i, &end)) {
            return ht__fail_at(err, HT_ERROR_ARGUMENT, inputs[k].name, "The plan has no input of this name.");
        }
        if (matched[i].name != NULL) {
            return ht__fail_at(err, HT_ERROR_ARGUMENT, inputs[k].name, "This input is given twice.");
        }
        matched[i] = inputs[k];
    }
    for (size_t i = 0; ht_plan_input(plan, i, &end); ++i) {
        if (matched[i].name == NULL) {
            return ht__fail_at(err, HT_ERROR_ARGUMENT, end.name, "No tensor is given for this input.");
        }
    }
    return HT_OK;
}

/* Memory for all outputs, which belongs to `results`. */
static ht_status make_outputs(const ht_program *program, const ht_allocator *allocator, ht_tensors *results,
                              void **outputs, ht_error *err) {
    for (size_t i = 0; i < program->output_count; ++i) {
        const ht_program_tensor *tensor = &program->tensors[program->outputs[i]];
        size_t bytes = 0;
        outputs[i] = ht__desc_bytes(&tensor->desc, &bytes) ? ht__alloc(allocator, bytes) : NULL;
        if (outputs[i] == NULL) {
            return ht__fail_memory(err, bytes);
        }
        ht_status status = ht__tensors_set(results, i, tensor->name, &tensor->desc, outputs[i], err);
        if (status != HT_OK) {
            ht__free(allocator, outputs[i]);
            return status;
        }
    }
    return HT_OK;
}

static ht_status run(const ht_plan *plan, const ht_context *ctx, const ht_tensor *matched, ht_tensors *results,
                     ht_error *err) {
    const ht_program *program = ht__plan_program(plan);
    size_t bytes = ht_plan_memory_of(plan).arena_bytes;
    void *arena = ht__alloc(&ctx->allocator, bytes);
    void **outputs = ht__calloc(&ctx->allocator, program->output_count + 1, sizeof *outputs);
    ht_status status = arena != NULL && outputs != NULL ? HT_OK : ht__fail_memory(err, bytes);
    if (status == HT_OK) {
        status = make_outputs(program, &ctx->allocator, results, outputs, err);
    }
    if (status == HT_OK) {
        ht_plan_buffers buffers = {.inputs = matched, .outputs = outputs, .arena = arena, .arena_bytes = bytes};
        status = ht_plan_run(plan, ctx, &buffers, err);
    }
    ht__free(&ctx->allocator, outputs);
    ht__free(&ctx->allocator, arena);
    return status;
}

ht_status ht_plan_run_named(const ht_plan *plan, const ht_context *ctx, const ht_tensor *inputs, size_t count,
                            ht_tensors **out, ht_error *err) {
    const ht_program *program = ht__plan_program(plan);
    ht_tensor *matched = ht__calloc(&ctx->allocator, program->input_count + 1, sizeof *matched);
    ht_tensors *results = NULL;
    ht_status status = matched != NULL ? match_inputs(plan, inputs, count, matched, err)
                                       : ht__fail_memory(err, program->input_count * sizeof *matched);
    if (status == HT_OK) {
        status = ht__tensors_create(&ctx->allocator, program->output_count, &results, err);
    }
    if (status == HT_OK) {
        status = run(plan, ctx, matched, results, err);
    }
    ht__free(&ctx->allocator, matched);
    if (status != HT_OK) {
        ht_tensors_destroy(results);
        return status;
    }
    *out = results;
    return HT_OK;
}
