#include <math.h>

#include "halftone/metrics.h"

double ht_metrics_mse(const float *values, const float *targets, size_t count) {
    double sum = 0.0;
    for (size_t i = 0; i < count; ++i) {
        double error = (double)values[i] - (double)targets[i];
        sum += error * error;
    }
    return count == 0 ? 0.0 : sum / (double)count;
}

double ht_metrics_sqnr(const float *reference, const float *quantized, size_t count) {
    double signal = 0.0, noise = 0.0;
    for (size_t i = 0; i < count; ++i) {
        double x = reference[i], error = x - (double)quantized[i];
        signal += x * x;
        noise += error * error;
    }
    return noise == 0.0 ? INFINITY : 10.0 * log10(signal / noise);
}

double ht_metrics_cosine(const float *a, const float *b, size_t count) {
    double product = 0.0, squares_a = 0.0, squares_b = 0.0;
    for (size_t i = 0; i < count; ++i) {
        product += (double)a[i] * (double)b[i];
        squares_a += (double)a[i] * (double)a[i];
        squares_b += (double)b[i] * (double)b[i];
    }
    if (squares_a == 0.0 || squares_b == 0.0) {
        return squares_a == squares_b ? 1.0 : 0.0;
    }
    double cosine = product / (sqrt(squares_a) * sqrt(squares_b));
    return fmax(-1.0, fmin(1.0, cosine)); /* rounding may leave the range by an ulp */
}
