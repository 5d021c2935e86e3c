#include "quant/affine.h"

#include <float.h>
#include <math.h>

static float usable_scale(double scale) { return scale < FLT_MIN ? FLT_MIN : scale > FLT_MAX ? FLT_MAX : (float)scale; }

ht_affine ht__affine(double low, double high, uint32_t bits) {
    low = low < 0.0 ? low : 0.0;
    high = high > 0.0 ? high : 0.0;
    int32_t top = (1 << bits) - 1;
    float scale = usable_scale((high - low) / top);
    double zero = rint(-low / scale);
    return (ht_affine){.scale = scale, .zero_point = zero > top ? top : (int32_t)zero, .code_min = 0, .code_max = top};
}

ht_affine ht__symmetric(double low, double high, uint32_t bits) {
    int32_t top = (1 << (bits - 1)) - 1;
    double largest = fmax(fabs(low), fabs(high));
    return (ht_affine){.scale = usable_scale(largest / top), .zero_point = 0, .code_min = -top, .code_max = top};
}
