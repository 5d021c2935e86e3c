/* Filling an ht_error. All of these return the status they were given, so that `return ht__fail(...)` reads well. */
#ifndef HT_BASE_ERROR_H
#define HT_BASE_ERROR_H

#include <stddef.h>

#include "halftone/status.h"

/* A failure without a place. */
ht_status ht__fail(ht_error *err, ht_status status, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A failure at a named place: a node, a tensor, a file. */
ht_status ht__fail_at(ht_error *err, ht_status status, const char *where, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* A failure in a file at a byte offset (-1: unknown). */
ht_status ht__fail_offset(ht_error *err, ht_status status, const char *file, int64_t offset, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* A failure in a text file at a line counted from 1 (-1: unknown). */
ht_status ht__fail_line(ht_error *err, ht_status status, const char *file, int64_t line, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* HT_ERROR_MEMORY with the number of bytes that were wanted. */
ht_status ht__fail_memory(ht_error *err, size_t bytes);

/* Returns from the calling function when `expression` is not HT_OK. */
#define HT_TRY(expression)                    \
    do {                                      \
        ht_status try_status_ = (expression); \
        if (try_status_ != HT_OK) {           \
            return try_status_;               \
        }                                     \
    } while (0)
/* Jumps to `label` when `expression` is not HT_OK; needs a variable `ht_status status`. */
#define HT_TRY_GOTO(expression, label) \
    do {                               \
        status = (expression);         \
        if (status != HT_OK) {         \
            goto label;                \
        }                              \
    } while (0)

#endif
