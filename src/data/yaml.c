/* YAML into jansson's tree, through libyaml's document interface. */
#include <string.h>
#include <yaml.h>

#include "base/file.h"
#include "data/fields.h"

#define MAX_DEPTH 32
#define MAX_NODES 100000 /* also bounds what aliases of aliases expand to */

typedef struct conversion {
    yaml_document_t *document;
    const char *name;
    size_t nodes;
    ht_error *err;
} conversion;

static ht_status fail_at_node(const conversion *job, const yaml_node_t *node, ht_status status, const char *text) {
    return ht__fail_line(job->err, status, job->name, (int64_t)node->start_mark.line + 1, "%s", text);
}

static json_t *convert_scalar(const yaml_node_t *node) {
    const char *text = (const char *)node->data.scalar.value;
    size_t length = node->data.scalar.length;
    if (node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && strlen(text) == length) {
        int64_t integer;
        double number;
        if (length == 0 || strcmp(text, "null") == 0 || strcmp(text, "~") == 0) {
            return json_null();
        }
        if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
            return json_boolean(text[0] == 't');
        }
        /* Only what starts like a number: strtod would also take words such as "nan" and "infinity". */
        if (strchr("+-.0123456789", text[0]) != NULL) {
            if (ht__parse_int64(text, &integer)) {
                return json_integer(integer);
            }
            if (ht__parse_double(text, &number)) {
                return json_real(number); /* NULL for what is not finite */
            }
        }
    }
    return json_stringn(text, length); /* NULL unless it is UTF-8 */
}

static ht_status convert(conversion *job, int index, int depth, json_t **out);

static ht_status convert_sequence(conversion *job, const yaml_node_t *node, int depth, json_t *array) {
    for (yaml_node_item_t *item = node->data.sequence.items.start; item < node->data.sequence.items.top; ++item) {
        json_t *element;
        HT_TRY(convert(job, *item, depth + 1, &element));
        if (json_array_append_new(array, element) != 0) {
            return ht__fail_memory(job->err, 64);
        }
    }
    return HT_OK;
}

static ht_status convert_mapping(conversion *job, const yaml_node_t *node, int depth, json_t *object) {
    if (json_object_set_new(object, HT__LINE_KEY, json_integer((json_int_t)node->start_mark.line + 1)) != 0) {
        return ht__fail_memory(job->err, 64);
    }
    for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; ++pair) {
        const yaml_node_t *key = yaml_document_get_node(job->document, pair->key);
        if (key->type != YAML_SCALAR_NODE) {
            return fail_at_node(job, key, HT_ERROR_FORMAT, "A key must be plain text.");
        }
        const char *text = (const char *)key->data.scalar.value;
        if (json_object_get(object, text) != NULL) {
            return fail_at_node(job, key, HT_ERROR_FORMAT, "This key stands here a second time.");
        }
        json_t *value;
        HT_TRY(convert(job, pair->value, depth + 1, &value));
        if (json_object_set_new(object, text, value) != 0) {
            return fail_at_node(job, key, HT_ERROR_FORMAT, "This key is not UTF-8 text.");
        }
    }
    return HT_OK;
}

static ht_status convert(conversion *job, int index, int depth, json_t **out) {
    const yaml_node_t *node = yaml_document_get_node(job->document, index);
    *out = NULL;
    if (depth > MAX_DEPTH || ++job->nodes > MAX_NODES) {
        return fail_at_node(job, node, HT_ERROR_LIMIT, "The description is nested too deep or is too long.");
    }
    ht_status status = HT_OK;
    json_t *value = NULL;
    if (node->type == YAML_SEQUENCE_NODE) {
        value = json_array();
        status = value != NULL ? convert_sequence(job, node, depth, value) : ht__fail_memory(job->err, 64);
    } else if (node->type == YAML_MAPPING_NODE) {
        value = json_object();
        status = value != NULL ? convert_mapping(job, node, depth, value) : ht__fail_memory(job->err, 64);
    } else {
        value = convert_scalar(node);
        status = value != NULL
                     ? HT_OK
                     : fail_at_node(job, node, HT_ERROR_FORMAT, "This is neither UTF-8 text nor a finite number.");
    }
    if (status != HT_OK) {
        json_decref(value);
        return status;
    }
    *out = value;
    return HT_OK;
}

ht_status ht__yaml_read(const char *name, const char *text, size_t size, json_t **out, ht_error *err) {
    *out = NULL;
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) {
        return ht__fail_memory(err, sizeof parser);
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
    yaml_document_t document;
    ht_status status = HT_OK;
    if (!yaml_parser_load(&parser, &document)) {
        status = ht__fail_line(err, HT_ERROR_FORMAT, name, (int64_t)parser.problem_mark.line + 1,
                               "This is not YAML: %s.", parser.problem != NULL ? parser.problem : "it cannot be read");
    } else {
        if (yaml_document_get_root_node(&document) == NULL) {
            status = ht__fail_line(err, HT_ERROR_FORMAT, name, 1, "The description is empty.");
        } else {
            conversion job = {.document = &document, .name = name, .err = err};
            status = convert(&job, 1, 0, out); /* libyaml numbers nodes from 1, the root first */
        }
        yaml_document_delete(&document);
    }
    yaml_parser_delete(&parser);
    return status;
}
