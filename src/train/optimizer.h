/* Optimizers over one flat parameter buffer and its gradient.
 *
 * Every element is updated from its own state only, so that the result does not depend on the number of threads. Sums
 * (the gradient's norm) run in fixed blocks, which are added in order.
 */
#ifndef HT_TRAIN_OPTIMIZER_H
#define HT_TRAIN_OPTIMIZER_H

#include "base/context.h"
#include "halftone/train.h"

typedef struct ht_optimizer_state {
    ht_optimizer kind;
    size_t count;   /* elements of every buffer */
    uint64_t steps; /* updates done */
    float *first;   /* SGD: momentum buffer; Adam: mean of gradients. NULL for SGD without momentum */
    float *second;  /* Adam: mean of squared gradients; NULL for SGD */
} ht_optimizer_state;

/* Zeroed state for `count` parameters. Errors: HT_ERROR_MEMORY. */
ht_status ht__optimizer_create(const ht_allocator *allocator, const ht_train_options *recipe, size_t count,
                               ht_optimizer_state *out, ht_error *err);
void ht__optimizer_destroy(const ht_allocator *allocator, ht_optimizer_state *state);
/* Bytes of `first` and `second`. */
size_t ht__optimizer_bytes(const ht_optimizer_state *state);

/* The L2 norm of `gradients`, in double. */
double ht__gradient_norm(ht_pool *pool, const float *gradients, size_t count);

/* One update at the learning rate `rate`; clips as the recipe says. `gradients` are read only.
 *
 *   g = clip(gradient) + weight_decay * p           (AdamW: decay is p -= rate * weight_decay * p instead)
 *   SGD    m = momentum * m + g (first step: m = g);  p -= rate * (nesterov ? g + momentum * m : m)
 *   Adam   m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2,
 *          p -= rate / (1 - b1^t) * m / (sqrt(v) / sqrt(1 - b2^t) + epsilon)      (Kingma and Ba 2014, algorithm 1)
 *   AdamW  Loshchilov and Hutter 2017, algorithm 2
 *
 * Errors: HT_ERROR_NUMERIC when the gradient's norm was needed and is not finite. */
ht_status ht__optimizer_step(ht_optimizer_state *state, const ht_train_options *recipe, double rate, ht_pool *pool,
                             float *parameters, const float *gradients, ht_error *err);

#endif
