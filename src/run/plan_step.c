/* A step of an .ht file as a kernel's call. */
#include <string.h>

#include "kernels/families.h"
#include "kernels/field.h"
#include "run/plan_file.h"

/* The variant of these names, of a family whose calls files can hold; NULL: this build has none. */
static const ht_kernel_variant *find_kernel(const char *family, const char *name) {
    for (size_t f = 0; ht__plan_families[f] != NULL; ++f) {
        const ht_kernel_family *candidate = ht__plan_families[f];
        if (strcmp(candidate->name, family) != 0) {
            continue;
        }
        for (size_t v = 0; v < candidate->variant_count; ++v) {
            if (candidate->variants[v]->prepare == NULL && strcmp(candidate->variants[v]->name, name) == 0) {
                return candidate->variants[v];
            }
        }
    }
    return NULL;
}

static void take_operands(const ht_plan_view *view, const ht_plan_step_record *record, ht_kernel_call *call) {
    const uint32_t *operands = view->operands + record->operands;
    for (uint32_t i = 0; i < call->input_count; ++i) {
        if (operands[i] == HT_PLAN_NONE) {
            continue;
        }
        const ht_plan_tensor_record *tensor = &view->tensors[operands[i]];
        ht__plan_desc(view, operands[i], &call->inputs[i]);
        call->constants[i] = tensor->place == HT_PLAN_CONSTANT ? view->constants + tensor->at : NULL;
        call->packed |= tensor->place == HT_PLAN_PACKED ? 1u << i : 0;
    }
    for (uint32_t i = 0; i < call->output_count; ++i) {
        if (operands[call->input_count + i] != HT_PLAN_NONE) {
            ht__plan_desc(view, operands[call->input_count + i], &call->outputs[i]);
        }
    }
}

ht_status ht__plan_step_read(const ht_plan_view *view, size_t index, const ht_kernel_env *env, ht_plan_step *out,
                             ht_error *err) {
    const ht_plan_step_record *record = &view->steps[index];
    const char *name = ht__plan_text(view, record->name),
               *kernel = ht__plan_text(view, view->kernels[record->kernel].variant);
    out->variant = find_kernel(ht__plan_text(view, view->kernels[record->kernel].family), kernel);
    if (out->variant == NULL) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, name, "The plan's kernel %.100s is not in this build.", kernel);
    }
    const ht_kernel_rules *rules = out->variant->family->rules;
    out->call = (ht_kernel_call){
        .family = out->variant->family, .input_count = record->inputs, .output_count = record->outputs};
    if (ht__fields_bytes(rules) > ht__plan_count(view, HT_PLAN_PARAMETERS) - record->parameters ||
        !ht__fields_read(rules, view->parameters + record->parameters, out->call.parameters)) {
        return ht__fail_at(err, HT_ERROR_FORMAT, name, "The plan's parameters of the kernel %s are out of range.",
                           kernel);
    }
    take_operands(view, record, &out->call);
    const char *reason = rules->check(&out->call);
    if (reason != NULL) {
        return ht__fail_at(err, HT_ERROR_FORMAT, name, "The plan's step does not fit the kernel %s: %s.", kernel,
                           reason);
    }
    if (!out->variant->accept(&out->call, env, &reason)) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, name, "The kernel %s does not take this step of the plan: %s.",
                           kernel, reason != NULL ? reason : "no reason given");
    }
    ht__kernel_layout(out->variant, &out->call, env, &out->sizes);
    if ((out->call.packed & ~out->sizes.packed) != 0 || out->sizes.packed_bytes != record->packed_bytes) {
        return ht__fail_at(err, HT_ERROR_FORMAT, name, "The plan's packed constants do not fit the kernel %s.", kernel);
    }
    out->packed = view->constants + record->packed_at;
    return HT_OK;
}
