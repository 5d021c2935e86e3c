/* Host steps: operators without a kernel, run inside a program by their `evaluate`. Such a step may allocate while it
 * runs, and only libhalftone has it: what is compiled for a device refuses the family. */
#ifndef HT_PLAN_HOST_H
#define HT_PLAN_HOST_H

#include "graph/op.h"

#define HT_HOST_KERNEL "host_evaluate"
extern const ht_kernel_family ht__host_family;

/* Describes `node`, which has `evaluate`, holds no graphs and has outputs of known shape, as a call of the family. Node
 * and context must outlive the program. */
void ht__host_lower(ht_context *ctx, const ht_node *node, ht_kernel_call *call);

#endif
