/* The largest code of each window, by both rules. */
#include "ops/integer_pool/integer_pool.h"

ht_status ht__integer_MaxPool(ht_integer *integer, const ht_node *node, ht_error *err) {
    return ht__integer_pool_give(integer, node, HT_POOL_MAX, err);
}
