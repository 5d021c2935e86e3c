/* Rules for layers: which nodes and constants a pattern means. halftone/quantize.h lists the forms of patterns. */
#ifndef HT_QUANT_RULES_H
#define HT_QUANT_RULES_H

#include "graph/graph.h"
#include "halftone/quantize.h"

/* The weighted nodes that first: and last: mean; NULL in a graph without any. */
typedef struct ht_rule_scope {
    const ht_layer_rule *rules;
    size_t count;
    const ht_node *first, *last;
} ht_rule_scope;

/* `graph` is sorted. */
ht_rule_scope ht__rule_scope(const ht_graph *graph, const ht_layer_rule *rules, size_t count);
/* The first rule that means the node or the constant `value` of it (NULL: any constant that the node reads), or NULL.
 */
const ht_layer_rule *ht__rule_for(const ht_rule_scope *scope, const ht_node *node, const ht_value *value);
/* Every rule means a layer, and its scheme can be used. Errors: HT_ERROR_ARGUMENT with the names that are most like the
 * pattern; those of ht_scheme_check. */
ht_status ht__rules_check(const ht_rule_scope *scope, const ht_graph *graph, ht_error *err);

#endif
