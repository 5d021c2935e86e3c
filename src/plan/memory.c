#include "plan/memory.h"

#include <stdint.h>
#include <stdlib.h>

static int by_size(const void *left, const void *right) {
    const ht_lifetime *a = *(const ht_lifetime *const *)left, *b = *(const ht_lifetime *const *)right;
    if (a->bytes != b->bytes) {
        return a->bytes < b->bytes ? 1 : -1;
    }
    return a->first < b->first ? -1 : a->first > b->first ? 1 : a < b ? -1 : a > b; /* a fixed order */
}

/* The lowest offset for `item` among those placed before it, which are sorted by offset. */
static size_t lowest_gap(ht_lifetime *const *placed, size_t count, const ht_lifetime *item) {
    size_t offset = 0;
    for (size_t i = 0; i < count; ++i) {
        const ht_lifetime *other = placed[i];
        if (other->last < item->first || item->last < other->first) {
            continue;
        }
        if (offset + item->bytes <= other->offset) {
            break;
        }
        size_t end = ht__aligned(other->offset + other->bytes);
        offset = end > offset ? end : offset;
    }
    return offset;
}

ht_status ht__memory_plan(const ht_allocator *allocator, ht_lifetime *items, size_t count, size_t *total,
                          ht_error *err) {
    *total = 0;
    ht_lifetime **order = ht__calloc(allocator, count, sizeof(ht_lifetime *));
    ht_lifetime **placed = ht__calloc(allocator, count, sizeof(ht_lifetime *));
    if (order == NULL || placed == NULL) {
        ht__free(allocator, order);
        ht__free(allocator, placed);
        return ht__fail_memory(err, 2 * count * sizeof *order);
    }
    for (size_t i = 0; i < count; ++i) {
        order[i] = &items[i];
    }
    qsort(order, count, sizeof *order, by_size);
    for (size_t i = 0; i < count; ++i) {
        ht_lifetime *item = order[i];
        item->offset = lowest_gap(placed, i, item);
        size_t at = i;
        for (; at > 0 && placed[at - 1]->offset > item->offset; --at) {
            placed[at] = placed[at - 1];
        }
        placed[at] = item;
        size_t end = item->offset + item->bytes;
        *total = end > *total ? end : *total;
    }
    *total = ht__aligned(*total);
    ht__free(allocator, order);
    ht__free(allocator, placed);
    return HT_OK;
}
