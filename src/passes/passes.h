/* Passes: graph in, graph out. Each keeps what the graph computes (up to rounding where said). */
#ifndef HT_PASSES_PASSES_H
#define HT_PASSES_PASSES_H

#include "graph/graph.h"

/* Replaces nodes whose inputs are all constants (of shape_inputs: whose shape is known) by constants, using the
 * operators' reference kernels or their `evaluate`, until nothing changes; prunes. Constants above 256 MiB are left to
 * the run. */
ht_status ht__pass_fold_constants(ht_graph *graph, ht_error *err);

/* Conv or Gemm followed by BatchNormalization, when nothing else reads the result: the normalisation goes into weights
 * and bias: w' = w g / sqrt(v + e), b' = (b - m) g / sqrt(v + e) + beta (Jacob et al. 2018, section 3.2). Rounds once
 * more per weight. *folded (may be NULL) counts. Weights that another node shares stay. */
ht_status ht__pass_fold_batch_norm(ht_graph *graph, size_t *folded, ht_error *err);

/* Relu and Clip with constant bounds after Conv or Gemm, and Relu after BatchNormalization or BatchNormTrain, move into
 * the node before them, when nothing else reads the result in between; a ReluGrad before a BatchNormGrad goes with
 * them. */
ht_status ht__pass_fuse_activation(ht_graph *graph, ht_error *err);

/* x * 0.5 * (1 + erf(x / sqrt(2))), in any order of the factors, becomes Gelu. */
ht_status ht__pass_fuse_gelu(ht_graph *graph, ht_error *err);

/* What dynamic quantization writes, Cast(MatMulInteger) * (x_scale * w_scale), becomes one integer product with a real
 * result: the same bits. */
ht_status ht__pass_fuse_dynamic_product(ht_graph *graph, ht_error *err);

/* A MatMul of f32 with the constant scalar by which its result is multiplied or divided, and then the constant row that
 * is added, become one node; rounding differs. */
ht_status ht__pass_fuse_product(ht_graph *graph, ht_error *err);

/* A constant row that is added to the real result of an integer product becomes its bias: the same bits. */
ht_status ht__pass_fuse_bias(ht_graph *graph, ht_error *err);

/* Takes out each Relu and each Clip with constant bounds whose result is quantized to codes that end where it does, or
 * before: saturation does its work. The node before it then gives the quantized result, as integer runtimes expect.
 * *dropped (may be NULL) counts. */
ht_status ht__pass_drop_saturated(ht_graph *graph, size_t *dropped, ht_error *err);

/* Puts a FakeQuantize after every activation that carries a quantization annotation (affine only), so that running the
 * graph in float simulates it; the annotations are gone afterwards. Constants hold their decoded numbers already. */
ht_status ht__pass_simulate_quantization(ht_graph *graph, ht_error *err);

/* Inputs of codes that are only dequantized, and outputs that are quantized, with one scale for the tensor, become the
 * real numbers on the other side, annotated: what data sets feed and metrics read. */
ht_status ht__pass_real_ends(ht_graph *graph, ht_error *err);

/* The input at `index`, of rank 4 and channels-last, is taken channels-first from now on, and transposed inside. */
ht_status ht__pass_channels_first_input(ht_graph *graph, size_t index, ht_error *err);

/* LSTMs on codes become operators of ONNX on real numbers, step by step, rounded to codes where those keep their
 * states: a code may differ by a step. Is there one at all? */
ht_status ht__pass_plain_lstm(ht_graph *graph, ht_error *err);
bool ht__has_fixed_lstm(const ht_graph *graph);

/* Operators whose kernels are f32 only (ht_op.in_f32) get f16 and bf16 operands converted, and give results of the type
 * that they had. */
ht_status ht__pass_widen(ht_graph *graph, ht_error *err);

/* Makes the annotated graph one of integers: nodes whose inputs and output are annotated compute on codes, with a
 * quantization at the entries and real numbers again where something reads them; everything else stays a float node
 * between the two, and so does a node whose shapes are not known. The rule of requantization is the graph's.
 * Activations must not be fused yet. The annotations of activations are gone afterwards. */
ht_status ht__pass_integer(ht_graph *graph, ht_error *err);

/* How a graph is made ready to run. */
typedef enum ht_prepare_mode {
    HT_PREPARE_INTEGER,   /* what is quantized runs in integers */
    HT_PREPARE_SIMULATED, /* in float, with quantized tensors rounded to what their codes stand for */
    HT_PREPARE_OBSERVABLE /* the same, and every tensor of the model is there to be seen */
} ht_prepare_mode;

/* What every graph goes through before it is compiled to run: the batch is fixed, constants folded, annotations carried
 * out or simulated, and, unless observable, activations fused. */
ht_status ht__pass_prepare(ht_graph *graph, int64_t batch, ht_prepare_mode mode, ht_error *err);

#endif
