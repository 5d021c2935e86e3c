/* TFLite files: reading into a model and writing one. */
#ifndef HT_FORMATS_TFLITE_TFLITE_H
#define HT_FORMATS_TFLITE_TFLITE_H

#include "formats/model.h"

/* Reads the first subgraph of the `size` bytes of a TFLite file called `name`; `bytes` must be aligned to 16. The
 * model's constants may lie in `bytes`, which must outlive it, and in its payload. Memory taken is bounded by a
 * multiple of `size`. Errors: as ht_model_load. */
ht_status ht__tflite_read(ht_context *ctx, const uint8_t *bytes, size_t size, const char *name, ht_model **out,
                          ht_error *err);
/* Appends the model's file to `out`. Errors: as ht_model_save. */
ht_status ht__tflite_write(const ht_model *model, ht_buffer *out, ht_error *err);
/* In a graph with signed weights: unsigned activations and operands of 8 bits become signed ones with a zero point lower
 * by 128, which stand for the same numbers. Errors: HT_ERROR_MEMORY. */
ht_status ht__tflite_sign_codes(ht_graph *graph, ht_error *err);

#endif
