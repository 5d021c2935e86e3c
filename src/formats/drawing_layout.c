#include "formats/drawing_layout.h"

#include <stdlib.h>

typedef struct entry {
    uint32_t node;
    float wish; /* the mean column of its producers */
} entry;

static int by_wish(const void *left, const void *right) {
    const entry *a = left, *b = right;
    return a->wish != b->wish ? (a->wish < b->wish ? -1 : 1) : a->node < b->node ? -1 : a->node > b->node;
}

/* The mean column of the nodes that this one reads; `otherwise` when it reads none. */
static float wish_of(const ht_graph *graph, const uint32_t *producers, const ht_node_place *places, uint32_t node,
                     float otherwise) {
    float sum = 0.0f;
    uint32_t count = 0;
    for (uint32_t i = 0; i < graph->nodes[node]->input_count; ++i) {
        const ht_value *input = graph->nodes[node]->inputs[i];
        if (input != NULL && input->producer != NULL) {
            sum += places[producers[input->id]].column;
            ++count;
        }
    }
    return count > 0 ? sum / (float)count : otherwise;
}

/* Rows by longest path. Returns how many. */
static uint32_t choose_rows(const ht_graph *graph, const uint32_t *producers, ht_node_place *places) {
    uint32_t rows = 0;
    for (uint32_t n = 0; n < graph->node_count; ++n) {
        for (uint32_t i = 0; i < graph->nodes[n]->input_count; ++i) {
            const ht_value *input = graph->nodes[n]->inputs[i];
            if (input != NULL && input->producer != NULL && places[producers[input->id]].row >= places[n].row) {
                places[n].row = places[producers[input->id]].row + 1;
            }
        }
        rows = places[n].row + 1 > rows ? places[n].row + 1 : rows;
    }
    return rows;
}

/* Each where it wishes to be, but at least one box right of the one before it. */
static float place_row(entry *entries, size_t count, ht_node_place *places) {
    qsort(entries, count, sizeof *entries, by_wish);
    float next = 0.5f;
    for (size_t i = 0; i < count; ++i) {
        float column = entries[i].wish > next ? entries[i].wish : next;
        places[entries[i].node].column = column;
        next = column + 1.0f;
    }
    return next - 0.5f;
}

typedef struct work {
    uint32_t *starts; /* of each row in `by_row`, and the end */
    uint32_t *by_row; /* nodes, row after row */
    entry *entries;   /* one row */
} work;

/* A counting sort of the nodes by row. */
static void sort_by_row(size_t nodes, const ht_drawing_layout *layout, work *w) {
    for (size_t n = 0; n < nodes; ++n) {
        ++w->starts[layout->places[n].row + 1];
    }
    for (uint32_t row = 0; row < layout->rows; ++row) {
        w->starts[row + 1] += w->starts[row];
    }
    for (size_t n = nodes; n-- > 0;) { /* from the end: starts[row + 1] counts down to the row's start */
        w->by_row[--w->starts[layout->places[n].row + 1]] = (uint32_t)n;
    }
}

static void lay_out(const ht_graph *graph, ht_drawing_layout *layout, work *w) {
    size_t nodes = graph->node_count;
    for (uint32_t n = 0; n < nodes; ++n) {
        for (uint32_t i = 0; i < graph->nodes[n]->output_count; ++i) {
            if (graph->nodes[n]->outputs[i] != NULL) {
                layout->producers[graph->nodes[n]->outputs[i]->id] = n;
            }
        }
    }
    layout->rows = choose_rows(graph, layout->producers, layout->places);
    sort_by_row(nodes, layout, w);
    for (size_t begin = 0; begin < nodes;) { /* from the top, so that producers have their columns */
        uint32_t row = layout->places[w->by_row[begin]].row;
        size_t count = 0;
        for (; begin < nodes && layout->places[w->by_row[begin]].row == row; ++begin) {
            uint32_t n = w->by_row[begin];
            w->entries[count++] = (entry){n, wish_of(graph, layout->producers, layout->places, n, 0.5f)};
        }
        float width = place_row(w->entries, count, layout->places);
        layout->columns = width > layout->columns ? width : layout->columns;
    }
}

ht_status ht__drawing_layout(const ht_graph *graph, ht_drawing_layout *out, ht_error *err) {
    const ht_allocator *allocator = &graph->ctx->allocator;
    size_t nodes = graph->node_count;
    *out = (ht_drawing_layout){.places = ht__calloc(allocator, nodes + 1, sizeof *out->places),
                               .producers = ht__calloc(allocator, graph->value_count + 1, sizeof *out->producers)};
    work w = {.starts = ht__calloc(allocator, nodes + 2, sizeof *w.starts),
              .by_row = ht__calloc(allocator, nodes + 1, sizeof *w.by_row),
              .entries = ht__calloc(allocator, nodes + 1, sizeof *w.entries)};
    bool complete =
        out->places != NULL && out->producers != NULL && w.starts != NULL && w.by_row != NULL && w.entries != NULL;
    if (complete) {
        lay_out(graph, out, &w);
    }
    ht__free(allocator, w.starts);
    ht__free(allocator, w.by_row);
    ht__free(allocator, w.entries);
    if (!complete) {
        ht__free(allocator, out->places);
        ht__free(allocator, out->producers);
        *out = (ht_drawing_layout){0};
        return ht__fail_memory(err, (nodes + 1) * sizeof *w.entries);
    }
    return HT_OK;
}
