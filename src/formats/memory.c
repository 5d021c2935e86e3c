/* The memory that running a model takes. */
#include "formats/model.h"
#include "passes/passes.h"
#include "plan/compile.h"
#include "plan/occupancy.h"

static size_t sum_of(const ht_program *program, const uint32_t *tensors, size_t count) {
    size_t sum = 0, bytes;
    for (size_t i = 0; i < count; ++i) {
        sum += ht__desc_bytes(&program->tensors[tensors[i]].desc, &bytes) ? bytes : 0;
    }
    return sum;
}

static ht_status report(const ht_model *model, const ht_program *program, ht_memory_info *info,
                        bool (*visit)(void *user, const ht_memory_step *step), void *user, ht_error *err) {
    size_t *live = ht__calloc(program->allocator, program->step_count, sizeof *live);
    if (live == NULL) {
        return ht__fail_memory(err, program->step_count * sizeof *live);
    }
    ht_model_info description;
    ht_status status = ht__program_occupancy(program, live, err);
    if (status == HT_OK) {
        status = ht_model_describe(model, &description, err);
    }
    if (status == HT_OK) {
        *info = (ht_memory_info){.arena_bytes = program->arena_bytes,
                                 .input_bytes = sum_of(program, program->inputs, program->input_count),
                                 .output_bytes = sum_of(program, program->outputs, program->output_count),
                                 .constant_bytes = (size_t)description.bytes_packed,
                                 .steps = program->step_count};
        info->ram_bytes = info->arena_bytes + info->input_bytes + info->output_bytes;
        bool wanted = visit != NULL;
        for (size_t s = 0; s < program->step_count; ++s) {
            const ht_step *step = &program->steps[s];
            ht_memory_step row = {step->name, step->variant->name, live[s], step->state.scratch_bytes};
            info->peak_step = live[s] > live[info->peak_step] ? s : info->peak_step;
            info->scratch_bytes = row.scratch_bytes > info->scratch_bytes ? row.scratch_bytes : info->scratch_bytes;
            wanted = wanted && visit(user, &row);
        }
    }
    ht__free(program->allocator, live);
    return status;
}

ht_status ht_model_memory(const ht_model *model, int64_t batch, ht_memory_info *info,
                          bool (*visit)(void *user, const ht_memory_step *step), void *user, ht_error *err) {
    if (batch < 1) {
        return ht__fail(err, HT_ERROR_ARGUMENT, "A run needs at least one sample.");
    }
    ht_graph *graph;
    ht_program *program = NULL;
    HT_TRY(ht__graph_copy(model->graph, &graph, err));
    ht_status status = ht__pass_prepare(graph, batch, HT_PREPARE_INTEGER, err);
    if (status == HT_OK) {
        status = ht__compile(graph, &(ht_compile_options){.threads = 1, .reference_only = true}, &program, err);
    }
    if (status == HT_OK) {
        status = report(model, program, info, visit, user, err);
    }
    ht__program_destroy(program);
    ht__graph_destroy(graph);
    return status;
}
