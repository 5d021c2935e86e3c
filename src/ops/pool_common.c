#include "ops/pool_common.h"

#include <string.h>

static ht_status read_window(const ht_node *node, const ht_tensor_desc *x, bool global, ht_window *window,
                             ht_error *err) {
    return ht__window_read(node, x, global ? x->dims + 2 : NULL, window, err);
}

ht_status ht__pool_infer(const ht_graph *graph, ht_node *node, bool global, ht_error *err) {
    (void)graph;
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    ht_window window;
    HT_TRY(read_window(node, x, global, &window, err));
    ht_tensor_desc y = {.type = x->type, .rank = x->rank, .dims = {x->dims[0], x->dims[1]}};
    for (int32_t i = 0; i < window.spatial; ++i) {
        y.dims[2 + i] = global ? 1 : ht__window_output(&window, i, x->dims[2 + i]);
    }
    ht_tensor_desc indices = y;
    indices.type = HT_I64;
    HT_TRY(ht__set_output(node, 1, &indices, err));
    return ht__set_output(node, 0, &y, err);
}

/* Padding is cheap to state: a window may hold no more elements than the map, or than MOST_WINDOW. */
#define MOST_WINDOW 65536

static ht_status check_window(const ht_node *node, const ht_tensor_desc *x, const ht_window *window, ht_error *err) {
    int64_t elements = 1, map = 1;
    bool fits = true;
    for (int32_t i = 0; i < window->spatial; ++i) {
        int64_t size = x->dims[2 + i];
        fits = fits && !__builtin_mul_overflow(elements, window->kernel[i], &elements);
        map = size < 0 || __builtin_mul_overflow(map, size, &map) ? INT64_MAX : map;
    }
    return fits && (elements <= MOST_WINDOW || elements <= map)
               ? HT_OK
               : ht__fail_at(err, HT_ERROR_LIMIT, node->name, "The window of %s is larger than what it looks at.",
                             node->op->name);
}

ht_status ht__pool_read(const ht_node *node, const ht_tensor_desc *x, ht_pool_kind kind, bool global,
                        ht_pool_parameters *out, ht_error *err) {
    ht_window window;
    HT_TRY(read_window(node, x, global, &window, err));
    HT_TRY(check_window(node, x, &window, err));
    memset(out, 0, sizeof *out);
    out->kind = kind;
    out->spatial = window.spatial;
    out->column_major = ht__node_int(node, "storage_order", 0) != 0;
    out->power = ht__node_int(node, "p", 2);
    if (kind == HT_POOL_NORM && (out->power < 1 || out->power > INT32_MAX)) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "%s with p = %lld is not known.", node->op->name,
                           (long long)out->power);
    }
    out->count_include_pad = ht__node_int(node, "count_include_pad", 0) != 0;
    for (int i = 0; i < 3; ++i) {
        out->window[i] = window.kernel[i];
        out->strides[i] = window.strides[i];
        out->dilations[i] = window.dilations[i];
        out->pads_begin[i] = window.pads_begin[i];
        out->pads_end[i] = window.pads_end[i];
    }
    return HT_OK;
}

int64_t ht__pool_needs(const ht_node *node) {
    bool norm = strcmp(node->op->name, "LpPool") == 0;
    bool dilated = ht__node_attribute(node, "dilations") != NULL;
    return norm && (dilated || ht__node_int(node, "ceil_mode", 0) != 0) ? 18 : dilated ? 19 : 0;
}
