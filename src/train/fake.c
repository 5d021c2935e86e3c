#include "train/fake.h"

#include <math.h>
#include <string.h>

#include "quant/annotate.h"
#include "quant/calibrate.h"

/* Weight of the past in the averages of the activations' ranges. */
#define MEMORY 0.99
#define CALIBRATION_SAMPLES 512

/* ---- planning ---- */

static ht_status read_scheme(ht_fake *fake, const ht_train_options *recipe, ht_error *err) {
    HT_TRY(ht_scheme_parse(recipe->qat_scheme, &fake->scheme, err));
    fake->scheme.bits = recipe->qat_weight_bits;
    fake->scheme.activation_bits = recipe->qat_activation_bits;
    HT_TRY(ht_scheme_check(&fake->scheme, err));
    if (!ht__fake_supports(&fake->scheme) || strcmp(fake->scheme.granularity, "block") == 0) {
        return ht__fail(
            err, HT_ERROR_UNSUPPORTED,
            "Training can round onto affine, symmetric and power-of-two grids per tensor or channel, not by "
            "the scheme '%s'.",
            recipe->qat_scheme);
    }
    ht_fake_parameters grid;
    HT_TRY(ht__fake_parameters(&fake->scheme, fake->scheme.bits, -1, 1, &grid, err));
    fake->weight_high = grid.high;
    ht_scheme_init(&fake->activation_scheme); /* affine, whatever the weights have: most activations have one sign */
    fake->activation_scheme.bits = fake->scheme.activation_bits;
    if (fake->scheme.activation_bits > 0) {
        HT_TRY(ht__fake_parameters(&fake->activation_scheme, fake->scheme.activation_bits, -1, 1, &grid, err));
        fake->activation_high = grid.high;
    }
    return HT_OK;
}

static ht_status plan_weights(ht_fake *fake, const ht_graph *graph, ht_error *err) {
    const ht_allocator *allocator = &fake->ctx->allocator;
    ht_target *targets;
    size_t count, grids = 0;
    HT_TRY(ht__quantization_targets(graph, &targets, &count, err));
    fake->weights = ht__calloc(allocator, count + 1, sizeof *fake->weights);
    bool channels = strcmp(fake->scheme.granularity, "channel") == 0;
    for (size_t i = 0; i < count && fake->weights != NULL; ++i) {
        if (targets[i].role != HT_TARGET_WEIGHT) {
            continue;
        }
        ht_fake_weight *weight = &fake->weights[fake->weight_count++];
        bool split = channels && targets[i].channel_axis >= 0;
        weight->source = targets[i].value;
        weight->axis = split ? targets[i].channel_axis : -1;
        weight->channels = split ? (size_t)targets[i].value->desc.dims[targets[i].channel_axis] : 1;
        weight->first = grids;
        grids += weight->channels;
        fake->room_count = weight->channels > fake->room_count ? weight->channels : fake->room_count;
    }
    ht__free(allocator, targets);
    fake->scales = ht__calloc(allocator, grids + 1, sizeof *fake->scales);
    fake->zero_points = ht__calloc(allocator, grids + 1, sizeof *fake->zero_points);
    fake->room = ht__calloc(allocator, fake->room_count + 1, sizeof *fake->room);
    if (fake->weights == NULL || fake->scales == NULL || fake->zero_points == NULL || fake->room == NULL) {
        return ht__fail_memory(err, count * sizeof *fake->weights + grids * 2 * sizeof(float));
    }
    return HT_OK;
}

static ht_status keep_ranges(ht_fake *fake, const ht_activation_range *ranges, size_t count, ht_error *err) {
    const ht_allocator *allocator = &fake->ctx->allocator;
    fake->activations = ht__calloc(allocator, count + 1, sizeof *fake->activations);
    fake->ranges = ht__calloc(allocator, count + 1, sizeof *fake->ranges);
    if (fake->activations == NULL || fake->ranges == NULL) {
        return ht__fail_memory(err, count * (sizeof *fake->activations + sizeof *fake->ranges));
    }
    fake->activation_count = count;
    for (size_t i = 0; i < count; ++i) {
        fake->activations[i].source = ranges[i].value;
        fake->ranges[i][0] = ranges[i].low;
        fake->ranges[i][1] = ranges[i].high;
    }
    return ht__fake_renew(fake, err);
}

static ht_status plan_activations(ht_fake *fake, const ht_graph *graph, const ht_dataset *data, ht_error *err) {
    if (fake->scheme.activation_bits == 0) {
        return HT_OK;
    }
    ht_activation_range *ranges;
    size_t count;
    HT_TRY(ht__quantized_activations(graph, &ranges, &count, err));
    ht_status status = ht__calibrate(fake->ctx, graph, data, CALIBRATION_SAMPLES, &fake->scheme,
                                     &(ht_calibration_targets){.ranges = ranges, .count = count}, NULL, err);
    if (status == HT_OK) {
        status = keep_ranges(fake, ranges, count, err);
    }
    ht__free(&fake->ctx->allocator, ranges);
    return status;
}

ht_status ht__fake_create(ht_context *ctx, const ht_graph *graph, const ht_train_options *recipe,
                          const ht_dataset *data, ht_fake **out, ht_error *err) {
    ht_fake *fake = ht__calloc(&ctx->allocator, 1, sizeof *fake);
    if (fake == NULL) {
        return ht__fail_memory(err, sizeof *fake);
    }
    fake->ctx = ctx;
    ht_status status = read_scheme(fake, recipe, err);
    if (status == HT_OK) {
        status = plan_weights(fake, graph, err);
    }
    if (status == HT_OK) {
        status = plan_activations(fake, graph, data, err);
    }
    if (status != HT_OK) {
        ht__fake_destroy(fake);
        return status;
    }
    *out = fake;
    return HT_OK;
}

void ht__fake_destroy(ht_fake *fake) {
    if (fake == NULL) {
        return;
    }
    const ht_allocator *allocator = &fake->ctx->allocator;
    ht__free(allocator, fake->weights);
    ht__free(allocator, fake->scales);
    ht__free(allocator, fake->zero_points);
    ht__free(allocator, fake->room);
    ht__free(allocator, fake->activations);
    ht__free(allocator, fake->ranges);
    ht__free(allocator, fake);
}

/* ---- while training ---- */

static ht_array as_array(const ht_fake_weight *weight, const float *values, size_t dims[HT_MAX_RANK]) {
    const ht_tensor_desc *desc = &weight->source->desc;
    for (int32_t i = 0; i < desc->rank; ++i) {
        dims[i] = (size_t)desc->dims[i];
    }
    return (ht_array){.name = weight->source->name,
                      .values = values,
                      .rank = (size_t)desc->rank,
                      .dims = dims,
                      .channel_axis = weight->axis};
}

ht_status ht__fake_fit(ht_fake *fake, const ht_fake_weight *weight, const float *values, ht_error *err) {
    size_t dims[HT_MAX_RANK], count;
    const ht_array array = as_array(weight, values, dims);
    HT_TRY(ht__fake_weight_parameters(fake->ctx, &fake->scheme, &array, fake->room_count, fake->room, &count, err));
    for (size_t i = 0; i < count && i < weight->channels; ++i) {
        fake->scales[weight->first + i] = fake->room[i].scale;
        fake->zero_points[weight->first + i] = fake->room[i].zero_point;
    }
    return HT_OK;
}

static ht_status activation_grid(const ht_fake *fake, const double range[2], ht_fake_parameters *out, ht_error *err) {
    return ht__fake_parameters(&fake->activation_scheme, fake->activation_scheme.bits, range[0], range[1], out, err);
}

ht_status ht__fake_renew(ht_fake *fake, ht_error *err) {
    for (size_t i = 0; i < fake->activation_count; ++i) {
        ht_fake_parameters grid;
        HT_TRY(activation_grid(fake, fake->ranges[i], &grid, err));
        fake->activations[i].scale = grid.scale;
        fake->activations[i].zero_point = grid.zero_point;
    }
    return HT_OK;
}

ht_status ht__fake_follow(ht_fake *fake, ht_error *err) {
    for (size_t i = 0; i < fake->activation_count; ++i) {
        double *range = fake->ranges[i];
        range[0] = MEMORY * range[0] + (1 - MEMORY) * (double)fake->activations[i].seen_low;
        range[1] = MEMORY * range[1] + (1 - MEMORY) * (double)fake->activations[i].seen_high;
    }
    return ht__fake_renew(fake, err);
}

/* ---- the trained model ---- */

static ht_status annotate_weight(const ht_fake *fake, const ht_fake_weight *weight, ht_graph *graph, ht_error *err) {
    ht_value *value = graph->values[weight->source->id];
    size_t dims[HT_MAX_RANK];
    const ht_array array = as_array(weight, value->data, dims);
    size_t count = (size_t)ht__desc_elements(&value->desc);
    float *values = ht__arena_alloc(graph->arena, count * sizeof *values);
    uint32_t *codes = ht__alloc(&fake->ctx->allocator, count * sizeof *codes);
    if (values == NULL || codes == NULL) {
        ht__free(&fake->ctx->allocator, codes);
        return ht__fail_memory(err, count * (sizeof *values + sizeof *codes));
    }
    const ht_quantize_outputs outputs = {.values = values, .codes = codes, .parameters = true};
    ht_quantized result;
    ht_status status = ht__quantize_array(fake->ctx, &fake->scheme, &array, &outputs, &result, err);
    if (status == HT_OK) {
        value->data = values;
        status = ht__annotate_constant(graph, value, &result, codes, weight->axis, &fake->scheme, err);
        ht__quantized_free(fake->ctx, &result);
    }
    ht__free(&fake->ctx->allocator, codes);
    return status;
}

static ht_status annotate_activation(const ht_fake *fake, const double range[2], ht_graph *graph, ht_value *value,
                                     ht_error *err) {
    char text[HT_SCHEME_TEXT];
    ht_scheme_print(&fake->activation_scheme, text);
    ht_fake_parameters grid;
    HT_TRY(activation_grid(fake, range, &grid, err));
    ht_quantization *q = ht__arena_alloc(graph->arena, sizeof *q);
    const float *scale = ht__arena_copy(graph->arena, &grid.scale, sizeof grid.scale);
    const float *zero_point = ht__arena_copy(graph->arena, &grid.zero_point, sizeof grid.zero_point);
    const char *scheme = ht__arena_strdup(graph->arena, text);
    if (q == NULL || scale == NULL || zero_point == NULL || scheme == NULL) {
        return ht__fail_memory(err, sizeof *q);
    }
    *q = (ht_quantization){.bits = (int32_t)fake->activation_scheme.bits,
                           .axis = -1,
                           .groups = 1,
                           .scale = scale,
                           .zero_point = zero_point,
                           .scheme = scheme};
    value->quantization = q;
    return HT_OK;
}

ht_status ht__fake_annotate(const ht_fake *fake, double (*ranges)[2], ht_graph *graph, ht_error *err) {
    for (size_t i = 0; i < fake->weight_count; ++i) {
        HT_TRY(annotate_weight(fake, &fake->weights[i], graph, err));
    }
    for (size_t i = 0; i < fake->activation_count; ++i) {
        ht_value *value = graph->values[fake->activations[i].source->id];
        HT_TRY(annotate_activation(fake, ranges[i], graph, value, err));
    }
    return HT_OK;
}
