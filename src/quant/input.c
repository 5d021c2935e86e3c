#include "quant/input.h"

#include "passes/passes.h"

/* Does the input [N, ...] take samples whose axis i is axis order[i] of the input? */
static bool fits(const ht_tensor_desc *desc, const ht_dataset_info *info, const int32_t order[]) {
    bool same = desc->rank == (int32_t)info->rank + 1;
    for (size_t i = 0; same && i < info->rank; ++i) {
        int64_t size = desc->dims[order[i]];
        same = size < 0 || size == (int64_t)info->dims[i];
    }
    return same;
}

static bool is_channels_last(const ht_tensor_desc *desc, const ht_dataset_info *info) {
    static const int32_t first[] = {1, 2, 3}, last[] = {3, 1, 2};
    return info->rank == 3 && !fits(desc, info, first) && fits(desc, info, last);
}

ht_status ht__input_fit(ht_graph *graph, const ht_dataset_info *info, ht_error *err) {
    if (graph->input_count != 1) {
        return ht__fail(err, HT_ERROR_MISMATCH, "The model has %zu inputs; data sets feed models with one.",
                        graph->input_count);
    }
    HT_TRY(ht__pass_real_ends(graph, err));
    if (is_channels_last(&graph->inputs[0]->desc, info)) {
        HT_TRY(ht__pass_channels_first_input(graph, 0, err));
    }
    ht_value *input = graph->inputs[0];
    ht_tensor_desc *desc = &input->desc;
    int64_t elements = 1;
    for (int32_t i = 1; i < desc->rank; ++i) {
        if (desc->dims[i] < 0 && desc->rank == (int32_t)info->rank + 1) {
            desc->dims[i] = (int64_t)info->dims[i - 1];
        }
        elements = desc->dims[i] < 0 || elements < 0 ? -1 : elements * desc->dims[i];
    }
    if (desc->rank < 1 || desc->type != HT_F32 || elements != (int64_t)info->input_elements) {
        char text[96];
        return ht__fail_at(err, HT_ERROR_MISMATCH, input->name,
                           "The model takes %s per batch, but a sample of %s has %zu numbers.",
                           ht__desc_print(desc, text, sizeof text), info->name, info->input_elements);
    }
    return HT_OK;
}
