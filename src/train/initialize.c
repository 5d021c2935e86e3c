#include "train/initialize.h"

#include <math.h>

#include "base/rng.h"
#include "train/streams.h"

void ht__initialize(ht_initialization method, uint64_t seed, uint64_t index, const ht_tensor_desc *desc,
                    float *values) {
    double window = 1;
    for (int32_t i = 2; i < desc->rank; ++i) {
        window *= (double)desc->dims[i];
    }
    double fan_in = (double)desc->dims[1] * window, fan_out = (double)desc->dims[0] * window;
    bool he = method == HT_INITIALIZATION_HE_NORMAL || method == HT_INITIALIZATION_HE_UNIFORM;
    bool normal = method == HT_INITIALIZATION_HE_NORMAL || method == HT_INITIALIZATION_XAVIER_NORMAL;
    double deviation = sqrt(2 / (he ? fan_in : fan_in + fan_out));
    double bound = sqrt(3.0) * deviation; /* of the uniform distribution with this deviation */
    ht_rng rng = {seed, ht__stream(HT_STREAM_INITIALIZE, index), 0};
    int64_t count = ht__desc_elements(desc);
    for (int64_t i = 0; i < count; ++i) {
        values[i] = (float)(normal ? deviation * ht__rng_normal(&rng) : bound * (2 * ht__rng_uniform(&rng) - 1));
    }
}
