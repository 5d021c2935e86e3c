/* What an operator is. Each operator is one folder in src/ops with one `const ht_op`, listed in src/ops/ops.h. */
#ifndef HT_GRAPH_OP_H
#define HT_GRAPH_OP_H

#include "graph/graph.h"
#include "kernels/kernel.h"

/* How an operator gets along with channels-last tensors. */
typedef enum ht_op_layout {
    HT_OP_PLAIN,         /* every tensor plain */
    HT_OP_CHANNELS_LAST, /* prefers its activation inputs and outputs channels-last (convolution, pooling, norms) */
    HT_OP_NEUTRAL        /* takes either, as long as all activations agree (elementwise) */
} ht_op_layout;

typedef struct ht_gradient ht_gradient;
typedef struct ht_integer ht_integer;
typedef struct ht_host_call ht_host_call;

/* What the codes of an operator's output 0 are when it computes on codes. */
typedef enum ht_op_codes {
    HT_CODES_NONE, /* it only computes on real numbers */
    HT_CODES_OWN,  /* with parameters of their own */
    HT_CODES_SAME, /* with the parameters of input 0; so do operators that select */
    HT_CODES_FIXED /* over the range codes_low .. codes_high, whatever the data is */
} ht_op_codes;

struct ht_op {
    const char *name;   /* "Conv" */
    const char *domain; /* "" for ONNX's own, "halftone" for operators that only live inside */
    int64_t since;      /* the ONNX operator set from which on it means what it means here; 0: 17 or before */
    /* The operator set that this very node needs, by its attributes, inputs or types, where that may be more than
     * `since`; NULL: since. */
    int64_t (*needs)(const ht_node *node);
    uint32_t min_inputs, max_inputs, min_outputs, max_outputs;
    ht_op_layout layout;
    uint32_t plain_inputs, plain_outputs; /* bit i: operand i is plain whatever `layout` says (weights, indices) */

    /* Sets type and dimensions of the outputs from those of the inputs. Called with the inputs' types and ranks known
     * where possible; must cope with unknown (-1) dimensions. Errors: HT_ERROR_MISMATCH naming what does not fit. */
    ht_status (*infer)(const ht_graph *graph, ht_node *node, ht_error *err);

    /* How the operator is run: `lower`, `evaluate`, or both (then `lower` once the shapes are known).
     *
     * lower describes the work as one call of a kernel family: sets call->family and the parameters; and, when the
     * kernel does not read exactly the node's inputs in order, call->input_count and `operands` (indices into
     * node->inputs, -1 absent). Tensor descriptions and constants are filled by the compiler afterwards. It may leave
     * the family NULL where there is an `evaluate`, which is then taken. */
    ht_status (*lower)(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err);

    /* evaluate computes the outputs from inputs that are all there, in memory that ht__host_output gives: for
     * operators whose output shape depends on data, that hold graphs, or whose speed does not matter. Where the shape
     * of every output is known it equals what `infer` found. */
    ht_status (*evaluate)(ht_host_call *call, ht_error *err);

    /* Bit i: what input i holds, and not only its shape, must be known before the node can be inferred or lowered
     * (shapes, axes, repeats). */
    uint32_t content_inputs;
    /* Bit i: only type and shape of input i are read. */
    uint32_t shape_inputs;

    /* Adds nodes that compute the gradients of the inputs from those of the outputs (ht__gradient_*, below).
     * NULL: not differentiable; a gradient that would have to pass through it is an error. */
    ht_status (*gradient)(ht_gradient *gradient, const ht_node *node, ht_error *err);

    /* Adds the nodes that compute the codes of output 0 from those of the inputs (graph/integer.h). NULL: the node is
     * only known on real numbers. */
    ht_status (*integer)(ht_integer *integer, const ht_node *node, ht_error *err);

    /* Multiply-accumulates of the node, -1 when they cannot be counted, because shapes are not known; NULL: 0. */
    int64_t (*macs)(const ht_node *node);

    /* What quantization wants to know. Bit i of the masks: input i, where it is a constant, is a weight, a bias, or a
     * normalisation's scale or shift. */
    uint32_t weight_inputs, bias_inputs, norm_inputs;
    /* The axis of a weight that counts output channels; NULL: axis 0. */
    int32_t (*channel_axis)(const ht_node *node, uint32_t input);
    /* Every value of an output that is f32 is one of input 0's, or zero: it moves numbers, or takes their maximum. */
    bool selects;
    ht_op_codes codes;
    float codes_low, codes_high;
    bool joins;  /* every value of output 0 is one of any of the inputs: codes with equal parameters are only moved */
    bool in_f32; /* its kernels take f32 only; f16 and bf16 tensors are converted for them (ht__pass_widen) */
    bool completes; /* behind a weighted operator it becomes part of it: what lies between has no integer form */
};

/* Finds an operator; NULL when there is none. `domain` "ai.onnx" and NULL count as "". */
const ht_op *ht__op_find(const char *domain, const char *name);
/* All operators, ends with NULL. */
extern const ht_op *const ht__ops[];

/* ---- the view that `evaluate` has ---- */

/* A tensor that is there, in the plain layout. Absent: type HT_NONE and data NULL. */
typedef struct ht_tensor_view {
    ht_tensor_desc desc;
    const void *data; /* not NULL, also when there are no elements */
} ht_tensor_view;

/* A tensor in memory of its own, from the context's allocator. */
typedef struct ht_tensor_owned {
    ht_tensor_desc desc;
    void *data;
} ht_tensor_owned;

struct ht_host_call {
    ht_context *ctx;
    const ht_node *node;
    const ht_tensor_view *inputs; /* node->input_count */
    /* Filled by who evaluates. output: memory for output `index`, NULL when it cannot be had. run_graph: runs a graph
     * attribute on as many inputs as it has; each of `outputs` belongs to the caller afterwards (ht__free). NULL where
     * graphs cannot be run: then nodes with graphs are not evaluated. */
    void *(*output)(ht_host_call *call, uint32_t index, const ht_tensor_desc *desc);
    ht_status (*run_graph)(ht_host_call *call, const ht_graph *graph, const ht_tensor_view *inputs,
                           ht_tensor_owned *outputs, ht_error *err);
    void *user;
};

/* Says what output `index` is and gets memory for it; *data is NULL when nobody reads that output.
 * Errors: HT_ERROR_LIMIT (a shape that is too large), HT_ERROR_MISMATCH (not the shape that was inferred),
 * HT_ERROR_MEMORY. */
ht_status ht__host_output(ht_host_call *call, uint32_t index, const ht_tensor_desc *desc, void **data, ht_error *err);
/* The same with the description that `infer` found. */
ht_status ht__host_inferred(ht_host_call *call, uint32_t index, void **data, ht_error *err);
/* Does a node hold graphs? */
bool ht__node_has_graphs(const ht_node *node);

/* ---- the view that a gradient rule has of the graph being extended (graph/gradient.c) ---- */

struct ht_gradient {
    ht_graph *graph;
    ht_value **of; /* gradient of each value by id, NULL: none yet */
    size_t count;
    const bool *wanted; /* by value id: must a gradient reach this value? */
    size_t wanted_count;
};

/* The gradient of an output, or NULL when no gradient reaches it. */
ht_value *ht__gradient_of(const ht_gradient *gradient, const ht_value *value);
/* Is a gradient for this input needed at all? (NULL input: no.) */
bool ht__gradient_wanted(const ht_gradient *gradient, const ht_value *input);
/* Adds `contribution` to the gradient of `input` (sums when there is one already). */
ht_status ht__gradient_add(ht_gradient *gradient, ht_value *input, ht_value *contribution, ht_error *err);

#endif
