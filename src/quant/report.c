/* The report of a quantization: its arrays and texts. */
#include "base/context.h"
#include "halftone/quantize.h"

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
    ht__free(allocator, report->tensors);
    ht__free(allocator, report->activations);
    ht__free(allocator, report->convergence);
    *report = (ht_quantize_report){0};
}
