/* Bytes as a file without a disk, for targets whose readers want a path. */
#ifndef HT_FUZZ_MEMORY_FILE_H
#define HT_FUZZ_MEMORY_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef struct memory_file {
    int descriptor;
    char path[64];
} memory_file;

/* False where the system has no such files. */
static inline bool memory_file_open(memory_file *file, const void *bytes, size_t size) {
    file->descriptor = (int)syscall(SYS_memfd_create, "fuzz", 0u);
    if (file->descriptor < 0) {
        return false;
    }
    snprintf(file->path, sizeof file->path, "/proc/self/fd/%d", file->descriptor);
    for (size_t done = 0; done < size;) {
        ssize_t now = write(file->descriptor, (const char *)bytes + done, size - done);
        if (now <= 0) {
            close(file->descriptor);
            return false;
        }
        done += (size_t)now;
    }
    return true;
}
static inline void memory_file_close(memory_file *file) { close(file->descriptor); }

#endif
