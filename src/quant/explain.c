/* Number formats for people. */
#include <math.h>

#include "base/error.h"
#include "halftone/quantize.h"
#include "numeric/format.h"
#include "quant/choices.h"

bool ht_format_at(size_t index, const char **name, const char **summary) {
    const ht_number_format *format = ht__number_format_at(index);
    if (format == NULL) {
        return false;
    }
    if (name != NULL) {
        *name = format->name;
    }
    if (summary != NULL) {
        *summary = format->summary;
    }
    return true;
}

static const char *nearest_format(const char *name) {
    const char *best = "", *candidate;
    unsigned least = ~0u;
    for (size_t i = 0; ht_format_at(i, &candidate, NULL); ++i) {
        unsigned here = ht__edit_distance(name, candidate);
        if (here < least) {
            least = here;
            best = candidate;
        }
    }
    return best;
}

ht_status ht_format_explain(const char *name, double value, ht_format_explanation *out, ht_error *err) {
    const ht_number_format *format = ht__number_format(name);
    if (format == NULL) {
        return ht__fail(err, HT_ERROR_NOT_FOUND, "There is no number format called \"%s\"; the nearest is \"%s\".",
                        name, nearest_format(name));
    }
    uint32_t code = format->encode(format, (float)value);
    double stored = (double)format->decode(format, code);
    *out = (ht_format_explanation){.format = format->name,
                                   .summary = format->summary,
                                   .bits = format->bits,
                                   .sign_bits = format->sign_bits,
                                   .exponent_bits = format->exponent_bits,
                                   .mantissa_bits = format->mantissa_bits,
                                   .exponent_bias = format->bias,
                                   .code = code,
                                   .value = value,
                                   .stored = stored,
                                   .error = stored - value,
                                   .largest = (double)format->decode(format, format->largest),
                                   .error_bound = format->error_bound,
                                   .zero = format->zero,
                                   .nan = format->nan,
                                   .beyond = format->beyond};
    return HT_OK;
}
