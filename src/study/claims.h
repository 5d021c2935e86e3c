/* Claims of the Edge capstone (2020) as tests on a study's cells. */
#ifndef HT_STUDY_CLAIMS_H
#define HT_STUDY_CLAIMS_H

#include "study/results.h"

/* A cell with the usual options; random roundings as the mean over their seeds. */
typedef struct ht_point {
    size_t cell; /* the first seed's */
    size_t model;
    const char *scheme;
    uint32_t bits;
    double value;  /* accuracy or MSE */
    double damage; /* classification: share of the accuracy above chance that is lost; regression: log10 of the MSE's
                    * growth */
    double growth; /* log10 of the growth of the error (1 - accuracy, or MSE) */
} ht_point;

/* What a claim says about the cells. */
typedef struct ht_claim_test {
    const char *id;
    int direction; /* 1: what was found speaks for the claim, -1: against it, 0: the grid cannot say */
    double p;      /* of finding this by chance; NAN: no test */
    bool survives; /* a claim about every cell, and no cell refutes it */
    char text[600];
} ht_claim_test;

/* What the tests work with. */
typedef struct ht_claim_data {
    const ht_study_results *results;
    ht_point *points;
    size_t count;
} ht_claim_data;

typedef ht_status ht_claim_function(const ht_claim_data *data, ht_claim_test *out, ht_error *err);

/* The point of a model under a scheme at a width; NULL when it is not finished. */
const ht_point *ht__point_find(const ht_claim_data *data, size_t model, const char *scheme, uint32_t bits);
const ht_study_model *ht__point_model(const ht_claim_data *data, const ht_point *point);
bool ht__point_is_regression(const ht_claim_data *data, const ht_point *point);
/* The first model that differs from the point's in seed and initialization at most: who votes for all of them. */
size_t ht__claim_net(const ht_claim_data *data, const ht_point *point);

/* Most networks, or pairs of networks, that a tally tells apart; what comes later is left out, and counted. */
#define HT_TALLY_VOTERS 4096

/* Wins and losses of a comparison repeated over cells, and its sign test. The cells of one network are alike, so that
 * they are no independent trials: each voter (a network, or a pair of them) has one vote, that of most of its cells. */
typedef struct ht_tally {
    uint64_t wins, losses, ties; /* cells */
    uint64_t left_out;           /* cells of voters beyond the table */
    struct {
        size_t first, second; /* models */
        int64_t balance;      /* wins - losses */
    } voters[HT_TALLY_VOTERS];
    size_t count;
} ht_tally;

/* The votes of a tally: of voters whose cells mostly win, mostly lose. */
typedef struct ht_votes {
    uint64_t wins, losses;
    double p; /* exact two-sided sign test; NAN: nobody voted */
} ht_votes;

/* A new, empty tally; the caller frees it with ht__tally_free. */
ht_status ht__tally_new(const ht_claim_data *data, ht_tally **out, ht_error *err);
void ht__tally_free(const ht_claim_data *data, ht_tally *tally);
/* Counts one comparison of the voter (first, second), two models or one twice; the smaller number wins. */
void ht__tally_add(ht_tally *tally, size_t first, size_t second, double ours, double theirs);
ht_votes ht__tally_votes(const ht_tally *tally);
/* Sets direction, p and the text "`sentence` in W `cells`, the reverse in L, equal in T; in most cells of A of B
 * `voters` (sign test)." from a tally whose wins speak for the claim; nothing from an empty one. */
void ht__claim_from_tally(ht_claim_test *claim, const ht_tally *tally, const char *sentence, const char *cells,
                          const char *voters);

/* Direct tests between two cells of one model on the stored outputs: the same as those against float. */
typedef struct ht_direct_test {
    double difference; /* value of `second` - value of `first` */
    double p;
} ht_direct_test;
ht_status ht__direct_test(const ht_study_results *results, size_t first, size_t second, ht_direct_test *out,
                          ht_error *err);

ht_claim_function ht__claim_stochastic_best, ht__claim_normal_worst, ht__claim_histogram_like_uniform,
    ht__claim_stochastic_two_bits, ht__claim_kept_widths, ht__claim_mid_rise_regularizes, ht__claim_kde,
    ht__claim_dither;
ht_claim_function ht__claim_complex_sooner, ht__claim_regression_suffers, ht__claim_harder_pictures,
    ht__claim_data_sets_alike, ht__claim_errors_add_up, ht__claim_noisy_loses_less, ht__claim_initialization;

#endif
