/* NormalFloat: the quantiles of a standard normal distribution, scaled to [-1, 1], with an exact zero.
 * Source: Dettmers et al., "QLoRA: Efficient Finetuning of Quantized LLMs" (2023), section 3; NF4 is its 4-bit table.
 */
#ifndef HT_NUMERIC_NORMAL_FLOAT_H
#define HT_NUMERIC_NORMAL_FLOAT_H

#include <stdint.h>

/* Fills table[2^bits] in ascending order; bits 1..16. The table has 2^(bits-1) positive levels, zero, and one
 * negative level fewer; its ends are -1 and 1 (1 bit: {0, 1}). */
void ht__normal_float_table(unsigned bits, float *table);

/* The value below which the share `probability` in (0, 1) of a standard normal distribution lies.
 * Relative error below 1e-14: Acklam's rational approximation and one step of Halley's method. */
double ht__normal_quantile(double probability);

#endif
