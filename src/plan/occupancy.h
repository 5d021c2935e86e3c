/* How full the arena is at each step of a program. */
#ifndef HT_PLAN_OCCUPANCY_H
#define HT_PLAN_OCCUPANCY_H

#include "run/program.h"

/* live[s], for each step s: bytes of the arena's tensors that the step reads or writes, or that a later step still
 * reads. Errors: HT_ERROR_MEMORY. */
ht_status ht__program_occupancy(const ht_program *program, size_t *live, ht_error *err);

#endif
