/* A model on named tensors. */
#include <string.h>

#include "formats/model.h"
#include "formats/tensors.h"
#include "halftone/run.h"
#include "plan/stages.h"

/* What an input without elements points to. */
static const uint64_t nothing;

static ht_status check_shape(const ht_value *input, const ht_tensor *given, ht_tensor_desc *desc, ht_error *err) {
    *desc = (ht_tensor_desc){.type = given->type, .rank = given->rank};
    if (given->rank < 0 || given->rank > HT_MAX_RANK) {
        return ht__fail_at(err, HT_ERROR_ARGUMENT, input->name, "A tensor of rank %d was given.", (int)given->rank);
    }
    memcpy(desc->dims, given->dims, sizeof desc->dims);
    bool fits = input->desc.type == given->type && (input->desc.rank < 0 || input->desc.rank == given->rank);
    for (int32_t i = 0; i < given->rank; ++i) {
        if (given->dims[i] < 0) {
            return ht__fail_at(err, HT_ERROR_ARGUMENT, input->name, "A tensor with a dimension of %lld was given.",
                               (long long)given->dims[i]);
        }
        fits = fits && (input->desc.rank < 0 || input->desc.dims[i] < 0 || input->desc.dims[i] == given->dims[i]);
    }
    if (!fits) {
        char wanted[96], got[96];
        return ht__fail_at(err, HT_ERROR_MISMATCH, input->name, "The model takes %s here, but %s was given.",
                           ht__desc_print(&input->desc, wanted, sizeof wanted), ht__desc_print(desc, got, sizeof got));
    }
    return ht__desc_is_sane(desc) ? HT_OK
                                  : ht__fail_at(err, HT_ERROR_LIMIT, input->name, "The given tensor is too large.");
}

static ht_status name_unknown(const ht_graph *graph, const ht_tensor *given, ht_error *err) {
    char list[300] = "";
    size_t used = 0;
    for (size_t i = 0; i < graph->input_count && used < sizeof list; ++i) {
        int written = snprintf(list + used, sizeof list - used, "%s%.60s", i == 0 ? "" : ", ", graph->inputs[i]->name);
        used += written > 0 ? (size_t)written : 0;
    }
    return ht__fail_at(err, HT_ERROR_ARGUMENT, given->name, "The model has no input of this name; its inputs are: %s.",
                       list);
}

/* views[i] becomes what was given for input i. */
static ht_status match_inputs(const ht_graph *graph, const ht_tensor *inputs, size_t count, ht_tensor_view *views,
                              ht_error *err) {
    for (size_t k = 0; k < count; ++k) {
        size_t i = 0;
        while (i < graph->input_count && strcmp(graph->inputs[i]->name, inputs[k].name) != 0) {
            ++i;
        }
        if (i == graph->input_count) {
            return name_unknown(graph, &inputs[k], err);
        }
        if (views[i].data != NULL) {
            return ht__fail_at(err, HT_ERROR_ARGUMENT, inputs[k].name, "This input is given twice.");
        }
        HT_TRY(check_shape(graph->inputs[i], &inputs[k], &views[i].desc, err));
        views[i].data = ht__desc_elements(&views[i].desc) != 0 ? inputs[k].data : &nothing;
        if (views[i].data == NULL) {
            return ht__fail_at(err, HT_ERROR_ARGUMENT, inputs[k].name, "This input has no data.");
        }
    }
    for (size_t i = 0; i < graph->input_count; ++i) {
        if (views[i].data == NULL) {
            char text[96];
            return ht__fail_at(err, HT_ERROR_ARGUMENT, graph->inputs[i]->name,
                               "No tensor is given for this input, which is %s.",
                               ht__desc_print(&graph->inputs[i]->desc, text, sizeof text));
        }
    }
    return HT_OK;
}

static ht_status collect(const ht_model *model, ht_tensor_owned *results, ht_tensors **out, ht_error *err) {
    const ht_graph *graph = model->graph;
    ht_tensors *tensors;
    HT_TRY(ht__tensors_create(&model->ctx->allocator, graph->output_count, &tensors, err));
    for (size_t i = 0; i < graph->output_count; ++i) {
        ht_status status = ht__tensors_set(tensors, i, graph->outputs[i]->name, &results[i].desc, results[i].data, err);
        if (status != HT_OK) {
            ht_tensors_destroy(tensors);
            return status;
        }
        results[i].data = NULL;
    }
    *out = tensors;
    return HT_OK;
}

ht_status ht_model_run(const ht_model *model, const ht_tensor *inputs, size_t count, const ht_run_options *options,
                       ht_tensors **out, ht_error *err) {
    const ht_allocator *allocator = &model->ctx->allocator;
    const ht_graph *graph = model->graph;
    ht_tensor_view *views = ht__calloc(allocator, graph->input_count, sizeof *views);
    ht_tensor_owned *results = ht__calloc(allocator, graph->output_count, sizeof *results);
    ht_status status = views != NULL && results != NULL ? match_inputs(graph, inputs, count, views, err)
                                                        : ht__fail_memory(err, graph->output_count * sizeof *results);
    if (status == HT_OK) {
        ht_stage_options stages = {.reference_only = options != NULL && options->reference,
                                   .simulate = options != NULL && options->simulate,
                                   .visit = options != NULL ? options->visit : NULL,
                                   .user = options != NULL ? options->user : NULL};
        status = ht__run_graph(graph, views, results, &stages, err);
    }
    if (status == HT_OK) {
        status = collect(model, results, out, err);
    }
    for (size_t i = 0; results != NULL && i < graph->output_count; ++i) {
        ht__free(allocator, results[i].data);
    }
    ht__free(allocator, results);
    ht__free(allocator, views);
    return status;
}
