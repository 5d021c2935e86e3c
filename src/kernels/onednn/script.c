#include "kernels/onednn/script.h"

#include <omp.h>
#include <string.h>

#if DNNL_VERSION_MAJOR != 2
#error "written for oneDNN 2.x; configure with -DHALFTONE_WITH_ONEDNN=OFF"
#endif

/* While primitives are made, oneDNN must see the threads that will run them. Returns the former setting. */
static int plan_threads(unsigned threads) {
    int before = omp_get_max_threads();
    omp_set_num_threads((int)threads);
    return before;
}

static void note(ht_dnn_script *script, dnnl_status_t status) {
    if (script->failed == dnnl_success) {
        script->failed = status;
    }
}

ht_dnn_script *ht__dnn_script_create(const ht_kernel_env *env) {
    ht_dnn_script *script = ht__calloc(env->allocator, 1, sizeof *script);
    if (script != NULL) {
        script->allocator = env->allocator;
        script->threads = env->threads != 0 ? env->threads : 1;
        note(script, dnnl_engine_create(&script->engine, dnnl_cpu, 0));
    }
    return script;
}

static void destroy(ht_dnn_script *script) {
    for (int i = 0; i < script->count; ++i) {
        dnnl_primitive_destroy(script->operations[i].primitive);
    }
    if (script->engine != NULL) {
        dnnl_engine_destroy(script->engine);
    }
    ht__free(script->allocator, script->packed);
    ht__free(script->allocator, script);
}

ht_status ht__dnn_script_finish(ht_dnn_script *script, const char *what, ht_kernel_state *state, ht_error *err) {
    if (script->failed != dnnl_success) {
        ht_status status = script->failed == dnnl_out_of_memory ? HT_ERROR_MEMORY : HT_ERROR_UNSUPPORTED;
        ht__fail(err, status, "oneDNN made no %s for this shape (its status %d).", what, (int)script->failed);
        destroy(script);
        return status;
    }
    *state = (ht_kernel_state){script, sizeof *script + script->packed_bytes, script->scratch_bytes};
    return HT_OK;
}

void ht__dnn_script_release(ht_kernel_state *state, const ht_allocator *allocator) {
    (void)allocator;
    if (state->data != NULL) {
        destroy(state->data);
    }
    state->data = NULL;
}

/* ---- descriptions ---- */

static dnnl_memory_desc_t describe(ht_dnn_script *script, int rank, const int64_t *dims, const int64_t *strides,
                                   dnnl_data_type_t type, bool any) {
    dnnl_memory_desc_t desc = {0};
    dnnl_dims_t own_dims = {0}, own_strides = {0}; /* oneDNN reads arrays of its own length */
    for (int i = 0; i < rank; ++i) {
        own_dims[i] = dims[i];
        own_strides[i] = strides[i];
    }
    note(script, any ? dnnl_memory_desc_init_by_tag(&desc, rank, own_dims, type, dnnl_format_tag_any)
                     : dnnl_memory_desc_init_by_strides(&desc, rank, own_dims, type, own_strides));
    return desc;
}

dnnl_memory_desc_t ht__dnn_dense(ht_dnn_script *script, int rank, const int64_t *dims, dnnl_data_type_t type,
                                 bool any) {
    dnnl_dims_t strides = {0};
    int64_t next = 1;
    for (int i = rank - 1; i >= 0; --i) {
        strides[i] = next;
        next *= dims[i];
    }
    return describe(script, rank, dims, strides, type, any);
}

dnnl_memory_desc_t ht__dnn_desc(ht_dnn_script *script, const ht_tensor_desc *tensor, dnnl_data_type_t type, bool any) {
    int64_t strides[HT_MAX_RANK];
    ht__desc_strides(tensor, strides);
    return describe(script, tensor->rank, tensor->dims, strides, type, any);
}

dnnl_primitive_attr_t ht__dnn_attributes(ht_dnn_script *script) {
    dnnl_primitive_attr_t attributes = NULL;
    note(script, dnnl_primitive_attr_create(&attributes));
    if (attributes != NULL) {
        note(script, dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user));
    }
    return attributes;
}

dnnl_primitive_desc_t ht__dnn_describe(ht_dnn_script *script, const void *operation, dnnl_primitive_attr_t attributes,
                                       dnnl_primitive_desc_t hint) {
    dnnl_primitive_desc_t pd = NULL;
    if (script->failed != dnnl_success) {
        return NULL;
    }
    int before = plan_threads(script->threads);
    note(script, dnnl_primitive_desc_create(&pd, operation, attributes, script->engine, hint));
    omp_set_num_threads(before);
    return script->failed == dnnl_success ? pd : NULL;
}

/* Is the implementation's name of this kind? */
static bool implemented_by(const dnnl_primitive_desc_t pd, const char *kind) {
    const char *name = "";
    return pd != NULL && dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, (void *)&name) == dnnl_success &&
           strncmp(name, kind, strlen(kind)) == 0;
}

/* The implementation behind brgemm in oneDNN's list when it is a generated direct convolution, else NULL. */
static dnnl_primitive_desc_t direct_behind_brgemm(const ht_dnn_script *script, const void *operation,
                                                  dnnl_primitive_attr_t attributes) {
    dnnl_primitive_desc_iterator_t iterator = NULL;
    if (dnnl_primitive_desc_iterator_create(&iterator, operation, attributes, script->engine, NULL) != dnnl_success) {
        return NULL;
    }
    dnnl_primitive_desc_t pd = dnnl_primitive_desc_iterator_fetch(iterator);
    bool brgemm = implemented_by(pd, "brgconv:");
    dnnl_primitive_desc_destroy(pd);
    pd = brgemm && dnnl_primitive_desc_iterator_next(iterator) == dnnl_success
             ? dnnl_primitive_desc_iterator_fetch(iterator)
             : NULL;
    dnnl_primitive_desc_iterator_destroy(iterator);
    if (pd != NULL && !implemented_by(pd, "jit:")) {
        dnnl_primitive_desc_destroy(pd);
        pd = NULL;
    }
    return pd;
}

dnnl_primitive_desc_t ht__dnn_describe_direct(ht_dnn_script *script, const void *operation,
                                              dnnl_primitive_attr_t attributes) {
    if (script->failed != dnnl_success) {
        return NULL;
    }
    int before = plan_threads(script->threads);
    dnnl_primitive_desc_t pd = direct_behind_brgemm(script, operation, attributes);
    omp_set_num_threads(before);
    return pd != NULL ? pd : ht__dnn_describe(script, operation, attributes, NULL);
}

dnnl_memory_desc_t ht__dnn_chosen(const dnnl_primitive_desc_t pd, int argument) {
    const dnnl_memory_desc_t *desc =
        pd != NULL ? dnnl_primitive_desc_query_md(pd, dnnl_query_exec_arg_md, argument) : NULL;
    return desc != NULL ? *desc : (dnnl_memory_desc_t){0};
}

/* ---- operations ---- */

static ht_dnn_place reserve_bytes(ht_dnn_script *script, size_t bytes) {
    ht_dnn_place place = {HT_DNN_SCRATCH, script->scratch_bytes};
    script->scratch_bytes += ht__aligned(bytes);
    return place;
}

ht_dnn_place ht__dnn_reserve(ht_dnn_script *script, const dnnl_memory_desc_t *desc) {
    return reserve_bytes(script, dnnl_memory_desc_get_size(desc));
}

void ht__dnn_argument(ht_dnn_script *script, int id, ht_dnn_place place, const dnnl_memory_desc_t *desc) {
    if (script->failed != dnnl_success) {
        return;
    }
    ht_dnn_operation *operation = &script->operations[script->count - 1];
    operation->arguments[operation->count++] = (ht_dnn_argument){id, place, *desc};
}

void ht__dnn_add(ht_dnn_script *script, dnnl_primitive_desc_t pd) {
    if (pd == NULL || script->failed != dnnl_success) {
        if (pd != NULL) {
            dnnl_primitive_desc_destroy(pd);
        }
        return;
    }
    dnnl_primitive_t primitive = NULL;
    int before = plan_threads(script->threads);
    note(script, dnnl_primitive_create(&primitive, pd));
    omp_set_num_threads(before);
    if (script->failed == dnnl_success) {
        script->operations[script->count++].primitive = primitive;
        const dnnl_memory_desc_t *scratch = dnnl_primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0);
        if (scratch != NULL && dnnl_memory_desc_get_size(scratch) != 0) {
            ht__dnn_argument(script, DNNL_ARG_SCRATCHPAD, ht__dnn_reserve(script, scratch), scratch);
        }
    }
    dnnl_primitive_desc_destroy(pd);
}

void ht__dnn_reorder(ht_dnn_script *script, ht_dnn_place source, const dnnl_memory_desc_t *from, ht_dnn_place target,
                     const dnnl_memory_desc_t *to) {
    if (script->failed != dnnl_success) {
        return;
    }
    dnnl_primitive_desc_t pd = NULL;
    dnnl_primitive_attr_t attributes = ht__dnn_attributes(script);
    int before = plan_threads(script->threads);
    note(script, dnnl_reorder_primitive_desc_create(&pd, from, script->engine, to, script->engine, attributes));
    omp_set_num_threads(before);
    dnnl_primitive_attr_destroy(attributes);
    ht__dnn_add(script, pd);
    ht__dnn_argument(script, DNNL_ARG_FROM, source, from);
    ht__dnn_argument(script, DNNL_ARG_TO, target, to);
}

ht_dnn_place ht__dnn_bring(ht_dnn_script *script, ht_dnn_place place, const dnnl_memory_desc_t *from,
                           const dnnl_memory_desc_t *to) {
    if (script->failed != dnnl_success || dnnl_memory_desc_equal(from, to)) {
        return place;
    }
    ht_dnn_place target = ht__dnn_reserve(script, to);
    ht__dnn_reorder(script, place, from, target, to);
    return target;
}

/* ---- running ---- */

static void *resolve(const ht_dnn_script *script, ht_dnn_place place, const void *const *inputs, void *const *outputs,
                     unsigned char *scratch) {
    switch (place.kind) {
    case HT_DNN_INPUT: return (void *)(uintptr_t)inputs[place.at]; /* oneDNN takes no const pointer, but only reads */
    case HT_DNN_OUTPUT: return outputs[place.at];
    case HT_DNN_SCRATCH: return scratch + place.at;
    case HT_DNN_PACKED: break;
    }
    return script->packed + place.at;
}

static dnnl_status_t execute(const ht_dnn_script *script, const ht_dnn_operation *operation, dnnl_stream_t stream,
                             const void *const *inputs, void *const *outputs, unsigned char *scratch) {
    dnnl_exec_arg_t arguments[HT_DNN_ARGUMENTS];
    dnnl_status_t status = dnnl_success;
    int made = 0;
    for (; made < operation->count && status == dnnl_success; ++made) {
        const ht_dnn_argument *a = &operation->arguments[made];
        arguments[made] = (dnnl_exec_arg_t){a->id, NULL};
        status = dnnl_memory_create(&arguments[made].memory, &a->desc, script->engine,
                                    resolve(script, a->place, inputs, outputs, scratch));
    }
    if (status == dnnl_success) {
        status = dnnl_primitive_execute(operation->primitive, stream, made, arguments);
    }
    for (int i = 0; i < made; ++i) {
        dnnl_memory_destroy(arguments[i].memory);
    }
    return status;
}

static ht_status run_operations(const ht_dnn_script *script, int first, const void *const *inputs, void *const *outputs,
                                unsigned char *scratch) {
    if (script->threads > 1 && omp_in_parallel()) {
        return HT_ERROR_INTERNAL; /* a plan for several threads cannot run inside a parallel region */
    }
    int before = plan_threads(script->threads);
    dnnl_stream_t stream = NULL;
    dnnl_status_t status = dnnl_stream_create(&stream, script->engine, dnnl_stream_in_order);
    for (int i = first; i < script->count && status == dnnl_success; ++i) {
        status = execute(script, &script->operations[i], stream, inputs, outputs, scratch);
    }
    if (stream != NULL) {
        dnnl_stream_wait(stream);
        dnnl_stream_destroy(stream);
    }
    omp_set_num_threads(before);
    return status == dnnl_success ? HT_OK : status == dnnl_out_of_memory ? HT_ERROR_MEMORY : HT_ERROR_INTERNAL;
}

ht_status ht__dnn_script_run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs,
                             void *scratch, ht_pool *pool) {
    (void)pool;
    return run_operations(state->data, 0, inputs, outputs, scratch);
}

ht_dnn_place ht__dnn_pack(ht_dnn_script *script, const void *data, const dnnl_memory_desc_t *from,
                          const dnnl_memory_desc_t *to) {
    ht_dnn_place place = {HT_DNN_PACKED, 0};
    size_t scratch_before = script->scratch_bytes;
    script->packed_bytes = dnnl_memory_desc_get_size(to);
    script->packed = ht__alloc(script->allocator, script->packed_bytes);
    if (script->packed == NULL) {
        note(script, dnnl_out_of_memory);
        return place;
    }
    ht__dnn_reorder(script, (ht_dnn_place){HT_DNN_INPUT, 0}, from, place, to);
    if (script->failed == dnnl_success) { /* run the new operation now, and take it off again */
        size_t bytes = script->scratch_bytes;
        unsigned char *scratch = ht__alloc(script->allocator, bytes);
        int last = script->count - 1;
        bool done = scratch != NULL && run_operations(script, last, &data, NULL, scratch) == HT_OK;
        note(script, done ? dnnl_success : dnnl_runtime_error);
        ht__free(script->allocator, scratch);
        dnnl_primitive_destroy(script->operations[last].primitive);
        script->operations[last] = (ht_dnn_operation){0};
        script->count = last;
        script->scratch_bytes = scratch_before;
    }
    return place;
}

bool ht__dnn_bf16(const char **reason) {
    *reason = "this CPU multiplies no bf16";
    return dnnl_get_effective_cpu_isa() >= dnnl_cpu_isa_avx512_core_bf16;
}
