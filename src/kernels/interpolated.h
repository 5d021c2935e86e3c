/* Functions of 16 bits as tables of 513 places between which lines are drawn, as LiteRT's (internal/common.h:
 * LUTPopulate, LUTLookup). */
#ifndef HT_KERNELS_INTERPOLATED_H
#define HT_KERNELS_INTERPOLATED_H

#include <stdint.h>

#define HT_INTERPOLATED_PLACES 513

/* Fills the table with function(x) in 32768ths for x from low to high, each place moved by half of what the line misses
 * in the middle behind it. */
void ht__interpolated_fill(double (*function)(double), double low, double high, int16_t table[HT_INTERPOLATED_PLACES]);
/* The function where `at`, -32768 .. 32767, stands for low .. high. */
int16_t ht__interpolated_at(const int16_t table[HT_INTERPOLATED_PLACES], int32_t at);

#endif
