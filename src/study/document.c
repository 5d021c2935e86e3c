#include "study/document.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"

ht_status ht__document_parse(const char *file, const void *text, size_t size, ht_document *out, ht_error *err) {
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) {
        return ht__fail_memory(err, sizeof parser);
    }
    yaml_parser_set_input_string(&parser, text, size);
    ht_status status = HT_OK;
    out->file = file;
    if (!yaml_parser_load(&parser, &out->yaml)) {
        size_t line = parser.problem_mark.line > 0 ? parser.problem_mark.line : parser.context_mark.line;
        status = ht__fail_line(err, HT_ERROR_FORMAT, file, (int64_t)line + 1, "The file is not valid YAML: %s.",
                               parser.problem != NULL ? parser.problem : "it cannot be read");
    } else {
        ht_document_node *root = yaml_document_get_root_node(&out->yaml);
        if (root == NULL || root->type != YAML_MAPPING_NODE) {
            status = ht__fail_line(err, HT_ERROR_FORMAT, file, root != NULL ? ht__document_line(root) : 1,
                                   "The file must hold a mapping (\"key: value\" lines).");
            yaml_document_delete(&out->yaml);
        }
    }
    yaml_parser_delete(&parser);
    return status;
}

void ht__document_close(ht_document *document) { yaml_document_delete(&document->yaml); }

ht_document_node *ht__document_root(ht_document *document) { return yaml_document_get_root_node(&document->yaml); }

int64_t ht__document_line(ht_document_node *node) { return (int64_t)node->start_mark.line + 1; }

ht_status ht__document_fail(const ht_document *document, ht_document_node *node, ht_error *err, const char *format,
                            ...) {
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return ht__fail_line(err, HT_ERROR_FORMAT, document->file, ht__document_line(node), "%s", text);
}

static size_t pair_count(ht_document_node *mapping) {
    return (size_t)(mapping->data.mapping.pairs.top - mapping->data.mapping.pairs.start);
}

void ht__document_pair(ht_document *document, ht_document_node *mapping, size_t index, ht_document_node **key,
                       ht_document_node **value) {
    const yaml_node_pair_t *pair = &mapping->data.mapping.pairs.start[index];
    *key = yaml_document_get_node(&document->yaml, pair->key);
    *value = yaml_document_get_node(&document->yaml, pair->value);
}

static bool is_text(ht_document_node *node, const char *text) {
    return node->type == YAML_SCALAR_NODE && strcmp((const char *)node->data.scalar.value, text) == 0;
}

ht_document_node *ht__document_find(ht_document *document, ht_document_node *mapping, const char *key) {
    for (size_t i = 0; i < pair_count(mapping); ++i) {
        ht_document_node *name, *value;
        ht__document_pair(document, mapping, i, &name, &value);
        if (is_text(name, key)) {
            return value;
        }
    }
    return NULL;
}

/* "a, b, c" into `out`, cut at its size. */
static void join_keys(const char *const *keys, char *out, size_t size) {
    size_t used = 0;
    for (size_t i = 0; keys[i] != NULL && used < size; ++i) {
        int written = snprintf(out + used, size - used, "%s%s", i == 0 ? "" : ", ", keys[i]);
        used += written > 0 ? (size_t)written : 0;
    }
}

ht_status ht__document_known(ht_document *document, ht_document_node *node, const char *what, const char *const *keys,
                             ht_error *err) {
    if (node->type != YAML_MAPPING_NODE) {
        return ht__document_fail(document, node, err, "%s must be a mapping (\"key: value\" lines).", what);
    }
    for (size_t i = 0; i < pair_count(node); ++i) {
        ht_document_node *key, *value;
        ht__document_pair(document, node, i, &key, &value);
        size_t k = 0;
        while (keys[k] != NULL && !is_text(key, keys[k])) {
            ++k;
        }
        const char *name = key->type == YAML_SCALAR_NODE ? (const char *)key->data.scalar.value : "(a structure)";
        if (keys[k] == NULL) {
            char known[300];
            join_keys(keys, known, sizeof known);
            return ht__document_fail(document, key, err, "%s has no key \"%.60s\"; it may have %s.", what, name, known);
        }
        if (ht__document_find(document, node, name) != value) {
            return ht__document_fail(document, key, err, "%s has the key \"%s\" twice.", what, name);
        }
    }
    return HT_OK;
}

size_t ht__document_count(ht_document_node *node) {
    switch (node->type) {
    case YAML_SEQUENCE_NODE: return (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    case YAML_MAPPING_NODE: return pair_count(node);
    default: return 1;
    }
}

ht_document_node *ht__document_item(ht_document *document, ht_document_node *node, size_t index) {
    if (node->type != YAML_SEQUENCE_NODE) {
        return node;
    }
    return yaml_document_get_node(&document->yaml, node->data.sequence.items.start[index]);
}

ht_status ht__document_text(const ht_document *document, ht_document_node *node, const char *what, const char **out,
                            ht_error *err) {
    if (node->type != YAML_SCALAR_NODE) {
        return ht__document_fail(document, node, err, "%s must be a single value.", what);
    }
    if (node->data.scalar.length == 0 || strlen((const char *)node->data.scalar.value) != node->data.scalar.length) {
        return ht__document_fail(document, node, err, "%s must not be empty or hold a NUL.", what);
    }
    *out = (const char *)node->data.scalar.value;
    return HT_OK;
}

ht_status ht__document_number(const ht_document *document, ht_document_node *node, const char *what, double low,
                              double high, double *out, ht_error *err) {
    const char *text;
    HT_TRY(ht__document_text(document, node, what, &text, err));
    double value;
    if (!ht__parse_double(text, &value) || !(value >= low && value <= high)) {
        return ht__document_fail(document, node, err, "%s must be a number from %g to %g, not \"%.40s\".", what, low,
                                 high, text);
    }
    *out = value;
    return HT_OK;
}

ht_status ht__document_integer(const ht_document *document, ht_document_node *node, const char *what, int64_t low,
                               int64_t high, int64_t *out, ht_error *err) {
    const char *text;
    HT_TRY(ht__document_text(document, node, what, &text, err));
    int64_t value;
    if (!ht__parse_int64(text, &value) || value < low || value > high) {
        return ht__document_fail(document, node, err, "%s must be a whole number from %lld to %lld, not \"%.40s\".",
                                 what, (long long)low, (long long)high, text);
    }
    *out = value;
    return HT_OK;
}

ht_status ht__document_bool(const ht_document *document, ht_document_node *node, const char *what, bool *out,
                            ht_error *err) {
    const char *text;
    HT_TRY(ht__document_text(document, node, what, &text, err));
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0) {
        return ht__document_fail(document, node, err, "%s must be true or false, not \"%.40s\".", what, text);
    }
    *out = text[0] == 't';
    return HT_OK;
}
