#include "quant/input.h"

ht_status ht__input_fit(ht_graph *graph, const ht_dataset_info *info, ht_error *err) {
    if (graph->input_count != 1) {
        return ht__fail(err, HT_ERROR_MISMATCH, "The model has %zu inputs; data sets feed models with one.",
                        graph->input_count);
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
