/* The view that an operator has of an annotated graph while it becomes one of integers (passes/integer.c).
 *
 * An annotated value has a twin that holds its codes. The operator looks up the twins of its node's inputs, adds the
 * nodes that compute the twin of `target` and hands it over with ht__integer_give; when it has no integer form for this
 * node it returns HT_OK and gives nothing, and the node stays as it is, on real numbers. */
#ifndef HT_GRAPH_INTEGER_H
#define HT_GRAPH_INTEGER_H

#include "graph/op.h"

/* Codes that are quantized as a whole: real = (code - zero) * scale. */
typedef struct ht_codes {
    ht_value *value; /* u8, i8, u16 or i16; NULL: there are none */
    ht_type type;
    float scale; /* > 0 */
    int32_t zero;
} ht_codes;

struct ht_integer {
    ht_graph *graph;
    ht_value **twins; /* by value id; NULL: none (yet) */
    size_t twin_capacity;
    ht_codes target;   /* how the result shall be quantized; .value is the result once it is given */
    int32_t low, high; /* the codes that the result may have: the width, and what an activation behind the node lets
                          through */
    const ht_value *result; /* the annotated value */
};

/* Can this annotation be carried out in integers: affine, at most 16 bits, zero points that are codes? With `whole`
 * also: one scale for the whole tensor. */
bool ht__integer_usable(const ht_quantization *quantization, bool whole);
/* The type that holds such codes. */
ht_type ht__integer_type(const ht_quantization *quantization);
/* The codes of an annotated value that is quantized as a whole; out->value is NULL when it is not, or is real. A
 * constant's are made when first asked for. `value` NULL: none. Errors: HT_ERROR_MEMORY. */
ht_status ht__integer_codes(ht_integer *integer, ht_value *value, ht_codes *out, ht_error *err);
/* The codes of an annotated value that may have a scale per channel of `axis` (a negative axis: as a whole only), or
 * NULL. Errors: HT_ERROR_MEMORY. */
ht_status ht__integer_weights(ht_integer *integer, ht_value *value, int32_t axis, ht_value **out, ht_error *err);
/* The constant zero points of `value`'s annotation, in the type of its codes, one or one per channel. */
ht_status ht__integer_zero_points(ht_integer *integer, const ht_value *value, ht_value **out, ht_error *err);

/* Adds a node of an operator of the domain halftone whose only output is new. The output gets `type` and the shape of
 * the result. The node is called after `source`, NULL: after the result. Errors: as ht__graph_add_node_raw. */
ht_status ht__integer_add(ht_integer *integer, const char *op_name, const ht_node *source, ht_value *const *inputs,
                          uint32_t input_count, ht_type type, ht_node **out, ht_error *err);
/* The result's codes are `node`'s only output. */
void ht__integer_give(ht_integer *integer, const ht_node *node);
/* Remembers the codes of a value. */
ht_status ht__integer_set_twin(ht_integer *integer, const ht_value *value, ht_value *codes, ht_error *err);

#endif
