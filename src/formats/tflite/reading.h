/* A TFLite file on its way into a graph, as the rules of single operators see it.
 *
 * TFLite's tensors are channels-last; operators of the graph mean what ONNX says. A tensor may therefore be there in
 * two forms: as the file has it, and, for rank 4, with its channels first. Either is made from the other by a Transpose
 * when a rule asks for it, so that no pair of Transposes meets: convolutions take and give channels-first values,
 * operators that do not mind (ht__tflite_form) stay in the form that is there.
 *
 * Quantized tensors are f32 values with an annotation. Constants hold their codes and the numbers that they stand for.
 */
#ifndef HT_FORMATS_TFLITE_READING_H
#define HT_FORMATS_TFLITE_READING_H

#include "formats/tflite/flat.h"
#include "graph/graph.h"

typedef enum tflite_form { TFLITE_AS_FILED, TFLITE_CHANNELS_FIRST } tflite_form;

/* A constant with its axes in one order: axis i of the value is axis order[i] of the file's tensor. */
typedef struct tflite_constant {
    struct tflite_constant *next;
    int32_t rank; /* of the value; beyond the tensor's own when axes of size 1 were put before it */
    int32_t order[HT_MAX_RANK];
    ht_value *value;
} tflite_constant;

/* A variable of the file: operators name it, read it and assign to it. */
typedef struct tflite_variable {
    struct tflite_variable *next;
    const char *container, *name;
    ht_value *initial; /* what CALL_ONCE assigns; NULL: nothing */
    ht_value *before;  /* the state that it is; NULL: no run reads what another left */
    ht_value *current; /* what the operators so far leave; NULL: as the run began */
} tflite_variable;

/* All variables, in one place for a graph and its subgraphs. */
typedef struct tflite_variables {
    tflite_variable *first;
    ht_value *initialised; /* a state: has CALL_ONCE been? NULL: nobody asked */
} tflite_variables;

typedef struct tflite_slot {
    tflite_tensor tensor;
    ht_value *values[2];        /* by form, NULL: not made; of a tensor that is no constant */
    tflite_constant *constants; /* the orders that were asked for */
    bool is_end;                /* an input or output of the model, which is called by the tensor's name */
    ht_value *end;              /* that value, of the file's type and form; NULL: not made yet */
    tflite_variable *variable;  /* the tensor is a handle of it */
} tflite_slot;

typedef struct tflite_reading {
    const tflite_file *file;
    ht_graph *graph;
    ht_arena *payload; /* for decoded constants */
    tflite_slot *slots;
    size_t slot_count;
    size_t budget; /* bytes that constants may still take in the payload */
    size_t room;   /* bytes that graphs and slots may still take, and how many of `graph` are counted */
    size_t counted;
    size_t entries;  /* tensors and operators that may still be read: subgraphs are read once for each use */
    uint32_t copies; /* counter for names that are taken already */
    size_t subgraph; /* in the file */
    struct tflite_reading *around; /* where the operator stands whose subgraph this is; NULL: in no operator */
    int depth;
    tflite_variables *variables;
    bool initialising; /* the subgraph of a CALL_ONCE: its assignments are made before the first run */
    ht_arena *memory;  /* for the slots */
    ht_error *err;
} tflite_reading;

typedef struct tflite_rule tflite_rule;

/* One operator being read. */
typedef struct tflite_call {
    tflite_reading *reading;
    const tflite_rule *rule;
    tflite_operator op;
    const char *name; /* of its first output: what its nodes are called after and errors speak of */
} tflite_call;

/* How one of TFLite's operators is read. */
struct tflite_rule {
    int32_t code;     /* TFLite's BuiltinOperator; 32 for custom ones */
    const char *name; /* in TFLite; of a custom operator its own */
    ht_status (*read)(const tflite_call *call);
    const char *op;        /* the ONNX operator, for rules that many operators share */
    uint32_t least_inputs; /* inputs that must be there; further ones may be absent */
};
/* NULL when there is none. */
const tflite_rule *ht__tflite_rule(const tflite_operator *op);
/* Is it an operator without outputs, which changes variables? */
bool ht__tflite_gives_nothing(const tflite_rule *rule);

/* Variables become states of the graph: called when all operators are read. */
ht_status ht__tflite_keep_variables(tflite_reading *reading);

/* Reads subgraph `index`, which `call` names, into `graph`: its inputs are the `input_count` values, its outputs go to
 * `outputs`; both are codes where the file's tensors are. Errors: HT_ERROR_FORMAT (an index that does not exist, other
 * numbers of inputs and outputs, a subgraph within itself), HT_ERROR_LIMIT (too deep, too much), and those of reading.
 */
ht_status ht__tflite_read_inner(const tflite_call *call, int64_t index, ht_graph *graph, ht_value *const *inputs,
                                uint32_t input_count, ht_value **outputs, uint32_t output_count);

/* ---- operands ---- */

/* Is input `i` there at all? */
bool ht__tflite_has(const tflite_call *call, uint32_t i);
/* What the file says of input or output `i`, which must be there. */
const tflite_tensor *ht__tflite_input_tensor(const tflite_call *call, uint32_t i);
const tflite_tensor *ht__tflite_output_tensor(const tflite_call *call, uint32_t i);
/* Channels-first when output 0 has rank 4, some input is there channels-first only, and all others can follow:
 * constants, single numbers, tensors of rank 4. */
tflite_form ht__tflite_form(const tflite_call *call);
/* The place in a value of that form of an axis of the file's tensor of rank `rank`; negative ones count from the end.
 * Errors: HT_ERROR_FORMAT. */
ht_status ht__tflite_axis(const tflite_call *call, int64_t axis, size_t rank, tflite_form form, int64_t *out);
/* Input `i` as a value. A constant of lower rank than 4 gets axes of size 1 before its own in the form channels-first
 * when it has more than one element, so that it is broadcast as in the file. */
ht_status ht__tflite_input(const tflite_call *call, uint32_t i, tflite_form form, ht_value **out);
/* The constant input `i` with its axes in another order. Errors: HT_ERROR_UNSUPPORTED when it is computed. */
ht_status ht__tflite_weights(const tflite_call *call, uint32_t i, const int32_t *order, int32_t rank, ht_value **out);
/* The integers of the constant input `i`, at most `most`. Errors: HT_ERROR_UNSUPPORTED when it is computed. */
ht_status ht__tflite_constant_ints(const tflite_call *call, uint32_t i, int64_t *out, size_t most, size_t *count);
/* Is input `i` a constant? */
bool ht__tflite_is_constant(const tflite_call *call, uint32_t i);
/* The shape of input or output as constants for a Reshape; at most one dimension may be open. */
ht_status ht__tflite_add_shape(const tflite_call *call, const tflite_tensor *tensor, ht_value **out);
/* A tensor's size along an axis, -1 when it is known only at run time. */
int64_t ht__tflite_size(const tflite_tensor *tensor, size_t axis);

/* A constant of the rule's own, i64 of rank 1 or one f32 number. */
ht_status ht__tflite_add_ints(const tflite_call *call, const int64_t *values, size_t count, ht_value **out);
ht_status ht__tflite_add_number(const tflite_call *call, float number, ht_value **out);

/* ---- nodes ---- */

/* A node on the way, with one output. */
ht_status ht__tflite_step(const tflite_call *call, const char *op, ht_value *const *inputs, uint32_t count,
                          ht_node **out);
/* A last node: it gives output `i` of the operator in the form `form`, with the fused activation, if there is one,
 * behind it. `out` may be NULL. */
ht_status ht__tflite_result(const tflite_call *call, uint32_t i, tflite_form form, const char *op,
                            ht_value *const *inputs, uint32_t count, ht_node **out);
/* Output `i` of the operator is this value. */
ht_status ht__tflite_bind(const tflite_call *call, uint32_t i, tflite_form form, ht_value *value);
/* Output `i` of the operator is its constant input `k`. */
ht_status ht__tflite_alias_constant(const tflite_call *call, uint32_t i, uint32_t k);
/* The name for output `i`'s value in that form. */
ht_status ht__tflite_output_name(const tflite_call *call, uint32_t i, tflite_form form, const char **out);

/* Attributes, with the call's error. */
ht_status ht__tflite_set_int(const tflite_call *call, ht_node *node, const char *name, int64_t value);
ht_status ht__tflite_set_ints(const tflite_call *call, ht_node *node, const char *name, const int64_t *values,
                              size_t count);
/* HT_ERROR_UNSUPPORTED: the operator cannot be read, because of `what`. */
ht_status ht__tflite_refuse(const tflite_call *call, const char *what);

/* ---- inside: values of tensors (values.c, constants.c) ---- */

/* The graph's element type of a TFLite type, HT_NONE for one unknown to it. */
ht_type ht__tflite_type(int32_t type);
/* Are the tensor's numbers codes, so that its value is f32 with an annotation? */
bool ht__tflite_is_quantized(const tflite_tensor *tensor);
/* The annotation of a tensor that is quantized as a whole. Errors: HT_ERROR_UNSUPPORTED. */
ht_status ht__tflite_annotation(tflite_reading *reading, const tflite_tensor *tensor, ht_quantization **out);
/* `out`, called `to`, is made from `from` by QuantizeLinear or DequantizeLinear with the tensor's parameters. */
ht_status ht__tflite_convert(tflite_reading *reading, const tflite_tensor *tensor, const char *op, ht_value *from,
                             const char *to, ht_value **out);
/* At the border of a subgraph, of the operator `call`: the numbers of codes, and the codes of numbers, of a quantized
 * tensor. Errors: HT_ERROR_UNSUPPORTED (codes of 32 bits). */
ht_status ht__tflite_take_codes(tflite_reading *reading, const tflite_call *call, const tflite_tensor *tensor,
                                ht_value *codes, ht_value **out);
ht_status ht__tflite_give_codes(tflite_reading *reading, const tflite_call *call, const tflite_tensor *tensor,
                                ht_value *numbers, ht_value **out);
/* Counts what the graph has taken since it was last asked. Every value begins with it, by its name.
 * Errors: HT_ERROR_LIMIT (out of proportion to the file). */
ht_status ht__tflite_count_memory(tflite_reading *reading);
/* A name that no value has yet: `name`, with `/suffix` when that is not NULL, and a number if need be. */
ht_status ht__tflite_fresh(tflite_reading *reading, const char *name, const char *suffix, const char **out);
/* The constant tensor of slot `index` in an order of its axes (NULL: as filed). */
ht_status ht__tflite_constant(tflite_reading *reading, size_t index, const int32_t *order, int32_t rank,
                              ht_value **out);
/* Room in the payload for `count` elements of a constant called `name`; `out` is where its address goes.
 * Errors: HT_ERROR_LIMIT (out of proportion to the file), HT_ERROR_MEMORY. */
ht_status ht__tflite_reserve(tflite_reading *reading, const char *name, size_t count, size_t size, void *out);
/* The value of slot `index` in a form. */
ht_status ht__tflite_value(tflite_reading *reading, size_t index, tflite_form form, ht_value **out);
/* The value is that of slot `index` in the form, and is annotated if the tensor is quantized. */
ht_status ht__tflite_define(tflite_reading *reading, size_t index, tflite_form form, ht_value *value);

#endif
