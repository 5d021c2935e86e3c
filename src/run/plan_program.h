/* The inside of plans, for the library's own folders. */
#ifndef HT_RUN_PLAN_PROGRAM_H
#define HT_RUN_PLAN_PROGRAM_H

#include "halftone/run.h"
#include "run/program.h"

/* The plan as a program, which belongs to it. */
const ht_program *ht__plan_program(const ht_plan *plan);
/* ht_plan_measure for a processor with these features; `name`: of the file, for errors. */
ht_status ht__plan_measure_on(const void *file, size_t bytes, const char *name, unsigned threads, uint32_t cpu,
                              ht_plan_memory *out, ht_error *err);

#endif
