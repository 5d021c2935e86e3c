/* The windows of spectral analysis that are sums of cosines. */
#ifndef HT_OPS_COSINE_WINDOW_H
#define HT_OPS_COSINE_WINDOW_H

#include "ops/reals.h"

/* Input 0 is the number of elements; the attribute output_datatype their type. */
ht_status ht__cosine_window_infer(const ht_graph *graph, ht_node *node, ht_error *err);
/* y[n] = a - b cos(2 pi n / N) + c cos(4 pi n / N), N the size, or one less with periodic = 0. */
void ht__cosine_window(ht_real_call *call, double a, double b, double c);

#endif
