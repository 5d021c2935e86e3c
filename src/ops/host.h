/* What operators that the host evaluates share. */
#ifndef HT_OPS_HOST_H
#define HT_OPS_HOST_H

#include "numeric/scalar.h"
#include "ops/common.h"

/* Element i of a tensor of integers. */
static inline int64_t ht__host_int(const ht_tensor_view *view, int64_t i) {
    return ht__scalar_load(view->desc.type, view->data, i).integer;
}

/* The only element of an optional input; `otherwise` when it is absent. HT_ERROR_FORMAT: it has more than one. */
ht_status ht__host_one_int(const ht_host_call *call, uint32_t index, int64_t otherwise, int64_t *out, ht_error *err);
/* Is the input there? */
static inline bool ht__host_has(const ht_host_call *call, uint32_t index) {
    return index < call->node->input_count && call->inputs[index].desc.type != HT_NONE;
}

/* A tensor seen as [outer, size, inner] around an axis. */
typedef struct ht_axis_view {
    int64_t outer, size, inner;
} ht_axis_view;
ht_axis_view ht__axis_view(const ht_tensor_desc *desc, int32_t axis);

/* What the slices of x are taken from, for operators with an optional attribute axis: x, or without the attribute the
 * list of its elements. */
ht_status ht__host_slices(const ht_node *node, const ht_tensor_desc *x, ht_tensor_desc *sliced, int32_t *axis,
                          ht_error *err);

/* How a scattered number joins what is there. */
typedef enum ht_scatter { HT_SCATTER_NONE, HT_SCATTER_ADD, HT_SCATTER_MUL, HT_SCATTER_MAX, HT_SCATTER_MIN } ht_scatter;
/* The attribute reduction. */
ht_status ht__scatter_read(const ht_node *node, ht_scatter *out, ht_error *err);
/* y[iy] joined with x[ix]; both of `type`. */
void ht__scatter_element(ht_scatter how, ht_type type, void *y, int64_t iy, const void *x, int64_t ix);

/* Negative if x[i] < x[k], 0 if equal, positive if greater; NaN is greater than everything. */
int ht__host_order(const ht_tensor_view *x, int64_t i, int64_t k);

/* CumSum, and CumProd with `product`: what all elements up to each one along an axis add or multiply up to. */
ht_status ht__cumulate(ht_host_call *call, bool product, ht_error *err);

/* ArgMax (sign 1) and ArgMin (sign -1). */
ht_status ht__arg_infer(ht_node *node, ht_error *err);
ht_status ht__arg_evaluate(ht_host_call *call, int sign, ht_error *err);

#endif
