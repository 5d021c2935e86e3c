/* The k largest or smallest elements along an axis, in order; of equal ones that with the lower index comes first. */
#include <stdlib.h>
#include <string.h>

#include "ops/host.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    ht_tensor_desc y = node->inputs[0]->desc;
    int32_t axis;
    HT_TRY(ht__normal_axis(node, ht__node_int(node, "axis", -1), y.rank, &axis, err));
    int64_t k[HT_MAX_RANK], size = y.dims[axis];
    size_t count;
    y.dims[axis] = -1;
    if (node->inputs[1]->data != NULL) {
        HT_TRY(ht__constant_ints(node, 1, k, &count, err));
        if (count != 1 || k[0] < 0 || (size >= 0 && k[0] > size)) {
            return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "TopK wants more elements than there are.");
        }
        y.dims[axis] = k[0];
    }
    HT_TRY(ht__set_output(node, 0, &y, err));
    y.type = HT_I64;
    return ht__set_output(node, 1, &y, err);
}

/* A line of x while its elements are put in order: [0 .. k-1] holds the best so far as a heap, the worst on top. */
typedef struct ranking {
    const ht_tensor_view *x;
    int64_t first, step; /* element i of the line is x[first + i * step] */
    bool largest;
    int64_t *heap;
    int64_t k;
} ranking;

/* Does element a of the line come before element b? */
static bool before(const ranking *r, int64_t a, int64_t b) {
    int order = ht__host_order(r->x, r->first + a * r->step, r->first + b * r->step);
    order = r->largest ? -order : order;
    return order != 0 ? order < 0 : a < b;
}

static void sink(ranking *r, int64_t at, int64_t count) {
    int64_t moving = r->heap[at];
    for (;;) {
        int64_t child = 2 * at + 1;
        if (child >= count) {
            break;
        }
        child += child + 1 < count && before(r, r->heap[child], r->heap[child + 1]);
        if (!before(r, moving, r->heap[child])) {
            break;
        }
        r->heap[at] = r->heap[child];
        at = child;
    }
    r->heap[at] = moving;
}

/* Leaves the indices of the k best elements in order. */
static void rank_line(ranking *r, int64_t size) {
    for (int64_t i = 0; i < r->k; ++i) {
        r->heap[i] = i;
    }
    for (int64_t i = r->k / 2; i-- > 0;) {
        sink(r, i, r->k);
    }
    for (int64_t i = r->k; i < size && r->k > 0; ++i) {
        if (before(r, i, r->heap[0])) {
            r->heap[0] = i;
            sink(r, 0, r->k);
        }
    }
    for (int64_t count = r->k; count > 1; --count) {
        int64_t worst = r->heap[0];
        r->heap[0] = r->heap[count - 1];
        sink(r, 0, count - 1);
        r->heap[count - 1] = worst;
    }
}

static ht_status evaluate(ht_host_call *call, ht_error *err) {
    const ht_tensor_view *x = &call->inputs[0];
    int32_t axis;
    void *values, *indices;
    HT_TRY(ht__normal_axis(call->node, ht__node_int(call->node, "axis", -1), x->desc.rank, &axis, err));
    HT_TRY(ht__host_inferred(call, 0, &values, err));
    HT_TRY(ht__host_inferred(call, 1, &indices, err));
    ht_axis_view view = ht__axis_view(&x->desc, axis);
    ranking r = {.x = x,
                 .step = view.inner,
                 .largest = ht__node_int(call->node, "largest", 1) != 0,
                 .k = ht__host_int(&call->inputs[1], 0)};
    r.heap = ht__calloc(&call->ctx->allocator, (size_t)r.k, sizeof *r.heap);
    if (r.heap == NULL) {
        return ht__fail_memory(err, (size_t)r.k * sizeof *r.heap);
    }
    for (int64_t line = 0; line < view.outer * view.inner; ++line) {
        int64_t outer = line / view.inner, inner = line % view.inner;
        r.first = outer * view.size * view.inner + inner;
        rank_line(&r, view.size);
        for (int64_t i = 0; i < r.k; ++i) {
            int64_t to = (outer * r.k + i) * view.inner + inner;
            if (values != NULL) {
                ht__scatter_element(HT_SCATTER_NONE, x->desc.type, values, to, x->data, r.first + r.heap[i] * r.step);
            }
            if (indices != NULL) {
                ((int64_t *)indices)[to] = r.heap[i];
            }
        }
    }
    ht__free(&call->ctx->allocator, r.heap);
    return HT_OK;
}

const ht_op ht__op_TopK = {
    .name = "TopK",
    .domain = "",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 2,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
    .content_inputs = 0x2,
};
