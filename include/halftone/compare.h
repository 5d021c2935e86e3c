/* Comparing a quantized model with its float original, layer by layer: where the loss comes from, and why. */
#ifndef HALFTONE_COMPARE_H
#define HALFTONE_COMPARE_H

#include "halftone/data.h"
#include "halftone/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Why a layer loses. */
typedef enum ht_loss_cause {
    HT_CAUSE_NONE = 0,    /* nothing stands out */
    HT_CAUSE_WIDTH,       /* its weights lose that much by themselves: too few bits */
    HT_CAUSE_GRANULARITY, /* one scale for channels whose weights differ many times in size */
    HT_CAUSE_SATURATION,  /* values outside the range of its codes are cut off */
    HT_CAUSE_OUTLIER,     /* one channel's activations are many times as large as the others' */
    HT_CAUSE_RANGE,       /* the range of its codes is much wider than the values */
    HT_CAUSE_BIAS         /* the error has one sign: the mean is off */
} ht_loss_cause;

/* One tensor that both models have. Texts belong to the comparison. */
typedef struct ht_compared_layer {
    const char *name, *quantized_name; /* the tensor, in either model */
    const char *layer, *op;            /* what produces it in the quantized model; "" and "Input" for an input */
    double sqnr_db;                    /* 10 log10(sum x^2 / sum (x - q)^2), over all samples; infinite without error */
    double cosine;                     /* between the two */
    double max_error;                  /* largest |x - q| */
    double added;    /* noise that this layer adds: noise / signal here, less the largest of its inputs' */
    double clipped;  /* share of the float values outside the range of the codes; 0 without codes */
    double evidence; /* a number that goes with the cause: dB, a ratio, or a share */
    ht_loss_cause cause;
} ht_compared_layer;

typedef struct ht_comparison {
    ht_compared_layer *layers; /* in the order in which the quantized model runs */
    size_t count;
    size_t samples;
    size_t first_diverging;      /* index of the first layer below 20 dB; `count` when there is none */
    size_t unmatched;            /* weighted layers of the quantized model that have no partner */
    size_t matched_by_structure; /* partners found by order and shape, not by name */
} ht_comparison;

/* Runs both models on the first `samples` samples (0: 64) and compares what both produce. Tensors belong together when
 * their names are equal, apart from the endings that quantizers add; otherwise the k-th layer of an operator with
 * weights of a shape in one model belongs to the k-th such layer in the other. Quantized tensors are imitated in float.
 * The caller clears *out. Errors: HT_ERROR_MISMATCH (data that does not fit; nothing in common), HT_ERROR_UNSUPPORTED,
 * HT_ERROR_INTERRUPTED, HT_ERROR_MEMORY. */
HT_API ht_status ht_compare(ht_context *ctx, const ht_model *original, const ht_model *quantized,
                            const ht_dataset *dataset, size_t samples, ht_comparison *out, ht_error *err);
/* Frees the arrays and texts; NULL is allowed. */
HT_API void ht_comparison_clear(ht_context *ctx, ht_comparison *comparison);
/* A phrase such as "saturation"; "" for HT_CAUSE_NONE. Lives as long as the library. */
HT_API const char *ht_loss_cause_name(ht_loss_cause cause);

#ifdef __cplusplus
}
#endif
#endif
