#include "base/memory.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *system_allocate(void *user, size_t bytes) {
    (void)user;
    size_t rounded;
    if (!ht__add(bytes, HT_ALIGNMENT - 1, &rounded)) {
        return NULL;
    }
    return aligned_alloc(HT_ALIGNMENT, rounded & ~(size_t)(HT_ALIGNMENT - 1));
}

static void system_release(void *user, void *memory) {
    (void)user;
    free(memory);
}

const ht_allocator ht__system_allocator = {system_allocate, system_release, NULL};

void *ht__alloc(const ht_allocator *allocator, size_t bytes) {
    return allocator->allocate(allocator->user, bytes != 0 ? bytes : 1);
}

void *ht__calloc(const ht_allocator *allocator, size_t count, size_t size) {
    size_t bytes;
    if (!ht__mul(count, size, &bytes)) {
        return NULL;
    }
    void *memory = ht__alloc(allocator, bytes);
    if (memory != NULL) {
        memset(memory, 0, bytes != 0 ? bytes : 1);
    }
    return memory;
}

void ht__free(const ht_allocator *allocator, void *memory) {
    if (memory != NULL) {
        allocator->release(allocator->user, memory);
    }
}

char *ht__strdup(const ht_allocator *allocator, const char *text) {
    if (text == NULL) {
        return NULL;
    }
    size_t bytes = strlen(text) + 1;
    char *copy = ht__alloc(allocator, bytes);
    return copy != NULL ? memcpy(copy, text, bytes) : NULL;
}

ht_status ht__grow(const ht_allocator *allocator, void *array, size_t size, size_t *capacity, size_t wanted,
                   ht_error *err) {
    if (wanted <= *capacity) {
        return HT_OK;
    }
    size_t next = *capacity < 8 ? 8 : *capacity;
    while (next < wanted) {
        if (!ht__add(next, next / 2, &next)) {
            return ht__fail_memory(err, SIZE_MAX);
        }
    }
    size_t bytes;
    if (!ht__mul(next, size, &bytes)) {
        return ht__fail_memory(err, SIZE_MAX);
    }
    void *old;
    memcpy(&old, array, sizeof old);
    void *memory = ht__alloc(allocator, bytes);
    if (memory == NULL) {
        return ht__fail_memory(err, bytes);
    }
    if (old != NULL) {
        memcpy(memory, old, *capacity * size);
        ht__free(allocator, old);
    }
    memcpy(array, &memory, sizeof memory);
    *capacity = next;
    return HT_OK;
}

/* ---- arena ---- */

typedef struct arena_block {
    struct arena_block *previous;
    size_t size, used; /* bytes after the header */
} arena_block;

#define BLOCK_HEADER 64
#define BLOCK_BYTES (64 * 1024)

struct ht_arena {
    const ht_allocator *allocator;
    arena_block *block;
    size_t bytes;
};

_Static_assert(sizeof(arena_block) <= BLOCK_HEADER, "the block header must fit");

ht_status ht__arena_create(const ht_allocator *allocator, ht_arena **out, ht_error *err) {
    *out = ht__calloc(allocator, 1, sizeof **out);
    if (*out == NULL) {
        return ht__fail_memory(err, sizeof **out);
    }
    (*out)->allocator = allocator;
    return HT_OK;
}

void ht__arena_destroy(ht_arena *arena) {
    if (arena == NULL) {
        return;
    }
    for (arena_block *block = arena->block; block != NULL;) {
        arena_block *previous = block->previous;
        ht__free(arena->allocator, block);
        block = previous;
    }
    ht__free(arena->allocator, arena);
}

static arena_block *add_block(ht_arena *arena, size_t size) {
    size_t bytes;
    if (!ht__add(size, BLOCK_HEADER, &bytes)) {
        return NULL;
    }
    arena_block *block = ht__alloc(arena->allocator, bytes);
    if (block == NULL) {
        return NULL;
    }
    block->size = size;
    block->used = 0;
    return block;
}

/* Uninitialised memory for `bytes` (0 counts as 1). */
static void *take(ht_arena *arena, size_t bytes) {
    size_t alignment = bytes >= HT_ALIGNMENT ? HT_ALIGNMENT : 16;
    size_t want = bytes != 0 ? bytes : 1;
    arena_block *block = arena->block;
    size_t start = block != NULL ? (block->used + alignment - 1) & ~(alignment - 1) : 0;
    if (block == NULL || start > block->size || block->size - start < want) {
        bool large = want > BLOCK_BYTES / 4;
        arena_block *fresh = add_block(arena, large ? want : BLOCK_BYTES);
        if (fresh == NULL) {
            return NULL;
        }
        if (large && block != NULL) { /* keep filling the current block with small things */
            fresh->previous = block->previous;
            block->previous = fresh;
        } else {
            fresh->previous = block;
            arena->block = fresh;
        }
        block = fresh;
        start = 0;
    }
    block->used = start + want;
    arena->bytes += want;
    return (char *)block + BLOCK_HEADER + start;
}

void *ht__arena_alloc(ht_arena *arena, size_t bytes) {
    void *memory = take(arena, bytes);
    return memory != NULL ? memset(memory, 0, bytes != 0 ? bytes : 1) : NULL;
}

void *ht__arena_copy(ht_arena *arena, const void *source, size_t bytes) {
    void *memory = take(arena, bytes);
    if (memory != NULL && bytes != 0) {
        memcpy(memory, source, bytes);
    }
    return memory;
}

char *ht__arena_strdup(ht_arena *arena, const char *text) {
    return text != NULL ? ht__arena_copy(arena, text, strlen(text) + 1) : NULL;
}

char *ht__arena_printf(ht_arena *arena, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) {
        return NULL;
    }
    char *text = ht__arena_alloc(arena, (size_t)length + 1);
    if (text != NULL) {
        va_start(arguments, format);
        vsnprintf(text, (size_t)length + 1, format, arguments);
        va_end(arguments);
    }
    return text;
}

size_t ht__arena_bytes(const ht_arena *arena) { return arena->bytes; }
const ht_allocator *ht__arena_allocator(const ht_arena *arena) { return arena->allocator; }

/* ---- buffer ---- */

void ht__buffer_init(ht_buffer *buffer, const ht_allocator *allocator) {
    *buffer = (ht_buffer){.allocator = allocator};
}

void ht__buffer_free(ht_buffer *buffer) {
    ht__free(buffer->allocator, buffer->data);
    ht__buffer_init(buffer, buffer->allocator);
}

static bool reserve(ht_buffer *buffer, size_t more) {
    size_t wanted;
    if (buffer->failed || !ht__add(buffer->size, more, &wanted) || !ht__add(wanted, 1, &wanted) ||
        ht__grow(buffer->allocator, &buffer->data, 1, &buffer->capacity, wanted, NULL) != HT_OK) {
        buffer->failed = true;
        return false;
    }
    return true;
}

void ht__buffer_append(ht_buffer *buffer, const void *bytes, size_t size) {
    if (!reserve(buffer, size)) {
        return;
    }
    if (size != 0) {
        memcpy(buffer->data + buffer->size, bytes, size);
    }
    buffer->size += size;
    buffer->data[buffer->size] = '\0';
}

void ht__buffer_text(ht_buffer *buffer, const char *text) { ht__buffer_append(buffer, text, strlen(text)); }

void ht__buffer_printf(ht_buffer *buffer, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) {
        buffer->failed = true;
        return;
    }
    if (!reserve(buffer, (size_t)length)) {
        return;
    }
    va_start(arguments, format);
    vsnprintf(buffer->data + buffer->size, (size_t)length + 1, format, arguments);
    va_end(arguments);
    buffer->size += (size_t)length;
}
