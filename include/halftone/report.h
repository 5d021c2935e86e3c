/* Reports: what a study found, as a page, as text, as tables and as figures.
 *
 * A report reads one thing only, a "halftone-results" document (JSON, version 1), which
 * `halftone study export --format json` writes. Its required parts are "format", "version", "study", "models" and
 * "cells"; each other part ("stochastic", "literature", "verdict", "interactive", "claims") may be absent, and its
 * section is then left out. Every output carries the same numbers.
 */
#ifndef HALFTONE_REPORT_H
#define HALFTONE_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "halftone/context.h"
#include "halftone/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What to write; add them up. */
typedef enum ht_report_format {
    HT_REPORT_HTML = 1,     /* report.html: one file, opens offline, live plots */
    HT_REPORT_MARKDOWN = 2, /* report.md */
    HT_REPORT_CSV = 4,      /* results.csv: one row per cell; layers.csv: one row per cell and layer */
    HT_REPORT_JSON = 8,     /* results.json: the document itself, unchanged */
    HT_REPORT_SVG = 16,     /* figures/<plot>-<model>.svg, each beside a .csv with its numbers */
    HT_REPORT_LATEX = 32,   /* tables/<model>.tex: booktabs tables, without a document around them */
    HT_REPORT_ALL = 63
} ht_report_format;

/* Colours of the page. AUTO follows the reader's system; the page has a switch in any case. */
typedef enum ht_report_theme { HT_REPORT_AUTO = 0, HT_REPORT_LIGHT = 1, HT_REPORT_DARK = 2 } ht_report_theme;

typedef struct ht_report_options {
    const char *folder;    /* where the files go, made when missing; NULL: "." */
    const char *html_path; /* NULL: report.html in `folder`; its folder must exist */
    const char *figures;   /* folder of the figures; NULL: "figures" in `folder` */
    unsigned formats;      /* sum of ht_report_format; 0: HT_REPORT_ALL */
    bool overwrite;        /* false: an existing file is an error and is left as it is */
    ht_report_theme theme;
} ht_report_options;

/* Writes the report on a halftone-results document of `size` bytes (UTF-8, no NUL needed at its end). `options` may be
 * NULL. Every file is written beside its name and then renamed, so that none is ever half-written. Texts inside the
 * document (model names, labels, messages) are escaped for each output and cannot become markup or script.
 * Errors: HT_ERROR_FORMAT (not JSON, another version, a part of the wrong type, a cell of an unknown model),
 * HT_ERROR_ARGUMENT, HT_ERROR_EXISTS, HT_ERROR_IO, HT_ERROR_LIMIT (more than 200,000 cells), HT_ERROR_MEMORY. */
HT_API ht_status ht_report_write(ht_context *ctx, const char *results_json, size_t size,
                                 const ht_report_options *options, ht_error *err);

typedef struct ht_report_terminal_options {
    unsigned width;    /* columns of the terminal, 40 to 1000; 0: 80 */
    bool color;        /* ANSI colours */
    bool ascii;        /* nothing outside ASCII: for terminals without Unicode */
    const char *model; /* id of the one model to show; NULL: the model of the verdict, then a line per other model */
} ht_report_terminal_options;

/* Renders verdict, table (schemes by bits) and curve as text for a terminal. *out is NUL-terminated UTF-8 that ends
 * in a line end; ownership passes to the caller: ht_report_text_free. `options` may be NULL.
 * Errors: as ht_report_write without the file errors; HT_ERROR_NOT_FOUND for an unknown `model`. */
HT_API ht_status ht_report_terminal(ht_context *ctx, const char *results_json, size_t size,
                                    const ht_report_terminal_options *options, char **out, ht_error *err);
/* Releases a text of ht_report_terminal; NULL is allowed. */
HT_API void ht_report_text_free(ht_context *ctx, char *text);

#ifdef __cplusplus
}
#endif
#endif
