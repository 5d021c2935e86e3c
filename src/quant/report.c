/* The report of a quantization: its arrays and texts. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "graph/op.h"
#include "graph/quantization.h"
#include "numeric/scalar.h"
#include "quant/job.h"
#include "quant/saturate.h"
#ifdef HT_WITH_ONNX
#include "formats/onnx/onnx.h"
#endif

/* Writing to nowhere, for the size. */
#ifdef HT_WITH_ONNX
static bool count_bytes(void *user, const void *bytes, size_t size) {
    (void)bytes;
    *(size_t *)user += size;
    return true;
}
#endif

/* 0 when the model cannot be written: saving it will say why. */
static size_t file_size(const ht_model *model) {
    size_t size = 0;
#ifdef HT_WITH_ONNX
    if (ht__onnx_write(model, &(ht_onnx_output){.write = count_bytes, .user = &size}, NULL) != HT_OK) {
        size = 0;
    }
#else
    (void)model;
#endif
    return size;
}

static ht_status report_tensor(const ht_quantize_job *job, const ht_tensor_job *tensor, ht_quantize_tensor *out,
                               ht_error *err) {
    const ht_allocator *allocator = &job->ctx->allocator;
    size_t elements = (size_t)ht__desc_elements(&tensor->target->value->desc);
    char text[HT_SCHEME_TEXT];
    *out = (ht_quantize_tensor){.name = ht__strdup(allocator, tensor->target->value->name),
                                .layer = ht__strdup(allocator, tensor->target->node->name),
                                .elements = elements,
                                .bits = 32,
                                .file_bits = 32,
                                .is_weight = tensor->target->role == HT_TARGET_WEIGHT,
                                .sqnr_db = INFINITY,
                                .bytes_ideal = elements * sizeof(float),
                                .encoded = tensor->encode};
    if (tensor->encode && out->is_weight && job->options->kind != HT_KIND_SIMULATED) {
        out->saturating = ht__saturating_pairs(tensor->target->node, tensor->target->value);
    }
    if (tensor->encode) {
        out->file_bits = ht__type_bits(ht__quantization_code_type(tensor->target->value->quantization));
    }
    if (tensor->quantize) {
        ht_scheme_print(&tensor->scheme, text);
        out->scheme = ht__strdup(allocator, text);
        out->bits = tensor->scheme.bits;
        out->sqnr_db = ht__sqnr_db(&tensor->result.error);
        out->max_error = tensor->result.error.largest;
        out->bytes_ideal = (size_t)ceil(tensor->result.ideal_bits / 8.0);
    }
    bool complete = out->name != NULL && out->layer != NULL && (out->scheme != NULL || !tensor->quantize);
    return complete ? HT_OK : ht__fail_memory(err, sizeof text);
}

static ht_status report_activation(const ht_quantize_job *job, const ht_activation_range *range,
                                   ht_quantize_activation *out, ht_error *err) {
    const ht_quantization *q = range->value->quantization;
    *out = (ht_quantize_activation){.name = ht__strdup(&job->ctx->allocator, range->value->name),
                                    .low = range->low,
                                    .high = range->high,
                                    .scale = q->scale[0],
                                    .zero_point = q->zero_point[0]};
    return out->name != NULL ? HT_OK : ht__fail_memory(err, sizeof *out);
}

/* ---- layers on real numbers ---- */

static bool has_codes(const ht_value *value) { return value != NULL && value->quantization != NULL; }

static const ht_value *first_real_input(const ht_node *node) {
    for (uint32_t k = 0; k < node->input_count; ++k) {
        const ht_value *input = node->inputs[k];
        if (input != NULL && input->desc.type == HT_F32 && !has_codes(input) &&
            (node->op->weight_inputs >> k & 1 || input->data == NULL)) {
            return input;
        }
    }
    return NULL;
}

/* Dynamic models compute on codes where there are weights; the rest is on real numbers by design. */
static const char *dynamic_reason(const ht_quantize_job *job, const ht_node *node) {
    for (uint32_t k = 0; k < node->input_count; ++k) {
        const ht_value *input = node->inputs[k];
        if (input != NULL && input->data != NULL && input->desc.type == HT_F32 && node->op->weight_inputs >> k & 1) {
            const ht_layer_rule *rule = ht__rule_for(&job->scope, node, NULL);
            return rule != NULL && rule->scheme == NULL ? "a rule keeps it in float"
                   : has_codes(input)                   ? "products of codes need symmetric weights of 8 bits or less"
                                                        : "its weights have no codes";
        }
    }
    return NULL;
}

/* Why the node of a static model computes on real numbers; NULL when it does not. What is completed by the next node
 * (a product before its bias) runs on codes together with that. */
static const char *reason_for(const ht_quantize_job *job, const ht_node *node, char text[128]) {
    const ht_value *result = node->outputs[0];
    if (result == NULL || result->desc.type != HT_F32 || result->data != NULL) {
        return NULL;
    }
    const ht_layer_rule *rule = ht__rule_for(&job->scope, node, NULL);
    const ht_value *input = first_real_input(node);
    if (rule != NULL && rule->scheme == NULL) {
        return "a rule keeps it in float";
    }
    if (node->op->codes == HT_CODES_NONE && !node->op->selects) {
        return "this operator has no form on codes";
    }
    if (input != NULL) {
        snprintf(text, 128, input->data != NULL ? "its weights %.80s have no codes" : "it reads real numbers, %.80s",
                 input->name);
        return text;
    }
    return has_codes(result) || ht__is_completed(job->model->graph, result) ? NULL : "its result stays real";
}

static ht_status report_real(const ht_quantize_job *job, ht_quantize_report *report, ht_error *err) {
    const ht_allocator *allocator = &job->ctx->allocator;
    const ht_graph *graph = job->model->graph;
    report->real = ht__calloc(allocator, graph->node_count + 1, sizeof *report->real);
    for (size_t i = 0; i < graph->node_count && report->real != NULL; ++i) {
        char text[128];
        const char *reason = job->options->kind == HT_KIND_STATIC ? reason_for(job, graph->nodes[i], text)
                                                                  : dynamic_reason(job, graph->nodes[i]);
        if (reason != NULL) {
            ht_quantize_real *real = &report->real[report->real_count++];
            *real = (ht_quantize_real){.name = ht__strdup(allocator, graph->nodes[i]->name),
                                       .op = ht__strdup(allocator, graph->nodes[i]->op->name),
                                       .reason = ht__strdup(allocator, reason)};
            if (real->name == NULL || real->op == NULL || real->reason == NULL) {
                return ht__fail_memory(err, sizeof text);
            }
        }
    }
    return report->real != NULL ? HT_OK : ht__fail_memory(err, graph->node_count * sizeof *report->real);
}

ht_status ht__fill_report(const ht_quantize_job *job, const ht_model *before, ht_quantize_report *report,
                          ht_error *err) {
    const ht_allocator *allocator = &job->ctx->allocator;
    report->tensors = ht__calloc(allocator, job->count + 1, sizeof *report->tensors);
    report->activations = ht__calloc(allocator, job->range_count + 1, sizeof *report->activations);
    if (report->tensors == NULL || report->activations == NULL) {
        return ht__fail_memory(err, job->count * sizeof *report->tensors);
    }
    for (size_t i = 0; i < job->count; ++i) {
        ++report->tensor_count;
        HT_TRY(report_tensor(job, &job->tensors[i], &report->tensors[i], err));
        report->bytes_ideal += report->tensors[i].bytes_ideal;
    }
    for (size_t i = 0; i < job->range_count; ++i) {
        ++report->activation_count;
        HT_TRY(report_activation(job, &job->ranges[i], &report->activations[i], err));
    }
    HT_TRY(job->options->kind != HT_KIND_SIMULATED ? report_real(job, report, err) : HT_OK);
    ht_model_info info;
    HT_TRY(ht_model_describe(before, &info, err));
    report->bytes_f32 = (size_t)info.bytes_f32;
    report->folded = job->folded;
    report->dropped = job->dropped;
    report->calibrated_samples = job->calibration.samples;
    report->convergence_count = job->calibration.points;
    report->convergence = ht__calloc(allocator, job->calibration.points + 1, sizeof *report->convergence);
    if (report->convergence == NULL) {
        return ht__fail_memory(err, job->calibration.points * sizeof *report->convergence);
    }
    memcpy(report->convergence, job->calibration.curve, job->calibration.points * sizeof *report->convergence);
    report->file_before = info.file_bytes > 0 ? (size_t)info.file_bytes : file_size(before);
    report->file_after = file_size(job->model);
    return HT_OK;
}

void ht_quantize_report_clear(ht_context *ctx, ht_quantize_report *report) {
    if (report == NULL) {
        return;
    }
    const ht_allocator *allocator = &ctx->allocator;
    for (size_t i = 0; i < report->tensor_count; ++i) {
        ht__free(allocator, (char *)report->tensors[i].name);
        ht__free(allocator, (char *)report->tensors[i].layer);
        ht__free(allocator, (char *)report->tensors[i].scheme);
    }
    for (size_t i = 0; i < report->activation_count; ++i) {
        ht__free(allocator, (char *)report->activations[i].name);
    }
    for (size_t i = 0; i < report->real_count; ++i) {
        ht__free(allocator, (char *)report->real[i].name);
        ht__free(allocator, (char *)report->real[i].op);
        ht__free(allocator, (char *)report->real[i].reason);
    }
    ht__free(allocator, report->tensors);
    ht__free(allocator, report->real);
    ht__free(allocator, report->activations);
    ht__free(allocator, report->convergence);
    *report = (ht_quantize_report){0};
}
