/* An evaluator: one graph compiled once for one data set, to be run many times with other weights.
 *
 * Thread safety: an evaluator is used by one thread at a time; several may share a graph and a data set.
 */
#ifndef HT_TRAIN_EVALUATOR_H
#define HT_TRAIN_EVALUATOR_H

#include "graph/graph.h"
#include "halftone/eval.h"
#include "run/program.h"

typedef struct ht_evaluator ht_evaluator;

/* Copies `graph` (whose constants must outlive the evaluator), fixes its batch and compiles it. `mutable_weights`:
 * constants can be exchanged between runs. `options` may be NULL. Ownership of *out passes to the caller:
 * ht__evaluator_destroy. Errors: as ht_evaluate. */
ht_status ht__evaluator_create(ht_context *ctx, const ht_graph *graph, const ht_dataset *dataset,
                               const ht_evaluation_options *options, bool mutable_weights, ht_evaluator **out,
                               ht_error *err);
/* From now on the constant named `name` has the elements at `data` (same type and shape, borrowed until exchanged
 * again). Errors: HT_ERROR_NOT_FOUND (the compiled graph has no such constant), HT_ERROR_ARGUMENT (not made with
 * mutable_weights). */
ht_status ht__evaluator_set_constant(ht_evaluator *evaluator, const char *name, const float *data, ht_error *err);
/* Sees every tensor of every batch of the following runs (value ids are those of the graph handed in); NULL: nobody.
 * The last batch is filled up with repeats of its last sample. */
void ht__evaluator_observe(ht_evaluator *evaluator, ht_observer *observer, void *user);
/* Evaluates. `pool` NULL: serial (for callers that run several evaluators at once). The caller clears *out. The
 * interval of a regression is left to the caller: low = high = mse. */
ht_status ht__evaluator_run(ht_evaluator *evaluator, ht_pool *pool, ht_evaluation *out, ht_error *err);
/* NULL is allowed. */
void ht__evaluator_destroy(ht_evaluator *evaluator);

#endif
