#include "kernels/conv/rows.h"
#include "kernels/index.h"

#define MOST_ENTRIES (INT64_C(1) << 24)

bool ht__conv_rows_accept(const ht_kernel_call *call, const ht_tensor_desc *x, const ht_tensor_desc *w,
                          const ht_tensor_desc *y, const char **reason) {
    *reason = "takes channels-last maps of one group, not empty";
    if (HT_PARAMETERS(ht_conv_parameters, call)->groups != 1 || x->layout != HT_LAYOUT_CHANNELS_LAST ||
        ht__desc_elements(x) == 0 || ht__desc_elements(w) == 0 || ht__desc_elements(y) == 0) {
        return false;
    }
    *reason = "too large a map";
    int64_t window = ht__index_product(w->dims, 2, w->rank);
    return ht__desc_elements(x) / x->dims[0] <= INT32_MAX && ht__desc_elements(y) / y->dims[0] <= INT32_MAX &&
           ht__index_product(x->dims, 2, x->rank) <= MOST_ENTRIES / window &&
           ht__index_product(y->dims, 2, y->rank) <= MOST_ENTRIES / window;
}

size_t ht__conv_table_bytes(const ht_tensor_desc *result, const ht_tensor_desc *w) {
    return (size_t)(ht__index_product(result->dims, 2, result->rank) * ht__index_product(w->dims, 2, w->rank)) *
           sizeof(int32_t);
}

void ht__conv_table_fill(const ht_conv_parameters *p, const ht_tensor_desc *x, const ht_tensor_desc *w,
                         const ht_tensor_desc *y, bool backward, int32_t *memory, ht_conv_table *out) {
    ht_window window;
    ht__window_make(p->spatial, x, y, w->dims + 2, p->strides, p->dilations, p->pads_begin, p->pads_end, &window);
    const int64_t *dims = backward ? window.in : window.out;
    *out = (ht_conv_table){ht__index_product(dims, 0, 3), ht__index_product(window.size, 0, 3), memory};
    int64_t position[3] = {0}, element[3] = {0};
    do {
        do {
            *memory++ = (int32_t)(backward ? ht__window_output_offset(&window, position, element)
                                           : ht__window_input_offset(&window, position, element));
        } while (ht__index_next(3, window.size, element));
    } while (ht__index_next(3, dims, position));
}
