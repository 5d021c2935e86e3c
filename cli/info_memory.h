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

/* What a run of one sample takes. */
typedef struct memory_report {
    ht_memory_info info;
    json_t *steps; /* array: name, kernel, live_bytes, scratch_bytes of each step in order */
} memory_report;

/* Plans the run. *out is to be released, also after a failure. Errors: as ht_model_memory. */
ht_status memory_measure(const ht_model *model, memory_report *out, ht_error *err);
void memory_release(memory_report *report);

/* Prints the sizes, and how full the arena is over time. */
void memory_print(const memory_report *report);
/* The same as an object (a new reference); NULL: memory is short. */
json_t *memory_json(const memory_report *report);
/* HT_ERROR_GATE, naming the layer at the peak, when the model does not fit. */
ht_status memory_check(const memory_report *report, const memory_bounds *bounds, ht_error *err);

#endif
