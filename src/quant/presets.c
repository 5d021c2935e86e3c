#include "quant/presets.h"

#include <string.h>

/* The Edge capstone's level sets come from a layer's weight and bias together; its mid-rise takes each tensor alone. */
#define CAPSTONE_SET(levels, round, range) "levels=" levels ",round=" round ",range=" range ",quirks=joint-bias"

/* Add a preset here. */
static const ht_preset presets[] = {
    {"affine", "levels=affine", "equal steps with a zero point, one range per tensor"},
    {"symmetric", "levels=symmetric", "equal steps around zero, one range per tensor"},
    {"int8", "levels=symmetric,granularity=channel,bits=8", "8-bit symmetric weights, one scale per output channel"},
    {"int4", "levels=symmetric,granularity=block:32,bits=4", "4-bit symmetric weights, one scale per 32 values"},
    {"power-of-two", "levels=power-of-two", "equal steps around zero, the step a power of two"},
    {"stochastic", "levels=affine,round=stochastic", "affine with stochastic rounding"},
    {"dithered", "levels=affine,round=dithered", "affine with triangular dither"},
    {"logarithmic", "levels=logarithmic", "zero and plus or minus powers of two"},
    {"k-means", "levels=k-means", "the levels of least squared error, one set per tensor"},
    {"kde", "levels=kde", "quantiles of a kernel density estimate"},
    {"nf4", "levels=normal-float,granularity=block:64,bits=4", "QLoRA: 16 normal quantiles, one scale per 64 values"},
    {"f16", "levels=f16", "IEEE half precision, 16 bits"},
    {"bf16", "levels=bf16", "the upper half of an f32, 16 bits"},
    {"f8e4m3", "levels=minifloat:e4m3,granularity=channel", "8-bit float, one scale per output channel"},
    {"f8e5m2", "levels=minifloat:e5m2,granularity=channel", "8-bit float with more range, one scale per channel"},
    {"mxfp8", "levels=mx:e4m3,granularity=block:32", "OCP MX: 8-bit floats, a power of two per 32 values"},
    {"mxfp6", "levels=mx:e2m3,granularity=block:32", "OCP MX: 6-bit floats, a power of two per 32 values"},
    {"mxfp4", "levels=mx:e2m1,granularity=block:32", "OCP MX: 4-bit floats, a power of two per 32 values"},
    {"mid-rise", "levels=mid-rise", "capstone: middles of 2^bits cells"},
    {"mid-rise-iqr", "levels=mid-rise,range=iqr", "capstone: the same, outliers beyond Tukey's fence clipped"},
    {"nearest/uniform", CAPSTONE_SET("uniform-range", "nearest", "min-max"), "capstone: 2^bits points, min to max"},
    {"nearest/uniform-iqr", CAPSTONE_SET("uniform-range", "nearest", "iqr"), "capstone: points within Tukey's fence"},
    {"nearest/histogram", CAPSTONE_SET("histogram", "nearest", "min-max"), "capstone: centres of 2^bits equal bins"},
    {"nearest/normal", CAPSTONE_SET("prior-normal", "nearest", "min-max"), "capstone: quantiles of a fitted normal"},
    {"stochastic/uniform", CAPSTONE_SET("uniform-range", "stochastic", "min-max"),
     "capstone: 2^bits points, stochastic rounding"},
    {"stochastic/uniform-iqr", CAPSTONE_SET("uniform-range", "stochastic", "iqr"),
     "capstone: points within Tukey's fence, stochastic rounding"},
    {"stochastic/histogram", CAPSTONE_SET("histogram", "stochastic", "min-max"),
     "capstone: centres of equal bins, stochastic rounding"},
    {"stochastic/normal", CAPSTONE_SET("prior-normal", "stochastic", "min-max"),
     "capstone: quantiles of a fitted normal, stochastic rounding"},
};

const ht_preset *ht__preset_at(size_t index) {
    return index < sizeof presets / sizeof presets[0] ? &presets[index] : NULL;
}

const ht_preset *ht__preset(const char *name) {
    const ht_preset *preset;
    for (size_t i = 0; (preset = ht__preset_at(i)) != NULL; ++i) {
        if (strcmp(preset->name, name) == 0) {
            return preset;
        }
    }
    return NULL;
}
