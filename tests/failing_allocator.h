/* An allocator that fails its n-th request, for tests that let every allocation of a piece of work fail once. */
#ifndef HT_TESTS_FAILING_ALLOCATOR_H
#define HT_TESTS_FAILING_ALLOCATOR_H

#include <stdatomic.h>

#include "base/memory.h"

typedef struct failing_allocator {
    atomic_long left;  /* requests that still succeed; negative: all */
    atomic_long alive; /* blocks not released yet: 0 at the end, or something leaked */
    atomic_bool failed;
} failing_allocator;

static inline void *failing_allocate(void *user, size_t bytes) {
    failing_allocator *state = user;
    if (atomic_load(&state->left) >= 0 && atomic_fetch_sub(&state->left, 1) <= 0) {
        atomic_store(&state->left, 0); /* short once, short for good: what follows must only clean up */
        atomic_store(&state->failed, true);
        return NULL;
    }
    void *memory = ht__system_allocator.allocate(NULL, bytes);
    if (memory != NULL) {
        atomic_fetch_add(&state->alive, 1);
    }
    return memory;
}

static inline void failing_release(void *user, void *memory) {
    failing_allocator *state = user;
    if (memory != NULL) {
        atomic_fetch_sub(&state->alive, 1);
    }
    ht__system_allocator.release(NULL, memory);
}

/* Runs work(ctx) again and again, its first, second, ... request failing, until it gets through. Each failure must be
 * HT_ERROR_MEMORY and leave nothing behind. Returns the number of requests. */
typedef ht_status failing_work(ht_context *ctx, ht_error *err);

static inline long fail_every_allocation(failing_work *work) {
    for (long n = 0;; ++n) {
        failing_allocator state = {.left = -1};
        ht_allocator allocator = {failing_allocate, failing_release, &state};
        ht_context *ctx;
        ht_error err = {0};
        if (ht_context_create(&(ht_context_options){.allocator = &allocator, .threads = 1}, &ctx, &err) != HT_OK) {
            return -1;
        }
        atomic_store(&state.left, n);
        ht_status status = work(ctx, &err);
        bool through = !atomic_load(&state.failed);
        atomic_store(&state.left, -1);
        ht_context_destroy(ctx);
        if (atomic_load(&state.alive) != 0) {
            fail_msg("request %ld failed and %ld blocks leaked", n, atomic_load(&state.alive));
        }
        if (through) {
            assert_int_equal(status, HT_OK);
            return n;
        }
        if (status != HT_ERROR_MEMORY) {
            fail_msg("request %ld failed, but the status is %s: %s", n, ht_status_name(status), err.message);
        }
    }
}

#endif
