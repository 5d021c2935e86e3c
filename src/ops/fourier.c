/* Cooley and Tukey 1965 for any factors: a length p m is p transforms of length m, joined by sums of p terms. */
#include "ops/fourier.h"

#include <math.h>

#define PI 3.14159265358979323846
#define MOST_TERMS (INT64_C(1) << 34)

static int64_t smallest_factor(int64_t n) {
    for (int64_t p = 2; p * p <= n; ++p) {
        if (n % p == 0) {
            return p;
        }
    }
    return n;
}

/* Terms that are summed: the length times the sum of its prime factors. */
static int64_t count_terms(int64_t length) {
    int64_t factors = 1;
    for (int64_t left = length; left > 1;) {
        int64_t p = smallest_factor(left);
        factors += p;
        left /= p;
    }
    return length > MOST_TERMS / factors ? MOST_TERMS + 1 : length * factors;
}

ht_status ht__fourier_create(ht_real_call *call, int64_t length, bool inverse, ht_fourier *out, ht_error *err) {
    if (length < 1 || length > INT32_MAX || count_terms(length) > MOST_TERMS) {
        return ht__fail_at(err, HT_ERROR_LIMIT, call->node->name, "A Fourier transform of length %lld is too slow.",
                           (long long)length);
    }
    size_t bytes = (size_t)length * sizeof(ht_complex);
    *out = (ht_fourier){length, ht__arena_alloc(call->arena, bytes), ht__arena_alloc(call->arena, bytes)};
    if (out->roots == NULL || out->spare == NULL) {
        return ht__fail_memory(err, bytes);
    }
    for (int64_t k = 0; k < length; ++k) {
        double angle = 2.0 * PI * (double)k / (double)length;
        out->roots[k] = (ht_complex){cos(angle), inverse ? sin(angle) : -sin(angle)};
    }
    return HT_OK;
}

/* The transform of n numbers that are `step` apart; `to` and `spare` hold n. */
static void transform(const ht_fourier *f, const ht_complex *from, int64_t n, int64_t step, ht_complex *to,
                      ht_complex *spare) {
    if (n == 1) {
        to[0] = from[0];
        return;
    }
    int64_t p = smallest_factor(n), m = n / p, stride = f->length / n;
    for (int64_t r = 0; r < p; ++r) {
        transform(f, from + r * step, m, step * p, spare + r * m, to + r * m);
    }
    for (int64_t k = 0; k < n; ++k) {
        ht_complex sum = {0.0, 0.0};
        for (int64_t r = 0; r < p; ++r) {
            ht_complex part = spare[r * m + k % m], root = f->roots[r * k % n * stride];
            sum.real += part.real * root.real - part.imaginary * root.imaginary;
            sum.imaginary += part.real * root.imaginary + part.imaginary * root.real;
        }
        to[k] = sum;
    }
}

void ht__fourier_run(const ht_fourier *fourier, const ht_complex *from, ht_complex *to) {
    transform(fourier, from, fourier->length, 1, to, fourier->spare);
}
