/* How numbers and texts look in every output of a report.
 *
 * Printed numbers follow LC_NUMERIC; the public functions of this folder set it to "C" while they work.
 */
#ifndef HT_REPORT_FORMAT_H
#define HT_REPORT_FORMAT_H

#include <locale.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/memory.h"
#include "report/results.h"

/* Makes this thread print and read numbers with a point, whatever the user's language; undone by leave. */
ht_status ht__enter_c_locale(locale_t *numbers, locale_t *before, ht_error *err);
void ht__leave_c_locale(locale_t numbers, locale_t before);

/* A short text on the stack. */
typedef struct ht_label {
    char text[64];
} ht_label;

/* "92.64 %" for an accuracy in 0..1, "0.04312" for an MSE, "-" for NaN. */
ht_label ht__label_value(double value, bool regression);
/* A change with its sign: "+0.10" percentage points, "+0.00213" of MSE; "-" for NaN. ASCII minus. */
ht_label ht__label_change(double delta, bool regression);
/* "914 B", "12.3 kB", "4.56 MB" (powers of 1000); "-" for NaN. */
ht_label ht__label_bytes(double bytes);
/* A whole number in groups of three: "10,000"; "-" for NaN. */
ht_label ht__label_count(double count);
/* "0.034", "< 0.001"; "-" for NaN. */
ht_label ht__label_probability(double p);
/* "worse", "better", "within noise", "-" */
const char *ht__change_name(ht_change change);

/* The shortest decimal that reads back as exactly `value`; nothing for NaN and infinities. */
void ht__put_number(ht_buffer *buffer, double value);

typedef enum ht_escape {
    HT_ESCAPE_XML,      /* element text and quoted attributes of HTML and SVG; control characters become spaces */
    HT_ESCAPE_MARKDOWN, /* inside a table cell or a paragraph: no markup, no HTML, one line */
    HT_ESCAPE_CSV,      /* a field: quoted when it must be (RFC 4180) */
    HT_ESCAPE_LATEX,    /* running text; what TeX's fonts lack passes through as UTF-8 */
    HT_ESCAPE_SCRIPT,   /* JSON inside <script>: < > & become \u escapes */
    HT_ESCAPE_TERMINAL, /* control characters (among them escape sequences) become spaces */
    HT_ESCAPE_FILE      /* part of a file name: letters, digits, dot, dash, underscore; all else becomes "_" */
} ht_escape;
/* Appends `size` bytes of UTF-8 text, escaped. */
void ht__put_escaped_bytes(ht_buffer *buffer, ht_escape escape, const char *text, size_t size);
void ht__put_escaped(ht_buffer *buffer, ht_escape escape, const char *text);

#endif
