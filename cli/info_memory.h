/* The part of `halftone info` on memory. */
#ifndef CLI_INFO_MEMORY_H
#define CLI_INFO_MEMORY_H

#include <jansson.h>

#include "halftone/model.h"

/* The bounds of --fits in bytes; 0: none. */
typedef struct memory_bounds {
    uint64_t ram, flash;
} memory_bounds;

/* Reads "ram=256K,flash=1M", either part alone too; K, M and G are powers of 1024.
 * Errors: HT_ERROR_ARGUMENT with what is wrong. */
ht_status memory_bounds_parse(const char *text, memory_bounds *out, ht_error *err);

/* Prints what a run of one sample takes, and how full the arena is over time. */
ht_status memory_print(const ht_model *model, ht_error *err);
/* The same as an object in *out (a new reference). */
ht_status memory_json(const ht_model *model, json_t **out, ht_error *err);
/* HT_ERROR_GATE, naming the layer at the peak, when the model does not fit. */
ht_status memory_check(const ht_model *model, const memory_bounds *bounds, ht_error *err);

#endif
