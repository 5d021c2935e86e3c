/* Operators that are evaluated in double, whatever floating-point or integer types their tensors have: what is written
 * for reading and not for speed. */
#ifndef HT_OPS_REALS_H
#define HT_OPS_REALS_H

#include "ops/host.h"

/* A tensor in the plain layout as doubles. Absent, or read by nobody: `data` NULL. */
typedef struct ht_reals {
    ht_tensor_desc desc;
    double *data;
} ht_reals;

typedef struct ht_real_call {
    ht_context *ctx;
    const ht_node *node;
    ht_arena *arena;        /* scratch memory, freed behind the call */
    const ht_reals *inputs; /* one for each that the operator can have */
    ht_reals *outputs;      /* described as inferred, filled with zeros; one for each that the operator can have */
} ht_real_call;

typedef ht_status ht_real_function(ht_real_call *call, ht_error *err);

/* Converts the inputs, calls `compute`, and stores the outputs in their types (rounded to nearest even; integers
 * truncated). The shapes of all outputs must have been inferred. */
ht_status ht__evaluate_reals(ht_host_call *evaluation, ht_real_function *compute, ht_error *err);

/* `count` zeros of the call's scratch memory, or NULL with `err` set. */
double *ht__real_scratch(ht_real_call *call, int64_t count, ht_error *err);

/* An input as doubles in memory from `arena`; data NULL when it is absent. */
ht_status ht__reals_load(const ht_tensor_view *view, ht_arena *arena, ht_reals *out, ht_error *err);

/* The number in an input that is a constant of one element of any type; `otherwise` when it is absent.
 * Errors: HT_ERROR_UNSUPPORTED (not constant), HT_ERROR_FORMAT (not one number, or not a finite one below 10^15). */
ht_status ht__constant_number(const ht_node *node, uint32_t index, double otherwise, double *out, ht_error *err);

#endif
