#include "checker.h"
int bench_kernels(unsigned threads, const char *only) { (void)threads; (void)only; return 0; }
