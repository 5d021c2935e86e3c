/* The inside of a context, for the library's own folders. */
#ifndef HT_BASE_CONTEXT_H
#define HT_BASE_CONTEXT_H

#include "base/memory.h"
#include "base/pool.h"
#include "halftone/context.h"

struct ht_context {
    ht_allocator allocator;
    ht_pool *pool;
    ht_context_options options;
};

/* Reports progress, if anyone listens. `format` makes the detail (may be NULL). */
void ht__progress(const ht_context *ctx, const char *stage, double done, double total, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* Sends a note or a warning to the caller's message function. */
void ht__message(const ht_context *ctx, const char *level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* HT_OK, or HT_ERROR_INTERRUPTED when the caller wants to stop. Call between units of work. */
ht_status ht__check_interrupt(const ht_context *ctx, ht_error *err);

#endif
