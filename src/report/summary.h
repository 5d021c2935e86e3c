/* What a report says first about a model: one cell, one sentence. */
#ifndef HT_REPORT_SUMMARY_H
#define HT_REPORT_SUMMARY_H

#include "base/memory.h"
#include "report/results.h"

/* The cell that a report shows first for a model: that of the document's verdict, else the one at the narrowest width
 * without a detectable loss (equal widths: the better value), else the best one at the widest width. NULL when no cell
 * of the model is finished. */
const ht_cell *ht__headline(const ht_results *results, size_t model);
/* Appends the verdict: the document's own for its model, otherwise a sentence of the same form made from the headline
 * cell. UTF-8, unescaped, no line end. */
void ht__put_verdict(ht_buffer *buffer, const ht_results *results, size_t model);
/* Appends the command that makes the headline cell's file; nothing when none can be named. Unescaped. */
void ht__put_command(ht_buffer *buffer, const ht_results *results, size_t model);

#endif
