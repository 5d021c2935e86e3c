/* What the readers of operators with a memory share. */
#ifndef HT_FORMATS_TFLITE_RECURRENT_H
#define HT_FORMATS_TFLITE_RECURRENT_H

#include "formats/tflite/rules.h"

/* Inputs of UNIDIRECTIONAL_SEQUENCE_LSTM. */
enum {
    LSTM_INPUT = 0,
    LSTM_WEIGHTS = 1,     /* [units, inputs] of input, forget, cell and output gate */
    LSTM_RECURRENT = 5,   /* [units, outputs], the same */
    LSTM_PEEPHOLES = 9,   /* [units] of input, forget and output gate */
    LSTM_BIASES = 12,     /* [units], four */
    LSTM_PROJECTION = 16, /* [outputs, units], and its bias */
    LSTM_STATE = 18,
    LSTM_CELL = 19,
    LSTM_NORMS = 20 /* [units], four */
};

typedef struct tflite_lstm {
    int64_t batch, steps, inputs, units, outputs;
    bool time_major;                  /* the file's tensors are [steps, batch, ...] */
    bool coupled;                     /* no input gate of its own: it is what the forget gate leaves */
    float cell_clip, projection_clip; /* 0: none */
} tflite_lstm;

/* Is the LSTM one of int8 activations and weights and int16 cells, which LiteRT computes in integers throughout? */
bool ht__tflite_is_integer_lstm(const tflite_call *call);
/* Reads such a one. */
ht_status ht__tflite_read_integer_lstm(const tflite_call *call, const tflite_lstm *lstm);

/* The state in input `i`, of that type and shape: what the run begins with. The shape must have as many elements as the
 * file's. Errors: HT_ERROR_FORMAT (it does not), HT_ERROR_UNSUPPORTED (inside a subgraph). */
ht_status ht__tflite_begin_state(const tflite_call *call, uint32_t i, ht_type type, int32_t rank, const int64_t *dims,
                                 ht_value **before);

#endif
