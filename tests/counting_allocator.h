/* An allocator that knows how much is taken, for tests of how much memory something needs. */
#ifndef HT_TESTS_COUNTING_ALLOCATOR_H
#define HT_TESTS_COUNTING_ALLOCATOR_H

#include <string.h>

#include "base/memory.h"

typedef struct counted {
    size_t now, peak; /* bytes */
} counted;

/* Blocks have their size before them. */
static void *counting_allocate(void *user, size_t bytes) {
    counted *count = user;
    char *memory = ht__system_allocator.allocate(NULL, bytes + HT_ALIGNMENT);
    if (memory == NULL) {
        return NULL;
    }
    memcpy(memory, &bytes, sizeof bytes);
    count->now += bytes;
    count->peak = count->now > count->peak ? count->now : count->peak;
    return memory + HT_ALIGNMENT;
}

static void counting_release(void *user, void *memory) {
    counted *count = user;
    if (memory != NULL) {
        size_t bytes;
        char *block = (char *)memory - HT_ALIGNMENT;
        memcpy(&bytes, block, sizeof bytes);
        count->now -= bytes;
        ht__system_allocator.release(NULL, block);
    }
}

#endif
