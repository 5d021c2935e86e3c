/* One C function compiled for several instruction sets, the best one taken when the program loads.
 *
 * Nothing is fused (-ffp-contract=off): the clones give the same bits as the portable code. The loader's indirect functions
 * that this needs are glibc's, and sanitizers do not get along with them. */
#ifndef HT_CPU_CLONES_H
#define HT_CPU_CLONES_H

#include <stddef.h>

#if defined(__x86_64__) && defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) &&    \
    (!defined(__clang__) || __clang_major__ >= 14)
#define HT_CPU_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define HT_CPU_CLONES
#endif

#endif
