/* What RNN, GRU and LSTM share. */
#ifndef HT_OPS_RECURRENT_COMMON_H
#define HT_OPS_RECURRENT_COMMON_H

#include "kernels/recurrent/recurrent.h"
#include "ops/common.h"

ht_status ht__recurrent_infer(ht_node *node, ht_recurrent_kind kind, ht_error *err);
ht_status ht__recurrent_lower(const ht_node *node, ht_recurrent_kind kind, ht_kernel_call *call, ht_error *err);
/* Multiply-accumulates of the whole sequence; -1 when unknown. */
int64_t ht__recurrent_macs(const ht_node *node);
/* Weights count output channels along axis 1. */
int32_t ht__recurrent_channel_axis(const ht_node *node, uint32_t input);

#endif
