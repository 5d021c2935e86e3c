/* Which activations of a graph are quantized for running it in integers, and which share their parameters. */
#ifndef HT_QUANT_PLACEMENT_H
#define HT_QUANT_PLACEMENT_H

#include "quant/calibrate.h"

typedef struct ht_placement {
    /* By value id: the value whose parameters this one takes (itself, when it has its own), or NULL: it stays real.
     * Results of operators that keep their input's parameters (pools, changes of shape) name that input's owner. */
    ht_value **owner;
    size_t count;
    ht_activation_range *ranges; /* one per owner, in the graph's order */
    size_t range_count;
} ht_placement;

/* Decides for a sorted graph. An activation is quantized when an operator that computes on codes produces or reads it,
 * but for what lies between a weighted operator and the activation function or bias that completes it. Nodes with
 * keeps_real[index] compute on real numbers (NULL: none). *out: ht__placement_free, on failure too.
 * Errors: HT_ERROR_MEMORY. */
ht_status ht__place_activations(const ht_graph *graph, const bool *keeps_real, ht_placement *out, ht_error *err);
void ht__placement_free(const ht_graph *graph, ht_placement *placement);

/* After calibration. Ranges that a Concat joins become one where that widens none of them more than twofold, so that
 * joining needs no arithmetic; where it would cost more than a bit, they stay apart. */
void ht__placement_join(const ht_graph *graph, ht_placement *placement);
/* The index of an owner's range. */
size_t ht__placement_range(const ht_placement *placement, const ht_value *owner);

#endif
