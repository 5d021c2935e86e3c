#include "quant/input_range.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/model.h"
#include "graph/op.h"
#include "passes/passes.h"

/* ---- the model ---- */

static bool names(const ht_node *node, const char *op) {
    return node->op->domain[0] == '\0' && strcmp(node->op->name, op) == 0;
}

/* The codes of the input, whether they are annotated or a DequantizeLinear reads them. */
static void read_codes(const ht_graph *graph, ht_input_range *out) {
    const ht_quantization *q = graph->inputs[0]->quantization;
    if (q == NULL || q->codebook || q->element != HT_NONE || q->bits > 16 || q->groups != 1) {
        return;
    }
    double codes = ldexp(1.0, q->bits), first = q->is_signed ? -codes / 2.0 : 0.0;
    out->coded = true;
    out->low = (first - (double)q->zero_point[0]) * (double)q->scale[0];
    out->high = (first + codes - 1.0 - (double)q->zero_point[0]) * (double)q->scale[0];
}

/* The convolution that reads the input, through changes of layout alone. NULL: there is none, or something else stands
 * before it. */
static const ht_node *first_convolution(const ht_graph *graph) {
    static const char *const movers[] = {"Transpose", "Identity", "Pad", "Reshape"};
    const ht_value *value = graph->inputs[0];
    for (size_t steps = 0; steps < graph->node_count; ++steps) {
        ht_node *node = NULL;
        if (ht__graph_consumers(graph, value, &node, 1) != 1) {
            return NULL;
        }
        if (names(node, "Conv")) {
            return node->inputs[1]->data != NULL && node->inputs[1]->desc.type == HT_F32 ? node : NULL;
        }
        bool moves = false;
        for (size_t i = 0; i < sizeof movers / sizeof *movers; ++i) {
            moves = moves || names(node, movers[i]);
        }
        if (!moves) {
            return NULL;
        }
        value = node->outputs[0];
    }
    return NULL;
}

static int compare_numbers(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median of the norms of the filters. */
static ht_status median_norm(const ht_graph *graph, const ht_value *weight, double *out, ht_error *err) {
    size_t filters = (size_t)weight->desc.dims[0],
           each = (size_t)ht__desc_elements(&weight->desc) / (filters | !filters);
    if (filters == 0 || each == 0) {
        return HT_OK;
    }
    double *norms = ht__calloc(&graph->ctx->allocator, filters, sizeof *norms);
    if (norms == NULL) {
        return ht__fail_memory(err, filters * sizeof *norms);
    }
    const float *numbers = weight->data;
    for (size_t f = 0; f < filters; ++f) {
        for (size_t i = 0; i < each; ++i) {
            double w = (double)numbers[f * each + i];
            norms[f] += w * w;
        }
    }
    qsort(norms, filters, sizeof *norms, compare_numbers);
    *out = sqrt(norms[filters / 2]);
    ht__free(&graph->ctx->allocator, norms);
    return HT_OK;
}

static ht_status look(ht_graph *graph, ht_input_range *out, ht_error *err) {
    HT_TRY(ht__graph_sort(graph, err));
    HT_TRY(ht__pass_real_ends(graph, err));
    HT_TRY(ht__pass_fold_batch_norm(graph, NULL, err));
    read_codes(graph, out);
    const ht_node *conv = first_convolution(graph);
    return conv != NULL ? median_norm(graph, conv->inputs[1], &out->gain, err) : HT_OK;
}

ht_status ht__input_range(const ht_graph *graph, ht_input_range *out, ht_error *err) {
    ht_graph *copy;
    *out = (ht_input_range){0};
    if (graph->input_count != 1) {
        return HT_OK;
    }
    HT_TRY(ht__graph_copy(graph, &copy, err));
    ht_status status = look(copy, out, err);
    ht__graph_destroy(copy);
    return status;
}

ht_status ht_model_input_range(const ht_model *model, ht_input_range *out, ht_error *err) {
    return ht__input_range(model->graph, out, err);
}

/* ---- the samples ---- */

typedef struct sample_range {
    double low, high, deviation;
} sample_range;

static ht_status look_at_samples(ht_context *ctx, const ht_dataset *dataset, sample_range *out, ht_error *err) {
    enum { MOST = 64 };
    const ht_dataset_info *info = ht_dataset_describe(dataset);
    size_t count = info->samples < MOST ? info->samples : MOST;
    float *sample = ht__calloc(&ctx->allocator, info->input_elements, sizeof *sample);
    if (sample == NULL) {
        return ht__fail_memory(err, info->input_elements * sizeof *sample);
    }
    double sum = 0.0, squares = 0.0, numbers = (double)count * (double)info->input_elements;
    *out = (sample_range){INFINITY, -INFINITY, 0.0};
    ht_status status = HT_OK;
    for (size_t i = 0; i < count && status == HT_OK; ++i) {
        uint32_t index = (uint32_t)(i * info->samples / count);
        status = ht_dataset_read(dataset, &index, 1, sample, NULL, err);
        for (size_t k = 0; k < info->input_elements && status == HT_OK; ++k) {
            double x = (double)sample[k];
            out->low = fmin(out->low, x);
            out->high = fmax(out->high, x);
            sum += x;
            squares += x * x;
        }
    }
    ht__free(&ctx->allocator, sample);
    double mean = sum / numbers;
    out->deviation = sqrt(fmax(squares / numbers - mean * mean, 0.0));
    return status;
}

/* ---- together ---- */

/* Behind the first convolution values have a deviation of this order. Measured on networks for pictures of 0..255,
 * 0..1, -1..1 and normalized ones: 0.3 to 3; the wrong range is off by a factor of 50 or more. */
#define LEAST_RESULT 0.03
#define MOST_RESULT 30.0
/* Pictures that leave more of the codes idle than this are not those that the codes were made for. */
#define LEAST_SHARE 0.55

ht_status ht_input_misfit(ht_context *ctx, const ht_model *model, const ht_dataset *dataset, bool *misfit, char *text,
                          ht_error *err) {
    ht_input_range range;
    sample_range seen;
    *misfit = false;
    text[0] = '\0';
    HT_TRY(ht__input_range(model->graph, &range, err));
    if (!ht_dataset_describe(dataset)->has_pictures || (!range.coded && range.gain == 0.0)) {
        return HT_OK; /* the habits of pictures are known, those of other samples are not */
    }
    HT_TRY(look_at_samples(ctx, dataset, &seen, err));
    double used = fmin(seen.high, range.high) - fmax(seen.low, range.low), slack = 0.05 * (range.high - range.low);
    double result = range.gain * seen.deviation;
    if (range.coded && (used < LEAST_SHARE * (range.high - range.low) || seen.low < range.low - 10.0 * slack ||
                        seen.high > range.high + 10.0 * slack)) {
        *misfit = true;
        snprintf(text, HT_MISFIT_TEXT,
                 "The model's input codes stand for %.3g to %.3g, but the pictures reach it as %.3g to %.3g.",
                 range.low, range.high, seen.low, seen.high);
    } else if (!range.coded && seen.deviation > 0.0 && (result < LEAST_RESULT || result > MOST_RESULT)) {
        *misfit = true;
        snprintf(text, HT_MISFIT_TEXT,
                 "The pictures reach the model as %.3g to %.3g, which its first layer makes about %.2g times too %s; "
                 "it looks made for %s.",
                 seen.low, seen.high, result < LEAST_RESULT ? 1.0 / result : result,
                 result < LEAST_RESULT ? "small" : "large",
                 result < LEAST_RESULT ? "pictures of 0 to 255" : "pictures of 0 to 1 or -1 to 1");
    }
    return HT_OK;
}
