/* What halftone quantize says at its end. */
#ifndef CLI_QUANTIZED_H
#define CLI_QUANTIZED_H

#include "halftone/eval.h"
#include "halftone/quantize.h"

typedef struct cli_quantized {
    const char *model, *output;
    const char *data; /* as given; NULL: not evaluated, and the next three are not looked at */
    const ht_scheme *scheme;
    const ht_quantize_report *report;
    const ht_dataset_info *info;
    const ht_evaluation *before, *after;
    double drop; /* points of accuracy, or per cent of the error */
} cli_quantized;

/* On stdout, for people and for programs. Errors: HT_ERROR_MEMORY. */
ht_status cli_quantized_print(const cli_quantized *result, ht_error *err);
ht_status cli_quantized_json(const cli_quantized *result, ht_error *err);

#endif
