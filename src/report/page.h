/* The page's files, embedded at build time (cmake/generated.cmake): each array ends in a NUL that its size does not
 * count. */
#ifndef HT_REPORT_PAGE_H
#define HT_REPORT_PAGE_H

#include <stddef.h>

extern const char ht__page_page_html[], ht__page_style_css[], ht__page_format_js[], ht__page_charts_js[],
    ht__page_change_js[], ht__page_inside_js[], ht__page_tables_js[], ht__page_page_js[];
extern const size_t ht__page_page_html_size, ht__page_style_css_size, ht__page_format_js_size, ht__page_charts_js_size,
    ht__page_change_js_size, ht__page_inside_js_size, ht__page_tables_js_size, ht__page_page_js_size;
/* Chart.js 3.9, as the system packages it (MIT). */
extern const char ht__chart_js[];
extern const size_t ht__chart_js_size;

#endif
