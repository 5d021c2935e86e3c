/* Recipes: a quantization written down, to be repeated.
 *
 *     kind: static                      # simulated, static or dynamic; default: simulated
 *     scheme: int8,bits=8/8             # as ht_scheme_parse reads it
 *     activations: signed               # signed, unsigned or symmetric; of static
 *     activation-range: percentile:99.9 # default: the scheme's
 *     calibration: {data: cifar-10:calibration, samples: 512}
 *     preprocess: raw                   # what pictures go through, as ht_preprocess_read reads it
 *     requantize: fixed                 # float or fixed; default: as the source model's format
 *     fold-batch-norm: true             # default: false
 *     biases: false
 *     norms: false
 *     rules:                            # the first that means a layer counts
 *       - {layer: first, keep: float}   # a name, the start of one and a *, first, or last
 *       - {operator: Gemm, scheme: int4}
 *
 * Every key may be missing.
 */
#ifndef HALFTONE_RECIPE_H
#define HALFTONE_RECIPE_H

#include "halftone/quantize.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ht_recipe {
    ht_quantize_options options; /* without calibration data; rules and activation_range belong to the recipe */
    const char *calibration;     /* the spec of the data, as ht_dataset_open reads it; NULL: none said */
    const char *preprocess;      /* what samples go through; NULL: what the model or the data say */
} ht_recipe;

/* Reads a file. Ownership of *out passes to the caller: ht_recipe_destroy.
 * Errors: HT_ERROR_NOT_FOUND, HT_ERROR_IO, HT_ERROR_FORMAT with the line, HT_ERROR_ARGUMENT or HT_ERROR_NOT_FOUND for a
 * scheme that cannot be read, HT_ERROR_LIMIT, HT_ERROR_MEMORY. */
HT_API ht_status ht_recipe_load(ht_context *ctx, const char *path, ht_recipe **out, ht_error *err);
/* NULL is allowed. */
HT_API void ht_recipe_destroy(ht_context *ctx, ht_recipe *recipe);

/* Writes what was done, so that reading it again gives the same model; with `report` (may be NULL) comments say what
 * became of each layer. The same recipe gives the same bytes. Errors: HT_ERROR_EXISTS, HT_ERROR_IO, HT_ERROR_MEMORY. */
HT_API ht_status ht_recipe_save(ht_context *ctx, const ht_recipe *recipe, const ht_quantize_report *report,
                                const char *path, bool overwrite, ht_error *err);

#ifdef __cplusplus
}
#endif
#endif
