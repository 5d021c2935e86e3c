#include "data/split.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"

/* The Philox stream of splits; other uses of a seed have other streams. */
#define SPLIT_STREAM 0x53504c49u
#define MAX_GROUPS 8

/* The group of the k-th of n samples. */
static size_t group_of(size_t k, size_t n, const double *fractions, size_t count) {
    double reached = 0;
    for (size_t g = 0; g + 1 < count; ++g) {
        reached += fractions[g];
        if ((double)k < floor(reached * (double)n + 0.5)) {
            return g;
        }
    }
    return count - 1;
}

static size_t class_count(const float *classes, size_t samples) {
    float largest = 0;
    for (size_t i = 0; classes != NULL && i < samples; ++i) {
        largest = classes[i] > largest ? classes[i] : largest;
    }
    return (size_t)largest + 1;
}

ht_status ht__split(const ht_allocator *allocator, size_t samples, uint64_t seed, const double *fractions, size_t count,
                    const float *classes, uint32_t *order, size_t *bounds, ht_error *err) {
    size_t kinds = class_count(classes, samples);
    uint32_t *shuffled = ht__calloc(allocator, samples + 1, sizeof *shuffled);
    uint8_t *group = ht__calloc(allocator, samples + 1, 1);
    size_t *total = ht__calloc(allocator, 2 * kinds, sizeof *total);
    ht_status status = HT_OK;
    if (shuffled == NULL || group == NULL || total == NULL || count > MAX_GROUPS) {
        status = ht__fail_memory(err, samples * sizeof *shuffled);
        goto done;
    }
    for (size_t i = 0; i < samples; ++i) {
        shuffled[i] = (uint32_t)i;
        ++total[classes != NULL ? (size_t)classes[i] : 0];
    }
    ht_rng rng = {.seed = seed, .stream = SPLIT_STREAM};
    ht__rng_shuffle(&rng, shuffled, samples);
    size_t *seen = total + kinds, sizes[MAX_GROUPS] = {0};
    for (size_t i = 0; i < samples; ++i) {
        size_t kind = classes != NULL ? (size_t)classes[shuffled[i]] : 0;
        group[i] = (uint8_t)group_of(seen[kind]++, total[kind], fractions, count);
        ++sizes[group[i]];
    }
    size_t next[MAX_GROUPS];
    bounds[0] = 0;
    for (size_t g = 0; g < count; ++g) {
        next[g] = bounds[g];
        bounds[g + 1] = bounds[g] + sizes[g];
    }
    for (size_t i = 0; i < samples; ++i) {
        order[next[group[i]]++] = shuffled[i];
    }
done:
    ht__free(allocator, shuffled);
    ht__free(allocator, group);
    ht__free(allocator, total);
    return status;
}
