/* Scores of a classification beyond accuracy: top-k, and the area under the ROC curve. */
#ifndef CLI_EVAL_SCORES_H
#define CLI_EVAL_SCORES_H

#include "halftone/eval.h"

typedef struct eval_scores {
    size_t k;         /* of top_k; 0: too few classes for it to say anything */
    double top_k;     /* share of samples */
    double low, high; /* its 95 % interval (Wilson) */
    double auc; /* two classes: of the second; more: the mean of each class against the rest; NAN: one class only */
} eval_scores;

/* How much better than always answering the commonest class: 0 as good as that, 1 always right. */
double cli_eval_skill(const ht_evaluation *evaluation);

/* Errors: HT_ERROR_MEMORY. */
ht_status cli_eval_scores(ht_context *context, const ht_evaluation *evaluation, eval_scores *out, ht_error *err);

#endif
