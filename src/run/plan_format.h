/* The bytes of an .ht file, version 1 (docs/plan-format.md). Little-endian; every record is a multiple of 8 bytes long
 * and lies at a multiple of 8, so that a mapped file is read as it lies. Texts are offsets into one section of texts
 * that end with a zero byte; offset 0 is the empty text.
 */
#ifndef HT_RUN_PLAN_FORMAT_H
#define HT_RUN_PLAN_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#define HT_PLAN_MAGIC "\x89HTPLAN\n"
#define HT_PLAN_VERSION 1
#define HT_PLAN_ALIGNMENT 64    /* of constants in their section */
#define HT_PLAN_PAGE 4096       /* the constants begin at a multiple of it */
#define HT_PLAN_NONE UINT32_MAX /* an operand that is absent */
#define HT_PLAN_MOST_INPUTS 64  /* of a model: a run lists them on the stack */

/* The tables, in the order in which they lie behind the header. */
typedef enum ht_plan_table {
    HT_PLAN_KERNELS,    /* ht_plan_kernel: each pair of a family and a variant that steps name */
    HT_PLAN_TENSORS,    /* ht_plan_tensor_record */
    HT_PLAN_STEPS,      /* ht_plan_step_record, in the order in which they run */
    HT_PLAN_OPERANDS,   /* u32: tensors, inputs and then outputs of a step */
    HT_PLAN_ENDS,       /* u32: tensors: the model's inputs, outputs and states */
    HT_PLAN_METADATA,   /* ht_plan_pair */
    HT_PLAN_PARAMETERS, /* bytes (kernels/field.h) */
    HT_PLAN_TEXTS,      /* bytes */
    HT_PLAN_TABLES
} ht_plan_table;

/* Where a table lies in the file: `count` records. */
typedef struct ht_plan_section {
    uint64_t offset, count;
} ht_plan_section;

typedef struct ht_plan_header {
    char magic[8];
    uint32_t version;
    uint32_t features; /* bits of cpu/features.h that the kernels need */
    uint64_t file_bytes;
    uint64_t table_checksum;    /* of the header, with this member 0, and all tables (base/checksum.h) */
    uint64_t constant_checksum; /* of the constants */
    uint64_t arena_bytes;       /* of tensors, and of scratch on one thread */
    uint32_t inputs, outputs, states, reserved;
    ht_plan_section constants; /* count: bytes; up to the end of the file */
    ht_plan_section tables[HT_PLAN_TABLES];
} ht_plan_header;

typedef struct ht_plan_kernel {
    uint32_t family, variant; /* texts: their names */
} ht_plan_kernel;

typedef enum ht_plan_place {
    HT_PLAN_IN_ARENA,
    HT_PLAN_CONSTANT,
    HT_PLAN_INPUT,
    HT_PLAN_OUTPUT,
    HT_PLAN_PACKED /* a constant that lives on in the packed bytes of steps only */
} ht_plan_place;

typedef struct ht_plan_tensor_record {
    uint64_t at; /* arena, constant: offset of its bytes; input, output: which */
    int64_t dims[8];
    uint32_t name; /* text */
    uint8_t type, layout, rank, place;
    float scale; /* 0: not known to be quantized, or with more than one scale */
    int32_t zero_point;
} ht_plan_tensor_record;

typedef struct ht_plan_step_record {
    uint64_t packed_at, packed_bytes;   /* in the constants */
    uint64_t scratch_at, scratch_bytes; /* in the arena: for one thread; more than fits lies behind the arena */
    int64_t macs;
    uint32_t name;     /* text */
    uint32_t kernel;   /* index */
    uint32_t operands; /* index of the first */
    uint16_t inputs, outputs;
    uint32_t parameters; /* offset of the first byte */
    uint32_t reserved;
} ht_plan_step_record;

typedef struct ht_plan_pair {
    uint32_t key, value; /* texts */
} ht_plan_pair;

/* Bytes of a record of each table. */
static const size_t ht__plan_record_bytes[HT_PLAN_TABLES] = {sizeof(ht_plan_kernel),
                                                             sizeof(ht_plan_tensor_record),
                                                             sizeof(ht_plan_step_record),
                                                             sizeof(uint32_t),
                                                             sizeof(uint32_t),
                                                             sizeof(ht_plan_pair),
                                                             1,
                                                             1};

#endif
