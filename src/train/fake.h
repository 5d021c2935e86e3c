/* Quantization-aware training: which tensors of a network are rounded in the forward pass, and onto which grids.
 *
 * Weights: the grid is fitted to the weights before each step, by the scheme. Activations: the range is an exponential
 * moving average of each batch's smallest and largest value, as in Jacob et al. 2018, section 3.1; it starts from a
 * calibration on the training data.
 */
#ifndef HT_TRAIN_FAKE_H
#define HT_TRAIN_FAKE_H

#include "graph/graph.h"
#include "halftone/quantize.h"
#include "halftone/train.h"
#include "quant/fake.h"
#include "quant/targets.h"

/* A weight that is rounded: `channels` grids along `axis`, or one (axis -1). */
typedef struct ht_fake_weight {
    const ht_value *source; /* in the inference graph */
    int32_t axis;
    size_t channels, first;                /* of `scales` and `zero_points` */
    int32_t scale_input, zero_point_input; /* of the training program */
} ht_fake_weight;

/* An activation that is rounded. `seen`: smallest and largest value of the last batch. */
typedef struct ht_fake_activation {
    const ht_value *source;
    float seen_low, seen_high;
    float scale, zero_point;
    int32_t scale_input, zero_point_input, low_output, high_output; /* of the training program */
} ht_fake_activation;

typedef struct ht_fake {
    ht_context *ctx;
    ht_scheme scheme, activation_scheme; /* with their widths in `bits` */
    ht_fake_weight *weights;
    size_t weight_count;
    float *scales, *zero_points; /* of the weights' grids */
    ht_fake_parameters *room;    /* for the largest weight */
    size_t room_count;
    ht_fake_activation *activations;
    double (*ranges)[2]; /* [activation_count] averages of low and high: a checkpoint's part */
    size_t activation_count;
    float weight_high, activation_high; /* the highest codes */
} ht_fake;

/* Plans what is rounded in `graph`, by recipe->qat_...; calibrates activations on `data` when there are any.
 * Ownership of *out passes to the caller: ht__fake_destroy.
 * Errors: those of ht_scheme_parse, HT_ERROR_UNSUPPORTED (a scheme that is not affine, or works by blocks),
 * HT_ERROR_MEMORY, and those of calibration. */
ht_status ht__fake_create(ht_context *ctx, const ht_graph *graph, const ht_train_options *recipe,
                          const ht_dataset *data, ht_fake **out, ht_error *err);
/* NULL is allowed. */
void ht__fake_destroy(ht_fake *fake);
/* Fits one weight's grids to `values`. Errors: HT_ERROR_NUMERIC (a weight is not finite), HT_ERROR_MEMORY. */
ht_status ht__fake_fit(ht_fake *fake, const ht_fake_weight *weight, const float *values, ht_error *err);
/* Takes the last batch's ranges into the averages, and the grids from those. */
ht_status ht__fake_follow(ht_fake *fake, ht_error *err);
/* Grids from the averages as they are (after a checkpoint was read). */
ht_status ht__fake_renew(ht_fake *fake, ht_error *err);
/* The same weights and activations in `graph`, a trained copy, get their values rounded and their annotations; the
 * activations' from `ranges`, laid out as fake->ranges. */
ht_status ht__fake_annotate(const ht_fake *fake, double (*ranges)[2], ht_graph *graph, ht_error *err);

#endif
