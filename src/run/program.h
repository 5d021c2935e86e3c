/* The flat program: what a compiled graph is, and its executor. Steps in order, each one kernel call with its packed
 * state; tensors are offsets into one arena, constants, or buffers that the caller binds.
 *
 * A program is immutable while running: several threads may run it at once, each with an arena of its own.
 */
#ifndef HT_RUN_PROGRAM_H
#define HT_RUN_PROGRAM_H

#include "kernels/kernel.h"

typedef enum ht_slot_kind {
    HT_SLOT_ABSENT,
    HT_SLOT_ARENA,
    HT_SLOT_CONSTANT,
    HT_SLOT_INPUT,
    HT_SLOT_OUTPUT
} ht_slot_kind;

/* Where a tensor lives: a byte offset into the arena, a constant's pointer, or the index of a bound buffer. */
typedef struct ht_slot {
    ht_slot_kind kind;
    size_t offset; /* arena: bytes; input, output: index */
    const void *constant;
} ht_slot;

typedef struct ht_program_tensor {
    const char *name; /* of the graph's value; owned by the program */
    ht_tensor_desc desc;
    ht_slot slot;
    uint32_t value_id; /* the graph's value, for observers */
    uint32_t storage;  /* the tensor whose memory it shares; its own index when it has memory of its own */
} ht_program_tensor;

typedef struct ht_step {
    const char *name; /* of the node; owned by the program */
    const ht_kernel_variant *variant;
    ht_kernel_state state;
    uint32_t input_count, output_count;
    uint32_t inputs[HT_MAX_INPUTS]; /* indices into the program's tensors; HT_NO_TENSOR: absent */
    uint32_t outputs[HT_MAX_OUTPUTS];
    int64_t macs;
    size_t scratch_at; /* where in the arena its scratch lies */
} ht_step;

#define HT_NO_TENSOR UINT32_MAX

typedef struct ht_program {
    const ht_allocator *allocator;
    ht_arena *memory;      /* owns the program itself, names, inputs and outputs */
    ht_step *steps;        /* owned */
    ht_kernel_call *calls; /* owned; by step, or NULL: not kept */
    size_t step_count;
    ht_program_tensor *tensors; /* owned */
    size_t tensor_count;
    uint32_t *inputs, *outputs; /* indices into tensors, in the graph's order */
    size_t input_count, output_count;
    uint32_t *states; /* tensors in the arena that last from run to run */
    size_t state_count;
    size_t arena_bytes;  /* tensors and scratch, each for as long as it is needed */
    size_t packed_bytes; /* sum of packed weights */
} ht_program;

/* Sees each tensor after the step that wrote it (and each bound input before the first step). */
typedef void ht_observer(void *user, const ht_program *program, const ht_program_tensor *tensor, const void *data);

typedef struct ht_run_arguments {
    const void *const *inputs; /* one per program input, dense, in its desc's layout (plain for graph inputs) */
    void *const *outputs;      /* one per program output */
    void *arena;               /* ht__program_run_bytes() bytes, aligned to HT_ALIGNMENT */
    bool keep_states;          /* begin with the states that the last run left in the arena; otherwise with zeros */
    ht_pool *pool;             /* NULL: serial */
    ht_observer *observer;     /* NULL: none */
    void *observer_user;
} ht_run_arguments;

/* Bytes of arena that a run needs. */
size_t ht__program_run_bytes(const ht_program *program);
/* Runs all steps. Allocates nothing itself. Errors: what a kernel reports (with the step's name). */
ht_status ht__program_run(const ht_program *program, const ht_run_arguments *arguments, ht_error *err);
void ht__program_destroy(ht_program *program);
/* The index of the program output of this name, or -1. */
int ht__program_find_output(const ht_program *program, const char *name);

#endif
