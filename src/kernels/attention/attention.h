/* Scaled dot-product attention with a key-value cache (ONNX operator Attention; Vaswani et al. 2017).
 *
 * inputs   0 q    4 past keys [N,Hk,P,D]      outputs  0 y
 *          1 k    5 past values [N,Hk,P,Dv]            1 keys [N,Hk,T,D]
 *          2 v    6 lengths i64 [N]                    2 values [N,Hk,T,Dv]
 *          3 mask                                      3 scores [N,H,S,T]
 *
 * q [N,H,S,D], k [N,Hk,L,D], v [N,Hk,L,Dv], y [N,H,S,Dv]; or with the heads side by side q [N,S,H*D], k [N,L,Hk*D],
 * v [N,L,Hk*Dv], y [N,S,H*Dv]. T = P + L. Inputs from the mask on and outputs from the keys on may be absent. Query
 * head h reads key head h / (H / Hk).
 *
 *     a = softcap(scale * q . k) + bias,   p = softmax(a),   y = sum over keys of p v
 *
 * softcap(x) = softcap * tanh(x / softcap), or x when softcap is 0. The bias is -infinity for keys that a query may not
 * see, plus the mask: numbers, or bool (false: not seen); it broadcasts to [N,H,S,T], and keys behind its last
 * dimension are not seen. With o keys before the first query (o = P, or lengths - S) query i sees the keys up to i + o
 * when causal, those from i + o - left on and up to i + o + right when these are not negative, and never those from
 * lengths on. A query that sees no key gives zeros.
 * scores are, by `scores`: scale q.k; the same behind softcap; a; p.
 *
 * Any floating-point types. The reference computes in double; of f16 and bf16 tensors it rounds what each step gives to
 * that type (sums once, at their end, but softmax's of bf16 after each term, as the standard's node tests), softmax's
 * steps to `precision` instead if that is not HT_NONE; both factors of their q . k are multiplied by the root of the
 * scale before, as the standard's own formula does.
 */
#ifndef HT_KERNELS_ATTENTION_H
#define HT_KERNELS_ATTENTION_H

#include "kernels/kernel.h"

typedef enum ht_attention_scores {
    HT_ATTENTION_PRODUCTS,
    HT_ATTENTION_CAPPED,
    HT_ATTENTION_BIASED,
    HT_ATTENTION_PROBABILITIES
} ht_attention_scores;

typedef struct ht_attention_parameters {
    int64_t heads, key_heads; /* H, Hk: H is a multiple of Hk */
    float scale, softcap;
    bool causal;
    int64_t left, right; /* -1: unbounded */
    ht_attention_scores scores;
    ht_type precision;
} ht_attention_parameters;

extern const ht_kernel_family ht__attention_family;

#endif
