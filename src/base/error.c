#include "base/error.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

const char *ht_status_name(ht_status status) {
    switch (status) {
#define NAME_CASE(name, value, text) \
    case HT_##name: return #name;
        HT_STATUS_LIST(NAME_CASE)
#undef NAME_CASE
    }
    return "UNKNOWN";
}

const char *ht_status_text(ht_status status) {
    switch (status) {
#define TEXT_CASE(name, value, text) \
    case HT_##name: return text;
        HT_STATUS_LIST(TEXT_CASE)
#undef TEXT_CASE
    }
    return "unknown status";
}

static void fill(ht_error *err, ht_status status, const char *where, int64_t offset, int64_t line, const char *format,
                 va_list arguments) {
    if (err == NULL) {
        return;
    }
    err->status = status;
    err->offset = offset;
    err->line = line;
    /* `where` may point into err itself when an error is passed on with more detail. */
    char place[sizeof err->where];
    snprintf(place, sizeof place, "%s", where != NULL ? where : "");
    char message[sizeof err->message];
    vsnprintf(message, sizeof message, format, arguments);
    memcpy(err->where, place, sizeof place);
    memcpy(err->message, message, sizeof message);
}

ht_status ht__fail(ht_error *err, ht_status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fill(err, status, NULL, -1, -1, format, arguments);
    va_end(arguments);
    return status;
}

ht_status ht__fail_at(ht_error *err, ht_status status, const char *where, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fill(err, status, where, -1, -1, format, arguments);
    va_end(arguments);
    return status;
}

ht_status ht__fail_offset(ht_error *err, ht_status status, const char *file, int64_t offset, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fill(err, status, file, offset, -1, format, arguments);
    va_end(arguments);
    return status;
}

ht_status ht__fail_line(ht_error *err, ht_status status, const char *file, int64_t line, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fill(err, status, file, -1, line, format, arguments);
    va_end(arguments);
    return status;
}

ht_status ht__fail_memory(ht_error *err, size_t bytes) {
    return ht__fail(err, HT_ERROR_MEMORY, "%zu bytes of memory could not be allocated.", bytes);
}
