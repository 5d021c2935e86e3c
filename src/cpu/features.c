#define _GNU_SOURCE /* syscall */
#include "cpu/features.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

#if defined(__x86_64__)

/* XCR0: the register states that the operating system saves (Intel SDM volume 1, chapter 13). */
static uint64_t enabled_states(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

static bool all_set(uint64_t value, uint64_t mask) { return (value & mask) == mask; }

/* Linux lets a process use tile registers once it has asked for them; asking again does no harm. */
static bool tiles_are_permitted(void) {
#if defined(__linux__)
    const long request_permission = 0x1023, tile_data = 18; /* ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA */
    return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
#else
    return false;
#endif
}

/* Features of AVX and later, which need states of their own. */
static uint32_t wide_features(uint32_t leaf1_c) {
    uint32_t a, b, c, d, a1, b1, c1, d1, mask = 0;
    uint64_t states = enabled_states();
    bool ymm = all_set(states, 0x6), zmm = all_set(states, 0xE6), tiles = all_set(states, 0x60000);
    if (!ymm || __get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) {
        return 0;
    }
    if (__get_cpuid_count(7, 1, &a1, &b1, &c1, &d1) == 0) {
        a1 = 0;
    }
    mask |= leaf1_c >> 12 & 1 ? HT_CPU_BIT(HT_CPU_FMA) : 0;
    mask |= leaf1_c >> 29 & 1 ? HT_CPU_BIT(HT_CPU_F16C) : 0;
    mask |= b >> 5 & 1 ? HT_CPU_BIT(HT_CPU_AVX2) : 0;
    mask |= a1 >> 4 & 1 ? HT_CPU_BIT(HT_CPU_AVX_VNNI) : 0;
    if (zmm && (b >> 16 & 1) && (b >> 17 & 1) && (b >> 30 & 1) && (b >> 31 & 1)) {
        mask |= HT_CPU_BIT(HT_CPU_AVX512);
        mask |= c >> 11 & 1 ? HT_CPU_BIT(HT_CPU_AVX512_VNNI) : 0;
        mask |= a1 >> 5 & 1 ? HT_CPU_BIT(HT_CPU_AVX512_BF16) : 0;
    }
    if (tiles && (d >> 24 & 1) && tiles_are_permitted()) {
        mask |= d >> 22 & 1 ? HT_CPU_BIT(HT_CPU_AMX_BF16) : 0;
        mask |= d >> 25 & 1 ? HT_CPU_BIT(HT_CPU_AMX_INT8) : 0;
    }
    return mask;
}

uint32_t ht__cpu_mask(void) {
    uint32_t a, b, c, d;
    if (__get_cpuid(1, &a, &b, &c, &d) == 0) {
        return 0;
    }
    uint32_t mask = c >> 19 & 1 ? HT_CPU_BIT(HT_CPU_SSE41) : 0;
    bool saves_states = c >> 27 & 1; /* OSXSAVE: xgetbv exists */
    return saves_states ? mask | wide_features(c) : mask;
}

#elif defined(__aarch64__)

uint32_t ht__cpu_mask(void) {
    uint32_t mask = HT_CPU_BIT(HT_CPU_NEON); /* part of the base architecture */
#if defined(__linux__)
    unsigned long capabilities = getauxval(AT_HWCAP);
    mask |= capabilities >> 20 & 1 ? HT_CPU_BIT(HT_CPU_DOTPROD) : 0;      /* HWCAP_ASIMDDP */
    mask |= getauxval(AT_HWCAP2) >> 13 & 1 ? HT_CPU_BIT(HT_CPU_I8MM) : 0; /* HWCAP2_I8MM */
#endif
    return mask;
}

#else

uint32_t ht__cpu_mask(void) { return 0; }

#endif

static const char *const names[] = {
#define CPU_NAME(NAME, name) name,
    HT_CPU_FEATURE_LIST(CPU_NAME)
#undef CPU_NAME
};

bool ht__cpu_parse(const char *text, uint32_t *mask) {
    *mask = 0;
    if (strcmp(text, "none") == 0) {
        return true;
    }
    for (;;) {
        size_t length = strcspn(text, ",");
        int f = 0;
        while (f < HT_CPU_FEATURE_COUNT && (strlen(names[f]) != length || strncmp(names[f], text, length) != 0)) {
            ++f;
        }
        if (f == HT_CPU_FEATURE_COUNT) {
            return false;
        }
        *mask |= HT_CPU_BIT(f);
        if (text[length] == '\0') {
            return true;
        }
        text += length + 1;
    }
}

char *ht__cpu_print(uint32_t mask, char *text, size_t size) {
    size_t used = 0;
    snprintf(text, size, "none");
    for (int f = 0; f < HT_CPU_FEATURE_COUNT && used < size; ++f) {
        if ((mask & HT_CPU_BIT(f)) != 0) {
            int more = snprintf(text + used, size - used, "%s%s", used != 0 ? " " : "", names[f]);
            used += more > 0 ? (size_t)more : 0;
        }
    }
    return text;
}
