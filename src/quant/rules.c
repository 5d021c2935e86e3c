#include "quant/rules.h"

#include <stdio.h>
#include <string.h>

#include "graph/op.h"
#include "quant/choices.h"

enum { SUGGESTIONS = 3 };

static const char by_operator[] = "operator:", first_layer[] = "layer:first", last_layer[] = "layer:last";

/* Folding a normalisation into a weight gives the weight this ending; users know the name without it. */
static bool ends_folded(const char *rest) { return rest[0] == '\0' || strcmp(rest, ".folded") == 0; }

static bool matches_name(const char *pattern, const char *name) {
    size_t length = strlen(pattern);
    bool open = length > 0 && pattern[length - 1] == '*';
    return open ? strncmp(pattern, name, length - 1) == 0
                : strncmp(pattern, name, length) == 0 && ends_folded(name + length);
}

ht_rule_scope ht__rule_scope(const ht_graph *graph, const ht_layer_rule *rules, size_t count) {
    ht_rule_scope scope = {.rules = rules, .count = count};
    for (size_t i = 0; i < graph->node_count; ++i) {
        if (graph->nodes[i]->op->weight_inputs != 0) {
            scope.first = scope.first != NULL ? scope.first : graph->nodes[i];
            scope.last = graph->nodes[i];
        }
    }
    return scope;
}

static bool means(const ht_rule_scope *scope, const char *pattern, const ht_node *node, const ht_value *value) {
    if (strncmp(pattern, by_operator, sizeof by_operator - 1) == 0) {
        return strcmp(pattern + sizeof by_operator - 1, node->op->name) == 0;
    }
    if (strcmp(pattern, first_layer) == 0 || strcmp(pattern, last_layer) == 0) {
        return node == (strcmp(pattern, first_layer) == 0 ? scope->first : scope->last);
    }
    if (matches_name(pattern, node->name)) {
        return true;
    }
    for (uint32_t k = 0; k < node->input_count && value == NULL; ++k) {
        const ht_value *input = node->inputs[k];
        if (input != NULL && input->data != NULL && matches_name(pattern, input->name)) {
            return true;
        }
    }
    return value != NULL && matches_name(pattern, value->name);
}

const ht_layer_rule *ht__rule_for(const ht_rule_scope *scope, const ht_node *node, const ht_value *value) {
    for (size_t i = 0; i < scope->count; ++i) {
        if (means(scope, scope->rules[i].pattern, node, value)) {
            return &scope->rules[i];
        }
    }
    return NULL;
}

/* The names of nodes that are most like the pattern, best first, as text. */
static void suggest(const ht_graph *graph, const char *pattern, char *text, size_t size) {
    const char *best[SUGGESTIONS] = {NULL};
    unsigned distance[SUGGESTIONS];
    for (size_t i = 0; i < graph->node_count; ++i) {
        const char *name = graph->nodes[i]->name;
        unsigned here = ht__edit_distance(pattern, name);
        for (size_t k = 0; k < SUGGESTIONS; ++k) {
            if (best[k] == NULL || here < distance[k]) {
                memmove(best + k + 1, best + k, (SUGGESTIONS - k - 1) * sizeof *best);
                memmove(distance + k + 1, distance + k, (SUGGESTIONS - k - 1) * sizeof *distance);
                best[k] = name;
                distance[k] = here;
                break;
            }
        }
    }
    size_t used = 0;
    text[0] = '\0';
    for (size_t k = 0; k < SUGGESTIONS && best[k] != NULL && used + 1 < size; ++k) {
        used += (size_t)snprintf(text + used, size - used, "%s%.60s", k == 0 ? "" : ", ", best[k]);
    }
}

ht_status ht__rules_check(const ht_rule_scope *scope, const ht_graph *graph, ht_error *err) {
    for (size_t i = 0; i < scope->count; ++i) {
        const ht_layer_rule *rule = &scope->rules[i];
        bool used = false;
        for (size_t k = 0; k < graph->node_count && !used; ++k) {
            used = means(scope, rule->pattern, graph->nodes[k], NULL);
        }
        if (!used) {
            char near[256];
            suggest(graph, rule->pattern, near, sizeof near);
            return ht__fail(err, HT_ERROR_ARGUMENT, "The rule \"%s\" names no layer of the model; near names are: %s.",
                            rule->pattern, near);
        }
        if (rule->scheme != NULL) {
            HT_TRY(ht_scheme_check(rule->scheme, err));
        }
    }
    return HT_OK;
}
