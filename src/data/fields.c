#include "data/fields.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int64_t line_of(const json_t *object) {
    const json_t *line = json_object_get(object, HT__LINE_KEY);
    return line != NULL ? (int64_t)json_integer_value(line) : -1;
}

ht_status ht__fields_fail(const ht__fields *fields, ht_error *err, const char *format, ...) {
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return ht__fail_line(err, HT_ERROR_FORMAT, fields->file, line_of(fields->object), "In %s, %s", fields->what, text);
}

ht_status ht__fields_known(const ht__fields *fields, const char *const *keys, ht_error *err) {
    if (fields->object == NULL || json_is_null(fields->object)) {
        return HT_OK;
    }
    if (!json_is_object(fields->object)) {
        return ht__fields_fail(fields, err, "a mapping of keys to values is wanted.");
    }
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)fields->object, key, value) {
        bool known = strcmp(key, HT__LINE_KEY) == 0;
        for (size_t i = 0; !known && keys[i] != NULL; ++i) {
            known = strcmp(key, keys[i]) == 0;
        }
        if (!known) {
            return ht__fields_fail(fields, err, "the key '%.60s' is unknown.", key);
        }
    }
    return HT_OK;
}

ht_status ht__field_double(const ht__fields *fields, const char *key, double *value, ht_error *err) {
    const json_t *field = json_object_get(fields->object, key);
    if (field == NULL) {
        return HT_OK;
    }
    if (!json_is_number(field)) {
        return ht__fields_fail(fields, err, "'%s' must be a number.", key);
    }
    *value = json_number_value(field);
    return HT_OK;
}

ht_status ht__field_size(const ht__fields *fields, const char *key, size_t least, size_t most, size_t *value,
                         ht_error *err) {
    const json_t *field = json_object_get(fields->object, key);
    if (field == NULL) {
        return HT_OK;
    }
    json_int_t number = json_integer_value(field);
    if (!json_is_integer(field) || number < 0 || (size_t)number < least || (size_t)number > most) {
        return ht__fields_fail(fields, err, "'%s' must be a whole number from %zu to %zu.", key, least, most);
    }
    *value = (size_t)number;
    return HT_OK;
}

ht_status ht__field_bool(const ht__fields *fields, const char *key, bool *value, ht_error *err) {
    const json_t *field = json_object_get(fields->object, key);
    if (field == NULL) {
        return HT_OK;
    }
    if (!json_is_boolean(field)) {
        return ht__fields_fail(fields, err, "'%s' must be true or false.", key);
    }
    *value = json_is_true(field);
    return HT_OK;
}

ht_status ht__field_text(const ht__fields *fields, const char *key, const char **value, ht_error *err) {
    const json_t *field = json_object_get(fields->object, key);
    if (field == NULL) {
        return HT_OK;
    }
    if (!json_is_string(field)) {
        return ht__fields_fail(fields, err, "'%s' must be text.", key);
    }
    *value = json_string_value(field);
    return HT_OK;
}

/* The number of elements when the field is a list, 1 when it is a scalar. */
static size_t length_of(const json_t *field) { return json_is_array(field) ? json_array_size(field) : 1; }
static const json_t *element_of(const json_t *field, size_t index) {
    return json_is_array(field) ? json_array_get(field, index) : field;
}

ht_status ht__field_doubles(const ht__fields *fields, const char *key, ht_arena *arena, double **values, size_t *count,
                            ht_error *err) {
    const json_t *field = json_object_get(fields->object, key);
    if (field == NULL) {
        return HT_OK;
    }
    size_t length = length_of(field);
    double *numbers = ht__arena_alloc(arena, (length + 1) * sizeof *numbers);
    if (numbers == NULL) {
        return ht__fail_memory(err, length * sizeof *numbers);
    }
    for (size_t i = 0; i < length; ++i) {
        const json_t *element = element_of(field, i);
        if (!json_is_number(element)) {
            return ht__fields_fail(fields, err, "'%s' must be a number or a list of numbers.", key);
        }
        numbers[i] = json_number_value(element);
    }
    *values = numbers;
    *count = length;
    return HT_OK;
}

ht_status ht__field_texts(const ht__fields *fields, const char *key, ht_arena *arena, const char ***values,
                          size_t *count, ht_error *err) {
    const json_t *field = json_object_get(fields->object, key);
    if (field == NULL) {
        return HT_OK;
    }
    size_t length = length_of(field);
    const char **texts = ht__arena_alloc(arena, (length + 1) * sizeof *texts);
    if (texts == NULL) {
        return ht__fail_memory(err, length * sizeof *texts);
    }
    for (size_t i = 0; i < length; ++i) {
        const json_t *element = element_of(field, i);
        if (json_is_string(element)) {
            texts[i] = ht__arena_strdup(arena, json_string_value(element));
        } else if (json_is_integer(element)) {
            texts[i] = ht__arena_printf(arena, "%lld", (long long)json_integer_value(element));
        } else {
            return ht__fields_fail(fields, err, "'%s' must be text or a list of texts.", key);
        }
        if (texts[i] == NULL) {
            return ht__fail_memory(err, 64);
        }
    }
    *values = texts;
    *count = length;
    return HT_OK;
}

json_t *ht__json_doubles(const double *values, size_t count) {
    json_t *array = json_array();
    for (size_t i = 0; array != NULL && i < count; ++i) {
        if (json_array_append_new(array, json_real(values[i])) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

json_t *ht__json_texts(const char *const *values, size_t count) {
    json_t *array = json_array();
    for (size_t i = 0; array != NULL && i < count; ++i) {
        if (json_array_append_new(array, json_string(values[i])) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}
