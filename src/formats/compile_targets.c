/* The processors that plans can be compiled for. */
#include "formats/compile_targets.h"

#include <stdio.h>
#include <string.h>

#include "cpu/features.h"
#include "halftone/compile.h"

typedef struct target {
    const char *name, *features; /* as ht__cpu_parse takes them */
} target;

/* On a processor with less than the last, plans of any target before it run, slower. */
static const target targets[] = {
    {"native", ""},
    {"scalar", "none"},
#if defined(__x86_64__)
    {"avx2", "sse4.1,avx2,fma,f16c"},
    {"avx-vnni", "sse4.1,avx2,fma,f16c,avx-vnni"},
    {"avx512", "sse4.1,avx2,fma,f16c,avx512"},
    {"avx512-vnni", "sse4.1,avx2,fma,f16c,avx512,avx512-vnni"},
    {"amx", "sse4.1,avx2,fma,f16c,avx512,avx512-vnni,amx-int8"},
#elif defined(__aarch64__)
    {"neon", "neon"},
    {"dotprod", "neon,dotprod"},
    {"i8mm", "neon,dotprod,i8mm"},
#endif
};

/* Those of other processors: their kernels, which pack the weights, are not in this build. */
static const char *const elsewhere[] = {
#if defined(__x86_64__)
    "neon", "dotprod", "i8mm", "rpi3", "rpi4", "rpi5", "jetson-orin",
#else
    "avx2", "avx-vnni", "avx512", "avx512-vnni", "amx",
#endif
};

bool ht_compile_target_at(size_t index, const char **name, const char **features) {
    if (index >= sizeof targets / sizeof targets[0]) {
        return false;
    }
    *name = targets[index].name;
    *features = targets[index].features;
    return true;
}

static ht_status unknown(const char *name, ht_error *err) {
    char list[256] = "";
    for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; ++i) {
        if (strcmp(elsewhere[i], name) == 0) {
            return ht__fail(
                err, HT_ERROR_UNSUPPORTED,
                "A plan for %s cannot be compiled here: the kernels of that processor are not in this build. "
                "The target scalar runs everywhere.",
                name);
        }
    }
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; ++i) {
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", i == 0 ? "" : ", ", targets[i].name);
    }
    return ht__fail(err, HT_ERROR_ARGUMENT, "There is no target %.60s; there are %s.", name, list);
}

ht_status ht__compile_target(const char *name, uint32_t *cpu, ht_error *err) {
    if (name == NULL || strcmp(name, "native") == 0) {
        *cpu = ht__cpu_mask();
        return HT_OK;
    }
    for (size_t i = 1; i < sizeof targets / sizeof targets[0]; ++i) {
        if (strcmp(targets[i].name, name) == 0) {
            return ht__cpu_parse(targets[i].features, cpu)
                       ? HT_OK
                       : ht__fail(err, HT_ERROR_INTERNAL, "The features of the target %s are not known.", name);
        }
    }
    return unknown(name, err);
}
