/* Rule `fixed`: the sum of the codes by their number, rounded to nearest, ties away from zero (LiteRT's
 * reference_integer_ops::AveragePool). */
#include "ops/integer_pool/integer_pool.h"

ht_status ht__integer_AveragePool(ht_integer *integer, const ht_node *node, ht_error *err) {
    return ht__integer_pool_give(integer, node, HT_POOL_AVERAGE, err);
}
