#ifndef HT_KERNELS_LINE_NORM_VARIANTS_H
#define HT_KERNELS_LINE_NORM_VARIANTS_H

#include "kernels/line_norm/line_norm.h"

extern const ht_kernel_variant ht__line_norm_reference, ht__line_norm_f32_lanes;
/* Sound calls (kernels/rules.h). */
extern const ht_kernel_rules ht__line_norm_rules;

#endif
