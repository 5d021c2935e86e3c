/* The outputs of a report, each rendered into a buffer (check buffer->failed once at the end). */
#ifndef HT_REPORT_OUTPUTS_H
#define HT_REPORT_OUTPUTS_H

#include "base/memory.h"
#include "halftone/report.h"
#include "report/results.h"

/* The page: one file without any reference outside itself. `json` are the document's own bytes. */
void ht__render_html(ht_buffer *out, const ht_results *results, const char *json, size_t size, ht_report_theme theme);
ht_status ht__render_markdown(ht_buffer *out, const ht_results *results, ht_error *err);
/* booktabs tables of one model. */
ht_status ht__render_latex(ht_buffer *out, const ht_results *results, size_t model, ht_error *err);
/* booktabs tables over all models. */
ht_status ht__render_latex_study(ht_buffer *out, const ht_results *results, ht_error *err);
/* One row per cell, full precision. */
void ht__render_csv(ht_buffer *out, const ht_results *results);
/* One row per cell and layer, full precision. */
void ht__render_layers_csv(ht_buffer *out, const ht_results *results);

#endif
