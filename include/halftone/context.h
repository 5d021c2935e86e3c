/* The context: allocator, thread pool, progress and interruption. Everything else hangs below one.
 *
 * A context may be used by one thread at a time; several contexts may live side by side.
 */
#ifndef HALFTONE_CONTEXT_H
#define HALFTONE_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "halftone/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HT_VERSION_MAJOR 0
#define HT_VERSION_MINOR 1
#define HT_VERSION_PATCH 0
/* Version of the C interface: raised whenever a declaration changes incompatibly. */
#define HT_API_VERSION 1

typedef struct ht_context ht_context;

/* Memory functions of the caller. `allocate` returns `bytes` bytes aligned to 64, or NULL; `release` takes what
 * `allocate` gave, and NULL. Both must be callable from several threads at once. */
typedef struct ht_allocator {
    void *(*allocate)(void *user, size_t bytes);
    void (*release)(void *user, void *memory);
    void *user;
} ht_allocator;

/* A unit of progress: `done` of `total` (total 0: unknown). `stage` is a short noun phrase such as "training";
 * `detail` may be empty, e.g. "loss 0.412  accuracy 0.853". Called from the thread that called the library. */
typedef struct ht_progress {
    const char *stage;
    double done;
    double total;
    const char *detail;
} ht_progress;

typedef struct ht_context_options {
    const ht_allocator *allocator;                                    /* NULL: the C library's; copied */
    unsigned threads;                                                 /* 0: one per available core; at most 256 */
    void (*progress)(void *user, const ht_progress *progress);        /* NULL: silent */
    void (*message)(void *user, const char *level, const char *text); /* level "note" or "warning"; NULL: silent */
    bool (*interrupted)(void *user);                                  /* polled between units of work; NULL: never */
    void *user;                                                       /* handed to the three functions above */
} ht_context_options;

/* Makes a context. `options` may be NULL. Ownership of *out passes to the caller: ht_context_destroy.
 * Errors: HT_ERROR_ARGUMENT (threads > 256), HT_ERROR_MEMORY. */
HT_API ht_status ht_context_create(const ht_context_options *options, ht_context **out, ht_error *err);
/* Destroys a context; everything made from it must be gone before. NULL is allowed. */
HT_API void ht_context_destroy(ht_context *ctx);
/* Number of threads that the context's pool uses, at least 1. */
HT_API unsigned ht_context_threads(const ht_context *ctx);
/* "0.1.0"; never NULL. */
HT_API const char *ht_version(void);
/* HT_API_VERSION of the library that is linked (compare with the header's). */
HT_API int ht_api_version(void);

#ifdef __cplusplus
}
#endif
#endif
