/* One case: filling, running, comparing. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "checker.h"

int64_t pick(ht_rng *rng, int64_t low, int64_t high) {
    return low + (int64_t)ht__rng_below(rng, (uint64_t)(high - low + 1));
}

bool chance(ht_rng *rng, double probability) { return ht__rng_uniform(rng) < probability; }

ht_layout any_layout(ht_rng *rng) { return chance(rng, 0.5) ? HT_LAYOUT_CHANNELS_LAST : HT_LAYOUT_PLAIN; }

ht_tensor_desc tensor_of(ht_type type, int32_t rank, const int64_t *dims, ht_layout layout) {
    ht_tensor_desc desc = {.type = type, .layout = layout, .rank = rank};
    for (int32_t i = 0; i < rank; ++i) {
        desc.dims[i] = dims[i];
    }
    return desc;
}

static float special_value(ht_rng *rng) {
    static const float values[] = {0.0f,    -0.0f,   INFINITY, -INFINITY, NAN, 1e-40f,
                                   -1e-40f, 3.4e38f, -3.4e38f, 0.5f,      1.5f};
    return values[ht__rng_below(rng, sizeof values / sizeof values[0])];
}

static double fill_value(ht_rng *rng, fill_kind kind, int64_t low, int64_t high) {
    switch (kind) {
    case FILL_SPECIAL:
        if (chance(rng, 0.1)) {
            return special_value(rng);
        }
        return ht__rng_normal(rng) * 2.0;
    case FILL_POSITIVE: return 0.1 + 1.9 * ht__rng_uniform(rng);
    case FILL_TIES: return (double)pick(rng, -2, 2) / 2.0;
    case FILL_INTEGER: return (double)pick(rng, low, high);
    case FILL_SCALE: return chance(rng, 0.3) ? 0.0625 : 0.01 + 0.19 * ht__rng_uniform(rng);
    case FILL_NORMAL: break;
    }
    return ht__rng_normal(rng);
}

static void store(ht_type type, void *data, int64_t i, double value) {
    switch (type) {
    case HT_F32: ((float *)data)[i] = (float)value; break;
    case HT_F64: ((double *)data)[i] = value; break;
    case HT_U8: ((uint8_t *)data)[i] = (uint8_t)value; break;
    case HT_BOOL: ((uint8_t *)data)[i] = value > 0.0; break;
    case HT_I8: ((int8_t *)data)[i] = (int8_t)value; break;
    case HT_U16: ((uint16_t *)data)[i] = (uint16_t)value; break;
    case HT_I16: ((int16_t *)data)[i] = (int16_t)value; break;
    case HT_I32: ((int32_t *)data)[i] = (int32_t)value; break;
    case HT_U32: ((uint32_t *)data)[i] = (uint32_t)value; break;
    case HT_I64: ((int64_t *)data)[i] = (int64_t)value; break;
    case HT_U64: ((uint64_t *)data)[i] = (uint64_t)value; break;
    default: break;
    }
}

static bool create_for(const ht_tensor_desc *desc, guarded *out) {
    size_t bytes = 0, unit = ht_type_bytes(desc->type);
    return desc->type == HT_NONE || (ht__desc_bytes(desc, &bytes) && guarded_create(bytes, unit, out));
}

static const void *const *pointers_of(const guarded *memory, const void **out) {
    for (int i = 0; i < HT_MAX_INPUTS; ++i) {
        out[i] = memory[i].data;
    }
    return out;
}

static void erase_outputs(check_case *c, guarded *outputs, void **pointers) {
    for (uint32_t i = 0; i < c->call.output_count; ++i) {
        pointers[i] = outputs[i].data;
        if (outputs[i].bytes != 0) {
            memset(outputs[i].data, 0xFF, outputs[i].bytes);
        }
    }
}

/* What a run of a variant under test has. */
typedef struct prepared {
    ht_kernel_state state;
    guarded memory, packed;
    const void *inputs[HT_MAX_INPUTS];
} prepared;

/* As from a file: packed constants are read-only memory, and what they were packed from is gone. */
static const char *bind_variant(const ht_kernel_call *call, const ht_kernel_variant *variant, const ht_kernel_env *env,
                                prepared *out) {
    ht_kernel_call left = *call;
    ht_kernel_sizes sizes, again;
    const char *reason = NULL;
    ht__kernel_layout(variant, call, env, &sizes);
    if (!guarded_create(sizes.packed_bytes, HT_ALIGNMENT, &out->packed) ||
        !guarded_create(sizes.state_bytes, HT_ALIGNMENT, &out->memory)) {
        return "no memory for its state";
    }
    if (sizes.packed_bytes != 0) {
        variant->pack(call, out->packed.data);
    }
    for (uint32_t i = 0; i < call->input_count; ++i) {
        if ((sizes.packed >> i & 1) != 0 && call->constants[i] != NULL) {
            left.constants[i] = out->inputs[i] = NULL;
            left.packed |= 1u << i;
        }
    }
    if (!variant->accept(&left, env, &reason)) {
        return "refuses its own packed constants";
    }
    ht__kernel_layout(variant, &left, env, &again);
    if (again.state_bytes != sizes.state_bytes || again.packed_bytes != sizes.packed_bytes ||
        again.scratch_bytes != sizes.scratch_bytes || again.packed != sizes.packed) {
        return "its layout depends on contents";
    }
    if (!guarded_protect(&out->packed)) {
        return "packed constants cannot be protected";
    }
    memset(out->memory.data, 0xFF, out->memory.bytes);
    ht__kernel_bind(variant, &left, out->packed.data, out->memory.data);
    out->state = (ht_kernel_state){out->memory.data, sizes.state_bytes, sizes.scratch_bytes};
    return guarded_intact(&out->memory) ? NULL : "wrote before its state";
}

/* Runs twice: the state must survive a run. */
static const char *run_prepared(check_case *c, const ht_kernel_variant *variant, const prepared *p, ht_pool *pool,
                                guarded *outputs) {
    void *results[HT_MAX_OUTPUTS] = {0};
    const char *fault = NULL;
    if (!guarded_create(p->state.scratch_bytes, HT_ALIGNMENT, &c->scratch)) {
        return "no memory for scratch";
    }
    for (int pass = 0; pass < 2 && fault == NULL; ++pass) {
        erase_outputs(c, outputs, results);
        if (c->scratch.bytes != 0) {
            memset(c->scratch.data, 0xFF, c->scratch.bytes);
        }
        if (variant->run(&p->state, p->inputs, results, c->scratch.data, pool) != HT_OK) {
            fault = "run failed";
        } else if (!guarded_intact(&c->scratch)) {
            fault = "wrote before its scratch";
        }
    }
    guarded_destroy(&c->scratch);
    return fault;
}

static const char *run_variant(check_case *c, const ht_kernel_call *call, const ht_kernel_variant *variant,
                               const ht_kernel_env *env, ht_pool *pool, guarded *outputs) {
    prepared p = {0};
    const char *fault = NULL;
    pointers_of(c->inputs, p.inputs);
    if (variant->prepare == NULL) {
        fault = bind_variant(call, variant, env, &p);
    } else if (variant->prepare(call, env, &p.state, NULL) != HT_OK) {
        return "prepare failed";
    }
    if (fault == NULL) {
        fault = run_prepared(c, variant, &p, pool, outputs);
    }
    if (variant->prepare != NULL) {
        ht__kernel_release(variant, &p.state, env->allocator);
    }
    guarded_destroy(&p.memory);
    guarded_destroy(&p.packed);
    for (uint32_t i = 0; i < call->output_count && fault == NULL; ++i) {
        fault = outputs[i].mapping != NULL && !guarded_intact(&outputs[i]) ? "wrote before an output" : NULL;
    }
    return fault;
}

static const ht_kernel_env reference_env = {.allocator = &ht__system_allocator, .threads = 1, .reference_only = true};

static void flip_signs(check_case *c) {
    for (uint32_t i = 0; i < c->call.input_count; ++i) {
        float *values = c->inputs[i].data;
        for (size_t k = 0; k < c->inputs[i].bytes / sizeof *values; ++k) {
            values[k] = fabsf(values[k]);
        }
    }
}

/* bounds = the reference on absolute values. */
static const char *compute_bounds(check_case *c, const ht_kernel_variant *reference) {
    ht_kernel_call call = c->call;
    guarded kept[HT_MAX_INPUTS] = {0};
    c->absolute(&call);
    for (uint32_t i = 0; i < call.input_count; ++i) {
        if (c->inputs[i].mapping != NULL) {
            if (!create_for(&call.inputs[i], &kept[i])) {
                return "no memory";
            }
            memcpy(kept[i].data, c->inputs[i].data, kept[i].bytes);
        }
    }
    flip_signs(c);
    const char *fault = run_variant(c, &call, reference, &reference_env, NULL, c->bounds);
    for (uint32_t i = 0; i < call.input_count; ++i) {
        if (kept[i].mapping != NULL) {
            memcpy(c->inputs[i].data, kept[i].data, kept[i].bytes);
            guarded_destroy(&kept[i]);
        }
    }
    return fault;
}

const char *case_prepare(ht_rng *rng, check_case *c) {
    const ht_kernel_family *family = c->call.family;
    const ht_kernel_variant *reference = family->variants[family->variant_count - 1];
    for (uint32_t i = 0; i < c->call.input_count; ++i) {
        const ht_tensor_desc *desc = &c->call.inputs[i];
        if (!create_for(desc, &c->inputs[i])) {
            return "no memory";
        }
        int64_t elements = desc->type == HT_NONE ? 0 : ht__desc_elements(desc);
        for (int64_t k = 0; k < elements; ++k) {
            store(desc->type, c->inputs[i].data, k, fill_value(rng, c->fill[i], c->fill_low[i], c->fill_high[i]));
        }
    }
    for (uint32_t i = 0; i < c->call.output_count; ++i) {
        const ht_tensor_desc *desc = &c->call.outputs[i];
        if (!create_for(desc, &c->expected[i]) || !create_for(desc, &c->results[i]) ||
            (c->rule == CHECK_DOT && !create_for(desc, &c->bounds[i]))) {
            return "no memory";
        }
    }
    const char *fault = run_variant(c, &c->call, reference, &reference_env, NULL, c->expected);
    return fault == NULL && c->rule == CHECK_DOT ? compute_bounds(c, reference) : fault;
}

void case_release(check_case *c) {
    for (int i = 0; i < HT_MAX_INPUTS; ++i) {
        guarded_destroy(&c->inputs[i]);
    }
    for (int i = 0; i < HT_MAX_OUTPUTS; ++i) {
        guarded_destroy(&c->expected[i]);
        guarded_destroy(&c->results[i]);
        guarded_destroy(&c->bounds[i]);
    }
}

static bool same_bits(ht_type type, const void *a, const void *b, int64_t i) {
    if (type == HT_F32) {
        float x = ((const float *)a)[i], y = ((const float *)b)[i];
        return (x != x && y != y) || memcmp(&x, &y, sizeof x) == 0;
    }
    size_t unit = ht_type_bytes(type);
    return memcmp((const char *)a + (size_t)i * unit, (const char *)b + (size_t)i * unit, unit) == 0;
}

static double largest(const float *values, int64_t count) {
    double result = 0.0;
    for (int64_t i = 0; i < count; ++i) {
        result = fabs((double)values[i]) > result ? fabs((double)values[i]) : result;
    }
    return result;
}

/* Index of the first element that differs by more than the rule allows, or -1. */
static int64_t first_difference(const check_case *c, uint32_t output, bool bf16, double *allowed) {
    const ht_tensor_desc *desc = &c->call.outputs[output];
    int64_t elements = ht__desc_elements(desc);
    const void *expected = c->expected[output].data, *results = c->results[output].data;
    bool exact = c->rule == CHECK_EXACT || desc->type != HT_F32;
    double tensor_bound = c->rule == CHECK_CLOSE && !exact ? 1e-5 * largest(expected, elements) + 1e-7 : 0.0;
    for (int64_t i = 0; i < elements; ++i) {
        if (same_bits(desc->type, expected, results, i)) {
            continue;
        }
        if (exact) {
            return i;
        }
        *allowed = tensor_bound;
        if (c->rule == CHECK_DOT) {
            double sum = fabs((double)((const float *)c->bounds[output].data)[i]);
            *allowed = sum * (2.0 * FLT_EPSILON * (double)(c->depth + 4) + (bf16 ? 1.01 * 0x1p-7 : 0.0)) + 1e-37;
        }
        double difference = fabs((double)((const float *)results)[i] - (double)((const float *)expected)[i]);
        if (!(difference <= *allowed)) {
            return i;
        }
    }
    return -1;
}

static void print_case(const check_case *c) {
    char text[160];
    for (uint32_t i = 0; i < c->call.input_count; ++i) {
        printf(" %s%s", ht__desc_print(&c->call.inputs[i], text, sizeof text),
               c->call.inputs[i].layout == HT_LAYOUT_CHANNELS_LAST ? "cl" : "");
    }
    printf(" ->");
    for (uint32_t i = 0; i < c->call.output_count; ++i) {
        printf(" %s%s", ht__desc_print(&c->call.outputs[i], text, sizeof text),
               c->call.outputs[i].layout == HT_LAYOUT_CHANNELS_LAST ? "cl" : "");
    }
    printf("\n");
}

bool case_check(check_case *c, const ht_kernel_variant *variant, const ht_kernel_env *env, ht_pool *pool,
                bool constant_weights, bool *accepted, const char **reason) {
    for (uint32_t i = 0; i < c->call.input_count; ++i) {
        c->call.constants[i] = constant_weights && c->weights[i] ? c->inputs[i].data : NULL;
    }
    *accepted = variant->accept(&c->call, env, reason);
    if (!*accepted) {
        return true;
    }
    const char *fault = run_variant(c, &c->call, variant, env, pool, c->results);
    if (fault != NULL) {
        printf("FAIL %s: %s\n    ", variant->name, fault);
        print_case(c);
        return false;
    }
    for (uint32_t i = 0; i < c->call.output_count; ++i) {
        double allowed = 0.0;
        if (c->call.outputs[i].type == HT_NONE) {
            continue;
        }
        int64_t at = first_difference(c, i, env->allow_bf16, &allowed);
        if (at < 0) {
            continue;
        }
        printf("FAIL %s: output %u differs at element %lld", variant->name, i, (long long)at);
        if (c->call.outputs[i].type == HT_F32) {
            printf(": %.9g instead of %.9g (allowed %.3g)", (double)((float *)c->results[i].data)[at],
                   (double)((float *)c->expected[i].data)[at], allowed);
        }
        printf("; threads %u%s%s\n    ", env->threads, env->allow_bf16 ? ", bf16" : "",
               constant_weights ? ", constant weights" : "");
        print_case(c);
        return false;
    }
    return true;
}
