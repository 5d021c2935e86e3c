/* The processors that plans can be compiled for (halftone/compile.h lists them). */
#ifndef HT_FORMATS_COMPILE_TARGETS_H
#define HT_FORMATS_COMPILE_TARGETS_H

#include <stdint.h>

#include "base/error.h"

/* The features that kernels may use on this target; NULL: this processor. Errors: HT_ERROR_ARGUMENT,
 * HT_ERROR_UNSUPPORTED (another kind of processor). */
ht_status ht__compile_target(const char *name, uint32_t *cpu, ht_error *err);

#endif
