#include "ops/reals.h"

#include <math.h>

static ht_status take_doubles(ht_arena *arena, int64_t count, double **out, ht_error *err) {
    size_t bytes;
    *out = ht__mul((size_t)count, sizeof **out, &bytes) ? ht__arena_alloc(arena, bytes != 0 ? bytes : 1) : NULL;
    return *out != NULL ? HT_OK : ht__fail_memory(err, (size_t)count * sizeof **out);
}

double *ht__real_scratch(ht_real_call *call, int64_t count, ht_error *err) {
    double *out;
    return take_doubles(call->arena, count, &out, err) == HT_OK ? out : NULL;
}

ht_status ht__reals_load(const ht_tensor_view *view, ht_arena *arena, ht_reals *out, ht_error *err) {
    *out = (ht_reals){view->desc, NULL};
    if (view->data == NULL) {
        return HT_OK;
    }
    int64_t count = ht__desc_elements(&view->desc);
    HT_TRY(take_doubles(arena, count, &out->data, err));
    for (int64_t i = 0; i < count; ++i) {
        out->data[i] = ht__scalar_real(ht__scalar_load(view->desc.type, view->data, i));
    }
    return HT_OK;
}

static ht_status prepare(ht_host_call *evaluation, ht_real_call *call, ht_reals *inputs, ht_error *err) {
    const ht_node *node = evaluation->node;
    for (uint32_t i = 0; i < node->input_count; ++i) {
        HT_TRY(ht__reals_load(&evaluation->inputs[i], call->arena, &inputs[i], err));
    }
    for (uint32_t i = 0; i < node->output_count; ++i) {
        if (node->outputs[i] != NULL) {
            ht_reals *output = &call->outputs[i];
            output->desc = node->outputs[i]->desc;
            HT_TRY(take_doubles(call->arena, ht__desc_elements(&output->desc), &output->data, err));
        }
    }
    return HT_OK;
}

static ht_status store(ht_host_call *evaluation, const ht_real_call *call, ht_error *err) {
    for (uint32_t i = 0; i < evaluation->node->output_count; ++i) {
        const ht_reals *output = &call->outputs[i];
        void *to;
        HT_TRY(ht__host_inferred(evaluation, i, &to, err));
        int64_t count = to != NULL ? ht__desc_elements(&output->desc) : 0;
        for (int64_t k = 0; k < count; ++k) {
            ht__scalar_store(output->desc.type, to, k, ht__scalar_of_real(output->data[k]), NULL);
        }
    }
    return HT_OK;
}

ht_status ht__evaluate_reals(ht_host_call *evaluation, ht_real_function *compute, ht_error *err) {
    ht_reals inputs[HT_MAX_INPUTS] = {{.data = NULL}}, outputs[HT_MAX_OUTPUTS] = {{.data = NULL}};
    const ht_node *node = evaluation->node;
    if (node->input_count > HT_MAX_INPUTS || node->output_count > HT_MAX_OUTPUTS) {
        return ht__fail_at(err, HT_ERROR_LIMIT, node->name, "%s has more than %d inputs or %d outputs.", node->op->name,
                           HT_MAX_INPUTS, HT_MAX_OUTPUTS);
    }
    ht_real_call call = {.ctx = evaluation->ctx, .node = node, .inputs = inputs, .outputs = outputs};
    HT_TRY(ht__arena_create(&evaluation->ctx->allocator, &call.arena, err));
    ht_status status = prepare(evaluation, &call, inputs, err);
    if (status == HT_OK) {
        status = compute(&call, err);
    }
    if (status == HT_OK) {
        status = store(evaluation, &call, err);
    }
    ht__arena_destroy(call.arena);
    return status;
}

ht_status ht__constant_number(const ht_node *node, uint32_t index, double otherwise, double *out, ht_error *err) {
    *out = otherwise;
    if (!ht__has_input(node, index)) {
        return HT_OK;
    }
    const ht_value *value = node->inputs[index];
    if (value->data == NULL) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, node->name, "Input %s of %s must be a constant.", value->name,
                           node->op->name);
    }
    bool one = ht__desc_elements(&value->desc) == 1;
    *out = one ? ht__scalar_real(ht__scalar_load(value->desc.type, value->data, 0)) : NAN;
    return fabs(*out) < 1e15 ? HT_OK
                             : ht__fail_at(err, HT_ERROR_FORMAT, node->name,
                                           "Input %s of %s must be one usable number.", value->name, node->op->name);
}
