/* A model as an .ht file. */
#include "halftone/compile.h"

#include <string.h>

#include "cpu/features.h"
#include "formats/compile_targets.h"
#include "formats/model.h"
#include "graph/op.h"
#include "kernels/integer_conv/integer_conv.h"
#include "kernels/integer_conv_transpose/integer_conv_transpose.h"
#include "kernels/integer_matmul/integer_matmul.h"
#include "numeric/scalar.h"
#include "passes/passes.h"
#include "plan/compile.h"
#include "plan/occupancy.h"
#include "plan/write.h"
#include "run/plan_program.h"

#define MOST_REFUSALS 16 /* variants of a family */

/* ---- what codes of inputs and outputs stand for ---- */

static ht_plan_scale scale_in(const ht_node *node) {
    const ht_value *scale = node->input_count > 1 ? node->inputs[1] : NULL;
    const ht_value *zero = node->input_count > 2 ? node->inputs[2] : NULL;
    if (scale == NULL || scale->data == NULL || ht__desc_elements(&scale->desc) != 1 ||
        (zero != NULL && zero->data == NULL)) {
        return (ht_plan_scale){0.0f, 0};
    }
    ht_plan_scale found = {(float)ht__scalar_real(ht__scalar_load(scale->desc.type, scale->data, 0)), 0};
    if (zero != NULL) {
        found.zero_point = (int32_t)ht__scalar_load(zero->desc.type, zero->data, 0).integer;
    }
    return found.scale > 0.0f ? found : (ht_plan_scale){0.0f, 0};
}

/* The scale of the node that makes real numbers of an input's codes, or codes of real numbers for an output. */
static ht_plan_scale scale_of_end(const ht_graph *graph, const ht_value *end, bool input) {
    for (size_t i = 0; i < graph->node_count; ++i) {
        const ht_node *node = graph->nodes[i];
        bool decodes = strcmp(node->op->name, "DequantizeLinear") == 0;
        bool encodes = strcmp(node->op->name, "QuantizeLinear") == 0;
        if (input ? decodes && node->inputs[0] == end : encodes && node->outputs[0] == end) {
            return scale_in(node);
        }
    }
    return (ht_plan_scale){0.0f, 0};
}

/* ---- report ---- */

/* Bytes of an operand that has an entry per channel, but for the first. */
static size_t channel_bytes(const ht_kernel_call *call, uint32_t operand) {
    int64_t entries = ht__has_operand(call, operand) ? ht__desc_elements(&call->inputs[operand]) : 0;
    return entries > 1 ? (size_t)(entries - 1) * ht_type_bytes(call->inputs[operand].type) : 0;
}

static size_t channel_cost(const ht_program *program) {
    size_t sum = 0;
    for (size_t s = 0; s < program->step_count; ++s) {
        const ht_kernel_call *call = &program->calls[s];
        if (call->family == &ht__integer_conv_family || call->family == &ht__integer_conv_transpose_family ||
            call->family == &ht__integer_matmul_family) {
            sum += channel_bytes(call, HT_PRODUCT_W_ZERO) + channel_bytes(call, HT_PRODUCT_SCALE) +
                   channel_bytes(call, HT_PRODUCT_SHIFT);
        }
    }
    return sum;
}

static ht_status largest_live(const ht_program *program, size_t *largest, ht_error *err) {
    size_t *live = ht__calloc(program->allocator, program->step_count + 1, sizeof *live);
    if (live == NULL) {
        return ht__fail_memory(err, program->step_count * sizeof *live);
    }
    ht_status status = ht__program_occupancy(program, live, err);
    *largest = 0;
    for (size_t s = 0; status == HT_OK && s < program->step_count; ++s) {
        size_t own = live[s] + ht__aligned(program->steps[s].state.scratch_bytes);
        *largest = own > *largest ? own : *largest;
    }
    ht__free(program->allocator, live);
    return status;
}

static void visit_steps(const ht_program *program, uint32_t cpu, bool (*visit)(void *user, const ht_compile_step *step),
                        void *user) {
    const ht_kernel_env env = {.allocator = program->allocator, .threads = 1, .cpu = cpu};
    bool wanted = visit != NULL;
    for (size_t s = 0; wanted && s < program->step_count; ++s) {
        const ht_step *step = &program->steps[s];
        const ht_kernel_family *family = step->variant->family;
        ht_compile_refusal refused[MOST_REFUSALS];
        ht_kernel_sizes sizes;
        size_t count = 0;
        for (size_t v = 0; v < family->variant_count && family->variants[v] != step->variant; ++v) {
            const char *reason = "it gives no reason";
            if (count < MOST_REFUSALS && !family->variants[v]->accept(&program->calls[s], &env, &reason)) {
                refused[count++] = (ht_compile_refusal){family->variants[v]->name, reason};
            }
        }
        ht__kernel_layout(step->variant, &program->calls[s], &env, &sizes);
        ht_compile_step row = {
            step->name, step->variant->name, step->macs, sizes.packed_bytes, sizes.scratch_bytes, refused, count};
        wanted = visit(user, &row);
    }
}

static ht_status fill_report(const ht_program *program, const ht_plan_written *written, const char *path,
                             ht_compile_report *report, ht_error *err) {
    ht_plan_memory memory;
    ht_file_view file;
    *report = (ht_compile_report){.steps = program->step_count,
                                  .file_bytes = written->file_bytes,
                                  .packed_bytes = written->packed_bytes,
                                  .constant_bytes = written->constant_bytes,
                                  .arena_bytes = ht__program_run_bytes(program),
                                  .channel_bytes = channel_cost(program)};
    for (size_t s = 0; s < program->step_count; ++s) {
        report->macs += program->steps[s].macs;
    }
    ht__cpu_print(written->features, report->features, sizeof report->features);
    HT_TRY(largest_live(program, &report->live_bytes, err));
    HT_TRY(ht__file_map(path, &file, err)); /* what was written can be read */
    ht_status status = ht__plan_measure_on(file.data, file.size, path, 1, written->features, &memory, err);
    ht__file_unmap(&file);
    report->plan_bytes = status == HT_OK ? memory.plan_bytes : 0;
    return status;
}

/* ---- the whole ---- */

/* The model's texts and those of this compilation. */
static ht_status list_texts(const ht_model *model, const char *target, ht_plan_text **out, size_t *count,
                            ht_error *err) {
    const ht_plan_text own[] = {{"halftone.version", ht_version()}, {"halftone.target", target}};
    size_t owned = sizeof own / sizeof own[0];
    *count = 0;
    *out = ht__calloc(&model->ctx->allocator, model->metadata_count + owned, sizeof **out);
    if (*out == NULL) {
        return ht__fail_memory(err, (model->metadata_count + owned) * sizeof **out);
    }
    for (size_t i = 0; i < model->metadata_count; ++i) {
        (*out)[(*count)++] = (ht_plan_text){model->metadata[i].key, model->metadata[i].value};
    }
    for (size_t i = 0; i < owned; ++i) {
        (*out)[(*count)++] = own[i];
    }
    return HT_OK;
}

static ht_status write_program(const ht_model *model, const ht_program *program, uint32_t cpu, const char *path,
                               const ht_compile_settings *settings, ht_plan_written *written, ht_error *err) {
    const ht_allocator *allocator = &model->ctx->allocator;
    size_t inputs = program->input_count, outputs = program->output_count, texts;
    ht_plan_scale *scales = ht__calloc(allocator, inputs + outputs + 1, sizeof *scales);
    ht_plan_text *metadata = NULL;
    if (scales == NULL) {
        return ht__fail_memory(err, (inputs + outputs) * sizeof *scales);
    }
    for (size_t i = 0; i < inputs + outputs; ++i) {
        const ht_value *end = i < inputs ? model->graph->inputs[i] : model->graph->outputs[i - inputs];
        scales[i] = scale_of_end(model->graph, end, i < inputs);
    }
    ht_status status =
        list_texts(model, settings->target != NULL ? settings->target : "native", &metadata, &texts, err);
    if (status == HT_OK) {
        ht_plan_source source = {program, scales, scales + inputs, metadata, texts, cpu};
        status = ht__plan_write(&source, path, settings->overwrite, written, err);
    }
    ht__free(allocator, metadata);
    ht__free(allocator, scales);
    return status;
}

ht_status ht_model_compile(const ht_model *model, const char *path, const ht_compile_settings *given,
                           ht_compile_report *report, bool (*visit)(void *user, const ht_compile_step *step),
                           void *user, ht_error *err) {
    ht_compile_settings settings = given != NULL ? *given : (ht_compile_settings){0};
    int64_t batch = settings.batch != 0 ? settings.batch : 1;
    ht_compile_options options = {.threads = 1, .for_file = true};
    ht_graph *graph;
    ht_program *program = NULL;
    ht_plan_written written;
    ht_compile_report unused;
    if (batch < 1) {
        return ht__fail(err, HT_ERROR_ARGUMENT, "A run needs at least one sample.");
    }
    HT_TRY(ht__compile_target(settings.target, &options.cpu, err));
    HT_TRY(ht__graph_copy(model->graph, &graph, err));
    ht_status status = ht__pass_prepare(graph, batch, HT_PREPARE_INTEGER, err);
    if (status == HT_OK) {
        status = ht__compile(graph, &options, &program, err);
    }
    if (status == HT_OK) {
        status = write_program(model, program, options.cpu, path, &settings, &written, err);
    }
    if (status == HT_OK) {
        visit_steps(program, options.cpu, visit, user);
        status = fill_report(program, &written, path, report != NULL ? report : &unused, err);
    }
    ht__program_destroy(program);
    ht__graph_destroy(graph);
    return status;
}
