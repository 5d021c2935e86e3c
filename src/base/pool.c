#include "base/pool.h"

#include <stdatomic.h>
#include <stdbool.h>

#include "base/memory.h"

#ifdef HT_WITH_OPENMP
#include <omp.h>
#else
#include <pthread.h>
#endif

struct ht_pool {
    const ht_allocator *allocator;
    unsigned threads;
#ifndef HT_WITH_OPENMP
    pthread_mutex_t mutex;
    pthread_cond_t wake, finished;
    atomic_ulong generation; /* counts jobs; a worker runs when it differs from the last one it saw */
    atomic_uint pending;     /* workers still busy with the current job */
    bool stop;
    void (*job)(void *argument, unsigned thread);
    void *job_argument;
    unsigned job_parts;
    pthread_t workers[256];
    unsigned worker_count;
    struct worker {
        struct ht_pool *pool;
        unsigned index;
    } worker_state[256];
#endif
};

static _Thread_local bool inside; /* nested calls run serially */

#ifdef HT_WITH_OPENMP

ht_status ht__pool_create(const ht_allocator *allocator, unsigned threads, ht_pool **out, ht_error *err) {
    ht_pool *pool = ht__calloc(allocator, 1, sizeof *pool);
    if (pool == NULL) {
        return ht__fail_memory(err, sizeof *pool);
    }
    pool->allocator = allocator;
    pool->threads = threads;
    omp_set_num_threads((int)threads);
    *out = pool;
    return HT_OK;
}

void ht__pool_destroy(ht_pool *pool) {
    if (pool != NULL) {
        ht__free(pool->allocator, pool);
    }
}

static void run_parts(ht_pool *pool, unsigned parts, void (*job)(void *, unsigned), void *argument) {
    (void)pool;
#pragma omp parallel num_threads((int)parts)
    {
        inside = true;
        job(argument, (unsigned)omp_get_thread_num());
        inside = false;
    }
}

#else

static void *worker_main(void *argument) {
    struct worker *self = argument;
    ht_pool *pool = self->pool;
    unsigned long seen = 0;
    inside = true;
    for (;;) {
        for (int spin = 0; spin < 2000 && atomic_load_explicit(&pool->generation, memory_order_acquire) == seen;
             ++spin) {
        }
        pthread_mutex_lock(&pool->mutex);
        while (atomic_load(&pool->generation) == seen && !pool->stop) {
            pthread_cond_wait(&pool->wake, &pool->mutex);
        }
        bool stop = pool->stop;
        seen = atomic_load(&pool->generation);
        void (*job)(void *, unsigned) = pool->job;
        void *job_argument = pool->job_argument;
        unsigned parts = pool->job_parts;
        pthread_mutex_unlock(&pool->mutex);
        if (stop) {
            return NULL;
        }
        if (self->index < parts) {
            job(job_argument, self->index);
        }
        if (atomic_fetch_sub(&pool->pending, 1) == 1) {
            pthread_mutex_lock(&pool->mutex);
            pthread_cond_signal(&pool->finished);
            pthread_mutex_unlock(&pool->mutex);
        }
    }
}

ht_status ht__pool_create(const ht_allocator *allocator, unsigned threads, ht_pool **out, ht_error *err) {
    ht_pool *pool = ht__calloc(allocator, 1, sizeof *pool);
    if (pool == NULL) {
        return ht__fail_memory(err, sizeof *pool);
    }
    pool->allocator = allocator;
    pool->threads = threads;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pthread_cond_init(&pool->finished, NULL);
    for (unsigned i = 1; i < threads; ++i) {
        pool->worker_state[i] = (struct worker){pool, i};
        if (pthread_create(&pool->workers[pool->worker_count], NULL, worker_main, &pool->worker_state[i]) != 0) {
            unsigned started = pool->worker_count + 1;
            ht__pool_destroy(pool);
            return ht__fail(err, HT_ERROR_MEMORY, "Only %u of %u threads could be started.", started, threads);
        }
        ++pool->worker_count;
    }
    *out = pool;
    return HT_OK;
}

void ht__pool_destroy(ht_pool *pool) {
    if (pool == NULL) {
        return;
    }
    pthread_mutex_lock(&pool->mutex);
    pool->stop = true;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
    for (unsigned i = 0; i < pool->worker_count; ++i) {
        pthread_join(pool->workers[i], NULL);
    }
    pthread_cond_destroy(&pool->finished);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->mutex);
    ht__free(pool->allocator, pool);
}

static void run_parts(ht_pool *pool, unsigned parts, void (*job)(void *, unsigned), void *argument) {
    pthread_mutex_lock(&pool->mutex);
    pool->job = job;
    pool->job_argument = argument;
    pool->job_parts = parts;
    atomic_store(&pool->pending, pool->worker_count);
    atomic_fetch_add(&pool->generation, 1);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
    inside = true;
    job(argument, 0);
    inside = false;
    for (int spin = 0; spin < 2000 && atomic_load_explicit(&pool->pending, memory_order_acquire) != 0; ++spin) {
    }
    pthread_mutex_lock(&pool->mutex);
    while (atomic_load(&pool->pending) != 0) {
        pthread_cond_wait(&pool->finished, &pool->mutex);
    }
    pthread_mutex_unlock(&pool->mutex);
}

#endif

unsigned ht__pool_threads(const ht_pool *pool) { return pool != NULL ? pool->threads : 1; }

typedef struct range_job {
    size_t count;
    unsigned parts;
    ht_pool_work *work;
    void *argument;
} range_job;

static void range_part(void *argument, unsigned part) {
    const range_job *job = argument;
    size_t each = job->count / job->parts, extra = job->count % job->parts;
    size_t begin = part * each + (part < extra ? part : extra);
    size_t end = begin + each + (part < extra ? 1 : 0);
    if (begin < end) {
        job->work(job->argument, begin, end, part);
    }
}

void ht__pool_run(ht_pool *pool, size_t count, size_t grain, ht_pool_work *work, void *argument) {
    if (count == 0) {
        return;
    }
    size_t most = count / (grain != 0 ? grain : 1);
    unsigned parts = ht__pool_threads(pool);
    if (most < parts) {
        parts = most != 0 ? (unsigned)most : 1;
    }
    if (parts == 1 || inside) {
        work(argument, 0, count, 0);
        return;
    }
    range_job job = {count, parts, work, argument};
    run_parts(pool, parts, range_part, &job);
}

typedef struct each_job {
    size_t count;
    atomic_size_t next;
    ht_pool_task *task;
    void *argument;
} each_job;

static void each_part(void *argument, unsigned thread) {
    each_job *job = argument;
    for (size_t index; (index = atomic_fetch_add(&job->next, 1)) < job->count;) {
        job->task(job->argument, index, thread);
    }
}

void ht__pool_each(ht_pool *pool, size_t count, ht_pool_task *task, void *argument) {
    each_job job = {.count = count, .task = task, .argument = argument};
    atomic_init(&job.next, 0);
    unsigned parts = ht__pool_threads(pool);
    if (count < parts) {
        parts = (unsigned)count;
    }
    if (parts <= 1 || inside) {
        each_part(&job, 0);
        return;
    }
    run_parts(pool, parts, each_part, &job);
}
