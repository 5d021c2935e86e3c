/* Recurrent layers: RNN, GRU and LSTM over sequences, in one direction or two.
 *
 * inputs   0 x [T,N,I]            5 initial h [D,N,H]
 *          1 w [D,G*H,I]          6 initial c [D,N,H]   (LSTM)
 *          2 r [D,G*H,H]          7 peepholes [D,3*H]   (LSTM; gates i, o, f)
 *          3 b [D,2*G*H]
 *          4 lengths i32 [N]      all but x, w and r may be absent
 * outputs  0 y [T,D,N,H]          1 last h [D,N,H]      2 last c [D,N,H] (LSTM); each may be absent
 *
 * D directions, G gates: RNN 1, GRU 3 (z, r, h), LSTM 4 (i, o, f, c). With batch_first: x [N,T,I], states [N,D,H], y
 * [N,T,D,H]. A sequence shorter than T leaves zeros in y behind its end; a reverse direction begins at its own end.
 *
 *   RNN   h = f(x Wt + h Rt + Wb + Rb)
 *   GRU   z = f(x Wzt + h Rzt + Wbz + Rbz), r = f(x Wrt + h Rrt + Wbr + Rbr),
 *         n = g(x Wht + (r . h) Rht + Rbh + Wbh), or with linear_before_reset g(x Wht + r . (h Rht + Rbh) + Wbh),
 *         h = (1 - z) . n + z . h
 *   LSTM  i = f(x Wit + h Rit + Pi . c + Wbi + Rbi), f likewise with Pf . c (or f = 1 - i with input_forget),
 *         c = f . c + i . g(x Wct + h Rct + Wbc + Rbc), o = f(x Wot + h Rot + Po . c + Wbo + Rbo), h = o . h(c)
 *
 * What goes into an activation is first cut to -clip .. clip when clip > 0. Any floating-point types; the reference
 * computes in double. (ONNX operators RNN, GRU, LSTM.)
 */
#ifndef HT_KERNELS_RECURRENT_H
#define HT_KERNELS_RECURRENT_H

#include "kernels/kernel.h"

typedef enum ht_recurrent_kind { HT_RECURRENT_RNN, HT_RECURRENT_GRU, HT_RECURRENT_LSTM } ht_recurrent_kind;

/* Activations by their ONNX names. alpha and beta mean what ONNX says of each. */
typedef enum ht_recurrent_function {
    HT_RECURRENT_SIGMOID,
    HT_RECURRENT_TANH,
    HT_RECURRENT_RELU,
    HT_RECURRENT_AFFINE,           /* alpha x + beta */
    HT_RECURRENT_LEAKY_RELU,       /* alpha x below 0 */
    HT_RECURRENT_THRESHOLDED_RELU, /* 0 up to alpha */
    HT_RECURRENT_SCALED_TANH,      /* alpha tanh(beta x) */
    HT_RECURRENT_HARD_SIGMOID,     /* alpha x + beta cut to 0 .. 1 */
    HT_RECURRENT_ELU,
    HT_RECURRENT_SOFTSIGN,
    HT_RECURRENT_SOFTPLUS
} ht_recurrent_function;

typedef struct ht_recurrent_activation {
    ht_recurrent_function function;
    float alpha, beta;
} ht_recurrent_activation;

typedef struct ht_recurrent_parameters {
    ht_recurrent_kind kind;
    int32_t directions; /* 1 or 2 */
    bool reverse;       /* one direction, from the end */
    bool batch_first, linear_before_reset, input_forget;
    float clip;                                /* 0: none */
    ht_recurrent_activation activations[2][3]; /* by direction: f, g, h */
} ht_recurrent_parameters;

/* 1, 3 or 4. */
int32_t ht__recurrent_gates(ht_recurrent_kind kind);

extern const ht_kernel_family ht__recurrent_family;

#endif
