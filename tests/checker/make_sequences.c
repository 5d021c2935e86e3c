/* Random recurrent layers and attention. */
#include <string.h>

#include "checker.h"
#include "kernels/attention/attention.h"
#include "kernels/recurrent/recurrent.h"

static ht_tensor_desc plain(ht_type type, int32_t rank, const int64_t *dims) {
    return tensor_of(type, rank, dims, HT_LAYOUT_PLAIN);
}

static ht_tensor_desc sometimes(ht_rng *rng, ht_tensor_desc desc) {
    desc.type = chance(rng, 0.5) ? desc.type : HT_NONE;
    return desc;
}

static const ht_recurrent_activation sigmoid = {HT_RECURRENT_SIGMOID, 0, 0}, hyperbolic = {HT_RECURRENT_TANH, 0, 0},
                                     hard = {HT_RECURRENT_HARD_SIGMOID, 0.2f, 0.5f};

void make_recurrent(ht_rng *rng, check_case *out) {
    int64_t steps = pick(rng, 1, 9), batch = pick(rng, 1, 5), input = pick(rng, 1, 20), hidden = pick(rng, 1, 20);
    int64_t directions = pick(rng, 1, 2);
    ht_recurrent_parameters p = {.kind = (ht_recurrent_kind)pick(rng, HT_RECURRENT_RNN, HT_RECURRENT_LSTM),
                                 .directions = (int32_t)directions,
                                 .reverse = directions == 1 && chance(rng, 0.4),
                                 .batch_first = chance(rng, 0.4),
                                 .linear_before_reset = chance(rng, 0.5),
                                 .input_forget = chance(rng, 0.2),
                                 .clip = chance(rng, 0.2) ? 0.5f : 0.0f};
    for (int d = 0; d < 2; ++d) {
        p.activations[d][0] = chance(rng, 0.8) ? sigmoid : hard;
        p.activations[d][1] = p.activations[d][2] = hyperbolic;
    }
    memcpy(out->call.parameters, &p, sizeof p);
    int64_t rows = ht__recurrent_gates(p.kind) * hidden, first = p.batch_first ? batch : steps;
    int64_t second = p.batch_first ? steps : batch;
    const int64_t x[] = {first, second, input}, w[] = {directions, rows, input}, r[] = {directions, rows, hidden};
    const int64_t b[] = {directions, 2 * rows}, peepholes[] = {directions, 3 * hidden};
    const int64_t forward[] = {directions, batch, hidden}, batched[] = {batch, directions, hidden};
    const int64_t y[] = {steps, directions, batch, hidden}, y_batched[] = {batch, steps, directions, hidden};
    ht_tensor_desc state = plain(HT_F32, 3, p.batch_first ? batched : forward), none = {.type = HT_NONE};
    bool cell = p.kind == HT_RECURRENT_LSTM;
    out->call.input_count = 8;
    out->call.inputs[0] = plain(HT_F32, 3, x);
    out->call.inputs[1] = plain(HT_F32, 3, w);
    out->call.inputs[2] = plain(HT_F32, 3, r);
    out->call.inputs[3] = sometimes(rng, plain(HT_F32, 2, b));
    out->call.inputs[4] = sometimes(rng, plain(HT_I32, 1, &batch));
    out->call.inputs[5] = sometimes(rng, state);
    out->call.inputs[6] = cell ? sometimes(rng, state) : none;
    out->call.inputs[7] = cell ? sometimes(rng, plain(HT_F32, 2, peepholes)) : none;
    out->fill[4] = FILL_INTEGER;
    out->fill_high[4] = steps;
    out->weights[1] = out->weights[2] = out->weights[3] = true;
    out->call.output_count = cell ? 3 : 2;
    out->call.outputs[0] = plain(HT_F32, 4, p.batch_first ? y_batched : y);
    out->call.outputs[1] = out->call.outputs[2] = state;
    out->rule = CHECK_CLOSE;
}

void make_attention(ht_rng *rng, check_case *out) {
    int64_t batch = pick(rng, 1, 3), key_heads = pick(rng, 1, 3), heads = key_heads * pick(rng, 1, 3);
    int64_t queries = pick(rng, 1, 12), keys = pick(rng, 1, 12), past = chance(rng, 0.4) ? pick(rng, 1, 9) : 0;
    int64_t width = pick(rng, 1, 20), value_width = chance(rng, 0.6) ? width : pick(rng, 1, 20), total = past + keys;
    bool joined = chance(rng, 0.4);
    ht_attention_parameters p = {.heads = heads,
                                 .key_heads = key_heads,
                                 .scale = 0.3f,
                                 .softcap = chance(rng, 0.3) ? 2.0f : 0.0f,
                                 .causal = chance(rng, 0.5),
                                 .left = chance(rng, 0.2) ? pick(rng, 0, 3) : -1,
                                 .right = chance(rng, 0.2) ? pick(rng, 0, 3) : -1,
                                 .scores = (ht_attention_scores)pick(rng, 0, 3)};
    memcpy(out->call.parameters, &p, sizeof p);
    const int64_t q4[] = {batch, heads, queries, width}, k4[] = {batch, key_heads, keys, width};
    const int64_t v4[] = {batch, key_heads, keys, value_width}, y4[] = {batch, heads, queries, value_width};
    const int64_t q3[] = {batch, queries, heads * width}, k3[] = {batch, keys, key_heads * width};
    const int64_t v3[] = {batch, keys, key_heads * value_width}, y3[] = {batch, queries, heads * value_width};
    const int64_t past_k[] = {batch, key_heads, past, width}, past_v[] = {batch, key_heads, past, value_width};
    const int64_t all_k[] = {batch, key_heads, total, width}, all_v[] = {batch, key_heads, total, value_width};
    const int64_t mask[] = {queries, pick(rng, 1, total)}, scores[] = {batch, heads, queries, total};
    ht_tensor_desc none = {.type = HT_NONE};
    int32_t rank = joined ? 3 : 4;
    out->call.input_count = 7;
    out->call.inputs[0] = plain(HT_F32, rank, joined ? q3 : q4);
    out->call.inputs[1] = plain(HT_F32, rank, joined ? k3 : k4);
    out->call.inputs[2] = plain(HT_F32, rank, joined ? v3 : v4);
    out->call.inputs[3] = sometimes(rng, plain(chance(rng, 0.5) ? HT_BOOL : HT_F32, 2, mask));
    out->call.inputs[4] = past > 0 ? plain(HT_F32, 4, past_k) : none;
    out->call.inputs[5] = past > 0 ? plain(HT_F32, 4, past_v) : none;
    out->call.inputs[6] = past > 0 ? none : sometimes(rng, plain(HT_I64, 1, &batch));
    out->fill[6] = FILL_INTEGER;
    out->fill_high[6] = total;
    out->call.output_count = 4;
    out->call.outputs[0] = plain(HT_F32, rank, joined ? y3 : y4);
    out->call.outputs[1] = sometimes(rng, plain(HT_F32, 4, all_k));
    out->call.outputs[2] = sometimes(rng, plain(HT_F32, 4, all_v));
    out->call.outputs[3] = sometimes(rng, plain(HT_F32, 4, scores));
    out->rule = CHECK_CLOSE;
}
