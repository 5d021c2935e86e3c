/* Compiling models to plans: files that a device maps and runs at once (halftone/run.h). */
#ifndef HALFTONE_COMPILE_H
#define HALFTONE_COMPILE_H

#include "halftone/model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ht_compile_settings {
    const char *target; /* what ht_compile_target_at lists; NULL: "native" */
    int64_t batch;      /* samples of a run, where the model leaves that open; 0: 1 */
    bool overwrite;     /* replace a file that exists */
} ht_compile_settings;

/* The `index`-th target that plans can be compiled for here: its name and the processor features that kernels may then
 * use, as text; false past the end. The texts are static, but for the features of "native", which are those of this
 * processor: "". */
HT_API bool ht_compile_target_at(size_t index, const char **name, const char **features);

/* A kernel that would have been better and why it was not taken. The texts are static. */
typedef struct ht_compile_refusal {
    const char *kernel, *reason;
} ht_compile_refusal;

/* One step of a plan. Texts live until the visit returns. */
typedef struct ht_compile_step {
    const char *name;     /* of the node, or of the tensor whose layout changes */
    const char *kernel;   /* "integer_conv_avx512vnni" */
    int64_t macs;         /* multiplications of one run */
    size_t packed_bytes;  /* constants in the kernel's format */
    size_t scratch_bytes; /* working memory, of one thread */
    const ht_compile_refusal *refused;
    size_t refused_count;
} ht_compile_step;

/* What was compiled. */
typedef struct ht_compile_report {
    size_t steps;
    size_t file_bytes;
    size_t packed_bytes;   /* constants that kernels have packed */
    size_t constant_bytes; /* other constants */
    size_t plan_bytes;     /* memory that the plan itself takes when it is opened */
    size_t arena_bytes;    /* tensors and scratch of a run on one thread */
    size_t live_bytes;     /* the largest set of tensors that are needed at one time, with the scratch of their step */
    size_t channel_bytes;  /* of constants: what one scale per channel takes more than one per tensor */
    int64_t macs;
    char features[256]; /* of processors that the plan needs: "avx512 avx512-vnni", or "none" */
} ht_compile_report;

/* Compiles the model and writes the plan. What is quantized runs in integers. `settings`, `report` and `visit` may be
 * NULL; visit sees each step in the order in which they run, until it returns false. Errors: HT_ERROR_ARGUMENT (a batch
 * below 1, no such target), HT_ERROR_UNSUPPORTED (a target of another processor; an operator that
 * plans cannot hold, naming it and its node), HT_ERROR_MISMATCH (a shape that is not known before the model runs),
 * HT_ERROR_EXISTS, HT_ERROR_IO, HT_ERROR_MEMORY. */
HT_API ht_status ht_model_compile(const ht_model *model, const char *path, const ht_compile_settings *settings,
                                  ht_compile_report *report, bool (*visit)(void *user, const ht_compile_step *step),
                                  void *user, ht_error *err);

#ifdef __cplusplus
}
#endif
#endif
