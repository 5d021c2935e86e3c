/* A loop nest over one index space for a result and up to two operands, each with strides of its own: what elementwise
 * kernels and moves run on. The result is walked in memory order, and neighbouring dimensions are merged where every
 * operand allows, so that the innermost loop is as long as possible. */
#ifndef HT_KERNELS_WALK_H
#define HT_KERNELS_WALK_H

#include "base/pool.h"
#include "base/tensor.h"

#define HT_WALK_TENSORS 3

typedef struct ht_walk {
    int32_t rank;    /* >= 1; the last dimension is the innermost loop */
    int32_t tensors; /* result and operands */
    int64_t dims[HT_MAX_RANK];
    int64_t strides[HT_WALK_TENSORS][HT_MAX_RANK]; /* in elements; [0] is the result */
    int64_t elements;
} ht_walk;

/* `strides[t]` holds those of tensor t for the logical dimensions `dims` (0 along a repeated one). */
void ht__walk_make(int32_t rank, const int64_t *dims, int32_t tensors, const int64_t (*strides)[HT_MAX_RANK],
                   ht_walk *out);

/* The walk over `y` and two operands that are broadcast to it as NumPy does. */
void ht__walk_broadcast(const ht_tensor_desc *y, const ht_tensor_desc *x, const ht_tensor_desc *z, ht_walk *out);

/* Calls segment(argument, offsets, count) for stretches of the innermost dimension: `count` elements that begin at
 * element offsets[t] of tensor t and are strides[t][rank-1] apart. Split over the pool in parts of at least `grain`
 * elements. */
typedef void ht_walk_segment(void *argument, const int64_t offsets[HT_WALK_TENSORS], int64_t count);
void ht__walk_run(const ht_walk *walk, ht_pool *pool, size_t grain, ht_walk_segment *segment, void *argument);

#endif
