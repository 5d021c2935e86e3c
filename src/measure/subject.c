#include "measure/subject.h"

#include "base/context.h"
#include "base/rng.h"
#include "passes/passes.h"
#include "plan/compile.h"
#include "run/plan_program.h"

/* Numbers around 0 for floats, small non-negative ones for all else: as indices they are likely to be in range. */
static void fill(const ht_tensor_desc *desc, ht_rng *rng, void *data) {
    int64_t count = ht__desc_elements(desc);
    for (int64_t i = 0; i < count; ++i) {
        switch (desc->type) {
        case HT_F32: ((float *)data)[i] = (float)ht__rng_normal(rng); break;
        case HT_U8:
        case HT_I8: ((uint8_t *)data)[i] = (uint8_t)ht__rng_below(rng, 256); break;
        case HT_I32: ((int32_t *)data)[i] = (int32_t)ht__rng_below(rng, 2); break;
        case HT_I64: ((int64_t *)data)[i] = (int64_t)ht__rng_below(rng, 2); break;
        default: return; /* zeros */
        }
    }
}

static ht_status make_buffers(const ht_allocator *allocator, const ht_program *program, const uint32_t *tensors,
                              size_t count, ht_rng *rng, void ***out, ht_error *err) {
    *out = ht__calloc(allocator, count + 1, sizeof **out);
    for (size_t i = 0; *out != NULL && i < count; ++i) {
        const ht_tensor_desc *desc = &program->tensors[tensors[i]].desc;
        size_t bytes = 0;
        if (!ht__desc_bytes(desc, &bytes) || ((*out)[i] = ht__calloc(allocator, 1, bytes + 1)) == NULL) {
            return ht__fail_memory(err, bytes);
        }
        if (rng != NULL) {
            fill(desc, rng, (*out)[i]);
        }
    }
    return *out != NULL ? HT_OK : ht__fail_memory(err, count * sizeof **out);
}

static ht_status compile_model(const ht_model *model, const ht_bench_options *options, ht_subject *out, ht_error *err) {
    int64_t batch = options->batch != 0 ? options->batch : 1;
    if (batch < 1) {
        return ht__fail(err, HT_ERROR_ARGUMENT, "A run needs at least one sample.");
    }
    HT_TRY(ht__graph_copy(model->graph, &out->graph, err));
    HT_TRY(ht__pass_prepare(out->graph, batch, options->simulate ? HT_PREPARE_SIMULATED : HT_PREPARE_INTEGER, err));
    HT_TRY(ht__compile(out->graph, &(ht_compile_options){.allow_bf16 = options->allow_bf16}, &out->compiled, err));
    out->program = out->compiled;
    return HT_OK;
}

ht_status ht__subject_make(ht_context *ctx, const ht_bench_entry *entry, const ht_bench_options *options,
                           ht_subject *out, ht_error *err) {
    *out = (ht_subject){.ctx = ctx};
    if (entry->model != NULL) {
        HT_TRY(compile_model(entry->model, options, out, err));
    } else {
        out->program = ht__plan_program(entry->plan);
    }
    const ht_program *program = out->program;
    const ht_allocator *allocator = &ctx->allocator;
    ht_rng rng = {options->seed, 0xBE7C, 0};
    HT_TRY(make_buffers(allocator, program, program->inputs, program->input_count, &rng, &out->inputs, err));
    HT_TRY(make_buffers(allocator, program, program->outputs, program->output_count, NULL, &out->outputs, err));
    size_t bytes = ht__program_run_bytes(program);
    out->arena = ht__alloc(allocator, bytes);
    return out->arena != NULL ? HT_OK : ht__fail_memory(err, bytes);
}

static void free_all(const ht_allocator *allocator, void **list, size_t count) {
    for (size_t i = 0; list != NULL && i < count; ++i) {
        ht__free(allocator, list[i]);
    }
    ht__free(allocator, list);
}

void ht__subject_release(ht_subject *s) {
    if (s->program != NULL) {
        free_all(&s->ctx->allocator, s->inputs, s->program->input_count);
        free_all(&s->ctx->allocator, s->outputs, s->program->output_count);
    }
    if (s->ctx != NULL) {
        ht__free(&s->ctx->allocator, s->arena);
    }
    ht__program_destroy(s->compiled);
    ht__graph_destroy(s->graph);
}

ht_status ht__subject_run(const ht_subject *s, ht_observer *observer, void *user, ht_error *err) {
    ht_run_arguments arguments = {.inputs = (const void *const *)s->inputs,
                                  .outputs = s->outputs,
                                  .arena = s->arena,
                                  .pool = s->ctx->pool,
                                  .observer = observer,
                                  .observer_user = user};
    return ht__program_run(s->program, &arguments, err);
}
