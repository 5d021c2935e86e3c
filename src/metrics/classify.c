#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "halftone/metrics.h"

void ht_metrics_argmax(const float *outputs, size_t samples, size_t classes, uint32_t *out) {
    for (size_t i = 0; i < samples; ++i) {
        const float *row = outputs + i * classes;
        if (classes == 1) {
            out[i] = row[0] >= 0.5f;
            continue;
        }
        float largest = -INFINITY;
        out[i] = 0;
        for (size_t c = 0; c < classes; ++c) {
            if (row[c] > largest) {
                largest = row[c];
                out[i] = (uint32_t)c;
            }
        }
    }
}

double ht_metrics_accuracy(const uint32_t *predictions, const uint32_t *labels, size_t samples) {
    size_t right = 0;
    for (size_t i = 0; i < samples; ++i) {
        right += predictions[i] == labels[i];
    }
    return samples == 0 ? 0.0 : (double)right / (double)samples;
}

double ht_metrics_top_k(const float *outputs, const uint32_t *labels, size_t samples, size_t classes, size_t k) {
    size_t right = 0;
    for (size_t i = 0; i < samples; ++i) {
        const float *row = outputs + i * classes;
        size_t above = 0;
        for (size_t c = 0; c < classes; ++c) {
            bool larger = row[c] > row[labels[i]] || (isnan(row[labels[i]]) && !isnan(row[c]));
            above += larger || (c < labels[i] && row[c] == row[labels[i]]);
        }
        right += above < k;
    }
    return samples == 0 ? 0.0 : (double)right / (double)samples;
}

/* log sum exp, with the largest value taken out so that exp cannot overflow. */
static double log_sum_exp(const float *row, size_t count) {
    double largest = row[0], sum = 0.0;
    for (size_t c = 1; c < count; ++c) {
        largest = row[c] > largest ? row[c] : largest;
    }
    for (size_t c = 0; c < count; ++c) {
        sum += exp((double)row[c] - largest);
    }
    return largest + log(sum);
}

double ht_metrics_cross_entropy(const float *logits, const uint32_t *labels, size_t samples, size_t classes) {
    double sum = 0.0;
    for (size_t i = 0; i < samples; ++i) {
        const float *row = logits + i * classes;
        sum += log_sum_exp(row, classes) - (double)row[labels[i]];
    }
    return samples == 0 ? 0.0 : sum / (double)samples;
}

void ht_metrics_confusion(const uint32_t *predictions, const uint32_t *labels, size_t samples, size_t classes,
                          uint64_t *counts) {
    memset(counts, 0, classes * classes * sizeof *counts);
    for (size_t i = 0; i < samples; ++i) {
        if (labels[i] < classes && predictions[i] < classes) {
            counts[labels[i] * classes + predictions[i]] += 1;
        }
    }
}

typedef struct scored {
    float score;
    bool positive;
} scored;

static int by_score(const void *a, const void *b) {
    float x = ((const scored *)a)->score, y = ((const scored *)b)->score;
    return (x > y) - (x < y);
}

/* The area from sorted scores: each positive beats the negatives below it, and half of those it ties with. */
static double area_from_ranks(const scored *items, size_t samples, uint64_t positives, uint64_t negatives) {
    double wins = 0.0;
    uint64_t negatives_below = 0;
    for (size_t begin = 0, end; begin < samples; begin = end) {
        uint64_t tied[2] = {0, 0};
        for (end = begin; end < samples && items[end].score == items[begin].score; ++end) {
            tied[items[end].positive] += 1;
        }
        wins += (double)tied[1] * ((double)negatives_below + 0.5 * (double)tied[0]);
        negatives_below += tied[0];
    }
    return wins / ((double)positives * (double)negatives);
}

ht_status ht_metrics_auc(ht_context *ctx, const float *scores, const uint32_t *labels, size_t samples, double *out,
                         ht_error *err) {
    scored *items = ht__calloc(&ctx->allocator, samples, sizeof *items);
    if (items == NULL) {
        return ht__fail_memory(err, samples * sizeof *items);
    }
    uint64_t positives = 0;
    for (size_t i = 0; i < samples; ++i) {
        items[i] = (scored){.score = isnan(scores[i]) ? -INFINITY : scores[i], .positive = labels[i] != 0};
        positives += items[i].positive;
    }
    uint64_t negatives = samples - positives;
    ht_status status = HT_OK;
    if (positives == 0 || negatives == 0) {
        status = ht__fail(err, HT_ERROR_ARGUMENT,
                          "The area under the ROC curve needs positive and negative samples; here are %llu and %llu.",
                          (unsigned long long)positives, (unsigned long long)negatives);
    } else {
        qsort(items, samples, sizeof *items, by_score);
        *out = area_from_ranks(items, samples, positives, negatives);
    }
    ht__free(&ctx->allocator, items);
    return status;
}
