/* Attention whose cache has one size: a state S [d_k, d_v] for each key head, changed by every step.
 *
 *     S = exp(decay) S       (update rules gated, gated_delta)
 *     v = beta (v - S^T k)   (update rules delta, gated_delta)
 *     S = S + k v^T,   y = scale S^T q
 *
 * Inputs q [N,T,H*d_k], k [N,T,Hk*d_k], v [N,T,Hk*d_v], past state [N,Hk,d_k,d_v], decay [N,T,Hk] or [N,T,Hk*d_k], beta
 * [N,T,Hk or 1]; outputs y [N,T,H*d_v], the state afterwards. Query head h reads key head h / (H / Hk). (Yang et al.
 * 2024.) */
#include <math.h>
#include <string.h>

#include "ops/reals.h"

typedef struct layout {
    int64_t images, steps, heads, key_heads, width, value_width; /* -1 unknown */
    bool gated, corrected;
} layout;

static int64_t divide(int64_t size, int64_t count) { return size < 0 ? -1 : size / count; }
static bool divides(int64_t size, int64_t count) { return size < 0 || size % count == 0; }
static bool agree(int64_t a, int64_t b) { return a < 0 || b < 0 || a == b; }

static ht_status read_rule(const ht_node *node, layout *out, ht_error *err) {
    const char *rule = ht__node_text(node, "update_rule", "gated_delta");
    out->gated = strncmp(rule, "gated", 5) == 0;
    out->corrected = strcmp(rule, "delta") == 0 || strcmp(rule, "gated_delta") == 0;
    bool known = out->corrected || strcmp(rule, "gated") == 0 || strcmp(rule, "linear") == 0;
    if (!known || out->gated != ht__has_input(node, 4) || out->corrected != ht__has_input(node, 5)) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name,
                           "LinearAttention with the update rule %s does not know these inputs.", rule);
    }
    return HT_OK;
}

/* Have the inputs behind the values the shapes that these want? */
static bool rest_fits(const ht_node *node, const layout *l) {
    int64_t all = l->width < 0 ? -1 : l->key_heads * l->width;
    bool fits = true;
    if (ht__has_input(node, 3)) {
        const ht_tensor_desc *state = &node->inputs[3]->desc;
        fits = state->rank == 4 && agree(state->dims[0], l->images) && agree(state->dims[1], l->key_heads) &&
               agree(state->dims[2], l->width) && agree(state->dims[3], l->value_width);
    }
    for (uint32_t i = 4; i < 6 && fits; ++i) {
        if (ht__has_input(node, i)) {
            const ht_tensor_desc *desc = &node->inputs[i]->desc;
            fits = desc->rank == 3 && agree(desc->dims[0], l->images) && agree(desc->dims[1], l->steps) &&
                   (agree(desc->dims[2], l->key_heads) || agree(desc->dims[2], i == 4 ? all : 1));
        }
    }
    return fits;
}

static ht_status read(const ht_node *node, layout *out, ht_error *err) {
    const ht_tensor_desc *q = &node->inputs[0]->desc, *k = &node->inputs[1]->desc, *v = &node->inputs[2]->desc;
    int64_t heads = ht__node_int(node, "q_num_heads", 0), key_heads = ht__node_int(node, "kv_num_heads", 0);
    HT_TRY(read_rule(node, out, err));
    bool fits = heads >= 1 && key_heads >= 1 && heads <= INT32_MAX && heads % key_heads == 0 && q->rank == 3 &&
                k->rank == 3 && v->rank == 3 && divides(q->dims[2], heads) && divides(k->dims[2], key_heads) &&
                divides(v->dims[2], key_heads);
    for (int i = 0; i < 2 && fits; ++i) {
        fits = agree(q->dims[i], k->dims[i]) && agree(q->dims[i], v->dims[i]);
    }
    if (fits) {
        out->images = q->dims[0];
        out->steps = q->dims[1];
        out->heads = heads;
        out->key_heads = key_heads;
        out->width = divide(q->dims[2], heads);
        out->value_width = divide(v->dims[2], key_heads);
        fits = agree(out->width, divide(k->dims[2], key_heads)) && rest_fits(node, out);
    }
    return fits ? HT_OK
                : ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "The inputs of LinearAttention do not fit together.");
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    layout l;
    HT_TRY(read(node, &l, err));
    ht_type type = node->inputs[0]->desc.type;
    int64_t width = l.value_width < 0 || l.value_width > INT32_MAX ? -1 : l.heads * l.value_width;
    ht_tensor_desc y = {.type = type, .rank = 3, .dims = {l.images, l.steps, width}};
    ht_tensor_desc state = {.type = ht__has_input(node, 3) ? node->inputs[3]->desc.type : type,
                            .rank = 4,
                            .dims = {l.images, l.key_heads, l.width, l.value_width}};
    HT_TRY(ht__set_output(node, 1, &state, err));
    return ht__set_output(node, 0, &y, err);
}

/* One step of one key head: k and v change the state S; `spare` holds d_v numbers. */
static void update(const layout *l, const double *k, const double *v, const double *decay, bool per_head, double beta,
                   double *state, double *spare) {
    for (int64_t i = 0; i < l->width && l->gated; ++i) {
        double factor = exp(decay[per_head ? 0 : i]);
        for (int64_t m = 0; m < l->value_width; ++m) {
            state[i * l->value_width + m] *= factor;
        }
    }
    for (int64_t m = 0; m < l->value_width; ++m) {
        double known = 0.0;
        for (int64_t i = 0; i < l->width && l->corrected; ++i) {
            known += state[i * l->value_width + m] * k[i];
        }
        spare[m] = l->corrected ? beta * (v[m] - known) : v[m];
    }
    for (int64_t i = 0; i < l->width; ++i) {
        for (int64_t m = 0; m < l->value_width; ++m) {
            state[i * l->value_width + m] += k[i] * spare[m];
        }
    }
}

static void answer(const layout *l, const double *q, const double *state, double scale, double *y) {
    for (int64_t m = 0; m < l->value_width; ++m) {
        double sum = 0.0;
        for (int64_t i = 0; i < l->width; ++i) {
            sum += q[i] * state[i * l->value_width + m];
        }
        y[m] = scale * sum;
    }
}

/* All steps of one key head of one image. */
static void run_head(ht_real_call *call, const layout *l, int64_t n, int64_t h, double *state, double *spare) {
    const ht_reals *in = call->inputs;
    double scale = (double)ht__node_float(call->node, "scale", 0.0f);
    scale = scale != 0.0 ? scale : 1.0 / sqrt((double)l->width);
    int64_t decays = l->gated ? in[4].desc.dims[2] : 0, betas = l->corrected ? in[5].desc.dims[2] : 0;
    int64_t group = l->heads / l->key_heads;
    bool per_head = decays == l->key_heads;
    for (int64_t t = 0; t < l->steps; ++t) {
        int64_t step = n * l->steps + t;
        const double *decay = l->gated ? in[4].data + step * decays + (per_head ? h : h * l->width) : NULL;
        double beta = l->corrected ? in[5].data[step * betas + (betas == 1 ? 0 : h)] : 1.0;
        update(l, in[1].data + (step * l->key_heads + h) * l->width,
               in[2].data + (step * l->key_heads + h) * l->value_width, decay, per_head, beta, state, spare);
        for (int64_t g = h * group; g < (h + 1) * group; ++g) {
            answer(l, in[0].data + (step * l->heads + g) * l->width, state, scale,
                   call->outputs[0].data + (step * l->heads + g) * l->value_width);
        }
    }
}

static ht_status compute(ht_real_call *call, ht_error *err) {
    layout l;
    HT_TRY(read(call->node, &l, err));
    int64_t size = l.width * l.value_width;
    double *state = ht__real_scratch(call, size, err), *spare = ht__real_scratch(call, l.value_width, err);
    if (state == NULL || spare == NULL) {
        return HT_ERROR_MEMORY;
    }
    for (int64_t head = 0; head < l.images * l.key_heads; ++head) {
        for (int64_t i = 0; i < size; ++i) {
            state[i] = call->inputs[3].data != NULL ? call->inputs[3].data[head * size + i] : 0.0;
        }
        run_head(call, &l, head / l.key_heads, head % l.key_heads, state, spare);
        for (int64_t i = 0; i < size && call->outputs[1].data != NULL; ++i) {
            call->outputs[1].data[head * size + i] = state[i];
        }
        HT_TRY(ht__check_interrupt(call->ctx, err));
    }
    return HT_OK;
}

static ht_status evaluate(ht_host_call *evaluation, ht_error *err) {
    return ht__evaluate_reals(evaluation, compute, err);
}

const ht_op ht__op_LinearAttention = {
    .name = "LinearAttention",
    .domain = "",
    .since = 27,
    .min_inputs = 3,
    .max_inputs = 6,
    .min_outputs = 1,
    .max_outputs = 2,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
};
