/* The thread pool: fixed partition, so that results never depend on timing.
 *
 * Built with OpenMP (when oneDNN is in the build) the pool uses OpenMP's team, because oneDNN does: two teams would
 * fight for the same cores. Without it, it is our own: workers spin briefly, then sleep.
 */
#ifndef HT_BASE_POOL_H
#define HT_BASE_POOL_H

#include <stddef.h>

#include "base/error.h"
#include "halftone/context.h"

typedef struct ht_pool ht_pool;

/* `threads` >= 1 counts the calling thread. */
ht_status ht__pool_create(const ht_allocator *allocator, unsigned threads, ht_pool **out, ht_error *err);
void ht__pool_destroy(ht_pool *pool);
/* 1 for NULL. */
unsigned ht__pool_threads(const ht_pool *pool);

/* Calls work(argument, begin, end, part) for fixed contiguous parts of 0..count; at most one part per thread, each of
 * at least `grain` items. Returns when all are done. NULL pool, or a call from inside work: serial, in one part. */
typedef void ht_pool_work(void *argument, size_t begin, size_t end, unsigned part);
void ht__pool_run(ht_pool *pool, size_t count, size_t grain, ht_pool_work *work, void *argument);

/* Calls task(argument, index) once for each index below count, on whichever thread is free (for long independent
 * jobs that each own their results, such as the cells of a study). */
typedef void ht_pool_task(void *argument, size_t index, unsigned thread);
void ht__pool_each(ht_pool *pool, size_t count, ht_pool_task *task, void *argument);

#endif
