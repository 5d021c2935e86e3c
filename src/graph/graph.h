/* The graph: what a network computes. Values (tensors) and nodes (operators on them), in one arena with their model.
 *
 * Operators mean what ONNX says (operator set 17 inside; readers raise older models to it). Activations of rank 3 and
 * more are described by their logical dimensions N, C, spatial...; `layout` says how they lie in memory once the layout
 * pass ran.
 */
#ifndef HT_GRAPH_GRAPH_H
#define HT_GRAPH_GRAPH_H

#include "base/context.h"
#include "base/tensor.h"

typedef struct ht_graph ht_graph;
typedef struct ht_value ht_value;
typedef struct ht_node ht_node;
typedef struct ht_op ht_op;

/* How a value is quantized: the annotation that readers make from QDQ pairs and writers expand again.
 * A constant with an annotation holds its codes in `codes` and stands for the real numbers that they decode to, which
 * are what `ht_value.data` holds (f32). An activation with one is fake-quantized where it is produced. */
typedef struct ht_quantization {
    int32_t bits;      /* 1 .. 16; 32: a bias, see wide_codes */
    bool codebook;     /* true: real = table[group][code], times scale[group] if there is one;
                          false: real = (code - zero_point[group]) * scale[group] */
    bool shared_table; /* codebook: one table for all groups */
    bool is_signed;    /* codes of an affine tensor: -2^(bits-1) .. or 0 .. */
    int32_t axis;      /* the channel axis: each channel has groups of its own; -1: the whole tensor is one channel */
    int64_t block; /* > 0: a channel's elements, in row-major order of the other axes, are cut into groups of `block`
                      (the last may be shorter); 0: a channel is one group. Group = channel * blocks + block's index */
    size_t groups; /* number of scales / tables, >= 1 */
    const float *scale; /* [groups]; codebook: may be NULL */
    const float
        *zero_point;    /* [groups]; affine; integers unless the level set has none at zero (mid-rise: half-integers) */
    const float *table; /* [groups or 1][levels]; codebook */
    uint32_t levels;    /* codebook: levels per group, <= 2^bits */
    const uint16_t *codes; /* [elements], offset so that the smallest code is 0 (affine signed: code + 2^(bits-1)); NULL
                              for activations */
    const int32_t *wide_codes; /* bits 32: [elements] the codes as they are, affine with zero point 0; codes is NULL */
    bool narrow_sums; /* wide_codes: beside activations of 16 bits, too, TFLite's rule takes a sum for one of 32 bits,
                         and not of 64 */
    ht_type element;  /* HT_F16 or HT_BF16: the codes are the bits of such numbers and stand for them; of the fields
                         above    only bits and codes apply (groups 1). HT_NONE: as above */
    bool packed;      /* affine: files keep the codes in the narrowest type that holds them, if it is below 8 bits too;
                         false: a byte or more each */
    const char *scheme; /* the scheme's text form, for reports; may be NULL */
} ht_quantization;

struct ht_value {
    const char *name; /* unique in the graph, never NULL */
    ht_tensor_desc desc;
    const void *data;                 /* constant: elements in plain layout; NULL otherwise. Never written through. */
    const char *symbols[HT_MAX_RANK]; /* names of unknown dimensions, e.g. "batch"; may be NULL */
    ht_node *producer;                /* NULL for inputs and constants */
    ht_quantization *quantization;    /* NULL: real numbers */
    uint32_t id;                      /* index into the graph's values */
    bool is_input, is_output;
    bool is_state; /* the `before` of one of the graph's states */
};

typedef enum ht_attribute_kind {
    HT_ATTRIBUTE_INT,
    HT_ATTRIBUTE_FLOAT,
    HT_ATTRIBUTE_TEXT,
    HT_ATTRIBUTE_INTS,
    HT_ATTRIBUTE_FLOATS,
    HT_ATTRIBUTE_TEXTS,
    HT_ATTRIBUTE_TENSOR,
    HT_ATTRIBUTE_GRAPH
} ht_attribute_kind;

typedef struct ht_attribute {
    const char *name;
    ht_attribute_kind kind;
    size_t count; /* elements of ints, floats or texts, bytes of text; 1 for scalars */
    const int64_t *ints;
    const float *floats;
    const char *text;         /* NUL-terminated */
    const char *const *texts; /* each NUL-terminated */
    ht_tensor_desc desc;      /* tensor: plain */
    const void *data;         /* tensor: its elements */
    ht_graph *graph;          /* what a control-flow operator runs; owned by the graph of the node */
} ht_attribute;

/* A graph attribute reads nothing of the graph around it: what a file's inner graph captures by name is given to the
 * node as further inputs, after those that its operator has (`captured` of them), and reaches each of the node's graphs
 * as the last inputs of that graph, in the same order. */

struct ht_node {
    const ht_op *op;
    const char *name;  /* never NULL; made up when the model had none */
    ht_value **inputs; /* an absent optional input is NULL */
    ht_value **outputs;
    uint32_t input_count, output_count;
    uint32_t captured; /* how many of the last inputs are for the node's graphs only */
    ht_attribute *attributes;
    uint32_t attribute_count;
};

/* How a program that runs the graph in integers brings an accumulator back to codes. The rule is the one of the file
 * format that the graph came from, so that integers equal those of that format's own runtime. It says nothing about
 * float or simulated runs. Changing it changes results by up to one code per operator; who does so tells the user.
 *
 * FLOAT: y = saturate(zero_point + round_half_even(float(accumulator) * m)), m = (s_x * s_w) / s_y in f32, in that
 * order. FIXED: each operator follows the reference kernel of LiteRT, the formula stands in the operator's folder: m is
 * a 32-bit fixed-point fraction and a power of two, and no step of the run needs floating point. */
typedef enum ht_requant {
    HT_REQUANT_FLOAT = 0, /* ONNX, and graphs made here */
    HT_REQUANT_FIXED      /* TFLite */
} ht_requant;

/* A tensor that lasts from one run to the next: a run begins with `before`, which has no producer and is zeros at first
 * and after a reset, and leaves `after` for the next one. Both have the same type and shape. */
typedef struct ht_state {
    ht_value *before, *after;
} ht_state;

struct ht_graph {
    ht_context *ctx;
    ht_arena *arena; /* owns everything below */
    const char *name;
    ht_requant requant;
    ht_value **values;
    size_t value_count, value_capacity;
    ht_node **nodes; /* in topological order after ht__graph_sort */
    size_t node_count, node_capacity;
    ht_value **inputs, **outputs;
    size_t input_count, input_capacity, output_count, output_capacity;
    ht_state *states;
    size_t state_count, state_capacity;
    uint32_t made_up;     /* counter for names that we invent */
    ht_graph **subgraphs; /* those of attributes; owned */
    size_t subgraph_count, subgraph_capacity;
    uint32_t *names; /* hash table over value names: id + 1, or 0; owned, a power of two long */
    size_t names_size;
};

/* An empty graph; requantization rule HT_REQUANT_FLOAT. */
ht_status ht__graph_create(ht_context *ctx, const char *name, ht_graph **out, ht_error *err);
void ht__graph_destroy(ht_graph *graph);
/* A deep copy (requantization rule included) in an arena of its own, except that constant data is shared: `source` must
 * outlive it. */
ht_status ht__graph_copy(const ht_graph *source, ht_graph **out, ht_error *err);

/* ---- building: each copies names and arrays into the arena ---- */

/* A new value. `name` NULL or empty: made up. A name in use: HT_ERROR_FORMAT. `desc` may be NULL (nothing known). */
ht_status ht__graph_add_value(ht_graph *graph, const char *name, const ht_tensor_desc *desc, ht_value **out,
                              ht_error *err);
ht_status ht__graph_add_input(ht_graph *graph, const char *name, const ht_tensor_desc *desc, ht_value **out,
                              ht_error *err);
/* A constant; `data` is copied unless `borrow` (then it must outlive the graph). */
ht_status ht__graph_add_constant(ht_graph *graph, const char *name, const ht_tensor_desc *desc, const void *data,
                                 bool borrow, ht_value **out, ht_error *err);
/* An f32 constant of rank 0. */
ht_status ht__graph_add_scalar(ht_graph *graph, const char *name, float number, ht_value **out, ht_error *err);
/* A state; `after` follows with ht__graph_keep. */
ht_status ht__graph_add_state(ht_graph *graph, const char *name, const ht_tensor_desc *desc, ht_value **out,
                              ht_error *err);
/* What the state `before` becomes at the end of a run. */
void ht__graph_keep(ht_graph *graph, const ht_value *before, ht_value *after);
ht_status ht__graph_mark_output(ht_graph *graph, ht_value *value, ht_error *err);
/* A node of the operator `op_name` (found by ht__op_find); its outputs are new values named `output_names[i]` (the
 * array or an entry may be NULL: made up). Shapes come with ht__graph_infer, once the attributes are set. `out` may be
 * NULL. Errors: HT_ERROR_UNSUPPORTED naming the operator; HT_ERROR_FORMAT for a wrong number of inputs or outputs. */
ht_status ht__graph_add_node(ht_graph *graph, const char *op_name, const char *node_name, ht_value *const *inputs,
                             uint32_t input_count, uint32_t output_count, const char *const *output_names,
                             ht_node **out, ht_error *err);
/* The same with values that exist already (without producers) as outputs, and without inference: what readers use.
 * `domain` "" or "ai.onnx" for standard operators. */
ht_status ht__graph_add_node_raw(ht_graph *graph, const char *domain, const char *op_name, const char *node_name,
                                 ht_value *const *inputs, uint32_t input_count, ht_value *const *outputs,
                                 uint32_t output_count, ht_node **out, ht_error *err);

ht_status ht__node_set_int(ht_graph *graph, ht_node *node, const char *name, int64_t value, ht_error *err);
ht_status ht__node_set_float(ht_graph *graph, ht_node *node, const char *name, float value, ht_error *err);
ht_status ht__node_set_text(ht_graph *graph, ht_node *node, const char *name, const char *value, ht_error *err);
ht_status ht__node_set_ints(ht_graph *graph, ht_node *node, const char *name, const int64_t *values, size_t count,
                            ht_error *err);
ht_status ht__node_set_floats(ht_graph *graph, ht_node *node, const char *name, const float *values, size_t count,
                              ht_error *err);
ht_status ht__node_set_texts(ht_graph *graph, ht_node *node, const char *name, const char *const *values, size_t count,
                             ht_error *err);
/* `data` is copied unless `borrow` (then it must outlive the graph). */
ht_status ht__node_set_tensor(ht_graph *graph, ht_node *node, const char *name, const ht_tensor_desc *desc,
                              const void *data, bool borrow, ht_error *err);
/* `inner` becomes part of `graph` on success, which destroys it. */
ht_status ht__node_set_graph(ht_graph *graph, ht_node *node, const char *name, ht_graph *inner, ht_error *err);
/* Sets a copy of another node's attribute (a graph is copied deeply, tensor data is shared). */
ht_status ht__node_copy_attribute(ht_graph *graph, ht_node *node, const ht_attribute *from, ht_error *err);

/* ---- reading ---- */

const ht_attribute *ht__node_attribute(const ht_node *node, const char *name);
int64_t ht__node_int(const ht_node *node, const char *name, int64_t otherwise);
float ht__node_float(const ht_node *node, const char *name, float otherwise);
const char *ht__node_text(const ht_node *node, const char *name, const char *otherwise);
/* NULL when absent; *count set. */
const int64_t *ht__node_ints(const ht_node *node, const char *name, size_t *count);
const float *ht__node_floats(const ht_node *node, const char *name, size_t *count);
/* NULL when absent. */
ht_graph *ht__node_graph(const ht_node *node, const char *name);
ht_value *ht__graph_find(const ht_graph *graph, const char *name);
/* Nodes that read `value`, in node order; fills up to `capacity` and returns how many there are. */
size_t ht__graph_consumers(const ht_graph *graph, const ht_value *value, ht_node **out, size_t capacity);

/* ---- changing ---- */

/* Every reader of `from` (and the output list) reads `to` instead. */
void ht__graph_replace_uses(ht_graph *graph, ht_value *from, ht_value *to);
/* Takes a node out; its outputs keep no producer. */
void ht__graph_remove_node(ht_graph *graph, ht_node *node);
/* Removes nodes whose outputs nobody needs. */
void ht__graph_prune(ht_graph *graph);
/* Topological order; HT_ERROR_FORMAT when there is a cycle or an input that nothing produces. */
ht_status ht__graph_sort(ht_graph *graph, ht_error *err);
/* Infers types and shapes of all values from inputs and constants, in order; unknown stays unknown. */
ht_status ht__graph_infer(ht_graph *graph, ht_error *err);
/* Structure: names unique, every input has a producer, arities as the operators say, constants have their bytes. */
ht_status ht__graph_validate(const ht_graph *graph, ht_error *err);
/* Sets the leading (batch) dimension of each input whose first dimension is unknown, and infers. */
ht_status ht__graph_set_batch(ht_graph *graph, int64_t batch, ht_error *err);

#endif
