/* A driver for fuzz targets without libFuzzer: mutates the files of a corpus at random and calls the target with each.
 *
 * usage: fuzz_<target> CORPUS... [--seconds N] [--seed N]
 *
 * CORPUS is a file or a folder. Every input is also called once as it stands. When the target crashes, the input that
 * did it lies in the file "crash-input" of the working folder. The same seed gives the same inputs. There is no
 * coverage feedback: mutations copy, insert, delete and splice pieces of corpus files and set bytes and lengths to
 * values that break things.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/rng.h"
#include "fuzz.h"

#define MAX_FILES 4096
#define MAX_BYTES (1u << 20)

typedef struct input {
    uint8_t *bytes;
    size_t size;
} input;

static input corpus[MAX_FILES];
static size_t corpus_size;
/* What the target is called with, for the signal handler. */
static uint8_t *current;
static size_t current_size;

static void save_and_die(int signal_number) {
    int file = open("crash-input", O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (file >= 0) {
        ssize_t written = write(file, current, current_size);
        (void)written;
        close(file);
    }
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void add_file(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL || corpus_size == MAX_FILES) {
        fprintf(stderr, "%s cannot be used\n", path);
        exit(2);
    }
    uint8_t *bytes = malloc(MAX_BYTES);
    if (bytes == NULL) {
        exit(2);
    }
    size_t size = fread(bytes, 1, MAX_BYTES, file);
    fclose(file);
    corpus[corpus_size++] = (input){bytes, size};
}

static void add_path(const char *path) {
    DIR *folder = opendir(path);
    if (folder == NULL) {
        add_file(path);
        return;
    }
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char name[4096];
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        struct stat info;
        if (stat(name, &info) == 0 && S_ISREG(info.st_mode)) {
            add_file(name);
        }
    }
    closedir(folder);
}

/* ---- mutations of `bytes` (room for MAX_BYTES); each returns the new size ---- */

static size_t set_bytes(ht_rng *rng, uint8_t *bytes, size_t size) {
    static const uint8_t nasty[] = {0x00, 0x01, 0x7F, 0x80, 0xFF, 0x40};
    for (uint64_t count = 1 + ht__rng_below(rng, 4); count > 0 && size != 0; --count) {
        size_t at = (size_t)ht__rng_below(rng, size);
        switch (ht__rng_below(rng, 3)) {
        case 0: bytes[at] = (uint8_t)ht__rng_u32(rng); break;
        case 1: bytes[at] ^= (uint8_t)(1u << ht__rng_below(rng, 8)); break;
        default: bytes[at] = nasty[ht__rng_below(rng, sizeof nasty)];
        }
    }
    return size;
}

static size_t delete_piece(ht_rng *rng, uint8_t *bytes, size_t size) {
    if (size < 2) {
        return size;
    }
    size_t from = (size_t)ht__rng_below(rng, size), count = 1 + (size_t)ht__rng_below(rng, size - from);
    count = ht__rng_below(rng, 4) != 0 && count > 16 ? 16 : count;
    memmove(bytes + from, bytes + from + count, size - from - count);
    return size - count;
}

/* Inserts a piece of any corpus file. */
static size_t splice(ht_rng *rng, uint8_t *bytes, size_t size) {
    const input *other = &corpus[ht__rng_below(rng, corpus_size)];
    if (other->size == 0) {
        return size;
    }
    size_t from = (size_t)ht__rng_below(rng, other->size), count = 1 + (size_t)ht__rng_below(rng, other->size - from);
    count = count > 256 && ht__rng_below(rng, 4) != 0 ? 256 : count;
    size_t at = (size_t)ht__rng_below(rng, size + 1);
    if (size + count > MAX_BYTES) {
        return size;
    }
    memmove(bytes + at + count, bytes + at, size - at);
    memcpy(bytes + at, other->bytes + from, count);
    return size + count;
}

static size_t overwrite(ht_rng *rng, uint8_t *bytes, size_t size) {
    const input *other = &corpus[ht__rng_below(rng, corpus_size)];
    if (other->size == 0 || size == 0) {
        return size;
    }
    size_t from = (size_t)ht__rng_below(rng, other->size), at = (size_t)ht__rng_below(rng, size);
    size_t count = 1 + (size_t)ht__rng_below(rng, 64);
    count = count > other->size - from ? other->size - from : count;
    count = count > size - at ? size - at : count;
    memcpy(bytes + at, other->bytes + from, count);
    return size;
}

static size_t mutate(ht_rng *rng, uint8_t *bytes, size_t size) {
    for (uint64_t count = 1 + ht__rng_below(rng, 4); count > 0; --count) {
        switch (ht__rng_below(rng, 6)) {
        case 0: size = delete_piece(rng, bytes, size); break;
        case 1: size = splice(rng, bytes, size); break;
        case 2: size = overwrite(rng, bytes, size); break;
        default: size = set_bytes(rng, bytes, size);
        }
    }
    return size;
}

/* The target gets a copy of exactly the input's size, so that a byte too many is seen. */
static void call(const uint8_t *bytes, size_t size) {
    current = malloc(size + (size == 0));
    if (current == NULL) {
        exit(2);
    }
    memcpy(current, bytes, size);
    current_size = size;
    LLVMFuzzerTestOneInput(current, size);
    free(current);
    current = NULL;
}

static void run(double seconds, uint64_t seed) {
    ht_rng rng = {.seed = seed, .stream = 1};
    uint8_t *bytes = malloc(MAX_BYTES);
    if (bytes == NULL) {
        exit(2);
    }
    time_t end = time(NULL) + (time_t)seconds;
    unsigned long long calls = 0;
    while (time(NULL) < end) {
        const input *base = &corpus[ht__rng_below(&rng, corpus_size)];
        memcpy(bytes, base->bytes, base->size);
        call(bytes, mutate(&rng, bytes, base->size));
        ++calls;
    }
    free(bytes);
    printf("%llu inputs, seed %llu\n", calls, (unsigned long long)seed);
}

int main(int argc, char **argv) {
    double seconds = 10;
    uint64_t seed = 1;
    for (int i = 1; i < argc; ++i) {
        if (strcmp(argv[i], "--seconds") == 0 && i + 1 < argc) {
            seconds = atof(argv[++i]);
        } else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
            seed = strtoull(argv[++i], NULL, 10);
        } else {
            add_path(argv[i]);
        }
    }
    if (corpus_size == 0) {
        fprintf(stderr, "usage: %s CORPUS... [--seconds N] [--seed N]\n", argv[0]);
        return 2;
    }
    signal(SIGSEGV, save_and_die);
    signal(SIGABRT, save_and_die);
    signal(SIGFPE, save_and_die);
    for (size_t i = 0; i < corpus_size; ++i) {
        call(corpus[i].bytes, corpus[i].size);
    }
    run(seconds, seed);
    for (size_t i = 0; i < corpus_size; ++i) {
        free(corpus[i].bytes);
    }
    return 0;
}
