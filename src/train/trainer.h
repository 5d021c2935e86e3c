/* The training loop. */
#ifndef HT_TRAIN_TRAINER_H
#define HT_TRAIN_TRAINER_H

#include "graph/graph.h"
#include "halftone/train.h"

/* What ht_train is asked for, around a graph: the loop neither knows architectures nor files of models. */
typedef struct ht_training {
    ht_context *ctx;
    const ht_train_options *recipe;       /* checked */
    const ht_graph *source;               /* the network with its first weights; borrowed */
    const ht_dataset *train, *validation; /* validation may be NULL */
    void (*on_epoch)(void *user, const ht_train_epoch *epoch);
    void *user;
} ht_training;

/* Trains. Ownership of *out, the trained inference graph, passes to the caller. Errors: as ht_train. */
ht_status ht__train(const ht_training *training, ht_graph **out, ht_train_report *report, ht_error *err);

#endif
