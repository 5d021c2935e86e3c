/* What normalize, standardize and min-max share: y = (x - offset[c]) / divisor[c]. */
#ifndef HT_DATA_PREPROCESS_AFFINE_H
#define HT_DATA_PREPROCESS_AFFINE_H

#include "data/preprocess/step.h"

typedef struct ht__affine {
    size_t count; /* features or channels; 1 suits all; 0: not fitted yet */
    double *offset, *divisor;
    const char *step;
    const char *offset_key, *divisor_key; /* how JSON names them */
} ht__affine;

/* Reads both lists from their keys; leaves count 0 when neither is there. `affine->step` and the keys are set before.
 */
ht_status ht__affine_parse(ht__affine *affine, ht_arena *arena, const ht__fields *fields, bool *fitted, ht_error *err);
json_t *ht__affine_print(const void *state);
ht_status ht__affine_check(const void *state, size_t count, ht_error *err);
double ht__affine_value(const void *state, size_t channel, double x);
/* Makes room for `count` pairs. */
ht_status ht__affine_room(ht__affine *affine, ht_arena *arena, size_t count, ht_error *err);

#endif
