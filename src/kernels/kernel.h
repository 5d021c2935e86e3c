/* The kernel interface. A family (convolution, matrix product, ...) is one meaning; its variants compute it on
 * different instruction sets or through a library. Every family has a reference variant in plain C that accepts
 * everything the family can express; the checker holds every other variant against it.
 *
 *     accept(call)         can this variant do this call on this machine?
 *     layout(call)         how many bytes take its state, its packed constants, its scratch?
 *     pack(call, packed)   constants as the kernel wants them: once, when compiling; a file can hold them
 *     bind(call, packed)   the state: what a run reads, made in the caller's memory
 *     run(state)           compute; allocates nothing
 *
 * ht__kernel_prepare does the middle three in one memory block. A variant's inputs and outputs are pointers in the
 * order that its family's header lists.
 */
#ifndef HT_KERNELS_KERNEL_H
#define HT_KERNELS_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"
#include "base/pool.h"
#include "base/tensor.h"

#define HT_MAX_INPUTS 16
#define HT_MAX_OUTPUTS 16
#define HT_MAX_PARAMETERS 256

typedef struct ht_kernel_family ht_kernel_family;
typedef struct ht_kernel_variant ht_kernel_variant;

/* One call of a family, fully shaped. An absent optional input has type HT_NONE. */
typedef struct ht_kernel_call {
    const ht_kernel_family *family;
    uint32_t input_count, output_count;
    ht_tensor_desc inputs[HT_MAX_INPUTS], outputs[HT_MAX_OUTPUTS];
    const void *constants[HT_MAX_INPUTS]; /* data of inputs known when compiling, else NULL: may be packed */
    uint32_t packed; /* bit i: input i was a constant that pack took over and that is not at hand any more */
    _Alignas(16) unsigned char parameters[HT_MAX_PARAMETERS]; /* the family's parameter struct */
} ht_kernel_call;

/* What a variant may count on. */
typedef struct ht_kernel_env {
    const ht_allocator *allocator;
    unsigned threads;
    uint32_t cpu;                          /* features that variants may use (cpu/features.h); 0: plain C only */
    bool allow_bf16;                       /* f32 products may be computed from bf16 operands with f32 sums */
    bool reference_only;                   /* the oracle's setting: take no variant but the references */
    const ht_kernel_variant *const *extra; /* libhalftone's variants, tried before the runtime's */
    size_t extra_count;
} ht_kernel_env;

/* What a step is made of; each part aligned to HT_ALIGNMENT. A size that cannot be counted is SIZE_MAX. */
typedef struct ht_kernel_sizes {
    size_t state_bytes;
    size_t packed_bytes;
    size_t scratch_bytes; /* contents free between runs */
    uint32_t packed;      /* the inputs that pack takes over: neither bind nor run reads them */
} ht_kernel_sizes;

/* What a run needs: `data` belongs to the step until the variant's release. */
typedef struct ht_kernel_state {
    void *data;           /* what bind wrote */
    size_t data_bytes;    /* with packed weights and tables */
    size_t scratch_bytes; /* aligned to HT_ALIGNMENT, contents free between runs */
} ht_kernel_state;

struct ht_kernel_variant {
    const char *name; /* "conv_f32_reference": greppable, stable */
    const ht_kernel_family *family;
    /* Why is a variant refused? It may set *reason to a short static text. Contents of constants are looked at only
     * where they are at hand. */
    bool (*accept)(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason);
    /* The sizes depend on the call's shapes, types and parameters, on which constants are known and on env->threads,
     * never on contents. *out comes with the state being a copy of the call, and nothing else: layout and bind may be
     * NULL where that is all. */
    void (*layout)(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_sizes *out);
    /* Fills packed_bytes, which are zeros, from call->constants. Numbers only, that a run can read whatever they are:
     * no pointers, offsets or counts, since a file can hold anything. NULL: nothing is packed. */
    void (*pack)(const ht_kernel_call *call, void *packed);
    /* Writes the state; `packed` may lie in read-only memory. Reads constants that pack does not take over. */
    void (*bind)(const ht_kernel_call *call, const void *packed, void *state);
    ht_status (*run)(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                     ht_pool *pool);
    /* Variants over a library whose states are its own objects have these instead of layout, pack and bind. No file can
     * hold their steps. */
    ht_status (*prepare)(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_state *state, ht_error *err);
    void (*release)(ht_kernel_state *state, const ht_allocator *allocator); /* NULL: frees `data` */
};

/* One member of a family's parameter struct, so that files can hold it (kernels/field.h). */
typedef enum ht_field_kind { HT_FIELD_BOOL, HT_FIELD_I32, HT_FIELD_I64, HT_FIELD_F32, HT_FIELD_BYTE } ht_field_kind;
typedef struct ht_kernel_field {
    ht_field_kind kind; /* enumerations are HT_FIELD_I32 */
    uint32_t offset;    /* bytes */
    uint32_t count;     /* elements of an array, else 1 */
    int64_t low, high;  /* what integers may be */
} ht_kernel_field;

/* What makes a family's calls fit for files: what they are made of, and what holds for sound ones. */
typedef struct ht_kernel_rules {
    const ht_kernel_field *fields; /* all members of the parameter struct */
    size_t field_count;
    /* NULL when operands and parameters fit together, so that a variant that accepts the call reads and writes nothing
     * beside its operands, whatever these contain; else what is wrong, a short static text. Types, ranks and dimensions
     * are valid ones by themselves, and parameters within the ranges of `fields`. */
    const char *(*check)(const ht_kernel_call *call);
} ht_kernel_rules;

struct ht_kernel_family {
    const char *name;                         /* "conv" */
    const ht_kernel_variant *const *variants; /* the runtime's, best first, the reference last */
    size_t variant_count;
    const ht_kernel_rules *rules; /* NULL: no file can hold its calls */
};

/* The first variant that accepts `call`, or NULL. */
const ht_kernel_variant *ht__kernel_choose(const ht_kernel_call *call, const ht_kernel_env *env);
/* The sizes of one call of a variant without `prepare`. */
void ht__kernel_layout(const ht_kernel_variant *variant, const ht_kernel_call *call, const ht_kernel_env *env,
                       ht_kernel_sizes *out);
/* Makes its state in `state`, which has the layout's state_bytes. */
void ht__kernel_bind(const ht_kernel_variant *variant, const ht_kernel_call *call, const void *packed, void *state);
/* Layout, one allocation, pack and bind; or the variant's own prepare. Ownership of *state passes to the caller:
 * ht__kernel_release. Errors: HT_ERROR_MEMORY, what prepare gives. */
ht_status ht__kernel_prepare(const ht_kernel_variant *variant, const ht_kernel_call *call, const ht_kernel_env *env,
                             ht_kernel_state *state, ht_error *err);
void ht__kernel_release(const ht_kernel_variant *variant, ht_kernel_state *state, const ht_allocator *allocator);
/* Was input i a constant when compiling? */
static inline bool ht__kernel_is_known(const ht_kernel_call *call, uint32_t i) {
    return call->constants[i] != NULL || (call->packed >> i & 1) != 0;
}
/* An accept for variants that take every call whose present tensors are all f32. */
bool ht__kernel_accept_f32(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason);
/* An accept for variants that take everything their family can express. */
bool ht__kernel_accept_all(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason);
/* The parameter struct of a call, as `const type *`. */
#define HT_PARAMETERS(type, call) ((const type *)(const void *)(call)->parameters)
/* Part of an accept: may variants use all these features (a mask of cpu/features.h)? */
bool ht__kernel_cpu_has(const ht_kernel_env *env, uint32_t needs, const char **reason);
/* All families, for the checker and the benches; ends with NULL. */
extern const ht_kernel_family *const ht__kernel_families[];

#endif
