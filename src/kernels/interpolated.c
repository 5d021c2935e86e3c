#include "kernels/interpolated.h"

#include <math.h>

static int16_t clamp(double code) { return (int16_t)(code < -32768.0 ? -32768.0 : code > 32767.0 ? 32767.0 : code); }

void ht__interpolated_fill(double (*function)(double), double low, double high, int16_t table[HT_INTERPOLATED_PLACES]) {
    const int last = HT_INTERPOLATED_PLACES - 1;
    double step = (high - low) / last;
    for (int i = 0; i < last; ++i) {
        double here = round(function(low + i * step) * 32768.0);
        double drawn = round((function(low + (i + 1) * step) * 32768.0 + here) / 2.0);
        double middle = round(function(low + i * step + step / 2.0) * 32768.0);
        table[i] = clamp(here - round((drawn - middle) / 2.0));
    }
    table[last] = clamp(round(function(high) * 32768.0));
}

int16_t ht__interpolated_at(const int16_t table[HT_INTERPOLATED_PLACES], int32_t at) {
    int32_t place = (at + 32768) >> 7, rest = at & 127;
    return (int16_t)(table[place] + (((table[place + 1] - table[place]) * rest + 64) >> 7));
}
