/* A list of steps in use: parsed, fitted on the training split, applied, printed. */
#ifndef HT_DATA_PREPROCESS_PIPELINE_H
#define HT_DATA_PREPROCESS_PIPELINE_H

#include "data/preprocess/step.h"

/* Of the JSON that stores a fitted list with a model: {"version": 1, "steps": [...], "output": {...}}. */
#define HT__PREPROCESS_VERSION 1

typedef struct ht__pipeline_step {
    const ht__step_type *type;
    void *state;
    bool on_target; /* a value step for the targets of a table instead of its inputs */
    bool fitted;
} ht__pipeline_step;

typedef struct ht__pipeline {
    ht_arena *arena;
    size_t count;
    ht__pipeline_step *steps;
} ht__pipeline;

/* Reads a list such as [{"resize": {"height": 32, "width": 32}}, "standardize"]; NULL is an empty list. Errors:
 * HT_ERROR_FORMAT (unknown steps or arguments, a wrong order), HT_ERROR_MEMORY. */
ht_status ht__pipeline_parse(ht_arena *arena, const char *file, const json_t *steps, ht__pipeline *out, ht_error *err);
/* Whether a step still has to learn from the training split. */
bool ht__pipeline_needs_training(const ht__pipeline *pipeline);
/* The steps as a JSON array; NULL when memory is short. */
json_t *ht__pipeline_print(const ht__pipeline *pipeline);

/* Fits what is not fitted and applies every step to a table. `training` may be NULL when nothing needs it. */
ht_status ht__pipeline_table(ht__pipeline *pipeline, ht__table *table, const ht__rows *training, ht_error *err);

/* Fails when a step does not suit 8-bit pictures, or arrays of numbers. Errors: HT_ERROR_UNSUPPORTED. */
ht_status ht__pipeline_check_arrays(const ht__pipeline *pipeline, bool pictures, ht_error *err);

/* Applies the picture steps; the result is *first or *second, whichever *result says. A last step that only repeats
 * one plane is left to the caller: *repeats says how often the plane is wanted (1: no such step). */
ht_status ht__pipeline_picture(const ht__pipeline *pipeline, ht__picture *first, ht__picture *second,
                               const ht__picture **result, size_t *repeats, ht_error *err);

/* Value steps where the values of a channel are given as `levels` distinct numbers with their counts over the training
 * split (NULL: nothing is to be fitted): maps level[channels][levels] in place. For 8-bit pictures: 256 levels. */
ht_status ht__pipeline_levels(ht__pipeline *pipeline, size_t channels, size_t levels, double *level,
                              const uint64_t *counts, ht_error *err);
/* Value steps for f32[samples][channels][plane] in place; `training` lists the samples to fit on (NULL: none needed).
 */
ht_status ht__pipeline_values(ht__pipeline *pipeline, float *values, size_t samples, size_t channels, size_t plane,
                              const ht__rows *training, ht_error *err);

#endif
