#include "eval_scores.h"

#include <math.h>
#include <stdlib.h>

#include "halftone/metrics.h"
#include "output.h"

enum { TOP = 5 };

/* Are the outputs probabilities already? */
static bool are_probabilities(const ht_evaluation *e) {
    for (size_t i = 0; i < e->samples; ++i) {
        double sum = 0.0;
        for (size_t k = 0; k < e->width; ++k) {
            float p = e->outputs[i * e->width + k];
            sum += p >= 0.0f ? (double)p : 2.0;
        }
        if (fabs(sum - 1.0) > 1e-2) {
            return false;
        }
    }
    return true;
}

/* Scores of a class that samples can be ranked by: its probability, or its logit less the logarithm of all. */
static void rank_class(const ht_evaluation *e, size_t class_index, bool probabilities, float *scores) {
    for (size_t i = 0; i < e->samples; ++i) {
        const float *row = e->outputs + i * e->width;
        double largest = (double)row[0], sum = 0.0;
        for (size_t k = 1; k < e->width; ++k) {
            largest = fmax(largest, (double)row[k]);
        }
        for (size_t k = 0; k < e->width; ++k) {
            sum += exp((double)row[k] - largest);
        }
        scores[i] = probabilities ? row[class_index] : (float)((double)row[class_index] - largest - log(sum));
    }
}

static ht_status mean_area(ht_context *context, const ht_evaluation *e, float *scores, uint32_t *labels, double *out,
                           ht_error *err) {
    bool probabilities = are_probabilities(e);
    double sum = 0.0;
    size_t counted = 0;
    for (size_t k = e->width == 2 ? 1 : 0; k < e->width; ++k) {
        size_t positives = 0;
        for (size_t i = 0; i < e->samples; ++i) {
            labels[i] = (size_t)e->targets[i] == k;
            positives += labels[i];
        }
        if (positives == 0 || positives == e->samples) {
            continue;
        }
        double area;
        rank_class(e, k, probabilities, scores);
        ht_status status = ht_metrics_auc(context, scores, labels, e->samples, &area, err);
        if (status != HT_OK) {
            return status;
        }
        sum += area;
        ++counted;
    }
    *out = counted > 0 ? sum / (double)counted : NAN;
    return HT_OK;
}

ht_status cli_eval_scores(ht_context *context, const ht_evaluation *e, eval_scores *out, ht_error *err) {
    float *scores = calloc(e->samples, sizeof *scores);
    uint32_t *labels = calloc(e->samples, sizeof *labels);
    *out = (eval_scores){.auc = NAN};
    ht_status status =
        scores != NULL && labels != NULL ? HT_OK : cli_fail(err, HT_ERROR_MEMORY, "There is no memory for the scores.");
    if (status == HT_OK && e->width > TOP) {
        for (size_t i = 0; i < e->samples; ++i) {
            labels[i] = (uint32_t)e->targets[i];
        }
        out->k = TOP;
        out->top_k = ht_metrics_top_k(e->outputs, labels, e->samples, e->width, TOP);
        ht_interval interval = ht_interval_wilson((uint64_t)(out->top_k * (double)e->samples + 0.5), e->samples);
        out->low = interval.low;
        out->high = interval.high;
    }
    if (status == HT_OK) {
        status = mean_area(context, e, scores, labels, &out->auc, err);
    }
    free(scores);
    free(labels);
    return status;
}

double cli_eval_skill(const ht_evaluation *evaluation) {
    size_t commonest = 0;
    for (size_t i = 0; i < evaluation->classes; ++i) {
        size_t of_class = 0;
        for (size_t k = 0; k < evaluation->classes; ++k) {
            of_class += evaluation->confusion[i * evaluation->classes + k];
        }
        commonest = of_class > commonest ? of_class : commonest;
    }
    double chance = (double)commonest / (double)evaluation->samples;
    return chance < 1.0 ? (evaluation->accuracy - chance) / (1.0 - chance) : 1.0;
}
