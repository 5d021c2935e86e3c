#include "halftone/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "formats/model.h"
#include "graph/op.h"
#include "quant/compare_match.h"
#include "quant/observe.h"

enum { DEFAULT_SAMPLES = 64, MOST_CHANNELS = 8192, DEEPEST = 16 };
#define DIVERGED_DB 20.0
#define NEGLIGIBLE 1e-4 /* noise / signal, 40 dB: not worth a cause */

/* What is summed up over one pair of tensors. */
typedef struct tally {
    double signal, noise, product, quantized; /* sums of x^2, (x - q)^2, x q, q^2 */
    double sum, error, largest, count;        /* of x, of x - q, of |x - q| */
    double clipped, clipped_noise; /* values outside the range of the codes; their squared distance from it */
    float *channel_largest;        /* [channels] of |x|; NULL: not kept */
    int64_t channels;
    float *kept; /* the original's numbers of the batch that runs */
    size_t capacity;
} tally;

typedef struct comparing {
    ht_context *ctx;
    ht_match_list matches;
    tally *tallies;       /* [matches.count] */
    int32_t *of_a, *of_b; /* by value id of either graph: the match, or -1 */
    ht_observation a, b;
    ht_status status; /* of the observers */
} comparing;

/* ---- seeing ---- */

static void keep_original(void *user, const ht_program *program, const ht_program_tensor *tensor, const void *data) {
    (void)program;
    comparing *c = user;
    int32_t match = tensor->value_id < c->a.values ? c->of_a[tensor->value_id] : -1;
    int64_t elements = ht__desc_elements(&tensor->desc);
    if (match < 0 || tensor->desc.type != HT_F32 || elements <= 0 || c->status != HT_OK) {
        return;
    }
    tally *t = &c->tallies[match];
    if (t->capacity < (size_t)elements) {
        ht__free(&c->ctx->allocator, t->kept);
        t->kept = ht__alloc(&c->ctx->allocator, (size_t)elements * sizeof *t->kept);
        t->capacity = t->kept != NULL ? (size_t)elements : 0;
    }
    if (t->channel_largest == NULL && tensor->desc.rank > 1 && tensor->desc.dims[1] <= MOST_CHANNELS) {
        t->channels = tensor->desc.dims[1];
        t->channel_largest = ht__calloc(&c->ctx->allocator, (size_t)t->channels, sizeof *t->channel_largest);
    }
    if (t->kept == NULL) {
        c->status = HT_ERROR_MEMORY;
        return;
    }
    memcpy(t->kept, data, (size_t)elements * sizeof *t->kept);
    for (int64_t i = 0; i < elements && t->channel_largest != NULL; ++i) {
        int64_t inner = elements / (tensor->desc.dims[0] * t->channels), channel = i / inner % t->channels;
        t->channel_largest[channel] = fmaxf(t->channel_largest[channel], fabsf(t->kept[i]));
    }
}

/* The real numbers that codes of an activation reach. */
typedef struct code_range {
    float low, high, scale;
    bool coded;
} code_range;

static code_range range_of(const ht_quantization *q) {
    if (q == NULL || q->codebook || q->groups != 1) {
        return (code_range){-INFINITY, INFINITY, 0.0f, false};
    }
    float first = q->is_signed ? -ldexpf(1.0f, q->bits - 1) : 0.0f, last = first + ldexpf(1.0f, q->bits) - 1.0f;
    return (code_range){(first - q->zero_point[0]) * q->scale[0], (last - q->zero_point[0]) * q->scale[0], q->scale[0],
                        true};
}

/* What is observed is the tensor before it is rounded to its codes. */
static float round_to(const code_range *range, float value) {
    if (!range->coded) {
        return value;
    }
    float clamped = fminf(fmaxf(value, range->low), range->high);
    return rintf(clamped / range->scale) * range->scale;
}

static void compare_quantized(void *user, const ht_program *program, const ht_program_tensor *tensor,
                              const void *data) {
    (void)program;
    comparing *c = user;
    int32_t match = tensor->value_id < c->b.values ? c->of_b[tensor->value_id] : -1;
    size_t elements = (size_t)ht__desc_elements(&tensor->desc);
    if (match < 0 || tensor->desc.type != HT_F32 || c->tallies[match].capacity != elements) {
        return;
    }
    tally *t = &c->tallies[match];
    code_range range = range_of(c->matches.list[match].quantized->quantization);
    for (size_t i = 0; i < elements; ++i) {
        double x = t->kept[i], q = round_to(&range, ((const float *)data)[i]), e = x - q;
        double beyond = x > (double)range.high  ? x - (double)range.high
                        : x < (double)range.low ? (double)range.low - x
                                                : 0.0;
        t->signal += x * x;
        t->noise += e * e;
        t->product += x * q;
        t->quantized += q * q;
        t->sum += x;
        t->error += e;
        t->largest = fmax(t->largest, fabs(e));
        t->clipped += beyond > 0.0;
        t->clipped_noise += beyond * beyond;
    }
    t->count += (double)elements;
}

/* ---- judging ---- */

static double noise_ratio(const tally *t) { return t->signal > 0.0 ? t->noise / t->signal : t->noise > 0.0; }

/* The largest noise ratio among the matched tensors that the node's inputs come from. */
static double input_noise(const comparing *c, const ht_node *node, int depth) {
    double largest = 0.0;
    for (uint32_t k = 0; node != NULL && k < node->input_count && depth < DEEPEST; ++k) {
        const ht_value *input = node->inputs[k];
        if (input == NULL || input->data != NULL) {
            continue;
        }
        int32_t match = c->of_b[input->id];
        double here = match >= 0 ? noise_ratio(&c->tallies[match]) : input_noise(c, input->producer, depth + 1);
        largest = fmax(largest, here);
    }
    return largest;
}

static int ascending(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* The largest of several magnitudes over their median; 1 for none. Sorts them. */
static double dominance(float *magnitudes, size_t count) {
    if (count < 2) {
        return 1.0;
    }
    qsort(magnitudes, count, sizeof *magnitudes, ascending);
    float median = magnitudes[count / 2];
    return median > 0.0f ? (double)(magnitudes[count - 1] / median) : 1.0;
}

/* The weight constant of the nearest node before `value` that has one. */
static const ht_value *weight_of(const ht_value *value, const ht_node **owner) {
    for (int depth = 0; depth < 4 && value != NULL && value->producer != NULL; ++depth) {
        const ht_node *node = value->producer;
        for (uint32_t k = 0; k < node->input_count; ++k) {
            if (node->inputs[k] != NULL && node->inputs[k]->data != NULL && node->op->weight_inputs >> k & 1) {
                *owner = node;
                return node->inputs[k];
            }
        }
        value = node->inputs[0];
    }
    return NULL;
}

/* How unlike in size the channels are that share one scale; 1 when each has its own. */
static double channel_spread(const comparing *c, const ht_value *weight) {
    const ht_quantization *q = weight->quantization;
    if (q == NULL || q->groups != 1 || q->element != HT_NONE || weight->desc.rank < 2) {
        return 1.0;
    }
    size_t channels = (size_t)weight->desc.dims[0], inner = (size_t)ht__desc_elements(&weight->desc) / channels;
    float *largest = ht__calloc(&c->ctx->allocator, channels, sizeof *largest);
    for (size_t i = 0; largest != NULL && i < channels * inner; ++i) {
        largest[i / inner] = fmaxf(largest[i / inner], fabsf(((const float *)weight->data)[i]));
    }
    double spread = largest != NULL ? dominance(largest, channels) : 1.0;
    ht__free(&c->ctx->allocator, largest);
    return spread;
}

/* Each cause has a measure and the size from which it counts; the first that counts is the likely one. */
static void judge(const comparing *c, const ht_match *match, tally *t, ht_compared_layer *out) {
    const ht_node *owner = NULL;
    const ht_value *weight = weight_of(match->quantized, &owner);
    code_range range = range_of(match->quantized->quantization);
    double deviation = sqrt(fmax(t->signal / t->count - t->sum / t->count * t->sum / t->count, 0.0));
    double rms = sqrt(t->noise / t->count);
    const struct {
        ht_loss_cause cause;
        double measure, least;
    } candidates[] = {
        {HT_CAUSE_SATURATION, t->noise > 0.0 ? t->clipped_noise / t->noise : 0.0, 0.4},
        {HT_CAUSE_GRANULARITY, weight != NULL ? channel_spread(c, weight) : 1.0, 8.0},
        {HT_CAUSE_OUTLIER, range.coded ? dominance(t->channel_largest, (size_t)t->channels) : 1.0, 10.0},
        {HT_CAUSE_RANGE, range.coded && deviation > 0.0 ? (double)(range.high - range.low) / (6.0 * deviation) : 0.0,
         6.0},
        {HT_CAUSE_BIAS, rms > 0.0 ? fabs(t->error / t->count) / rms : 0.0, 0.5},
        {HT_CAUSE_WIDTH, weight != NULL && weight->quantization != NULL ? 9.0 - weight->quantization->bits : 0.0, 3.0},
    };
    for (size_t i = 0; i < sizeof candidates / sizeof candidates[0] && t->noise > 0.0; ++i) {
        if (candidates[i].measure >= candidates[i].least) {
            out->cause = candidates[i].cause;
            out->evidence = candidates[i].cause == HT_CAUSE_SATURATION ? out->clipped
                            : candidates[i].cause == HT_CAUSE_WIDTH    ? weight->quantization->bits
                                                                       : candidates[i].measure;
            return;
        }
    }
}

static ht_status describe(const comparing *c, size_t index, ht_compared_layer *out, ht_error *err) {
    const ht_allocator *allocator = &c->ctx->allocator;
    const ht_match *match = &c->matches.list[index];
    const ht_node *producer = match->quantized->producer;
    tally *t = &c->tallies[index];
    *out = (ht_compared_layer){.name = ht__strdup(allocator, match->original->name),
                               .quantized_name = ht__strdup(allocator, match->quantized->name),
                               .layer = ht__strdup(allocator, producer != NULL ? producer->name : ""),
                               .op = ht__strdup(allocator, producer != NULL ? producer->op->name : "Input")};
    if (out->name == NULL || out->quantized_name == NULL || out->layer == NULL || out->op == NULL) {
        return ht__fail_memory(err, sizeof *out);
    }
    out->sqnr_db = t->noise > 0.0 ? 10.0 * log10(t->signal / t->noise) : INFINITY;
    double lengths = sqrt(t->signal) * sqrt(t->quantized);
    out->cosine = lengths > 0.0 ? t->product / lengths : t->signal == t->quantized ? 1.0 : 0.0;
    out->max_error = t->largest;
    out->clipped = t->count > 0.0 ? t->clipped / t->count : 0.0;
    out->added = fmax(noise_ratio(t) - input_noise(c, producer, 0), 0.0);
    if (noise_ratio(t) > NEGLIGIBLE) {
        judge(c, match, t, out);
    }
    return HT_OK;
}

/* ---- all of it ---- */

static ht_status begin(comparing *c, const ht_graph *a, const ht_graph *b, const ht_dataset *data, size_t samples,
                       ht_error *err) {
    const ht_allocator *allocator = &c->ctx->allocator;
    const ht_dataset_info *info = ht_dataset_describe(data);
    ht_compile_options plain = {.plain_layout = true}; /* both in the same order */
    HT_TRY(ht__match_graphs(a, b, &c->matches, err));
    HT_TRY(ht__observation_begin(c->ctx, b, info, samples, samples, &plain, &c->b, err));
    HT_TRY(ht__observation_begin(c->ctx, a, info, samples, c->b.batch, &plain, &c->a, err));
    if (c->a.batch != c->b.batch) {
        return ht__fail(err, HT_ERROR_MISMATCH, "One model runs %zu samples at a time, the other %zu.", c->a.batch,
                        c->b.batch);
    }
    c->tallies = ht__calloc(allocator, c->matches.count + 1, sizeof *c->tallies);
    c->of_a = ht__calloc(allocator, a->value_count + 1, sizeof *c->of_a);
    c->of_b = ht__calloc(allocator, b->value_count + 1, sizeof *c->of_b);
    if (c->tallies == NULL || c->of_a == NULL || c->of_b == NULL) {
        return ht__fail_memory(err, b->value_count * sizeof *c->of_b);
    }
    memset(c->of_a, -1, a->value_count * sizeof *c->of_a);
    memset(c->of_b, -1, b->value_count * sizeof *c->of_b);
    for (size_t i = 0; i < c->matches.count; ++i) {
        c->of_a[c->matches.list[i].original->id] = (int32_t)i;
        c->of_b[c->matches.list[i].quantized->id] = (int32_t)i;
    }
    return HT_OK;
}

static ht_status run(comparing *c, const ht_dataset *data, size_t samples, ht_error *err) {
    for (size_t first = 0; first + c->a.batch <= samples; first += c->a.batch) {
        for (size_t i = 0; i < c->a.batch; ++i) {
            c->a.indices[i] = c->b.indices[i] = (uint32_t)(first + i);
        }
        HT_TRY(ht__observation_run(&c->a, data, keep_original, c, err));
        HT_TRY(c->status == HT_OK ? HT_OK : ht__fail_memory(err, 0));
        HT_TRY(ht__observation_run(&c->b, data, compare_quantized, c, err));
        ht__progress(c->ctx, "comparing", (double)(first + c->a.batch), (double)samples, NULL);
    }
    return HT_OK;
}

static ht_status fill(const comparing *c, size_t samples, ht_comparison *out, ht_error *err) {
    out->layers = ht__calloc(&c->ctx->allocator, c->matches.count + 1, sizeof *out->layers);
    if (out->layers == NULL) {
        return ht__fail_memory(err, c->matches.count * sizeof *out->layers);
    }
    for (size_t i = 0; i < c->matches.count; ++i) {
        if (c->tallies[i].count > 0.0) { /* a change of shape moves nothing and is not seen */
            HT_TRY(describe(c, i, &out->layers[out->count++], err));
        }
    }
    out->samples = samples / c->a.batch * c->a.batch;
    out->unmatched = c->matches.unmatched;
    out->matched_by_structure = c->matches.by_structure;
    while (out->first_diverging < out->count && out->layers[out->first_diverging].sqnr_db >= DIVERGED_DB) {
        ++out->first_diverging;
    }
    return HT_OK;
}

static void end(comparing *c) {
    const ht_allocator *allocator = &c->ctx->allocator;
    for (size_t i = 0; i < c->matches.count && c->tallies != NULL; ++i) {
        ht__free(allocator, c->tallies[i].kept);
        ht__free(allocator, c->tallies[i].channel_largest);
    }
    ht__free(allocator, c->tallies);
    ht__free(allocator, c->of_a);
    ht__free(allocator, c->of_b);
    ht__match_free(allocator, &c->matches);
    ht__observation_end(&c->a);
    ht__observation_end(&c->b);
}

ht_status ht_compare(ht_context *ctx, const ht_model *original, const ht_model *quantized, const ht_dataset *dataset,
                     size_t samples, ht_comparison *out, ht_error *err) {
    size_t available = ht_dataset_describe(dataset)->samples, wanted = samples != 0 ? samples : DEFAULT_SAMPLES;
    comparing c = {.ctx = ctx, .a = {.ctx = ctx}, .b = {.ctx = ctx}};
    *out = (ht_comparison){0};
    wanted = wanted < available ? wanted : available;
    ht_status status = begin(&c, original->graph, quantized->graph, dataset, wanted, err);
    if (status == HT_OK) {
        status = run(&c, dataset, wanted, err);
    }
    if (status == HT_OK) {
        status = fill(&c, wanted, out, err);
    }
    end(&c);
    if (status != HT_OK) {
        ht_comparison_clear(ctx, out);
    }
    return status;
}

void ht_comparison_clear(ht_context *ctx, ht_comparison *comparison) {
    if (comparison == NULL) {
        return;
    }
    const ht_allocator *allocator = &ctx->allocator;
    for (size_t i = 0; i < comparison->count; ++i) {
        ht__free(allocator, (char *)comparison->layers[i].name);
        ht__free(allocator, (char *)comparison->layers[i].quantized_name);
        ht__free(allocator, (char *)comparison->layers[i].layer);
        ht__free(allocator, (char *)comparison->layers[i].op);
    }
    ht__free(allocator, comparison->layers);
    *comparison = (ht_comparison){0};
}

const char *ht_loss_cause_name(ht_loss_cause cause) {
    static const char *const names[] = {
        [HT_CAUSE_NONE] = "",
        [HT_CAUSE_WIDTH] = "width",
        [HT_CAUSE_GRANULARITY] = "granularity",
        [HT_CAUSE_SATURATION] = "saturation",
        [HT_CAUSE_OUTLIER] = "outlier channel",
        [HT_CAUSE_RANGE] = "range",
        [HT_CAUSE_BIAS] = "bias",
    };
    return names[cause];
}
