/* halftone_check [--seed N] [--cases N] [--family NAME] [--case N] [--threads N] [--cpu FEATURES] [--bench [--bf16]]
 *
 * --cpu takes features by name, joined by commas, or none: what variants may use of this processor. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checker.h"
#include "cpu/features.h"
#ifdef HT_WITH_ONEDNN
#include "kernels/onednn/onednn.h"
#endif

size_t extra_variants(const ht_kernel_variant *const **out) {
#ifdef HT_WITH_ONEDNN
    *out = ht__onednn_variants;
    return ht__onednn_variant_count;
#else
    *out = NULL;
    return 0;
#endif
}

typedef struct options {
    uint64_t seed;
    int cases, only_case;
    unsigned threads;
    uint32_t cpu;
    const char *family;
    bool bench, bf16;
} options;

typedef struct tally {
    const ht_kernel_variant *variant;
    int accepted, failed;
    const char *reason;
} tally;

static bool parse(int argc, char **argv, options *out) {
    for (int i = 1; i < argc; ++i) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--bench") == 0) {
            out->bench = true;
            continue;
        }
        if (strcmp(argv[i], "--bf16") == 0) {
            out->bf16 = true;
            continue;
        }
        if (value == NULL) {
            return false;
        }
        if (strcmp(argv[i], "--seed") == 0) {
            out->seed = strtoull(value, NULL, 10);
        } else if (strcmp(argv[i], "--cases") == 0) {
            out->cases = (int)strtol(value, NULL, 10);
        } else if (strcmp(argv[i], "--case") == 0) {
            out->only_case = (int)strtol(value, NULL, 10);
        } else if (strcmp(argv[i], "--threads") == 0) {
            out->threads = (unsigned)strtoul(value, NULL, 10);
        } else if (strcmp(argv[i], "--cpu") == 0) {
            uint32_t mask;
            if (!ht__cpu_parse(value, &mask)) {
                return false;
            }
            out->cpu &= mask;
        } else if (strcmp(argv[i], "--family") == 0) {
            out->family = value;
        } else {
            return false;
        }
        ++i;
    }
    return out->threads >= 1;
}

/* The variants of a family: libhalftone's first. */
static size_t collect(const ht_kernel_family *family, tally *out, size_t capacity) {
    const ht_kernel_variant *const *extra;
    size_t count = 0, extra_count = extra_variants(&extra);
    for (size_t i = 0; i < extra_count && count < capacity; ++i) {
        if (extra[i]->family == family) {
            out[count++] = (tally){.variant = extra[i]};
        }
    }
    for (size_t i = 0; i < family->variant_count && count < capacity; ++i) {
        out[count++] = (tally){.variant = family->variants[i]};
    }
    return count;
}

/* What runs now, for the message when it reads or writes past the end of a buffer. */
static struct {
    unsigned long long seed;
    const char *family, *variant;
    int number;
} current;

static void fault(int signal) {
    char text[256];
    int size =
        snprintf(text, sizeof text,
                 "FAIL %s: fault (reads or writes outside its buffers)\n    again: --seed %llu --family %s --case %d\n",
                 current.variant, current.seed, current.family, current.number);
    ssize_t written = write(STDOUT_FILENO, text, size > 0 ? (size_t)size : 0);
    (void)written;
    (void)signal;
    _exit(1);
}

/* One case through all variants: serial and with a pool, weights known or not, f32 and bf16 where a variant takes it.
 */
static void check_one(check_case *c, tally *tallies, size_t count, const options *o, ht_pool *pool) {
    for (size_t v = 0; v < count; ++v) {
        bool reference = tallies[v].variant == c->call.family->variants[c->call.family->variant_count - 1];
        current.variant = tallies[v].variant->name;
        for (int mode = 0; mode < (reference ? 1 : 8); ++mode) { /* the reference against itself: does it repeat? */
            bool parallel = mode & 1, constant = mode & 2, bf16 = mode & 4, accepted = false;
            ht_kernel_env env = {.allocator = &ht__system_allocator,
                                 .threads = parallel ? o->threads : 1,
                                 .cpu = o->cpu,
                                 .allow_bf16 = bf16};
            bool right = case_check(c, tallies[v].variant, &env, parallel ? pool : NULL, constant, &accepted,
                                    &tallies[v].reason);
            tallies[v].accepted += accepted ? 1 : 0;
            if (!right) {
                ++tallies[v].failed;
                return;
            }
        }
    }
}

static int check_family_cases(const check_family *entry, size_t number, const options *o, ht_pool *pool) {
    tally tallies[16];
    size_t count = collect(entry->family, tallies, sizeof tallies / sizeof tallies[0]);
    int failures = 0;
    current.seed = o->seed;
    current.family = entry->family->name;
    for (int i = 0; i < o->cases && failures < 5; ++i) {
        if (o->only_case >= 0 && i != o->only_case) {
            continue;
        }
        ht_rng rng = {o->seed, number * 1000003 + (uint64_t)i, 0};
        check_case c = {.call.family = entry->family};
        current.number = i;
        current.variant = "reference";
        entry->make(&rng, &c);
        const char *fault = case_prepare(&rng, &c);
        if (fault != NULL) {
            printf("FAIL %s: reference: %s\n", entry->family->name, fault);
            ++failures;
        } else {
            int before = failures;
            check_one(&c, tallies, count, o, pool);
            for (size_t v = 0; v < count; ++v) {
                failures += tallies[v].failed;
                tallies[v].failed = 0;
            }
            if (failures > before) {
                printf("    again: --seed %llu --family %s --case %d\n", (unsigned long long)o->seed,
                       entry->family->name, i);
            }
        }
        case_release(&c);
    }
    for (size_t v = 0; v < count; ++v) {
        bool cannot =
            tallies[v].accepted == 0 && tallies[v].reason != NULL && strncmp(tallies[v].reason, "this CPU", 8) == 0;
        printf("%-34s %5d runs%s%s\n", tallies[v].variant->name, tallies[v].accepted, cannot ? "  skipped: " : "",
               cannot ? tallies[v].reason : "");
        if (tallies[v].accepted == 0 && !cannot && o->only_case < 0) {
            printf("FAIL %s never ran: %s\n", tallies[v].variant->name,
                   tallies[v].reason != NULL ? tallies[v].reason : "");
            ++failures;
        }
    }
    return failures;
}

static int check_all(const options *o) {
    ht_pool *pool = NULL;
    int failures = 0;
    if (ht__pool_create(&ht__system_allocator, o->threads, &pool, NULL) != HT_OK) {
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGSEGV, fault);
    signal(SIGBUS, fault);
    printf("seed %llu, %d cases per family, %u threads\n", (unsigned long long)o->seed, o->cases, o->threads);
    for (size_t f = 0; ht__kernel_families[f] != NULL; ++f) {
        const ht_kernel_family *family = ht__kernel_families[f];
        if (o->family != NULL && strcmp(o->family, family->name) != 0) {
            continue;
        }
        size_t number = 0;
        while (number < check_family_count && check_families[number].family != family) {
            ++number;
        }
        if (number == check_family_count) {
            printf("FAIL family %s has no generator\n", family->name);
            ++failures;
            continue;
        }
        failures += check_family_cases(&check_families[number], number, o, pool);
    }
    ht__pool_destroy(pool);
    if (o->family == NULL) {
        failures += check_gradients(o->seed, o->cases);
    }
    printf("%s\n", failures == 0 ? "all agree" : "FAILED");
    return failures == 0 ? 0 : 1;
}

int main(int argc, char **argv) {
    options o = {.seed = 20240607, .cases = 60, .only_case = -1, .threads = 2, .cpu = ht__cpu_mask()};
    if (!parse(argc, argv, &o)) {
        fprintf(
            stderr,
            "usage: halftone_check [--seed N] [--cases N] [--family NAME] [--case N] [--threads N] [--cpu FEATURES] "
            "[--bench [--bf16]]\n");
        return 2;
    }
    return o.bench ? bench_kernels(o.threads, o.cpu, o.bf16, o.family) : check_all(&o);
}
