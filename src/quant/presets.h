/* The named schemes. */
#ifndef HT_QUANT_PRESETS_H
#define HT_QUANT_PRESETS_H

#include <stddef.h>

typedef struct ht_preset {
    const char *name, *text, *summary; /* text: what ht_scheme_parse reads, without names of presets */
} ht_preset;

/* NULL past the end. */
const ht_preset *ht__preset_at(size_t index);
const ht_preset *ht__preset(const char *name);

#endif
