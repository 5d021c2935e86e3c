/* Reading .ht files: nothing in them is trusted. What is looked at is proportional to steps and tensors; constants are
 * only pointed at.
 *
 *     ht__plan_view     header and tables are sound by themselves
 *     ht__plan_step     one step as a kernel's call: sound, and accepted by the kernel it names
 */
#ifndef HT_RUN_PLAN_FILE_H
#define HT_RUN_PLAN_FILE_H

#include "kernels/kernel.h"
#include "run/plan_format.h"

/* A file's tables, where they lie. */
typedef struct ht_plan_view {
    const uint8_t *bytes;
    const char *name; /* for errors */
    const ht_plan_header *header;
    const ht_plan_kernel *kernels;
    const ht_plan_tensor_record *tensors;
    const ht_plan_step_record *steps;
    const uint32_t *operands, *ends;
    const ht_plan_pair *metadata;
    const uint8_t *parameters;
    const char *texts;
    const uint8_t *constants;
} ht_plan_view;

static inline size_t ht__plan_count(const ht_plan_view *view, ht_plan_table table) {
    return (size_t)view->header->tables[table].count;
}
static inline const char *ht__plan_text(const ht_plan_view *view, uint32_t text) { return view->texts + text; }

/* Looks at header and tables. `bytes` must stay while *out is used. Errors: HT_ERROR_ARGUMENT (not aligned to 64
 * bytes), HT_ERROR_FORMAT (no plan, another version, cut off, damaged; with the offset), HT_ERROR_LIMIT. */
ht_status ht__plan_view_make(const void *bytes, size_t size, const char *name, ht_plan_view *out, ht_error *err);
/* What tensor `index` is. */
void ht__plan_desc(const ht_plan_view *view, uint32_t index, ht_tensor_desc *out);

/* A step, ready to be bound. */
typedef struct ht_plan_step {
    const ht_kernel_variant *variant;
    ht_kernel_call call;
    ht_kernel_sizes sizes;
    const void *packed;
} ht_plan_step;
/* Errors: HT_ERROR_UNSUPPORTED (a kernel that this build or this processor has not), HT_ERROR_FORMAT (operands that do
 * not fit the kernel), HT_ERROR_LIMIT, each naming the step. */
ht_status ht__plan_step_read(const ht_plan_view *view, size_t index, const ht_kernel_env *env, ht_plan_step *out,
                             ht_error *err);

#endif
