/* The activation that products and convolutions apply to each result. */
#ifndef HT_KERNELS_ACTIVATION_H
#define HT_KERNELS_ACTIVATION_H

typedef enum ht_activation { HT_ACTIVATION_NONE, HT_ACTIVATION_RELU, HT_ACTIVATION_CLIP } ht_activation;

/* x, max(0, x) or min(max(x, low), high); NaN stays NaN. */
static inline float ht__activate(ht_activation activation, float low, float high, float x) {
    switch (activation) {
    case HT_ACTIVATION_RELU: return x < 0.0f ? 0.0f : x;
    case HT_ACTIVATION_CLIP: {
        float raised = x < low ? low : x;
        return raised > high ? high : raised;
    }
    case HT_ACTIVATION_NONE: break;
    }
    return x;
}

#endif
