/* What the operators that normalise lines share. */
#ifndef HT_OPS_NORM_COMMON_H
#define HT_OPS_NORM_COMMON_H

#include "kernels/line_norm/line_norm.h"
#include "ops/common.h"

/* Layer normalisation's rules: lines from the attribute axis (-1) to the end; input 1 and, if there, 2 scale and shift
 * along the line. Outputs 1 and 2, if any, are statistics: x's dimensions with 1 from the axis on. */
ht_status ht__norm_along_axis_infer(const ht_graph *graph, ht_node *node, ht_error *err);
ht_status ht__norm_along_axis_lower(const ht_node *node, bool centred, ht_kernel_call *call, ht_error *err);

/* Lines are groups of channels: `groups` of them. Inputs 1 and 2 have one number per channel. */
ht_status ht__norm_in_groups_infer(ht_node *node, int64_t groups, ht_error *err);
ht_status ht__norm_in_groups_lower(const ht_node *node, int64_t groups, ht_kernel_call *call, ht_error *err);

#endif
