/* Function multiversioning for plain C loops: the compiler makes one body per instruction set, the loader picks one.
 *
 * All bodies give the same bits: nothing is contracted (-ffp-contract=off), and sums keep their lanes' order.
 * For static functions only: GCC exports the resolver of any other from the shared library.
 */
#ifndef HT_BASE_CLONES_H
#define HT_BASE_CLONES_H

#include <stdlib.h>

#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
/* The selector runs before a sanitizer's runtime is ready, hence the exceptions. */
#define HT_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define HT_CLONES
#endif

#endif
