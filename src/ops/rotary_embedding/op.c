/* Turns pairs of a head's elements by angles that grow with the position (Su et al. 2021). x [N,H,S,D], or [N,S,H*D]
 * with the attribute num_heads; cos and sin [positions, R/2] read at position_ids [N,S], or [N,S,R/2] without them; R
 * is the attribute rotary_embedding_dim, 0: D. Element i < R/2 of a head is paired with i + R/2, or 2i with 2i + 1
 * (interleaved); what lies behind R stays. */
#include "ops/reals.h"

typedef struct rotation {
    int64_t images, heads, steps, width, turned;
    bool joined; /* heads side by side */
} rotation;

static int64_t divide(int64_t size, int64_t count) { return size < 0 ? -1 : size / count; }

static ht_status read(const ht_node *node, rotation *out, ht_error *err) {
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    int64_t heads = ht__node_int(node, "num_heads", 0), turned = ht__node_int(node, "rotary_embedding_dim", 0);
    out->joined = x->rank == 3;
    if ((x->rank != 3 && x->rank != 4) ||
        (out->joined && (heads < 1 || (x->dims[2] >= 0 && x->dims[2] % heads != 0)))) {
        return ht__fail_at(
            err, HT_ERROR_MISMATCH, node->name,
            "RotaryEmbedding needs a tensor of rank 4, or of rank 3 and a number of heads that divides it.");
    }
    out->images = x->dims[0];
    out->heads = out->joined ? heads : x->dims[1];
    out->steps = x->dims[out->joined ? 1 : 2];
    out->width = out->joined ? divide(x->dims[2], heads) : x->dims[3];
    out->turned = turned != 0 ? turned : out->width;
    if (turned < 0 || out->turned % 2 == 1 || (out->width >= 0 && out->turned > out->width)) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "RotaryEmbedding cannot turn %lld of %lld elements.",
                           (long long)out->turned, (long long)out->width);
    }
    return HT_OK;
}

/* Do the tables of cosines and sines, and the positions, have the shapes that x wants? */
static bool tables_fit(const ht_node *node, const rotation *r) {
    bool placed = ht__has_input(node, 3);
    for (uint32_t i = 1; i < 3; ++i) {
        const ht_tensor_desc *table = &node->inputs[i]->desc;
        if (table->rank != (placed ? 2 : 3) ||
            (r->turned >= 0 && table->dims[table->rank - 1] >= 0 && table->dims[table->rank - 1] != r->turned / 2)) {
            return false;
        }
        for (int k = 0; k < 2 && !placed; ++k) {
            int64_t wanted = k == 0 ? r->images : r->steps;
            if (wanted >= 0 && table->dims[k] >= 0 && table->dims[k] != wanted) {
                return false;
            }
        }
    }
    if (!placed) {
        return true;
    }
    const ht_tensor_desc *ids = &node->inputs[3]->desc;
    return ids->rank == 2 && (ids->dims[0] < 0 || r->images < 0 || ids->dims[0] == r->images) &&
           (ids->dims[1] < 0 || r->steps < 0 || ids->dims[1] == r->steps);
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    rotation r;
    HT_TRY(read(node, &r, err));
    if (!tables_fit(node, &r)) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "The tables of RotaryEmbedding do not fit its input.");
    }
    return ht__infer_same(graph, node, err);
}

/* One head of one position. */
static void turn(const rotation *r, bool interleaved, const double *x, const double *cosines, const double *sines,
                 double *y) {
    int64_t half = r->turned / 2;
    for (int64_t i = 0; i < half; ++i) {
        int64_t first = interleaved ? 2 * i : i, second = interleaved ? 2 * i + 1 : i + half;
        y[first] = cosines[i] * x[first] - sines[i] * x[second];
        y[second] = sines[i] * x[first] + cosines[i] * x[second];
    }
    for (int64_t i = r->turned; i < r->width; ++i) {
        y[i] = x[i];
    }
}

static ht_status compute(ht_real_call *call, ht_error *err) {
    rotation r;
    HT_TRY(read(call->node, &r, err));
    bool interleaved = ht__node_int(call->node, "interleaved", 0) != 0;
    const double *ids = call->inputs[3].data;
    int64_t half = r.turned / 2, positions = call->inputs[1].desc.dims[0];
    for (int64_t n = 0; n < r.images; ++n) {
        for (int64_t s = 0; s < r.steps; ++s) {
            double id = ids != NULL ? ids[n * r.steps + s] : 0.0;
            if (!(id >= 0.0 && id < (double)positions && id < (double)call->inputs[2].desc.dims[0]) && ids != NULL) {
                return ht__fail_at(err, HT_ERROR_ARGUMENT, call->node->name, "There is no row %.0f in the tables.", id);
            }
            int64_t row = ids != NULL ? (int64_t)id : n * r.steps + s;
            for (int64_t h = 0; h < r.heads; ++h) {
                int64_t at = (r.joined ? (n * r.steps + s) * r.heads + h : (n * r.heads + h) * r.steps + s) * r.width;
                turn(&r, interleaved, call->inputs[0].data + at, call->inputs[1].data + row * half,
                     call->inputs[2].data + row * half, call->outputs[0].data + at);
            }
        }
    }
    return HT_OK;
}

static ht_status evaluate(ht_host_call *evaluation, ht_error *err) {
    return ht__evaluate_reals(evaluation, compute, err);
}

const ht_op ht__op_RotaryEmbedding = {
    .name = "RotaryEmbedding",
    .domain = "",
    .since = 23,
    .min_inputs = 3,
    .max_inputs = 4,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
};
