/* Topological order by depth-first search: every node comes right after what it needs, and a list that is in order
 * already stays as it is. Linear in nodes and operands, also for lists from hostile files. */
#include <string.h>

#include "graph/graph.h"

/* A node on the search's stack, and its operand to be looked at next. */
typedef struct frame {
    ht_node *node;
    uint32_t next;
} frame;

typedef enum visit_state { UNSEEN, OPEN, PLACED } visit_state;

typedef struct sorting {
    uint8_t *states; /* visit_state of a node, by the id of its first output */
    frame *stack;
    size_t depth;
    ht_node **sorted;
    size_t count;
} sorting;

/* The state of a node; NULL for one without outputs, which nothing can need. */
static uint8_t *state_of(const sorting *s, const ht_node *node) {
    for (uint32_t k = 0; k < node->output_count; ++k) {
        if (node->outputs[k] != NULL) {
            return &s->states[node->outputs[k]->id];
        }
    }
    return NULL;
}

static void open_node(sorting *s, ht_node *node) {
    uint8_t *state = state_of(s, node);
    if (state != NULL) {
        *state = OPEN;
    }
    s->stack[s->depth++] = (frame){node, 0};
}

/* Looks at the next operand of the node on top: opens its producer, or places the node when there is none left. */
static ht_status advance(sorting *s, ht_error *err) {
    frame *top = &s->stack[s->depth - 1];
    if (top->next == top->node->input_count) {
        uint8_t *state = state_of(s, top->node);
        if (state != NULL) {
            *state = PLACED;
        }
        s->sorted[s->count++] = top->node;
        --s->depth;
        return HT_OK;
    }
    const ht_value *operand = top->node->inputs[top->next++];
    if (operand == NULL || operand->is_input || operand->is_state || operand->data != NULL) {
        return HT_OK;
    }
    if (operand->producer == NULL) {
        return ht__fail_at(err, HT_ERROR_FORMAT, operand->name, "Nothing produces this tensor.");
    }
    uint8_t state = *state_of(s, operand->producer);
    if (state == OPEN) {
        return ht__fail_at(err, HT_ERROR_FORMAT, operand->name, "The graph runs in a circle through this tensor.");
    }
    if (state == UNSEEN) {
        open_node(s, operand->producer);
    }
    return HT_OK;
}

static ht_status sort_nodes(const ht_graph *graph, sorting *s, ht_error *err) {
    for (size_t i = 0; i < graph->node_count; ++i) {
        const uint8_t *state = state_of(s, graph->nodes[i]);
        if (state != NULL && *state == PLACED) {
            continue;
        }
        open_node(s, graph->nodes[i]);
        while (s->depth != 0) {
            HT_TRY(advance(s, err));
        }
    }
    for (size_t i = 0; i < graph->output_count; ++i) {
        const ht_value *output = graph->outputs[i];
        if (output->producer == NULL && !output->is_input && !output->is_state && output->data == NULL) {
            return ht__fail_at(err, HT_ERROR_FORMAT, output->name, "Nothing produces this output.");
        }
    }
    return HT_OK;
}

ht_status ht__graph_sort(ht_graph *graph, ht_error *err) {
    const ht_allocator *allocator = &graph->ctx->allocator;
    size_t count = graph->node_count;
    sorting s = {.states = ht__calloc(allocator, graph->value_count, sizeof *s.states),
                 .stack = ht__calloc(allocator, count, sizeof *s.stack),
                 .sorted = ht__calloc(allocator, count, sizeof *s.sorted)};
    ht_status status = s.states != NULL && s.stack != NULL && s.sorted != NULL
                           ? sort_nodes(graph, &s, err)
                           : ht__fail_memory(err, count * sizeof *s.sorted);
    if (status == HT_OK && count != 0) {
        memcpy(graph->nodes, s.sorted, count * sizeof(ht_node *));
    }
    ht__free(allocator, s.states);
    ht__free(allocator, s.stack);
    ht__free(allocator, s.sorted);
    return status;
}
