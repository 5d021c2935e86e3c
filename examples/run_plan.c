/* Runs a plan once, on zeros: cc run_plan.c $(pkg-config --cflags --libs halftone_rt) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <halftone/run.h>

int main(int argc, char **argv) {
    ht_context *ctx = NULL;
    ht_plan *plan = NULL;
    ht_plan_end in, out;
    ht_error err = {0};
    if (argc != 2 || ht_context_create(&(ht_context_options){.threads = 1}, &ctx, &err) != HT_OK ||
        ht_plan_open(ctx, argv[1], &plan, &err) != HT_OK || !ht_plan_input(plan, 0, &in) ||
        !ht_plan_output(plan, 0, &out)) {
        fprintf(stderr, "usage: run_plan PLAN (with one input and one output)\n%s\n", err.message);
        return 1;
    }
    size_t bytes = ht_plan_memory_of(plan).arena_bytes;
    void *arena = aligned_alloc(64, (bytes + 63) / 64 * 64), *result = malloc(out.bytes);
    ht_tensor input = {.name = in.name, .type = in.type, .rank = in.rank, .data = calloc(1, in.bytes)};
    memcpy(input.dims, in.dims, sizeof input.dims);
    ht_plan_buffers buffers = {.inputs = &input, .outputs = &result, .arena = arena, .arena_bytes = bytes};
    ht_status status = ht_plan_run(plan, ctx, &buffers, &err);
    printf("%s: %s\n", out.name, status == HT_OK ? "done" : err.message);
    free((void *)input.data);
    free(result);
    free(arena);
    ht_plan_close(plan);
    ht_context_destroy(ctx);
    return status == HT_OK ? 0 : 1;
}
