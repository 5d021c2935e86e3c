/* A sample as the tensor that a model takes. */
#include <math.h>
#include <string.h>

#include "formats/model.h"
#include "formats/tensors.h"
#include "halftone/eval.h"
#include "passes/passes.h"

/* The input by its name; in a copy whose ends are real numbers, so that its codes are annotated. */
typedef struct wanted_input {
    ht_tensor_desc desc;      /* as the model takes it */
    const ht_quantization *q; /* of its codes; NULL: plain numbers */
} wanted_input;

static ht_status find_input(const ht_model *model, const ht_graph *real, const char *name, wanted_input *out,
                            ht_error *err) {
    for (size_t i = 0; i < model->graph->input_count; ++i) {
        if (strcmp(model->graph->inputs[i]->name, name) == 0) {
            out->desc = model->graph->inputs[i]->desc;
            out->q = out->desc.type != HT_F32 ? real->inputs[i]->quantization : NULL;
            return HT_OK;
        }
    }
    return ht__fail_at(err, HT_ERROR_ARGUMENT, name, "The model has no input of this name.");
}

/* Gives the shape its sizes: a batch of one, and the sample's dimensions. *last says whether channels come last. */
static ht_status fit_shape(ht_tensor_desc *desc, const ht_dataset_info *info, const char *name, bool *last,
                           ht_error *err) {
    static const size_t first_order[] = {0, 1, 2}, last_order[] = {1, 2, 0};
    for (int way = 0; way < 2; ++way) {
        const size_t *order = way == 0 ? first_order : last_order;
        bool fits = desc->rank == (int32_t)info->rank + 1 && desc->dims[0] <= 1 && (way == 0 || info->rank == 3);
        for (size_t i = 0; fits && i < info->rank; ++i) {
            fits = desc->dims[i + 1] < 0 || desc->dims[i + 1] == (int64_t)info->dims[order[i]];
        }
        if (fits) {
            desc->dims[0] = 1;
            for (size_t i = 0; i < info->rank; ++i) {
                desc->dims[i + 1] = (int64_t)info->dims[order[i]];
            }
            *last = way == 1;
            return HT_OK;
        }
    }
    char text[96];
    return ht__fail_at(err, HT_ERROR_MISMATCH, name, "The model takes %s, but a sample is %zu x %zu x %zu numbers.",
                       ht__desc_print(desc, text, sizeof text), info->dims[0], info->dims[1], info->dims[2]);
}

static void to_channels_last(const ht_dataset_info *info, const float *from, float *to) {
    size_t plane = info->dims[1] * info->dims[2];
    for (size_t i = 0; i < info->input_elements; ++i) {
        to[i % plane * info->dims[0] + i / plane] = from[i];
    }
}

/* Rounds half to even and saturates to the type, by the annotation's scale if there is one. */
static void write_codes(const wanted_input *input, const float *numbers, size_t count, void *out) {
    bool is_signed = input->desc.type == HT_I8;
    double low = is_signed ? -128.0 : 0.0, high = low + 255.0;
    for (size_t i = 0; i < count; ++i) {
        double x = (double)numbers[i];
        double code =
            input->q != NULL ? rint(x / (double)input->q->scale[0]) + (double)input->q->zero_point[0] : rint(x);
        code = fmin(fmax(code, low), high);
        ((uint8_t *)out)[i] = (uint8_t)(int32_t)code;
    }
}

static ht_status make_tensor(ht_context *ctx, const ht_dataset *dataset, uint32_t sample, const char *name,
                             wanted_input *input, ht_tensors *list, ht_error *err) {
    const ht_dataset_info *info = ht_dataset_describe(dataset);
    bool codes = input->desc.type == HT_U8 || input->desc.type == HT_I8, last = false;
    if (!codes && input->desc.type != HT_F32) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, name,
                           "The model's input %s takes %s, which samples are not made as.", name,
                           ht_type_name(input->desc.type));
    }
    HT_TRY(fit_shape(&input->desc, info, name, &last, err));
    size_t bytes = info->input_elements * sizeof(float);
    float *numbers = ht__alloc(&ctx->allocator, bytes), *turned = ht__alloc(&ctx->allocator, bytes);
    ht_status status = numbers != NULL && turned != NULL ? HT_OK : ht__fail_memory(err, 2 * bytes);
    if (status == HT_OK) {
        status = ht_dataset_read(dataset, &sample, 1, numbers, NULL, err);
    }
    if (status == HT_OK) {
        if (last) {
            to_channels_last(info, numbers, turned);
        } else {
            memcpy(turned, numbers, bytes);
        }
        if (codes) {
            write_codes(input, turned, info->input_elements, numbers);
        }
        status = ht__tensors_set(list, 0, name, &input->desc, codes ? numbers : turned, err);
    }
    ht__free(&ctx->allocator, status == HT_OK && codes ? NULL : numbers);
    ht__free(&ctx->allocator, status == HT_OK && !codes ? NULL : turned);
    return status;
}

ht_status ht_dataset_tensor(ht_context *ctx, const ht_dataset *dataset, size_t sample, const ht_model *model,
                            const char *name, ht_tensors **out, ht_error *err) {
    ht_graph *real;
    wanted_input input = {0};
    *out = NULL;
    HT_TRY(ht__graph_copy(model->graph, &real, err));
    ht_status status = ht__graph_sort(real, err);
    if (status == HT_OK) {
        status = ht__pass_real_ends(real, err);
    }
    if (status == HT_OK) {
        status = find_input(model, real, name, &input, err);
    }
    if (status == HT_OK) {
        status = ht__tensors_create(&ctx->allocator, 1, out, err);
    }
    if (status == HT_OK) {
        status = make_tensor(ctx, dataset, (uint32_t)sample, name, &input, *out, err);
    }
    ht__graph_destroy(real);
    if (status != HT_OK) {
        ht_tensors_destroy(*out);
        *out = NULL;
    }
    return status;
}
