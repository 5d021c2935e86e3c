/* Runs a graph over slices of its last inputs: it takes the carried values and a slice of each, and gives the carried
 * values and the pieces of the stacked outputs. */
#include <string.h>

#include "ops/rounds.h"

/* What comes out is known when it has run. */
static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    (void)node;
    (void)err;
    return HT_OK;
}

/* What the attributes say. */
typedef struct scanning {
    ht_rounds rounds;
    size_t carried, scanned;
    const int64_t *axes, *reversed, *out_axes, *out_reversed; /* NULL: zeros */
    int64_t length;
    unsigned char **slices; /* memory for one slice of each scanned input */
} scanning;

static ht_status read_list(const ht_node *node, const char *name, size_t wanted, const int64_t **out, ht_error *err) {
    size_t count;
    *out = ht__node_ints(node, name, &count);
    return *out == NULL || count == wanted
               ? HT_OK
               : ht__fail_at(err, HT_ERROR_FORMAT, node->name, "The attribute %s has %zu numbers, %zu are needed.",
                             name, count, wanted);
}

/* The axis of a scanned input, whose length all share, and memory for a slice. */
static ht_status prepare_input(scanning *s, size_t k, ht_error *err) {
    ht_host_call *call = s->rounds.call;
    const ht_tensor_desc *x = &call->inputs[s->carried + k].desc;
    int32_t axis;
    HT_TRY(ht__normal_axis(call->node, s->axes != NULL ? s->axes[k] : 0, x->rank, &axis, err));
    if (k != 0 && x->dims[axis] != s->length) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, call->node->name, "The scanned inputs differ in length.");
    }
    s->length = x->dims[axis];
    ht_axis_view view = ht__axis_view(x, axis);
    size_t bytes = (size_t)(view.outer * view.inner) * ht_type_bytes(x->type);
    s->slices[k] = ht__alloc(&call->ctx->allocator, bytes);
    ht_tensor_desc piece = {.type = x->type, .rank = x->rank - 1};
    for (int32_t i = 0; i < piece.rank; ++i) {
        piece.dims[i] = x->dims[i < axis ? i : i + 1];
    }
    s->rounds.inputs[s->carried + k] = (ht_tensor_view){piece, s->slices[k]};
    return s->slices[k] != NULL ? HT_OK : ht__fail_memory(err, bytes);
}

static ht_status take_slice(scanning *s, size_t k, int64_t round, ht_error *err) {
    ht_host_call *call = s->rounds.call;
    const ht_tensor_view *x = &call->inputs[s->carried + k];
    int32_t axis;
    HT_TRY(ht__normal_axis(call->node, s->axes != NULL ? s->axes[k] : 0, x->desc.rank, &axis, err));
    ht_axis_view view = ht__axis_view(&x->desc, axis);
    size_t run = (size_t)view.inner * ht_type_bytes(x->desc.type);
    bool reversed = s->reversed != NULL && s->reversed[k] != 0;
    int64_t at = reversed ? view.size - 1 - round : round;
    for (int64_t o = 0; run != 0 && o < view.outer; ++o) {
        memcpy(s->slices[k] + (size_t)o * run, (const unsigned char *)x->data + (size_t)(o * view.size + at) * run,
               run);
    }
    return HT_OK;
}

static ht_status run_rounds(scanning *s, ht_error *err) {
    ht_rounds *rounds = &s->rounds;
    ht_host_call *call = rounds->call;
    for (size_t k = 0; k < s->scanned; ++k) {
        HT_TRY(prepare_input(s, k, err));
    }
    for (int64_t round = 0; round < s->length; ++round) {
        for (size_t i = 0; i < s->carried; ++i) {
            rounds->inputs[i] =
                round == 0 ? call->inputs[i] : (ht_tensor_view){rounds->carried[i].desc, rounds->carried[i].data};
        }
        for (size_t k = 0; k < s->scanned; ++k) {
            HT_TRY(take_slice(s, k, round, err));
        }
        HT_TRY(ht__rounds_run(rounds, 0, err));
    }
    for (uint32_t i = 0; i < s->carried; ++i) {
        bool changed = rounds->carried[i].data != NULL;
        HT_TRY(changed ? ht__host_copy(call, i, &rounds->carried[i].desc, rounds->carried[i].data, err)
                       : ht__host_copy(call, i, &call->inputs[i].desc, call->inputs[i].data, err));
    }
    return ht__rounds_finish(rounds, (uint32_t)s->carried, s->out_axes, s->out_reversed, err);
}

static ht_status evaluate(ht_host_call *call, ht_error *err) {
    const ht_node *node = call->node;
    const ht_graph *body = ht__node_graph(node, "body");
    const ht_allocator *allocator = &call->ctx->allocator;
    size_t own = node->input_count - node->captured, stacked;
    int64_t scanned = ht__node_int(node, "num_scan_inputs", 0);
    if (body == NULL || scanned < 1 || (uint64_t)scanned > own || body->input_count != own + node->captured ||
        body->output_count < own - (size_t)scanned || body->output_count < node->output_count) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "The body of Scan does not fit its inputs and outputs.");
    }
    scanning s = {.carried = own - (size_t)scanned, .scanned = (size_t)scanned};
    stacked = body->output_count - s.carried;
    HT_TRY(read_list(node, "scan_input_axes", s.scanned, &s.axes, err));
    HT_TRY(read_list(node, "scan_input_directions", s.scanned, &s.reversed, err));
    HT_TRY(read_list(node, "scan_output_axes", stacked, &s.out_axes, err));
    HT_TRY(read_list(node, "scan_output_directions", stacked, &s.out_reversed, err));
    s.slices = ht__calloc(allocator, s.scanned, sizeof *s.slices);
    ht_status status = s.slices != NULL ? ht__rounds_begin(&s.rounds, call, body, s.carried, stacked, err)
                                        : ht__fail_memory(err, s.scanned * sizeof *s.slices);
    if (status == HT_OK) {
        status = run_rounds(&s, err);
    }
    for (size_t k = 0; s.slices != NULL && k < s.scanned; ++k) {
        ht__free(allocator, s.slices[k]);
    }
    ht__free(allocator, s.slices);
    if (s.rounds.call != NULL) {
        ht__rounds_release(&s.rounds);
    }
    return status;
}

const ht_op ht__op_Scan = {
    .name = "Scan",
    .domain = "",
    .min_inputs = 1,
    .max_inputs = UINT32_MAX,
    .min_outputs = 1,
    .max_outputs = UINT32_MAX,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
};
