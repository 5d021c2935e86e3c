/* Functions in fixed point, as LiteRT's reference kernels (through gemmlowp) evaluate them, bit for bit. Qm.n has n
 * bits behind the point and m before it, beside the sign. */
#ifndef HT_KERNELS_FIXED_FUNCTIONS_H
#define HT_KERNELS_FIXED_FUNCTIONS_H

#include <stdint.h>

/* exp(a) in Q0.31 for a <= 0 in Q5.26: the exponent modulo 1/4 by a Taylor series around -1/8, and a factor for each
 * bit above. */
int32_t ht__fixed_exp(int32_t a);
/* 1 / (1 + a) in Q0.31 for 0 <= a < 1 in Q0.31, by three steps of Newton and Raphson. */
int32_t ht__fixed_reciprocal(int32_t a);

/* log(x) in Q5.26 for 1 <= x in Q12.19, below 2^12: the power of two, and for what remains a rational function around
 * 1 / sqrt(sqrt(2)). */
int32_t ht__fixed_log(int32_t x);

/* The same in 16 bits, where each step rounds to 15 bits: logistic(a) = 1 / (1 + exp(-a)) in Q0.15 of `a` in Q3.12, and
 * tanh(a) in Q0.15 of `a` in Q`whole`.(15 - whole), 0 <= whole <= 6. */
int16_t ht__fixed_logistic16(int16_t a);
int16_t ht__fixed_tanh16(int16_t a, int whole);

#endif
