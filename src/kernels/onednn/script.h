/* What a oneDNN variant's prepare leaves: a short list of primitives (reorders around one main primitive) with the
 * places of their arguments. One run function executes any script.
 *
 * Versions: written for oneDNN 2.x (Debian 12 ships 2.6). The files of this folder are all that knows its interface.
 *
 * Threads: oneDNN divides the work when a primitive is made, so a script always runs on env->threads threads of the
 * calling thread's OpenMP team. Scripts are immutable: any number of threads may run one, each with scratch of its own.
 */
#ifndef HT_KERNELS_ONEDNN_SCRIPT_H
#define HT_KERNELS_ONEDNN_SCRIPT_H

#include <oneapi/dnnl/dnnl.h>

#include "kernels/kernel.h"

#define HT_DNN_ARGUMENTS 8
#define HT_DNN_OPERATIONS 6

typedef enum ht_dnn_kind { HT_DNN_INPUT, HT_DNN_OUTPUT, HT_DNN_SCRATCH, HT_DNN_PACKED } ht_dnn_kind;

/* Where bytes lie: the index of an input or output, or an offset into the scratch or the packed constants. */
typedef struct ht_dnn_place {
    ht_dnn_kind kind;
    size_t at;
} ht_dnn_place;

typedef struct ht_dnn_argument {
    int id; /* DNNL_ARG_... */
    ht_dnn_place place;
    dnnl_memory_desc_t desc;
} ht_dnn_argument;

typedef struct ht_dnn_operation {
    dnnl_primitive_t primitive;
    int count;
    ht_dnn_argument arguments[HT_DNN_ARGUMENTS];
} ht_dnn_operation;

typedef struct ht_dnn_script {
    const ht_allocator *allocator;
    unsigned threads;
    dnnl_engine_t engine;
    int count;
    ht_dnn_operation operations[HT_DNN_OPERATIONS];
    size_t scratch_bytes, packed_bytes;
    unsigned char *packed;
    dnnl_status_t failed; /* first failure while building; checked once, by ht__dnn_script_finish */
} ht_dnn_script;

/* A script without operations, for building on env->threads threads. NULL when memory is short. */
ht_dnn_script *ht__dnn_script_create(const ht_kernel_env *env);
/* Hands a script that was built without failure to the step; destroys it and fails otherwise. `what` names the
 * primitive. */
ht_status ht__dnn_script_finish(ht_dnn_script *script, const char *what, ht_kernel_state *state, ht_error *err);
/* The run and release of every oneDNN variant. */
ht_status ht__dnn_script_run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs,
                             void *scratch, ht_pool *pool);
void ht__dnn_script_release(ht_kernel_state *state, const ht_allocator *allocator);

/* The description of a tensor, in its own layout; `any`: oneDNN may choose another. */
dnnl_memory_desc_t ht__dnn_desc(ht_dnn_script *script, const ht_tensor_desc *desc, dnnl_data_type_t type, bool any);
/* The description of dense dimensions in row-major order. */
dnnl_memory_desc_t ht__dnn_dense(ht_dnn_script *script, int rank, const int64_t *dims, dnnl_data_type_t type, bool any);

/* Where the data of `from` at `place` can be read as `to`: `place` itself when they are the same, else scratch that a
 * new reorder operation fills. */
ht_dnn_place ht__dnn_bring(ht_dnn_script *script, ht_dnn_place place, const dnnl_memory_desc_t *from,
                           const dnnl_memory_desc_t *to);
/* The same for a constant, reordered now and kept. At most once per script. */
ht_dnn_place ht__dnn_pack(ht_dnn_script *script, const void *data, const dnnl_memory_desc_t *from,
                          const dnnl_memory_desc_t *to);
/* Scratch for a tensor. */
ht_dnn_place ht__dnn_reserve(ht_dnn_script *script, const dnnl_memory_desc_t *desc);
/* Adds a reorder operation. */
void ht__dnn_reorder(ht_dnn_script *script, ht_dnn_place source, const dnnl_memory_desc_t *from, ht_dnn_place target,
                     const dnnl_memory_desc_t *to);

/* Attributes that every primitive here has: scratch memory from the caller. To be destroyed by the caller. */
dnnl_primitive_attr_t ht__dnn_attributes(ht_dnn_script *script);
/* A primitive description; NULL (and the script failed) when oneDNN refuses. */
dnnl_primitive_desc_t ht__dnn_describe(ht_dnn_script *script, const void *operation, dnnl_primitive_attr_t attributes,
                                       dnnl_primitive_desc_t hint);
/* The same for a convolution, passing over brgemm where oneDNN also has a generated direct one. */
dnnl_primitive_desc_t ht__dnn_describe_direct(ht_dnn_script *script, const void *operation,
                                              dnnl_primitive_attr_t attributes);
/* The format that a primitive description chose for an argument (DNNL_ARG_...). */
dnnl_memory_desc_t ht__dnn_chosen(const dnnl_primitive_desc_t pd, int argument);
/* Adds the primitive of `pd` as an operation (with its scratch memory) and destroys `pd`. Arguments follow by
 * _argument. */
void ht__dnn_add(ht_dnn_script *script, dnnl_primitive_desc_t pd);
/* An argument of the operation added last. */
void ht__dnn_argument(ht_dnn_script *script, int id, ht_dnn_place place, const dnnl_memory_desc_t *desc);

/* Can this CPU multiply bf16? Sets *reason when not. */
bool ht__dnn_bf16(const char **reason);

#endif
