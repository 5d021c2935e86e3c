/* Random calls of the move families. */
#include <string.h>

#include "checker.h"
#include "kernels/move/move.h"

static const ht_type any_types[] = {HT_F32, HT_F32, HT_U8, HT_I8, HT_U16, HT_I32, HT_I64, HT_F64};

static ht_type any_type(ht_rng *rng) { return any_types[ht__rng_below(rng, sizeof any_types / sizeof any_types[0])]; }

static ht_tensor_desc any_tensor(ht_rng *rng, int32_t least, int32_t most) {
    int64_t dims[HT_MAX_RANK];
    int32_t rank = (int32_t)pick(rng, least, most);
    for (int32_t i = 0; i < rank; ++i) {
        dims[i] = chance(rng, 0.02) ? 0 : chance(rng, 0.2) ? 1 : pick(rng, 1, rank > 4 ? 6 : 14);
    }
    return tensor_of(any_type(rng), rank, dims, any_layout(rng));
}

static void one_to_one(check_case *out, ht_tensor_desc x, ht_tensor_desc y, const void *parameters, size_t size) {
    out->call.input_count = out->call.output_count = 1;
    out->call.inputs[0] = x;
    out->call.outputs[0] = y;
    out->fill[0] = FILL_INTEGER;
    out->fill_high[0] = 127;
    if (size != 0) {
        memcpy(out->call.parameters, parameters, size);
    }
}

void make_transpose(ht_rng *rng, check_case *out) {
    ht_tensor_desc x = any_tensor(rng, 0, 6), y = x;
    ht_transpose_parameters p = {0};
    for (int32_t i = 0; i < x.rank; ++i) {
        p.permutation[i] = i;
    }
    for (int32_t i = x.rank - 1; i > 0 && chance(rng, 0.7); --i) {
        int32_t j = (int32_t)pick(rng, 0, i), keep = p.permutation[i];
        p.permutation[i] = p.permutation[j];
        p.permutation[j] = keep;
    }
    for (int32_t i = 0; i < x.rank; ++i) {
        y.dims[i] = x.dims[p.permutation[i]];
    }
    y.layout = any_layout(rng);
    one_to_one(out, x, y, &p, sizeof p);
}

void make_copy(ht_rng *rng, check_case *out) {
    ht_tensor_desc x = any_tensor(rng, 0, 5), y = {.type = x.type, .rank = 1};
    x.layout = HT_LAYOUT_PLAIN;
    y.dims[0] = ht__desc_elements(&x);
    one_to_one(out, x, y, NULL, 0);
}

void make_concat(ht_rng *rng, check_case *out) {
    ht_tensor_desc y = any_tensor(rng, 1, 5);
    ht_axis_parameters p = {(int32_t)pick(rng, 0, y.rank - 1)};
    uint32_t count = (uint32_t)pick(rng, 1, 4);
    one_to_one(out, y, y, &p, sizeof p);
    out->call.outputs[0].dims[p.axis] = 0;
    for (uint32_t i = 0; i < count; ++i) {
        ht_tensor_desc x = y;
        x.dims[p.axis] = pick(rng, 0, 7);
        out->call.inputs[i] = x;
        out->call.outputs[0].dims[p.axis] += x.dims[p.axis];
        out->fill[i] = FILL_INTEGER;
        out->fill_high[i] = 127;
    }
    out->call.input_count = count;
}

void make_pad(ht_rng *rng, check_case *out) {
    ht_tensor_desc x = any_tensor(rng, 1, 5), y;
    ht_pad_parameters p;
    do {
        x = any_tensor(rng, 1, 5);
    } while (ht__desc_elements(&x) == 0);
    p = (ht_pad_parameters){.mode = (ht_pad_mode)pick(rng, HT_PAD_CONSTANT, HT_PAD_WRAP),
                            .filler = {1, 2, 3, 4, 5, 6, 7, 8}};
    y = x;
    for (int32_t i = 0; i < x.rank; ++i) {
        p.begin[i] = chance(rng, 0.5) ? 0 : pick(rng, -1, 3);
        p.end[i] = chance(rng, 0.5) ? 0 : pick(rng, 0, 3);
        y.dims[i] += p.begin[i] + p.end[i];
    }
    one_to_one(out, x, y, &p, sizeof p);
}

void make_slice(ht_rng *rng, check_case *out) {
    ht_tensor_desc x;
    do {
        x = any_tensor(rng, 1, 5);
    } while (ht__desc_elements(&x) == 0);
    ht_tensor_desc y = x;
    ht_slice_parameters p = {0};
    x.layout = y.layout = HT_LAYOUT_PLAIN;
    for (int32_t i = 0; i < x.rank; ++i) {
        int64_t size = x.dims[i];
        p.begin[i] = pick(rng, 0, size - 1);
        p.step[i] = chance(rng, 0.5) ? 1 : chance(rng, 0.5) ? -1 : pick(rng, 1, 3);
        int64_t most = p.step[i] > 0 ? (size - 1 - p.begin[i]) / p.step[i] + 1 : p.begin[i] / -p.step[i] + 1;
        y.dims[i] = pick(rng, chance(rng, 0.05) ? 0 : 1, most);
    }
    one_to_one(out, x, y, &p, sizeof p);
}

void make_gather(ht_rng *rng, check_case *out) {
    static const ht_type index_types[] = {HT_I64, HT_I32, HT_U16, HT_U8};
    ht_tensor_desc x;
    do {
        x = any_tensor(rng, 1, 4);
    } while (ht__desc_elements(&x) == 0);
    x.layout = HT_LAYOUT_PLAIN;
    ht_axis_parameters p = {(int32_t)pick(rng, 0, x.rank - 1)};
    int64_t dims[2] = {pick(rng, 1, 5), pick(rng, 1, 5)};
    ht_tensor_desc indices =
        tensor_of(index_types[ht__rng_below(rng, 4)], (int32_t)pick(rng, 0, 2), dims, HT_LAYOUT_PLAIN);
    ht_tensor_desc y = {.type = x.type, .rank = x.rank - 1 + indices.rank};
    memcpy(y.dims, x.dims, (size_t)p.axis * sizeof x.dims[0]);
    memcpy(y.dims + p.axis, indices.dims, (size_t)indices.rank * sizeof x.dims[0]);
    memcpy(y.dims + p.axis + indices.rank, x.dims + p.axis + 1, (size_t)(x.rank - p.axis - 1) * sizeof x.dims[0]);
    one_to_one(out, x, y, &p, sizeof p);
    out->call.input_count = 2;
    out->call.inputs[1] = indices;
    out->fill[1] = FILL_INTEGER;
    out->fill_low[1] = indices.type == HT_I64 || indices.type == HT_I32 ? -x.dims[p.axis] : 0;
    out->fill_high[1] = x.dims[p.axis] - 1;
}

void make_cast(ht_rng *rng, check_case *out) {
    ht_tensor_desc x = any_tensor(rng, 0, 4), y = x;
    y.type = chance(rng, 0.1) ? HT_BOOL : any_type(rng);
    one_to_one(out, x, y, NULL, 0);
    bool real = x.type == HT_F32 || x.type == HT_F64;
    out->fill[0] = real ? FILL_SPECIAL : FILL_INTEGER;
}

void make_expand(ht_rng *rng, check_case *out) {
    ht_tensor_desc y = any_tensor(rng, 1, 5);
    y.layout = HT_LAYOUT_PLAIN;
    ht_tensor_desc x = y;
    for (int32_t i = 0; i < x.rank; ++i) {
        x.dims[i] = chance(rng, 0.5) ? 1 : x.dims[i];
    }
    if (x.dims[0] == 1 && chance(rng, 0.5)) {
        memmove(x.dims, x.dims + 1, (size_t)(--x.rank) * sizeof x.dims[0]);
    }
    one_to_one(out, x, y, NULL, 0);
}
