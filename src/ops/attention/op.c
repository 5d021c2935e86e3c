/* Scaled dot-product attention, as operator sets 23 to 25 say it. */
#include "kernels/attention/attention.h"

#include <math.h>
#include <string.h>

#include "ops/common.h"

/* What the shapes of q, k and v say; -1 unknown. */
typedef struct shapes {
    int64_t batch, heads, key_heads, queries, keys, width, value_width, past, total;
} shapes;

static int64_t divide(int64_t size, int64_t count) { return size < 0 || count < 1 ? -1 : size / count; }

static ht_status mismatch(const ht_node *node, const char *what, ht_error *err) {
    return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "The %s of Attention do not fit together.", what);
}

static bool agree(int64_t a, int64_t b) { return a < 0 || b < 0 || a == b; }

/* Heads side by side: how many there are is said by attributes. */
static ht_status read_joined(const ht_node *node, shapes *s, ht_error *err) {
    const ht_tensor_desc *q = &node->inputs[0]->desc, *k = &node->inputs[1]->desc, *v = &node->inputs[2]->desc;
    s->heads = ht__node_int(node, "q_num_heads", 0);
    s->key_heads = ht__node_int(node, "kv_num_heads", 0);
    if (s->heads < 1 || s->key_heads < 1 || s->heads > INT32_MAX || s->key_heads > INT32_MAX) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name,
                           "Attention on tensors of rank 3 needs q_num_heads and "
                           "kv_num_heads.");
    }
    if ((q->dims[2] >= 0 && q->dims[2] % s->heads != 0) || (k->dims[2] >= 0 && k->dims[2] % s->key_heads != 0) ||
        (v->dims[2] >= 0 && v->dims[2] % s->key_heads != 0)) {
        return mismatch(node, "widths and numbers of heads", err);
    }
    s->queries = q->dims[1];
    s->keys = k->dims[1];
    s->width = divide(q->dims[2], s->heads);
    s->value_width = divide(v->dims[2], s->key_heads);
    bool fits = agree(s->width, divide(k->dims[2], s->key_heads)) && agree(k->dims[1], v->dims[1]);
    return fits ? HT_OK : mismatch(node, "queries, keys and values", err);
}

static ht_status read_split(const ht_node *node, shapes *s, ht_error *err) {
    const ht_tensor_desc *q = &node->inputs[0]->desc, *k = &node->inputs[1]->desc, *v = &node->inputs[2]->desc;
    s->heads = q->dims[1];
    s->key_heads = k->dims[1];
    s->queries = q->dims[2];
    s->keys = k->dims[2];
    s->width = q->dims[3];
    s->value_width = v->dims[3];
    bool fits = agree(k->dims[1], v->dims[1]) && agree(k->dims[2], v->dims[2]) && agree(q->dims[3], k->dims[3]);
    return fits ? HT_OK : mismatch(node, "queries, keys and values", err);
}

static ht_status read_past(const ht_node *node, shapes *s, ht_error *err) {
    bool given = ht__has_input(node, 4);
    s->past = 0;
    if (given != ht__has_input(node, 5) || (given && ht__has_input(node, 6))) {
        return mismatch(node, "past keys, past values and lengths", err);
    }
    if (given) {
        const ht_tensor_desc *k = &node->inputs[4]->desc, *v = &node->inputs[5]->desc;
        bool fits = k->rank == 4 && v->rank == 4 && agree(k->dims[0], s->batch) && agree(v->dims[0], s->batch) &&
                    agree(k->dims[1], s->key_heads) && agree(v->dims[1], s->key_heads) &&
                    agree(k->dims[2], v->dims[2]) && agree(k->dims[3], s->width) && agree(v->dims[3], s->value_width);
        if (!fits) {
            return mismatch(node, "past keys and values", err);
        }
        s->past = k->dims[2];
    }
    s->total = s->keys < 0 || s->past < 0 ? -1 : s->keys + s->past;
    return HT_OK;
}

static ht_status check_mask(const ht_node *node, const shapes *s, ht_error *err) {
    if (ht__has_input(node, 3)) {
        const ht_tensor_desc *mask = &node->inputs[3]->desc;
        const int64_t whole[4] = {s->batch, s->heads, s->queries, s->total};
        bool fits = mask->rank >= 1 && mask->rank <= 4;
        for (int32_t i = 0; i < mask->rank && fits; ++i) {
            int64_t size = mask->dims[i], most = whole[4 - mask->rank + i];
            fits = i == mask->rank - 1 ? size < 0 || most < 0 || size <= most : size == 1 || agree(size, most);
        }
        if (!fits) {
            return mismatch(node, "mask and scores", err);
        }
    }
    bool lengths =
        !ht__has_input(node, 6) || (node->inputs[6]->desc.rank == 1 && node->inputs[6]->desc.type == HT_I64 &&
                                    agree(node->inputs[6]->desc.dims[0], s->batch));
    return lengths ? HT_OK : mismatch(node, "lengths and images", err);
}

static ht_status read(const ht_node *node, shapes *s, ht_error *err) {
    const ht_tensor_desc *q = &node->inputs[0]->desc, *k = &node->inputs[1]->desc, *v = &node->inputs[2]->desc;
    if ((q->rank != 3 && q->rank != 4) || k->rank != q->rank || v->rank != q->rank || !agree(q->dims[0], k->dims[0]) ||
        !agree(k->dims[0], v->dims[0])) {
        return mismatch(node, "queries, keys and values", err);
    }
    s->batch = q->dims[0] >= 0 ? q->dims[0] : k->dims[0];
    HT_TRY(q->rank == 3 ? read_joined(node, s, err) : read_split(node, s, err));
    if (s->heads >= 0 && s->key_heads >= 0 && (s->key_heads == 0 || s->heads % s->key_heads != 0)) {
        return mismatch(node, "numbers of heads of queries and keys", err);
    }
    HT_TRY(read_past(node, s, err));
    return check_mask(node, s, err);
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    shapes s;
    HT_TRY(read(node, &s, err));
    const ht_tensor_desc *q = &node->inputs[0]->desc;
    ht_type type = q->type, key_type = node->inputs[1]->desc.type, value_type = node->inputs[2]->desc.type;
    ht_tensor_desc y = {.type = type, .rank = 4, .dims = {s.batch, s.heads, s.queries, s.value_width}};
    if (q->rank == 3) {
        int64_t width = s.value_width < 0 || s.value_width > INT32_MAX ? -1 : s.heads * s.value_width;
        y = (ht_tensor_desc){.type = type, .rank = 3, .dims = {s.batch, s.queries, width}};
    }
    ht_tensor_desc keys = {.type = key_type, .rank = 4, .dims = {s.batch, s.key_heads, s.total, s.width}};
    ht_tensor_desc values = {.type = value_type, .rank = 4, .dims = {s.batch, s.key_heads, s.total, s.value_width}};
    ht_tensor_desc scores = {.type = type, .rank = 4, .dims = {s.batch, s.heads, s.queries, s.total}};
    HT_TRY(ht__set_output(node, 1, &keys, err));
    HT_TRY(ht__set_output(node, 2, &values, err));
    HT_TRY(ht__set_output(node, 3, &scores, err));
    return ht__set_output(node, 0, &y, err);
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    shapes s;
    HT_TRY(read(node, &s, err));
    int64_t scores = ht__node_int(node, "qk_matmul_output_mode", 0);
    int64_t left = ht__node_int(node, "left_window_size", -1), right = ht__node_int(node, "right_window_size", -1);
    if (scores < 0 || scores > 3 || left < -1 || right < -1 || left > INT32_MAX || right > INT32_MAX) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name,
                           "Attention knows no qk_matmul_output_mode %lld with windows of %lld and %lld.",
                           (long long)scores, (long long)left, (long long)right);
    }
    float width = s.width > 0 ? (float)s.width : 1.0f;
    *HT_LOWER(ht_attention_parameters, call, ht__attention_family) =
        (ht_attention_parameters){.heads = s.heads,
                                  .key_heads = s.key_heads,
                                  .scale = ht__node_float(node, "scale", 1.0f / sqrtf(width)),
                                  .softcap = ht__node_float(node, "softcap", 0.0f),
                                  .causal = ht__node_int(node, "is_causal", 0) != 0,
                                  .left = left,
                                  .right = right,
                                  .scores = (ht_attention_scores)scores,
                                  .precision = ht__onnx_type(ht__node_int(node, "softmax_precision", 0))};
    return HT_OK;
}

static int64_t needs(const ht_node *node) {
    bool windows =
        ht__node_attribute(node, "left_window_size") != NULL || ht__node_attribute(node, "right_window_size") != NULL;
    return windows ? 25 : ht__has_input(node, 6) ? 24 : 0;
}

static int64_t macs(const ht_node *node) {
    shapes s;
    int64_t pairs, total;
    if (read(node, &s, NULL) != HT_OK || s.batch < 0 || s.heads < 0 || s.queries < 0 || s.total < 0 || s.width < 0 ||
        s.value_width < 0 || __builtin_mul_overflow(s.batch * s.heads, s.queries, &pairs) ||
        __builtin_mul_overflow(pairs, s.total, &pairs) ||
        __builtin_mul_overflow(pairs, s.width + s.value_width, &total)) {
        return -1;
    }
    return total;
}

const ht_op ht__op_Attention = {
    .name = "Attention",
    .domain = "",
    .since = 23,
    .needs = needs,
    .min_inputs = 3,
    .max_inputs = 7,
    .min_outputs = 1,
    .max_outputs = 4,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .lower = lower,
    .macs = macs,
};
