#include "ops/gradient.h"
#include "ops/pool_common.h"

ht_status ht__gradient_MaxPool(ht_gradient *gradient, const ht_node *node, ht_error *err) {
    return ht__pool_gradient(gradient, node, HT_POOL_MAX, false, err);
}
