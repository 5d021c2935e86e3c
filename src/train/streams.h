/* Who draws from which stream of random numbers: one list, so that no two share one. */
#ifndef HT_TRAIN_STREAMS_H
#define HT_TRAIN_STREAMS_H

#include <stdint.h>

enum {
    HT_STREAM_INITIALIZE = 1, /* index: the parameter's place in its graph */
    HT_STREAM_SHUFFLE,        /* index: the epoch */
    HT_STREAM_AUGMENT,        /* index: the epoch */
    HT_STREAM_DROPOUT         /* index: the node's place in its graph */
};

static inline uint64_t ht__stream(unsigned purpose, uint64_t index) { return (uint64_t)purpose << 40 | index; }

#endif
