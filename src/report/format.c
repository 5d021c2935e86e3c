#include "report/format.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

ht_status ht__enter_c_locale(locale_t *numbers, locale_t *before, ht_error *err) {
    *numbers = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
    if (*numbers == (locale_t)0) {
        return ht__fail_memory(err, sizeof *numbers);
    }
    *before = uselocale(*numbers);
    return HT_OK;
}

void ht__leave_c_locale(locale_t numbers, locale_t before) {
    uselocale(before);
    freelocale(numbers);
}

static const ht_label absent = {"-"};

/* A share in per cent, rounded to two decimals with ties away from zero: the page rounds the same way, so that a number
 * reads the same in every output. */
static double hundredths(double share) { return round(share * 1e4) / 100.0; }

ht_label ht__label_value(double value, bool regression) {
    if (isnan(value)) {
        return absent;
    }
    ht_label label;
    if (regression) {
        snprintf(label.text, sizeof label.text, "%.4g", value);
    } else {
        snprintf(label.text, sizeof label.text, "%.2f %%", hundredths(value));
    }
    return label;
}

ht_label ht__label_change(double delta, bool regression) {
    if (isnan(delta)) {
        return absent;
    }
    ht_label label;
    if (regression) {
        snprintf(label.text, sizeof label.text, "%+.3g", delta);
    } else {
        snprintf(label.text, sizeof label.text, "%+.2f", hundredths(delta));
    }
    return label;
}

ht_label ht__label_bytes(double bytes) {
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    if (isnan(bytes)) {
        return absent;
    }
    size_t unit = 0;
    while (bytes >= 999.5 && unit + 1 < sizeof units / sizeof units[0]) {
        bytes /= 1000.0;
        ++unit;
    }
    ht_label label;
    int decimals = unit == 0 || bytes >= 99.95 ? 0 : bytes >= 9.995 ? 1 : 2;
    snprintf(label.text, sizeof label.text, "%.*f %s", decimals, bytes, units[unit]);
    return label;
}

ht_label ht__label_count(double count) {
    if (isnan(count)) {
        return absent;
    }
    char digits[32];
    snprintf(digits, sizeof digits, "%.0f", fmin(fmax(count, -1e15), 1e15));
    ht_label label = {""};
    size_t length = strlen(digits), at = 0;
    for (size_t i = 0; i < length; ++i) {
        if (i > 0 && digits[i - 1] != '-' && (length - i) % 3 == 0) {
            label.text[at++] = ',';
        }
        label.text[at++] = digits[i];
    }
    label.text[at] = '\0';
    return label;
}

ht_label ht__label_probability(double p) {
    if (isnan(p)) {
        return absent;
    }
    ht_label label;
    if (p < 0.001) {
        snprintf(label.text, sizeof label.text, "< 0.001");
    } else {
        snprintf(label.text, sizeof label.text, "%.3f", p);
    }
    return label;
}

const char *ht__change_name(ht_change change) {
    static const char *const names[] = {"-", "within noise", "worse", "better"};
    return names[change];
}

void ht__put_number(ht_buffer *buffer, double value) {
    if (!isfinite(value)) {
        return;
    }
    char text[40];
    for (int digits = 6; digits <= DBL_DECIMAL_DIG; ++digits) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) {
            break;
        }
    }
    ht__buffer_text(buffer, text);
}

static const char *replace_xml(char c) {
    switch (c) {
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '&': return "&amp;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return (unsigned char)c < 0x20 || c == 0x7f ? " " : NULL;
    }
}

static const char *replace_markdown(char c) {
    switch (c) {
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '&': return "&amp;";
    case '|': return "\\|";
    case '*': return "\\*";
    case '_': return "\\_";
    case '`': return "\\`";
    case '[': return "\\[";
    case ']': return "\\]";
    case '\\': return "\\\\";
    default: return (unsigned char)c < 0x20 || c == 0x7f ? " " : NULL;
    }
}

static const char *replace_latex(char c) {
    switch (c) {
    case '\\': return "\\textbackslash{}";
    case '{': return "\\{";
    case '}': return "\\}";
    case '#': return "\\#";
    case '$': return "\\$";
    case '%': return "\\%";
    case '&': return "\\&";
    case '_': return "\\_";
    case '^': return "\\textasciicircum{}";
    case '~': return "\\textasciitilde{}";
    case '<': return "\\textless{}";
    case '>': return "\\textgreater{}";
    default: return (unsigned char)c < 0x20 || c == 0x7f ? " " : NULL;
    }
}

static const char *replace_script(char c) {
    return c == '<' ? "\\u003c" : c == '>' ? "\\u003e" : c == '&' ? "\\u0026" : NULL;
}

static const char *replace_terminal(char c) { return (unsigned char)c < 0x20 || c == 0x7f ? " " : NULL; }

static const char *replace_file(char c) {
    bool safe =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
    return safe ? NULL : "_";
}

static const char *replace_csv(char c) { return c == '"' ? "\"\"" : NULL; }

void ht__put_escaped_bytes(ht_buffer *buffer, ht_escape escape, const char *text, size_t size) {
    static const char *(*const replace[])(char) = {
        [HT_ESCAPE_XML] = replace_xml,       [HT_ESCAPE_MARKDOWN] = replace_markdown,
        [HT_ESCAPE_CSV] = replace_csv,       [HT_ESCAPE_LATEX] = replace_latex,
        [HT_ESCAPE_SCRIPT] = replace_script, [HT_ESCAPE_TERMINAL] = replace_terminal,
        [HT_ESCAPE_FILE] = replace_file,
    };
    size_t start = 0;
    for (size_t i = 0; i < size; ++i) {
        const char *instead = replace[escape](text[i]);
        if (instead != NULL) {
            ht__buffer_append(buffer, text + start, i - start);
            ht__buffer_text(buffer, instead);
            start = i + 1;
        }
    }
    ht__buffer_append(buffer, text + start, size - start);
}

void ht__put_escaped(ht_buffer *buffer, ht_escape escape, const char *text) {
    bool quoted = escape == HT_ESCAPE_CSV && text[strcspn(text, ",\"\r\n")] != '\0';
    ht__buffer_text(buffer, quoted ? "\"" : "");
    ht__put_escaped_bytes(buffer, escape, text, strlen(text));
    ht__buffer_text(buffer, quoted ? "\"" : "");
}
