/* libhalftone's kernel variants from oneDNN (only in builds with HT_WITH_ONEDNN): what ht_kernel_env.extra points at.
 */
#ifndef HT_KERNELS_ONEDNN_ONEDNN_H
#define HT_KERNELS_ONEDNN_ONEDNN_H

#include "kernels/kernel.h"

extern const ht_kernel_variant *const ht__onednn_variants[];
extern const size_t ht__onednn_variant_count;

#endif
