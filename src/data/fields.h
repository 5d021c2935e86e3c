/* Descriptions as JSON values: YAML read into jansson's tree, and typed access whose errors name file, line and key.
 *
 * Each mapping that came from YAML carries its line under the key HT__LINE_KEY.
 */
#ifndef HT_DATA_FIELDS_H
#define HT_DATA_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/memory.h"

#define HT__LINE_KEY "#line"

/* Reads one YAML document. Plain scalars become numbers, true, false and null where they read so; quoted ones stay
 * text. Ownership of *out passes to the caller: json_decref. `name` stands in errors.
 * Errors: HT_ERROR_FORMAT with the line, HT_ERROR_LIMIT (depth 32, 100,000 nodes), HT_ERROR_MEMORY. */
ht_status ht__yaml_read(const char *name, const char *text, size_t size, json_t **out, ht_error *err);

/* A mapping under inspection. `what` names it in errors: "step resize". */
typedef struct ht__fields {
    const json_t *object; /* not a mapping (NULL, null): every field counts as absent */
    const char *file;     /* may be NULL */
    const char *what;
} ht__fields;

/* HT_ERROR_FORMAT at the mapping's line. */
ht_status ht__fields_fail(const ht__fields *fields, ht_error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Fails when the mapping has a key that is not in `keys` (ends with NULL), or is no mapping. */
ht_status ht__fields_known(const ht__fields *fields, const char *const *keys, ht_error *err);

/* Each reads a field into *value and leaves it as it is when the field is absent. */
ht_status ht__field_double(const ht__fields *fields, const char *key, double *value, ht_error *err);
ht_status ht__field_size(const ht__fields *fields, const char *key, size_t least, size_t most, size_t *value,
                         ht_error *err);
ht_status ht__field_bool(const ht__fields *fields, const char *key, bool *value, ht_error *err);
/* The text belongs to the mapping. */
ht_status ht__field_text(const ht__fields *fields, const char *key, const char **value, ht_error *err);
/* A list of numbers, or a single one; copied into the arena. */
ht_status ht__field_doubles(const ht__fields *fields, const char *key, ht_arena *arena, double **values, size_t *count,
                            ht_error *err);
/* A list of texts (numbers are taken as they print), or a single one; copied into the arena. */
ht_status ht__field_texts(const ht__fields *fields, const char *key, ht_arena *arena, const char ***values,
                          size_t *count, ht_error *err);

/* A new JSON array of `count` numbers or texts; NULL when memory is short. */
json_t *ht__json_doubles(const double *values, size_t count);
json_t *ht__json_texts(const char *const *values, size_t count);

#endif
