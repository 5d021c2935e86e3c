#include "ops/gradient.h"
#include "ops/reduce_common.h"

ht_status ht__gradient_ReduceMean(ht_gradient *gradient, const ht_node *node, ht_error *err) {
    return ht__reduce_gradient(gradient, node, HT_REDUCE_MEAN, err);
}
