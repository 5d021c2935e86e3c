/* Data sets: one opened split, preprocessed, ready to be handed to a network batch by batch.
 *
 * A data set is named by a *spec*:
 *
 *     telescope:test                      a built-in or installed description, and a split of it
 *     fashion-mnist:test[0:2000]          any spec may end in a slice: samples 0 to 1999 of the split
 *     fashion-mnist:train+validation      splits joined, in this order
 *     pictures/                           a folder of class folders of JPEG and PNG files, or of such files alone
 *     cat.jpg                             one picture
 *     arrays/                             a folder of .npy files, each with one or several inputs of a network
 *     mine.yaml:train                     a description of one's own (docs/preprocessing.md)
 *     csv:churn.csv,target=Exited,drop=RowNumber+Surname
 *
 * Splits are "train", "validation", "test", "calibration" (a seeded part of train, 1,000 samples unless the
 * description says otherwise) and "all". Without a split a spec means "all" of what was named, except that a described
 * data set needs one. Tabular sets are split 60/20/20, seeded. What is fitted (means, ranges, categories) is fitted on
 * the train split only.
 *
 * Files are looked for in options.data_dir, $HALFTONE_DATA, ./data and the user's cache, in this order.
 */
#ifndef HALFTONE_DATA_H
#define HALFTONE_DATA_H

#include "halftone/context.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ht_task { HT_TASK_CLASSIFICATION = 0, HT_TASK_REGRESSION = 1 } ht_task;

#define HT_DATASET_MAX_RANK 3

/* An opened split. Immutable: any number of threads may read from it at once. */
typedef struct ht_dataset ht_dataset;

typedef struct ht_dataset_options {
    const char *data_dir;        /* looked in first; NULL: not used */
    uint64_t seed;               /* of the split into train, validation and test; 0 is what published figures use */
    const char *preprocess_json; /* a fitted preprocessing to repeat (what ht_dataset_preprocess_json gave for the data
                                  * that a model was trained on); NULL: the description's, fitted on the train split.
                                  * Samples that are ready (ht_dataset_info.is_ready) take none */
    const char *preprocess;      /* instead, and for all samples: what ht_preprocess_read reads; NULL: not said */
} ht_dataset_options;

/* What a split holds. All pointers belong to the data set and live as long as it. */
typedef struct ht_dataset_info {
    const char *name;                 /* "telescope"; a file or folder name for what has no description */
    const char *split;                /* "test", "train+validation", "test[0:2000]" */
    size_t samples;                   /* at least 1 */
    size_t rank;                      /* 1: features; 3: channels, height, width */
    size_t dims[HT_DATASET_MAX_RANK]; /* of one input; unused entries are 1 */
    size_t input_elements;            /* the product of dims */
    ht_task task;
    size_t classes;                 /* classification: at least 1; regression: 0 */
    const char *const *class_names; /* `classes` names; NULL for regression */
    size_t target_width;            /* values per sample in `targets`: 1 for classification */
    const char *const *input_names; /* rank 1: one name per feature; NULL otherwise */
    bool has_pictures;              /* ht_dataset_picture works */
    bool is_ready; /* a folder of .npy files: they hold what a network reads, without steps before it */
} ht_dataset_info;

/* Opens a split. `options` may be NULL. Ownership of *out passes to the caller: ht_dataset_close, before the context
 * is destroyed.
 * Errors: HT_ERROR_ARGUMENT (a spec that cannot be read), HT_ERROR_NOT_FOUND (unknown name, or missing files: the
 * sentence names the command or the manual steps that bring them), HT_ERROR_FORMAT (a damaged file, with its offset or
 * line), HT_ERROR_LIMIT, HT_ERROR_MISMATCH (preprocess_json was made for inputs of another shape),
 * HT_ERROR_UNSUPPORTED, HT_ERROR_MEMORY, HT_ERROR_INTERRUPTED. */
HT_API ht_status ht_dataset_open(ht_context *ctx, const char *spec, const ht_dataset_options *options, ht_dataset **out,
                                 ht_error *err);
/* NULL is allowed. */
HT_API void ht_dataset_close(ht_dataset *dataset);

/* Never NULL. */
HT_API const ht_dataset_info *ht_dataset_describe(const ht_dataset *dataset);

/* Preprocessed samples `indices`[0..count) (each below info.samples, in any order, repeats allowed).
 * inputs: f32[count][input_elements], channels first (N,C,H,W) or N,features.
 * targets: f32[count][target_width]: the class index, or the values to predict; NULL: not wanted.
 * Allocates nothing. Errors: HT_ERROR_ARGUMENT (an index out of range; nothing useful is written then). */
HT_API ht_status ht_dataset_read(const ht_dataset *dataset, const uint32_t *indices, size_t count, float *inputs,
                                 float *targets, ht_error *err);

/* The picture that a network sees for sample `index`, before its values are scaled: u8[channels][height][width] as in
 * info.dims, written to `pixels` (info.input_elements bytes of the caller).
 * Errors: HT_ERROR_ARGUMENT (index out of range), HT_ERROR_UNSUPPORTED (not a data set of 8-bit pictures). */
HT_API ht_status ht_dataset_picture(const ht_dataset *dataset, size_t index, uint8_t *pixels, ht_error *err);

/* The fitted preprocessing as JSON text, stable to the byte for the same data: for a model's metadata (key
 * "halftone.preprocess") and for ht_dataset_options.preprocess_json. Belongs to the data set; never NULL. */
HT_API const char *ht_dataset_preprocess_json(const ht_dataset *dataset);

/* Preprocessing for a model that does not say its own, as JSON for ht_dataset_options.preprocess_json. `text` is words
 * between commas, in any order:
 *
 *     size=416  size=320x416     resized to it (height x width); with letterbox or letterbox=114 fitted in and filled
 *     shorter=256  crop=224      resized by the shorter side; a window from the middle
 *     bgr  rgb                   the order of the planes; rgb unless said
 *     repeat=3                   a grey picture as several planes
 *     raw  unit  divide=X        pixels of 0..255 as they are, of 0..1, or divided by X; raw unless said
 *     mean=0.485,0.456,0.406  std=0.229,0.224,0.225
 *                                afterwards; numbers that all lie within 1 make pixels unit where nothing else is said
 *
 * or the path of a description (.yaml), whose steps are taken. Ownership of *json passes to the caller: ht_text_free.
 * Errors: HT_ERROR_ARGUMENT (a word that is not known, numbers that do not fit, a step that learns from data),
 * HT_ERROR_FORMAT, HT_ERROR_NOT_FOUND (the file), HT_ERROR_MEMORY. */
HT_API ht_status ht_preprocess_read(ht_context *ctx, const char *text, char **json, ht_error *err);

/* The whole split's targets, f32[samples][target_width]; belongs to the data set. */
HT_API const float *ht_dataset_targets(const ht_dataset *dataset);

/* ---- what is there ---------------------------------------------------------------------------------------------- */

/* One described data set. */
typedef struct ht_dataset_entry {
    const char *name;    /* "fashion-mnist" */
    const char *title;   /* one line */
    const char *licence; /* one line; may be empty */
    bool present;        /* all its files were found */
    bool fetchable;      /* ht_dataset_fetch can bring them */
} ht_dataset_entry;

/* The described data sets, sorted by name, one call each. `data_dir` as in the options. Returning false from `visit`
 * ends the walk. Errors: HT_ERROR_FORMAT (a damaged description), HT_ERROR_MEMORY. */
HT_API ht_status ht_dataset_list(ht_context *ctx, const char *data_dir,
                                 bool (*visit)(void *user, const ht_dataset_entry *entry), void *user, ht_error *err);

/* A report on a data set as JSON text: format, task, files, raw shape, samples per split, class counts, and for
 * tables each column's kind, range, mean, distinct words and missing values; for pictures the range, mean and standard
 * deviation per channel. Ownership of *json passes to the caller: ht_text_free. Errors: as ht_dataset_open. */
HT_API ht_status ht_dataset_inspect(ht_context *ctx, const char *spec, const ht_dataset_options *options, char **json,
                                    ht_error *err);
/* Frees text that this header's functions handed over; NULL is allowed. */
HT_API void ht_text_free(ht_context *ctx, char *text);

/* A contact sheet as a PNG file: `count` pictures starting at `first`, each with its label below and, when
 * `predictions` (class indices, one per picture, NULL: none) is given, the prediction: a wrong one is marked.
 * Errors: HT_ERROR_UNSUPPORTED (a table has no pictures), HT_ERROR_EXISTS, HT_ERROR_IO, HT_ERROR_MEMORY. */
HT_API ht_status ht_dataset_preview(ht_context *ctx, const ht_dataset *dataset, size_t first, size_t count,
                                    const int32_t *predictions, const char *png_path, bool overwrite, ht_error *err);

/* Downloads a described data set's files to `data_dir` (NULL: the user's cache), verifies their SHA-256, unpacks
 * archives. A broken download goes on where it stopped; files that are there and right are not fetched again.
 * `name` may be a .yaml file. Errors: HT_ERROR_NETWORK, HT_ERROR_MISMATCH (a checksum), HT_ERROR_NOT_FOUND (nothing to
 * fetch: the sentence names the manual steps), HT_ERROR_IO, HT_ERROR_FORMAT (an archive that is damaged or leaves its
 * folder). */
HT_API ht_status ht_dataset_fetch(ht_context *ctx, const char *name, const char *data_dir, ht_error *err);

#ifdef __cplusplus
}
#endif
#endif
