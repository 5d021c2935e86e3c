#include "numeric/format.h"

#include <string.h>

#include "numeric/formats.h"

/* Add a format here. */
static const ht_number_format *const formats[] = {
    &ht__f16, &ht__bf16, &ht__f8e4m3, &ht__f8e5m2, &ht__f6e3m2, &ht__f6e2m3, &ht__f4e2m1, &ht__nf4,
};
enum { FLOAT_FORMATS = sizeof formats / sizeof formats[0] };

const ht_number_format *ht__number_format_at(size_t index) {
    if (index < FLOAT_FORMATS) {
        return formats[index];
    }
    index -= FLOAT_FORMATS;
    if (index < HT_SIGNED_INTEGERS) {
        return &ht__signed_integers[index];
    }
    index -= HT_SIGNED_INTEGERS;
    return index < HT_UNSIGNED_INTEGERS ? &ht__unsigned_integers[index] : NULL;
}

const ht_number_format *ht__number_format(const char *name) {
    const ht_number_format *format;
    for (size_t i = 0; (format = ht__number_format_at(i)) != NULL; ++i) {
        if (strcmp(format->name, name) == 0) {
            return format;
        }
    }
    return NULL;
}
