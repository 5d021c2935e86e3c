#define _GNU_SOURCE
#include "base/context.h"

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>

#define MAX_THREADS 256

static unsigned available_cores(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) {
        return 1;
    }
    int count = CPU_COUNT(&set);
    return count < 1 ? 1 : count > MAX_THREADS ? MAX_THREADS : (unsigned)count;
}

ht_status ht_context_create(const ht_context_options *options, ht_context **out, ht_error *err) {
    ht_context_options chosen = options != NULL ? *options : (ht_context_options){0};
    if (chosen.threads > MAX_THREADS) {
        return ht__fail(err, HT_ERROR_ARGUMENT, "%u threads are more than the %d that a context can use.",
                        chosen.threads, MAX_THREADS);
    }
    const ht_allocator *allocator = chosen.allocator != NULL ? chosen.allocator : &ht__system_allocator;
    ht_context *ctx = ht__calloc(allocator, 1, sizeof *ctx);
    if (ctx == NULL) {
        return ht__fail_memory(err, sizeof *ctx);
    }
    ctx->allocator = *allocator;
    ctx->options = chosen;
    ctx->options.allocator = &ctx->allocator;
    ht_status status =
        ht__pool_create(&ctx->allocator, chosen.threads != 0 ? chosen.threads : available_cores(), &ctx->pool, err);
    if (status != HT_OK) {
        ht__free(allocator, ctx);
        return status;
    }
    *out = ctx;
    return HT_OK;
}

void ht_context_destroy(ht_context *ctx) {
    if (ctx == NULL) {
        return;
    }
    ht__pool_destroy(ctx->pool);
    ht_allocator allocator = ctx->allocator;
    ht__free(&allocator, ctx);
}

unsigned ht_context_threads(const ht_context *ctx) { return ht__pool_threads(ctx->pool); }

#define TEXT_OF(x) #x
#define VERSION_TEXT(a, b, c) TEXT_OF(a) "." TEXT_OF(b) "." TEXT_OF(c)
const char *ht_version(void) { return VERSION_TEXT(HT_VERSION_MAJOR, HT_VERSION_MINOR, HT_VERSION_PATCH); }
int ht_api_version(void) { return HT_API_VERSION; }

void ht__progress(const ht_context *ctx, const char *stage, double done, double total, const char *format, ...) {
    if (ctx->options.progress == NULL) {
        return;
    }
    char detail[256] = "";
    if (format != NULL) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(detail, sizeof detail, format, arguments);
        va_end(arguments);
    }
    ctx->options.progress(ctx->options.user, &(ht_progress){stage, done, total, detail});
}

void ht__message(const ht_context *ctx, const char *level, const char *format, ...) {
    if (ctx->options.message == NULL) {
        return;
    }
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    ctx->options.message(ctx->options.user, level, text);
}

ht_status ht__check_interrupt(const ht_context *ctx, ht_error *err) {
    if (ctx->options.interrupted != NULL && ctx->options.interrupted(ctx->options.user)) {
        return ht__fail(err, HT_ERROR_INTERRUPTED, "Interrupted; what was finished is kept.");
    }
    return HT_OK;
}
