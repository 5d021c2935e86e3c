/* Replacing calls of model-local functions by their nodes. The body of a function is copied once for each call; only
 * numbers and tensors' data are shared. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "formats/onnx/function.h"
#include "graph/op.h"

/* Functions within functions; each takes a few frames of the stack. */
#define MAX_CALLS 64
/* Graphs within graphs, where functions put some into others. */
#define MAX_GRAPHS 16
/* What inlining may add. */
#define ADDED_BYTES ((size_t)16 << 20)
#define ADDED_PER_BYTE 64

typedef struct inlining {
    ht_arena *arena;
    onnx_function **functions; /* sorted */
    size_t function_count;
    onnx_index names; /* of all values, so that new ones are new */
    size_t limit;     /* bytes of the arena at which the model has grown too much */
    int64_t opset;
    ht_error *err;
} inlining;

/* A call while it is replaced. */
typedef struct expansion {
    inlining *all;
    const onnx_function *function; /* NULL: copies without a function, names as they are */
    const onnx_node *call;
    onnx_index renamed;             /* names in the function; `replacement` says what each is called outside */
    const char *prefix;             /* of names that are made inside */
    const struct expansion *around; /* the call in whose nodes this one stands; NULL: it stands in the model */
    int depth;
} expansion;

/* ---- finding functions ---- */

static int compare_heads(const onnx_node *a, const onnx_node *b) {
    int order = strcmp(a->op, b->op);
    order = order != 0 ? order : strcmp(a->domain, b->domain);
    return order != 0 ? order : strcmp(a->overload, b->overload);
}

static int compare_functions(const void *a, const void *b) {
    return compare_heads(&(*(onnx_function *const *)a)->head, &(*(onnx_function *const *)b)->head);
}

static const onnx_function *find_function(const inlining *all, const onnx_node *node) {
    if (node->domain[0] == '\0' && ht__op_find("", node->op) != NULL) {
        return NULL;
    }
    size_t low = 0, high = all->function_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_heads(&all->functions[middle]->head, node);
        if (order == 0) {
            return all->functions[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

static ht_status sort_functions(const inlining *all) {
    qsort(all->functions, all->function_count, sizeof *all->functions, compare_functions);
    for (size_t i = 1; i < all->function_count; ++i) {
        if (compare_functions(&all->functions[i - 1], &all->functions[i]) == 0) {
            return ht__fail_at(all->err, HT_ERROR_FORMAT, all->functions[i]->head.op,
                               "The model defines this function twice.");
        }
    }
    return HT_OK;
}

/* ---- names ---- */

/* Enters all names of a graph and of those inside it. */
static ht_status enter_names(inlining *all, const onnx_document *graph) {
    onnx_name *entry;
    for (size_t i = 0; i < graph->input_count; ++i) {
        HT_TRY(ht__onnx_name(&all->names, graph->inputs[i]->name, &entry, all->err));
    }
    for (size_t i = 0; i < graph->tensor_count; ++i) {
        HT_TRY(ht__onnx_name(&all->names, graph->tensors[i]->name, &entry, all->err));
    }
    for (size_t i = 0; i < graph->node_count; ++i) {
        const onnx_node *node = graph->nodes[i];
        for (size_t k = 0; k < node->output_count; ++k) {
            HT_TRY(ht__onnx_name(&all->names, node->outputs[k], &entry, all->err));
        }
        for (size_t k = 0; k < node->attribute_count; ++k) {
            if (node->attributes[k]->type == ONNX_ATTRIBUTE_GRAPH) {
                HT_TRY(enter_names(all, node->attributes[k]->graph));
            }
        }
    }
    return HT_OK;
}

/* What a name inside the function is called outside. */
static ht_status rename_value(expansion *e, const char *name, const char **out) {
    *out = name;
    if (name[0] == '\0' || e->function == NULL) {
        return HT_OK;
    }
    onnx_name *entry;
    HT_TRY(ht__onnx_name(&e->renamed, name, &entry, e->all->err));
    if (entry->replacement == NULL) {
        HT_TRY(ht__onnx_fresh(&e->all->names, e->prefix, name, &entry->replacement, e->all->err));
    }
    *out = entry->replacement;
    return HT_OK;
}

static ht_status rename_list(expansion *e, const char **from, size_t count, const char ***out) {
    const char **names = ht__arena_alloc(e->all->arena, count * sizeof *names);
    if (names == NULL) {
        return ht__fail_memory(e->all->err, count * sizeof *names);
    }
    for (size_t i = 0; i < count; ++i) {
        HT_TRY(rename_value(e, from[i], &names[i]));
    }
    *out = names;
    return HT_OK;
}

/* ---- copies ---- */

static ht_status copy_node(expansion *e, const onnx_node *from, onnx_node **out);

static ht_status copy_values(expansion *e, onnx_value *const *from, size_t count, onnx_value ***out) {
    onnx_value **values = ht__arena_alloc(e->all->arena, count * sizeof(onnx_value *));
    for (size_t i = 0; i < count && values != NULL; ++i) {
        values[i] = ht__arena_copy(e->all->arena, from[i], sizeof *from[i]);
        if (values[i] == NULL) {
            return ht__fail_memory(e->all->err, sizeof *from[i]);
        }
        HT_TRY(rename_value(e, from[i]->name, &values[i]->name));
    }
    *out = values;
    return values != NULL ? HT_OK : ht__fail_memory(e->all->err, count * sizeof(onnx_value *));
}

static ht_status copy_tensors(expansion *e, const onnx_document *from, onnx_document *to) {
    to->tensor_count = to->tensor_capacity = 0;
    for (size_t i = 0; i < from->tensor_count; ++i) {
        onnx_tensor *tensor = ht__arena_copy(e->all->arena, from->tensors[i], sizeof *tensor);
        if (tensor == NULL) {
            return ht__fail_memory(e->all->err, sizeof *tensor);
        }
        HT_TRY(rename_value(e, tensor->name, &tensor->name));
        HT_TRY(
            ht__onnx_push(e->all->arena, &to->tensors, &to->tensor_count, &to->tensor_capacity, tensor, e->all->err));
    }
    return HT_OK;
}

static ht_status copy_graph(expansion *e, const onnx_document *from, onnx_document **out) {
    onnx_document *graph = ht__arena_copy(e->all->arena, from, sizeof *from);
    if (graph == NULL) {
        return ht__fail_memory(e->all->err, sizeof *graph);
    }
    HT_TRY(copy_values(e, from->inputs, from->input_count, &graph->inputs));
    HT_TRY(copy_values(e, from->outputs, from->output_count, &graph->outputs));
    HT_TRY(copy_tensors(e, from, graph));
    graph->input_capacity = graph->input_count;
    graph->output_capacity = graph->output_count;
    graph->node_count = graph->node_capacity = 0;
    for (size_t i = 0; i < from->node_count; ++i) {
        onnx_node *node;
        HT_TRY(copy_node(e, from->nodes[i], &node));
        HT_TRY(
            ht__onnx_push(e->all->arena, &graph->nodes, &graph->node_count, &graph->node_capacity, node, e->all->err));
    }
    *out = graph;
    return HT_OK;
}

/* The attribute of the call that a reference means, or its default; NULL: the attribute is absent. */
static ht_status resolve(const expansion *e, const onnx_attribute *attribute, const onnx_attribute **out) {
    const onnx_attribute *value = ht__onnx_attribute(e->call, attribute->reference);
    value = value != NULL ? value : ht__onnx_attribute(&e->function->head, attribute->reference);
    *out = value;
    if (value != NULL && attribute->type != ONNX_ATTRIBUTE_UNKNOWN && attribute->type != value->type) {
        return ht__fail_at(e->all->err, HT_ERROR_FORMAT, e->prefix,
                           "The attribute %s of this call of %s has the wrong type.", attribute->reference,
                           e->call->op);
    }
    return HT_OK;
}

static ht_status copy_attribute(expansion *e, const onnx_attribute *from, onnx_node *node) {
    /* What stands at the call has the names of the call's surroundings. */
    expansion unchanged = {.all = e->all};
    const onnx_attribute *value = from;
    if (from->reference != NULL) {
        HT_TRY(resolve(e, from, &value));
    }
    if (value == NULL) {
        return HT_OK;
    }
    onnx_attribute *attribute = ht__arena_copy(e->all->arena, value, sizeof *value);
    if (attribute == NULL) {
        return ht__fail_memory(e->all->err, sizeof *attribute);
    }
    attribute->name = from->name;
    if (attribute->type == ONNX_ATTRIBUTE_GRAPH) {
        HT_TRY(copy_graph(value != from ? &unchanged : e, value->graph, &attribute->graph));
    }
    return ht__onnx_push(e->all->arena, &node->attributes, &node->attribute_count, &node->attribute_capacity, attribute,
                         e->all->err);
}

/* The operator set of a function may be another than the model's; where shapes decide what a node of an older one
 * means, we have only the model's (build.c). */
static ht_status check_opset(const expansion *e, const onnx_node *node) {
    int64_t own = e->function->body->opset, outer = e->all->opset;
    bool softmax = strcmp(node->op, "Softmax") == 0 || strcmp(node->op, "LogSoftmax") == 0;
    if (own < ONNX_OPSET_OLDEST || own > ONNX_OPSET_NEWEST || (softmax && (own < 13) != (outer < 13))) {
        return ht__fail_at(e->all->err, HT_ERROR_UNSUPPORTED, e->call->op,
                           "This function has the operator %s of operator set %" PRId64
                           ", which is not supported in a model of operator set %" PRId64 ".",
                           node->op, own, outer);
    }
    return HT_OK;
}

static ht_status check_growth(const inlining *all, const char *where) {
    return ht__arena_bytes(all->arena) <= all->limit
               ? HT_OK
               : ht__fail_at(all->err, HT_ERROR_LIMIT, where,
                             "Written out, the model's functions are out of proportion to its file.");
}

static ht_status copy_node(expansion *e, const onnx_node *from, onnx_node **out) {
    inlining *all = e->all;
    HT_TRY(check_growth(all, from->op));
    onnx_node *node = ht__arena_copy(all->arena, from, sizeof *from);
    if (node == NULL) {
        return ht__fail_memory(all->err, sizeof *node);
    }
    if (e->function != NULL) {
        node->name = ht__arena_printf(all->arena, "%s%s", e->prefix, from->name[0] != '\0' ? from->name : from->op);
        node->opset = e->function->body->opset;
        if (node->name == NULL) {
            return ht__fail_memory(all->err, strlen(e->prefix));
        }
        HT_TRY(from->domain[0] == '\0' ? check_opset(e, from) : HT_OK);
    } else if (node->opset == 0) {
        node->opset = all->opset; /* not that of the function in which it will stand */
    }
    HT_TRY(rename_list(e, from->inputs, from->input_count, &node->inputs));
    HT_TRY(rename_list(e, from->outputs, from->output_count, &node->outputs));
    node->input_capacity = node->input_count;
    node->output_capacity = node->output_count;
    node->attribute_count = node->attribute_capacity = 0;
    for (size_t i = 0; i < from->attribute_count; ++i) {
        HT_TRY(copy_attribute(e, from->attributes[i], node));
    }
    *out = node;
    return HT_OK;
}

/* ---- calls ---- */

static ht_status inline_node(inlining *all, onnx_document *graph, onnx_node *node, const expansion *around);

/* Copies `name` to `result`: an output of a function that is an input, or two outputs. */
static ht_status add_identity(expansion *e, onnx_document *graph, const char *name, const char *result) {
    onnx_node *node;
    HT_TRY(ht__onnx_add_node(graph, "Identity", result, &node, e->all->err));
    HT_TRY(ht__onnx_add_operand(graph, node, false, name, e->all->err));
    return ht__onnx_add_operand(graph, node, true, result, e->all->err);
}

/* Binds formal to actual operands. */
static ht_status bind(expansion *e, onnx_document *graph) {
    const onnx_node *head = &e->function->head, *call = e->call;
    onnx_name *entry;
    for (size_t i = 0; i < head->input_count; ++i) {
        HT_TRY(ht__onnx_name(&e->renamed, head->inputs[i], &entry, e->all->err));
        entry->replacement = i < call->input_count ? call->inputs[i] : "";
    }
    for (size_t i = 0; i < head->output_count && i < call->output_count; ++i) {
        if (call->outputs[i][0] == '\0') {
            continue;
        }
        HT_TRY(ht__onnx_name(&e->renamed, head->outputs[i], &entry, e->all->err));
        if (entry->replacement == NULL) {
            entry->replacement = call->outputs[i];
        } else {
            HT_TRY(add_identity(e, graph, entry->replacement, call->outputs[i]));
        }
    }
    return HT_OK;
}

static ht_status check_call(const expansion *e) {
    const onnx_node *head = &e->function->head, *call = e->call;
    for (const expansion *outer = e->around; outer != NULL; outer = outer->around) {
        if (outer->function == e->function) {
            return ht__fail_at(e->all->err, HT_ERROR_FORMAT, call->op, "This function of the model calls itself.");
        }
    }
    if (e->depth > MAX_CALLS) {
        return ht__fail_at(e->all->err, HT_ERROR_LIMIT, call->op, "Functions call functions more than %d deep.",
                           MAX_CALLS);
    }
    if (call->input_count > head->input_count || call->output_count > head->output_count) {
        return ht__fail_at(e->all->err, HT_ERROR_FORMAT, call->name,
                           "This call of the function %s has %zu inputs and %zu outputs; it takes %zu and gives %zu.",
                           call->op, call->input_count, call->output_count, head->input_count, head->output_count);
    }
    return HT_OK;
}

static ht_status expand(inlining *all, onnx_document *graph, const onnx_node *call, const onnx_function *function,
                        const expansion *around) {
    expansion e = {.all = all,
                   .function = function,
                   .call = call,
                   .renamed = {.arena = all->arena},
                   .around = around,
                   .depth = around != NULL ? around->depth + 1 : 1};
    HT_TRY(check_growth(all, call->op));
    HT_TRY(check_call(&e));
    e.prefix = ht__arena_printf(all->arena, "%s/", call->name[0] != '\0' ? call->name : call->op);
    if (e.prefix == NULL) {
        return ht__fail_memory(all->err, strlen(call->op));
    }
    HT_TRY(bind(&e, graph));
    for (size_t i = 0; i < function->body->node_count; ++i) {
        onnx_node *node;
        HT_TRY(copy_node(&e, function->body->nodes[i], &node));
        HT_TRY(inline_node(all, graph, node, &e));
    }
    return HT_OK;
}

static ht_status inline_graph(inlining *all, onnx_document *graph, const expansion *around) {
    onnx_node **nodes = graph->nodes;
    size_t count = graph->node_count;
    graph->nodes = NULL;
    graph->node_count = graph->node_capacity = 0;
    for (size_t i = 0; i < count; ++i) {
        HT_TRY(inline_node(all, graph, nodes[i], around));
    }
    return HT_OK;
}

/* Appends to `graph` the node, or what it stands for. */
static ht_status inline_node(inlining *all, onnx_document *graph, onnx_node *node, const expansion *around) {
    for (size_t i = 0; i < node->attribute_count; ++i) {
        if (node->attributes[i]->type == ONNX_ATTRIBUTE_GRAPH) {
            HT_TRY(inline_graph(all, node->attributes[i]->graph, around));
        }
    }
    const onnx_function *function = find_function(all, node);
    return function != NULL
               ? expand(all, graph, node, function, around)
               : ht__onnx_push(all->arena, &graph->nodes, &graph->node_count, &graph->node_capacity, node, all->err);
}

static ht_status check_depth(const inlining *all, const onnx_document *graph, int depth) {
    if (depth > MAX_GRAPHS) {
        return ht__fail_at(all->err, HT_ERROR_LIMIT, graph->file, "Graphs lie within graphs more than %d deep.",
                           MAX_GRAPHS);
    }
    for (size_t i = 0; i < graph->node_count; ++i) {
        const onnx_node *node = graph->nodes[i];
        for (size_t k = 0; k < node->attribute_count; ++k) {
            if (node->attributes[k]->type == ONNX_ATTRIBUTE_GRAPH) {
                HT_TRY(check_depth(all, node->attributes[k]->graph, depth + 1));
            }
        }
    }
    return HT_OK;
}

ht_status ht__onnx_inline(onnx_document *document, ht_error *err) {
    if (document->function_count == 0) {
        return HT_OK;
    }
    inlining all = {.arena = document->arena,
                    .functions = document->functions,
                    .function_count = document->function_count,
                    .names = {.arena = document->arena},
                    .opset = document->opset,
                    .err = err};
    size_t added = 0;
    bool fits = ht__mul(document->size, ADDED_PER_BYTE, &added) && ht__add(added, ADDED_BYTES, &added) &&
                ht__add(added, ht__arena_bytes(document->arena), &all.limit);
    all.limit = fits ? all.limit : SIZE_MAX;
    HT_TRY(sort_functions(&all));
    HT_TRY(enter_names(&all, document));
    HT_TRY(inline_graph(&all, document, NULL));
    document->function_count = 0;
    return check_depth(&all, document, 0);
}
