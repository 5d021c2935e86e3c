/* The different slices along an axis (without the attribute axis: the different elements), ascending or in the order of
 * their first occurrence; also where each occurs first, which of them each slice of x is, and how often each occurs. */
#include <string.h>

#include "ops/host.h"

/* The slices of x, and what is found out about them. */
typedef struct slices {
    const ht_tensor_view *x;
    ht_axis_view view;
    int64_t *order;   /* [slices]: their numbers, sorted */
    int64_t *firsts;  /* [different]: the first slice that is like it, in the order of the output */
    int64_t *inverse; /* [slices]: which different one it is */
    int64_t *counts;  /* [different] */
    int64_t different;
} slices;

static int order_slices(const slices *s, int64_t a, int64_t b) {
    for (int64_t o = 0; o < s->view.outer; ++o) {
        for (int64_t i = 0; i < s->view.inner; ++i) {
            int sign = ht__host_order(s->x, (o * s->view.size + a) * s->view.inner + i,
                                      (o * s->view.size + b) * s->view.inner + i);
            if (sign != 0) {
                return sign;
            }
        }
    }
    return 0;
}

/* Merge sort of order[begin .. end-1]: equal slices stay in their order. `spare` is as long as order. */
static void sort_slices(slices *s, int64_t begin, int64_t end, int64_t *spare) {
    if (end - begin < 2) {
        return;
    }
    int64_t middle = begin + (end - begin) / 2, left = begin, right = middle;
    sort_slices(s, begin, middle, spare);
    sort_slices(s, middle, end, spare);
    for (int64_t i = begin; i < end; ++i) {
        bool take_left = left < middle && (right == end || order_slices(s, s->order[left], s->order[right]) <= 0);
        spare[i] = take_left ? s->order[left++] : s->order[right++];
    }
    memcpy(s->order + begin, spare + begin, (size_t)(end - begin) * sizeof *spare);
}

/* Numbers the different slices in ascending order. */
static void number_sorted(slices *s) {
    for (int64_t i = 0; i < s->view.size; ++i) {
        if (i == 0 || order_slices(s, s->order[i - 1], s->order[i]) != 0) {
            s->firsts[s->different] = s->order[i];
            s->counts[s->different++] = 0;
        }
        s->inverse[s->order[i]] = s->different - 1;
        ++s->counts[s->different - 1];
    }
}

/* Brings the numbers into the order of first occurrence. `spare` holds 3 numbers for each slice. */
static void renumber(slices *s, int64_t *spare) {
    int64_t *place = spare, *firsts = spare + s->view.size, *counts = firsts + s->view.size, next = 0;
    for (int64_t i = 0; i < s->view.size; ++i) {
        int64_t k = s->inverse[i];
        if (s->firsts[k] == i) {
            place[k] = next;
            firsts[next] = i;
            counts[next++] = s->counts[k];
        }
    }
    for (int64_t i = 0; i < s->view.size; ++i) {
        s->inverse[i] = place[s->inverse[i]];
    }
    memcpy(s->firsts, firsts, (size_t)next * sizeof *firsts);
    memcpy(s->counts, counts, (size_t)next * sizeof *counts);
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    int32_t axis;
    ht_tensor_desc y, list = {.type = HT_I64, .rank = 1, .dims = {-1}}, inverse = list;
    HT_TRY(ht__host_slices(node, &node->inputs[0]->desc, &y, &axis, err));
    inverse.dims[0] = y.dims[axis];
    y.dims[axis] = -1;
    HT_TRY(ht__set_output(node, 1, &list, err));
    HT_TRY(ht__set_output(node, 2, &inverse, err));
    HT_TRY(ht__set_output(node, 3, &list, err));
    return ht__set_output(node, 0, &y, err);
}

static ht_status write_list(ht_host_call *call, uint32_t output, const int64_t *numbers, int64_t count, ht_error *err) {
    ht_tensor_desc desc = {.type = HT_I64, .rank = 1, .dims = {count}};
    void *data;
    HT_TRY(ht__host_output(call, output, &desc, &data, err));
    if (data != NULL && count > 0) {
        memcpy(data, numbers, (size_t)count * sizeof *numbers);
    }
    return HT_OK;
}

/* `y`: the output, its shape complete. */
static ht_status write_slices(ht_host_call *call, const slices *s, const ht_tensor_desc *y, ht_error *err) {
    void *data;
    HT_TRY(ht__host_output(call, 0, y, &data, err));
    size_t bytes = (size_t)s->view.inner * ht_type_bytes(y->type);
    unsigned char *to = data;
    for (int64_t o = 0; to != NULL && bytes != 0 && o < s->view.outer; ++o) {
        for (int64_t k = 0; k < s->different; ++k, to += bytes) {
            memcpy(to, (const unsigned char *)s->x->data + (size_t)(o * s->view.size + s->firsts[k]) * bytes, bytes);
        }
    }
    HT_TRY(write_list(call, 1, s->firsts, s->different, err));
    HT_TRY(write_list(call, 2, s->inverse, s->view.size, err));
    return write_list(call, 3, s->counts, s->different, err);
}

static ht_status evaluate(ht_host_call *call, ht_error *err) {
    int32_t axis;
    ht_tensor_desc y;
    HT_TRY(ht__host_slices(call->node, &call->inputs[0].desc, &y, &axis, err));
    slices s = {.x = &call->inputs[0], .view = ht__axis_view(&y, axis)};
    size_t count = (size_t)s.view.size;
    int64_t *memory = ht__calloc(&call->ctx->allocator, count, 7 * sizeof *memory);
    if (memory == NULL) {
        return ht__fail_memory(err, count * 7 * sizeof *memory);
    }
    s.order = memory;
    s.firsts = s.order + count;
    s.inverse = s.firsts + count;
    s.counts = s.inverse + count;
    for (size_t i = 0; i < count; ++i) {
        s.order[i] = (int64_t)i;
    }
    sort_slices(&s, 0, s.view.size, s.counts + count);
    number_sorted(&s);
    if (ht__node_int(call->node, "sorted", 1) == 0) {
        renumber(&s, s.counts + count);
    }
    y.dims[axis] = s.different;
    ht_status status = write_slices(call, &s, &y, err);
    ht__free(&call->ctx->allocator, memory);
    return status;
}

const ht_op ht__op_Unique = {
    .name = "Unique",
    .domain = "",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 4,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
};
