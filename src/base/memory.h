/* Memory: allocation through the context's allocator, growing buffers, and arenas that are freed at once. */
#ifndef HT_BASE_MEMORY_H
#define HT_BASE_MEMORY_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "halftone/context.h"

#define HT_ALIGNMENT 64

/* The C library's memory, aligned to HT_ALIGNMENT. */
extern const ht_allocator ht__system_allocator;

/* `bytes` bytes (0 counts as 1), uninitialised, or NULL. */
void *ht__alloc(const ht_allocator *allocator, size_t bytes);
/* `count` x `size` zeroed bytes, or NULL (also when the product overflows). */
void *ht__calloc(const ht_allocator *allocator, size_t count, size_t size);
void ht__free(const ht_allocator *allocator, void *memory);
/* A copy of `text` (NULL gives NULL), or NULL when memory is short. */
char *ht__strdup(const ht_allocator *allocator, const char *text);

/* Grows *array (elements of `size` bytes, capacity *capacity) so that it holds at least `wanted` elements. */
ht_status ht__grow(const ht_allocator *allocator, void *array, size_t size, size_t *capacity, size_t wanted,
                   ht_error *err);

/* Checked arithmetic: true and *out set when the result fits. */
static inline bool ht__mul(size_t a, size_t b, size_t *out) { return !__builtin_mul_overflow(a, b, out); }
static inline bool ht__add(size_t a, size_t b, size_t *out) { return !__builtin_add_overflow(a, b, out); }

/* Rounded up to a multiple of HT_ALIGNMENT; `bytes` is not close to SIZE_MAX. */
static inline size_t ht__aligned(size_t bytes) { return (bytes + HT_ALIGNMENT - 1) / HT_ALIGNMENT * HT_ALIGNMENT; }

/* An arena: many small allocations with one lifetime. Not thread safe. */
typedef struct ht_arena ht_arena;
ht_status ht__arena_create(const ht_allocator *allocator, ht_arena **out, ht_error *err);
void ht__arena_destroy(ht_arena *arena);
/* Zeroed memory aligned to HT_ALIGNMENT for sizes of 64 bytes and more, to 16 otherwise; NULL when memory is short. */
void *ht__arena_alloc(ht_arena *arena, size_t bytes);
void *ht__arena_copy(ht_arena *arena, const void *source, size_t bytes);
char *ht__arena_strdup(ht_arena *arena, const char *text);
char *ht__arena_printf(ht_arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Bytes handed out so far. */
size_t ht__arena_bytes(const ht_arena *arena);
const ht_allocator *ht__arena_allocator(const ht_arena *arena);

/* A growing byte buffer; `failed` stays set once memory ran out, so that many appends need one check at the end. */
typedef struct ht_buffer {
    const ht_allocator *allocator;
    char *data; /* NUL-terminated when not NULL */
    size_t size, capacity;
    bool failed;
} ht_buffer;
void ht__buffer_init(ht_buffer *buffer, const ht_allocator *allocator);
void ht__buffer_free(ht_buffer *buffer);
void ht__buffer_append(ht_buffer *buffer, const void *bytes, size_t size);
void ht__buffer_text(ht_buffer *buffer, const char *text);
void ht__buffer_printf(ht_buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
