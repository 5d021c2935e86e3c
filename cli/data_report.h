/* What `data info` prints for people. */
#ifndef CLI_DATA_REPORT_H
#define CLI_DATA_REPORT_H

#include <jansson.h>

#include "halftone/status.h"

/* Prints a report of ht_dataset_inspect on stdout: shape, files, samples per split and class, columns or pixels.
 * Errors: HT_ERROR_MEMORY. */
ht_status cli_print_data_report(const json_t *report, ht_error *err);

#endif
