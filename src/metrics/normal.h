/* Constants and tails of the normal distribution, for the intervals and tests of this folder. */
#ifndef HT_METRICS_NORMAL_H
#define HT_METRICS_NORMAL_H

#include <math.h>

#define HT_Z_975 1.959963984540054  /* quantile of a two-sided 5 % level */
#define HT_Z_800 0.8416212335729143 /* quantile of 80 % power */

/* P(Z > z). */
static inline double ht__normal_tail(double z) { return 0.5 * erfc(z * 0.70710678118654752); }

#endif
