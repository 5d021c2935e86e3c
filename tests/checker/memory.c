#define _DEFAULT_SOURCE
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "checker.h"

#define WATCHED 64
#define WATCH_BYTE 0xA5

bool guarded_create(size_t bytes, size_t alignment, guarded *out) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t usable = (bytes + alignment + WATCHED + page - 1) / page * page;
    unsigned char *mapping = mmap(NULL, usable + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED) {
        return false;
    }
    if (mprotect(mapping + usable, page, PROT_NONE) != 0) {
        munmap(mapping, usable + page);
        return false;
    }
    size_t begin = (usable - bytes) / alignment * alignment;
    memset(mapping + begin - WATCHED, WATCH_BYTE, WATCHED);
    *out = (guarded){mapping + begin, bytes, mapping, usable + page};
    return true;
}

void guarded_destroy(guarded *memory) {
    if (memory->mapping != NULL) {
        munmap(memory->mapping, memory->mapped);
    }
    *memory = (guarded){0};
}

bool guarded_intact(const guarded *memory) {
    const unsigned char *before = (const unsigned char *)memory->data - WATCHED;
    for (int i = 0; i < WATCHED; ++i) {
        if (before[i] != WATCH_BYTE) {
            return false;
        }
    }
    return true;
}

bool guarded_protect(const guarded *memory) { return mprotect(memory->mapping, memory->mapped, PROT_READ) == 0; }
