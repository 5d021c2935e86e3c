/* Normalisation of lines: x, in the plain layout, is cut into lines of `length` neighbouring elements, and each line is
 * brought to mean 0 and variance 1, or only to a mean square of 1.
 *
 *   line_norm   inputs x, scale or absent, shift or absent; outputs y like x, mean [lines] or absent,
 *               inverse_std [lines] or absent
 *
 *     y[i] = (x[i] - mean) * inverse_std * scale[j] + shift[j],   j = (i / step) mod elements of scale
 *     mean = 1/length sum x (0 when not centred), inverse_std = 1 / sqrt(1/length sum (x - mean)^2 + epsilon)
 *
 * i counts the elements of x: with step 1 the scale runs along the line (layer normalisation), with the size of a
 * channel's map as step it runs over channels (group and instance normalisation). Any floating-point types; the
 * reference computes in double. (Ba et al. 2016; Wu and He 2018; Zhang and Sennrich 2019.)
 */
#ifndef HT_KERNELS_LINE_NORM_H
#define HT_KERNELS_LINE_NORM_H

#include "kernels/kernel.h"

typedef struct ht_line_norm_parameters {
    int64_t length; /* >= 1, divides the number of elements */
    int64_t step;   /* >= 1 */
    float epsilon;
    bool centred;
} ht_line_norm_parameters;

extern const ht_kernel_family ht__line_norm_family;

#endif
