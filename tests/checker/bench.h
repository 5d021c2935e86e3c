/* What the kernel benches share. */
#ifndef HT_TESTS_CHECKER_BENCH_H
#define HT_TESTS_CHECKER_BENCH_H

#include "checker.h"

typedef struct bench {
    const ht_kernel_env *env;
    ht_pool *pool;
    const char *only; /* a family's name, or NULL */
    double peak;      /* operations per second of the type that is measured */
} bench;

/* Prepares and runs the chosen variant for at least 0.2 s; prints the lower quartile of the times, and Gop/s with the
 * share of the peak, or GB/s when `operations` is 0. constants: all inputs but the first are known when preparing. */
void bench_measure(const bench *b, const char *label, ht_kernel_call *call, double operations, bool constants);
/* The integer kernels; b->peak is the one of int8. */
void bench_integers(const bench *b);

#endif
