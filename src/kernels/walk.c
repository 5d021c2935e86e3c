#include "kernels/walk.h"

#include "kernels/index.h"

static void copy_dimension(ht_walk *walk, int32_t to, int32_t from) {
    walk->dims[to] = walk->dims[from];
    for (int32_t t = 0; t < walk->tensors; ++t) {
        walk->strides[t][to] = walk->strides[t][from];
    }
}

static void swap_dimensions(ht_walk *walk, int32_t i, int32_t j) {
    int64_t keep = walk->dims[i];
    walk->dims[i] = walk->dims[j];
    walk->dims[j] = keep;
    for (int32_t t = 0; t < walk->tensors; ++t) {
        keep = walk->strides[t][i];
        walk->strides[t][i] = walk->strides[t][j];
        walk->strides[t][j] = keep;
    }
}

/* May dimension `inner` continue where `outer` steps once, for all tensors? */
static bool mergeable(const ht_walk *walk, int32_t outer, int32_t inner) {
    for (int32_t t = 0; t < walk->tensors; ++t) {
        if (walk->strides[t][outer] != walk->strides[t][inner] * walk->dims[inner]) {
            return false;
        }
    }
    return true;
}

static void merge(ht_walk *walk) {
    int32_t last = 0;
    for (int32_t i = 1; i < walk->rank; ++i) {
        if (mergeable(walk, last, i)) {
            int64_t product = walk->dims[last] * walk->dims[i];
            copy_dimension(walk, last, i);
            walk->dims[last] = product;
        } else {
            copy_dimension(walk, ++last, i);
        }
    }
    walk->rank = last + 1;
}

void ht__walk_make(int32_t rank, const int64_t *dims, int32_t tensors, const int64_t (*strides)[HT_MAX_RANK],
                   ht_walk *out) {
    *out = (ht_walk){.tensors = tensors, .elements = 1};
    for (int32_t i = 0; i < rank; ++i) {
        out->elements *= dims[i];
        if (dims[i] == 1) {
            continue;
        }
        out->dims[out->rank] = dims[i];
        for (int32_t t = 0; t < tensors; ++t) {
            out->strides[t][out->rank] = strides[t][i];
        }
        ++out->rank;
    }
    if (out->rank == 0) {
        out->dims[0] = 1;
        out->rank = 1;
        return;
    }
    for (int32_t i = 1; i < out->rank; ++i) { /* insertion sort: the result's largest stride outermost */
        for (int32_t j = i; j > 0 && out->strides[0][j - 1] < out->strides[0][j]; --j) {
            swap_dimensions(out, j - 1, j);
        }
    }
    merge(out);
}

typedef struct walk_job {
    const ht_walk *walk;
    ht_walk_segment *segment;
    void *argument;
} walk_job;

static void walk_part(void *argument, size_t begin, size_t end, unsigned part) {
    (void)part;
    const walk_job *job = argument;
    const ht_walk *walk = job->walk;
    int32_t last = walk->rank - 1;
    int64_t at = (int64_t)begin, index[HT_MAX_RANK], offsets[HT_WALK_TENSORS] = {0};
    for (int32_t i = last; i >= 0; --i) {
        index[i] = at % walk->dims[i];
        at /= walk->dims[i];
        for (int32_t t = 0; t < walk->tensors; ++t) {
            offsets[t] += index[i] * walk->strides[t][i];
        }
    }
    for (int64_t left = (int64_t)(end - begin); left > 0;) {
        int64_t count = walk->dims[last] - index[last];
        count = count < left ? count : left;
        job->segment(job->argument, offsets, count);
        left -= count;
        index[last] += count;
        for (int32_t t = 0; t < walk->tensors; ++t) {
            offsets[t] += count * walk->strides[t][last];
        }
        for (int32_t i = last; i > 0 && index[i] == walk->dims[i]; --i) {
            index[i] = 0;
            ++index[i - 1];
            for (int32_t t = 0; t < walk->tensors; ++t) {
                offsets[t] += walk->strides[t][i - 1] - walk->dims[i] * walk->strides[t][i];
            }
        }
    }
}

void ht__walk_run(const ht_walk *walk, ht_pool *pool, size_t grain, ht_walk_segment *segment, void *argument) {
    walk_job job = {walk, segment, argument};
    ht__pool_run(pool, (size_t)walk->elements, grain, walk_part, &job);
}

void ht__walk_broadcast(const ht_tensor_desc *y, const ht_tensor_desc *x, const ht_tensor_desc *z, ht_walk *out) {
    int64_t strides[HT_WALK_TENSORS][HT_MAX_RANK];
    ht__desc_strides(y, strides[0]);
    ht__index_broadcast(x, y->rank, strides[1]);
    ht__index_broadcast(z, y->rank, strides[2]);
    ht__walk_make(y->rank, y->dims, 3, (const int64_t(*)[HT_MAX_RANK])strides, out);
}
