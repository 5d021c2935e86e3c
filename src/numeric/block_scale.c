#include "numeric/block_scale.h"

#include <math.h>

float ht__block_scale(const ht_number_format *element, double largest) {
    if (largest == 0.0) {
        return 0x1p-126f;
    }
    int power = ilogb(largest) - ilogb((double)element->decode(element, element->largest));
    return ldexpf(1.0f, power < -126 ? -126 : power > 127 ? 127 : power);
}
