/* What pooling operators share when they become integer. */
#ifndef HT_OPS_INTEGER_POOL_H
#define HT_OPS_INTEGER_POOL_H

#include "kernels/integer_pool/integer_pool.h"
#include "ops/integer.h"

/* Gives the node's result as an IntegerPool, brought to the result's scale where the kind keeps that of the input. */
ht_status ht__integer_pool_give(ht_integer *integer, const ht_node *node, ht_pool_kind kind, ht_error *err);

#endif
