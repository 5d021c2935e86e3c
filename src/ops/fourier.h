/* Discrete Fourier transforms in double, for DFT and STFT. */
#ifndef HT_OPS_FOURIER_H
#define HT_OPS_FOURIER_H

#include "ops/reals.h"

typedef struct ht_complex {
    double real, imaginary;
} ht_complex;

/* A transform of one length. */
typedef struct ht_fourier {
    int64_t length;            /* >= 1 */
    ht_complex *roots, *spare; /* exp(+-2 pi i k / length); room for `length` numbers */
} ht_fourier;

/* `inverse` has the other sign, and does not divide by the length. Memory comes from the call's arena.
 * Errors: HT_ERROR_LIMIT (a length whose largest prime factor makes it too slow), HT_ERROR_MEMORY. */
ht_status ht__fourier_create(ht_real_call *call, int64_t length, bool inverse, ht_fourier *out, ht_error *err);
/* to[k] = sum over n of from[n] * exp(-+2 pi i k n / length); `from` and `to` are different. */
void ht__fourier_run(const ht_fourier *fourier, const ht_complex *from, ht_complex *to);

#endif
