/* Quantization schemes: which few numbers may stand for a tensor's many, and how each value finds its place.
 *
 * A scheme combines four choices, each with its own list: levels, rounding, granularity and range. It is plain data:
 * make one by name or from text, change fields, print it. The same scheme, seed and tensor give the same result for
 * any number of threads.
 */
#ifndef HALFTONE_QUANTIZE_H
#define HALFTONE_QUANTIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "halftone/context.h"
#include "halftone/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HT_BITS_MAX 16
/* Room that ht_scheme_print needs at most, with the terminating NUL. */
#define HT_SCHEME_TEXT 320

/* Deviations of the capstone study (2020) from what its methods say, for comparing with its numbers. */
typedef enum ht_quirk {
    HT_QUIRK_JOINT_BIAS = 1,  /* one level set from a layer's weight and bias together (granularity tensor) */
    HT_QUIRK_UNSORTED = 2,    /* the prior's level set is not sorted: the smallest weight gets the first quantile */
    HT_QUIRK_OPEN_FENCE = 4,  /* the IQR fence is not cut at the smallest and the largest value */
    HT_QUIRK_UNCLIPPED = 8,   /* mid-rise uses as many cells as the values reach, also more than 2^bits */
    HT_QUIRK_SINGLE_ROW = 16, /* mid-rise: a tensor whose first dimension is 1 takes each value / 2^bits as step */
    HT_QUIRK_TIES_UP = 32     /* a value halfway between two levels goes to the upper one */
} ht_quirk;
#define HT_QUIRKS_CAPSTONE                                                                                      \
    (HT_QUIRK_JOINT_BIAS | HT_QUIRK_UNSORTED | HT_QUIRK_OPEN_FENCE | HT_QUIRK_UNCLIPPED | HT_QUIRK_SINGLE_ROW | \
     HT_QUIRK_TIES_UP)

typedef struct ht_scheme {
    char name[40];            /* the preset it came from; empty when made from text */
    char levels[24];          /* a name of HT_CHOICE_LEVELS */
    char round[24];           /* a name of HT_CHOICE_ROUND */
    char granularity[24];     /* a name of HT_CHOICE_GRANULARITY: "tensor", "channel" or "block" */
    char range[24];           /* a name of HT_CHOICE_RANGE */
    uint32_t bits;            /* width of a weight, 1..16 */
    uint32_t activation_bits; /* width of an activation, 2..16; 0: activations stay float */
    uint32_t block;           /* values in a block, 1..2^20; used by granularity "block" */
    uint32_t exponent_bits;   /* of "minifloat" and "mx": 1..8; with mantissa_bits makes up bits - 1; 0: by width */
    uint32_t mantissa_bits;   /* of "minifloat" and "mx": 0..10 */
    double percentile;        /* range "percentile": per cent of the values that lie inside, in (0, 100] */
    double fence;             /* range "iqr": multiples of the interquartile range beyond the quartiles, >= 0 */
    double momentum;          /* range "moving-average": weight of the past, in [0, 1) */
    uint64_t seed;            /* of the random roundings */
    uint32_t quirks;          /* ht_quirk, or'ed */
} ht_scheme;

/* The four lists of choices, and the list of presets. */
typedef enum ht_choice {
    HT_CHOICE_LEVELS,
    HT_CHOICE_ROUND,
    HT_CHOICE_GRANULARITY,
    HT_CHOICE_RANGE,
    HT_CHOICE_PRESET
} ht_choice;
/* The `index`-th name of a list and one line about it, in *name and *summary (either may be NULL); false past the end.
 * The texts live as long as the library. */
HT_API bool ht_choice_at(ht_choice choice, size_t index, const char **name, const char **summary);

/* 8-bit affine levels, nearest, one range per tensor from minimum to maximum, activations float. */
HT_API void ht_scheme_init(ht_scheme *scheme);
/* Fills *scheme from the preset `name` ("mid-rise", "nearest/uniform", "int8", "nf4", ...), or from a text such as
 * "levels=mid-rise,round=nearest,granularity=block:32,range=percentile:99.9,bits=4/8,seed=1,quirks=joint-bias", where
 * each part may be missing, or from both: "nf4,granularity=block:128". bits=W/A gives weights and activations.
 * Errors: HT_ERROR_NOT_FOUND (unknown name; the message says the nearest one), HT_ERROR_ARGUMENT. */
HT_API ht_status ht_scheme_parse(const char *text, ht_scheme *scheme, ht_error *err);
/* Writes the stable text form, which ht_scheme_parse reads back, to text[HT_SCHEME_TEXT]. Defaults that do not matter
 * to the chosen methods are left out. */
HT_API void ht_scheme_print(const ht_scheme *scheme, char *text);
/* Checks every field. Errors: HT_ERROR_NOT_FOUND, HT_ERROR_ARGUMENT with what is allowed. */
HT_API ht_status ht_scheme_check(const ht_scheme *scheme, ht_error *err);
/* The width that the levels force (f16: 16, bf16: 16), or 0 when every width in 1..16 is free. */
HT_API uint32_t ht_scheme_fixed_bits(const ht_scheme *scheme);
/* True when the rounding draws random numbers, so that different seeds give different results. */
HT_API bool ht_scheme_is_random(const ht_scheme *scheme);

/* ---- number formats ------------------------------------------------------------------------------------------------
 */

/* A value in a number format, taken apart. Texts live as long as the library. */
typedef struct ht_format_explanation {
    const char *format, *summary;
    uint32_t bits, sign_bits, exponent_bits, mantissa_bits; /* from the highest bit down; integers have no exponent */
    int32_t exponent_bias;
    uint32_t code;  /* the nearest one */
    double value;   /* what was asked for */
    double stored;  /* what the code stands for; NaN and infinity where the format has them */
    double error;   /* stored - value */
    double largest; /* largest finite value */
    const char *error_bound, *zero, *nan, *beyond; /* what the format promises */
} ht_format_explanation;

/* The `index`-th format's name and line, in *name and *summary (either may be NULL); false past the end. */
HT_API bool ht_format_at(size_t index, const char **name, const char **summary);
/* Stores `value` in the format `name` ("f16", "f8e4m3", "int4", "nf4", ...), without any scale.
 * Errors: HT_ERROR_NOT_FOUND with the nearest name. */
HT_API ht_status ht_format_explain(const char *name, double value, ht_format_explanation *out, ht_error *err);

/* ---- models
 * ---------------------------------------------------------------------------------------------------------- */

typedef struct ht_model ht_model;
typedef struct ht_dataset ht_dataset;

/* Another scheme for the layers that `pattern` means: the name of a node or of a constant, the start of one and a '*',
 * "operator:Conv", or "layer:first" and "layer:last" (of those with weights). `scheme` NULL: they stay float. The first
 * rule that means a layer counts. */
typedef struct ht_layer_rule {
    const char *pattern;
    const ht_scheme *scheme;
} ht_layer_rule;

/* What is quantized when. */
typedef enum ht_quantize_kind {
    HT_KIND_SIMULATED = 0, /* weights, and activations when the scheme has a width for them: rounded in float
                              arithmetic; any levels and widths */
    HT_KIND_STATIC,        /* weights, activations and biases have codes, so that the model runs in integers; ranges of
                              activations come from calibration data */
    HT_KIND_DYNAMIC        /* weights have codes; activations get theirs when the model runs, before each product */
} ht_quantize_kind;

/* The codes of activations of the kind "static". */
typedef enum ht_activation_codes {
    HT_ACTIVATIONS_SIGNED = 0, /* int8, int16 with a zero point */
    HT_ACTIVATIONS_UNSIGNED,   /* uint8, uint16 with a zero point */
    HT_ACTIVATIONS_SYMMETRIC   /* signed, zero point 0 */
} ht_activation_codes;

/* How sums become codes again when the model runs here in integers (docs/integers.md). */
typedef enum ht_requantization {
    HT_REQUANTIZE_AS_SOURCE = 0, /* ONNX, and models made here: float; TFLite: fixed. A file of the other format runs by
                                    that one's rule (ht_model_reread) */
    HT_REQUANTIZE_FLOAT,         /* by a factor in f32, as ONNX says */
    HT_REQUANTIZE_FIXED          /* by integers alone, as LiteRT's reference kernels do */
} ht_requantization;

typedef struct ht_quantize_options {
    ht_quantize_kind kind;
    ht_activation_codes activations;
    ht_requantization requantize; /* of static; the model's metadata remember another than the source's */
    ht_scheme scheme;
    const ht_scheme *activation_range; /* its range is how those of activations are chosen; NULL: `scheme`'s */
    bool fold_batch_norm; /* first move batch normalisation into the convolutions before it; "static" always does */
    bool quantize_biases; /* biases too, not only weights */
    bool quantize_norms;  /* scale and shift of normalisations too */
    const ht_layer_rule *rules;
    size_t rule_count;
    const ht_dataset *calibration; /* samples that activations are seen on; needed when scheme.activation_bits > 0 */
    size_t calibration_samples;    /* at most so many; 0: 512 */
    bool calibration_bf16; /* f32 products from bf16 operands while they are seen, where the processor has them: faster;
                              ranges change in their third digit */
    const char *command;   /* stored in the model's metadata; NULL: none */
} ht_quantize_options;

/* What became of one constant. Texts belong to the report. */
typedef struct ht_quantize_tensor {
    const char *name, *layer; /* the constant; the first node that reads it */
    const char *scheme;       /* text form; NULL: left as it was */
    size_t elements;
    uint32_t bits;      /* 32 when left as it was */
    uint32_t file_bits; /* what a code takes in an ONNX file: 2, 4, 8 or 16; 32 when there are none */
    double sqnr_db;     /* infinite when nothing changed */
    double max_error;   /* largest magnitude of a change */
    size_t bytes_ideal; /* codes at their width and what decodes them */
    double saturating;  /* static and dynamic: share of pairs of neighbouring weights whose products with u8 codes can
                           leave 16 bits, as runtimes without VNNI sum them on x86 */
    bool is_weight;     /* of a convolution or a matrix product; others are biases, norm parameters, operands */
    bool encoded;       /* stored as codes; false: as f32, because the scheme has no codes (dither that is
                           subtracted, some quirks) */
} ht_quantize_tensor;

/* The range of one activation. */
typedef struct ht_quantize_activation {
    const char *name;
    double low, high; /* as calibrated */
    float scale, zero_point;
} ht_quantize_activation;

/* A layer that computes on real numbers in a model that runs on codes. Texts belong to the report. */
typedef struct ht_quantize_real {
    const char *name, *op, *reason; /* "attention1", "Softmax", "this operator has no form on codes" */
} ht_quantize_real;

/* How settled the ranges of activations were after some of the calibration samples. */
typedef struct ht_convergence_point {
    size_t samples;
    double change; /* distance from the final ranges, as a share of them, on average over the activations */
} ht_convergence_point;

typedef struct ht_quantize_report {
    ht_quantize_tensor *tensors; /* all floating-point constants, in the graph's order */
    size_t tensor_count;
    ht_quantize_activation *activations;
    size_t activation_count;
    ht_quantize_real *real; /* static and dynamic: layers that stay on real numbers, in the order of running */
    size_t real_count;
    size_t folded;                  /* normalisations that moved into the layer before */
    size_t dropped;                 /* activation functions that saturation stands for */
    size_t bytes_f32;               /* all floating-point constants before */
    size_t bytes_ideal;             /* and after */
    size_t file_before, file_after; /* the ONNX files; 0 in a build without ONNX */
    size_t calibrated_samples;
    ht_convergence_point *convergence; /* after 1, 2, 4 ... batches and at the end */
    size_t convergence_count;
    double seconds;
} ht_quantize_report;

/* There is a warning when activations are seen on fewer samples: what a model meets later then often lies outside. */
#define HT_CALIBRATION_LEAST 32

/* 8-bit affine weights, biases and norm parameters left alone, no folding. */
HT_API void ht_quantize_options_init(ht_quantize_options *options);
/* Makes a quantized copy of `model`, whose constants stay shared: `model` must outlive *out. Weights hold the values
 * that their codes stand for, so that running the copy simulates the quantized network; saving it writes the codes.
 * Ownership of *out passes to the caller: ht_model_destroy. `report` (may be NULL) is the caller's to clear.
 * Errors: those of ht_scheme_check; HT_ERROR_NUMERIC (a weight is NaN or infinite: tensor and index);
 * HT_ERROR_ARGUMENT (activations without calibration data; a rule that nothing matches); HT_ERROR_MISMATCH (data that
 * does not fit the model); HT_ERROR_UNSUPPORTED; HT_ERROR_INTERRUPTED; HT_ERROR_MEMORY. */
HT_API ht_status ht_model_quantize(ht_context *ctx, const ht_model *model, const ht_quantize_options *options,
                                   ht_model **out, ht_quantize_report *report, ht_error *err);
/* Frees the report's arrays and texts; NULL is allowed. */
HT_API void ht_quantize_report_clear(ht_context *ctx, ht_quantize_report *report);

/* ---- a model that is quantized already ---- */

/* What is odd about how a weight is quantized. */
typedef enum ht_finding_kind {
    HT_FINDING_FLOAT_WEIGHT,    /* not at all, while others are; share: of the numbers in all weights */
    HT_FINDING_FEW_LEVELS,      /* a fifth of the levels or less is used; share: of the scales for which that is so */
    HT_FINDING_UNEVEN_CHANNELS, /* one scale for channels of which some keep five bits less than the widest; share: of
                                   the channels */
    HT_FINDING_CLIPPED          /* codes lie at the ends of their range; share: of the codes */
} ht_finding_kind;

/* Texts belong to the call. */
typedef struct ht_finding {
    ht_finding_kind kind;
    const char *layer, *op, *weight; /* "conv1", "Conv", the weight's name */
    double share;                    /* 0 .. 1 */
} ht_finding;

/* Looks at the weights of a model, whoever quantized it; nothing is found in one of which no weight is quantized.
 * `visit` sees each finding until it returns false. Errors: HT_ERROR_MEMORY. */
HT_API ht_status ht_model_findings(const ht_model *model, bool (*visit)(void *user, const ht_finding *finding),
                                   void *user, ht_error *err);

#ifdef __cplusplus
}
#endif
#endif
