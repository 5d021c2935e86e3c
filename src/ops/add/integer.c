/* Rule `fixed`: LiteRT's reference_integer_ops::AddFunc and its twin for subtraction; the multipliers are those of
 * ht__integer_sum_fixed. */
#include "ops/integer_binary/integer_binary.h"

ht_status ht__integer_Add(ht_integer *integer, const ht_node *node, ht_error *err) {
    return ht__integer_binary_give(integer, node, HT_INTEGER_ADD, ht__integer_sum_fixed, err);
}
