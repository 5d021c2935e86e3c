/* The memory planner: offsets in one arena for tensors with lifetimes. */
#ifndef HT_PLAN_MEMORY_H
#define HT_PLAN_MEMORY_H

#include "base/memory.h"

/* A tensor that needs room: alive from step `first` to step `last`, both included. `offset` is the answer. */
typedef struct ht_lifetime {
    size_t bytes;
    size_t first, last;
    size_t offset; /* a multiple of HT_ALIGNMENT */
} ht_lifetime;

/* Gives each of `items` an offset so that no two alive at the same step overlap, and *total the arena's size.
 * Greedy by size: the largest first, each at the lowest place that is free for its whole life (Pisarchyk and Lee,
 * "Efficient Memory Management for Deep Neural Net Inference", 2020, section 5.2). */
ht_status ht__memory_plan(const ht_allocator *allocator, ht_lifetime *items, size_t count, size_t *total,
                          ht_error *err);

#endif
