/* A model or plan made ready to be measured: compiled, with random inputs and memory of its own. */
#ifndef HT_MEASURE_SUBJECT_H
#define HT_MEASURE_SUBJECT_H

#include "formats/model.h"
#include "halftone/bench.h"
#include "run/program.h"

typedef struct ht_subject {
    ht_context *ctx;
    ht_graph *graph;           /* of a model */
    ht_program *compiled;      /* of a model */
    const ht_program *program; /* the same, or the plan's */
    void **inputs, **outputs, *arena;
} ht_subject;

/* Ownership passes to the caller: ht__subject_release, also after a failure. */
ht_status ht__subject_make(ht_context *ctx, const ht_bench_entry *entry, const ht_bench_options *options,
                           ht_subject *out, ht_error *err);
void ht__subject_release(ht_subject *subject);
/* One run; observer may be NULL. */
ht_status ht__subject_run(const ht_subject *subject, ht_observer *observer, void *user, ht_error *err);

#endif
