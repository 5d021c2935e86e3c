/* Reading a YAML file with libyaml's document interface: every error names the line of the node it speaks of. */
#ifndef HT_STUDY_DOCUMENT_H
#define HT_STUDY_DOCUMENT_H

#include <yaml.h>

#include "base/memory.h"

/* A parsed file. Nodes live as long as it. */
typedef struct ht_document {
    yaml_document_t yaml;
    const char *file; /* for errors; borrowed */
} ht_document;
typedef const yaml_node_t ht_document_node;

/* Parses `size` bytes of `text`; the root must be a mapping. The caller closes the document.
 * Errors: HT_ERROR_FORMAT with the line. */
ht_status ht__document_parse(const char *file, const void *text, size_t size, ht_document *out, ht_error *err);
void ht__document_close(ht_document *document);
ht_document_node *ht__document_root(ht_document *document);

/* Fails at a node's line. */
ht_status ht__document_fail(const ht_document *document, ht_document_node *node, ht_error *err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The line of a node, counted from 1. */
int64_t ht__document_line(ht_document_node *node);

/* Fails unless `node` is a mapping whose keys are distinct and all in `keys` (ends with NULL); `what` names it. */
ht_status ht__document_known(ht_document *document, ht_document_node *node, const char *what, const char *const *keys,
                             ht_error *err);
/* The value under `key` of a mapping; NULL when it is absent. */
ht_document_node *ht__document_find(ht_document *document, ht_document_node *mapping, const char *key);
/* Key and value of the `index`-th pair of a mapping. */
void ht__document_pair(ht_document *document, ht_document_node *mapping, size_t index, ht_document_node **key,
                       ht_document_node **value);
/* Elements of a sequence or pairs of a mapping; a scalar counts as a sequence of one. */
size_t ht__document_count(ht_document_node *node);
ht_document_node *ht__document_item(ht_document *document, ht_document_node *node, size_t index);

/* The value of a scalar. `what` names it in the error. The text lives as long as the document. */
ht_status ht__document_text(const ht_document *document, ht_document_node *node, const char *what, const char **out,
                            ht_error *err);
ht_status ht__document_number(const ht_document *document, ht_document_node *node, const char *what, double low,
                              double high, double *out, ht_error *err);
ht_status ht__document_integer(const ht_document *document, ht_document_node *node, const char *what, int64_t low,
                               int64_t high, int64_t *out, ht_error *err);
ht_status ht__document_bool(const ht_document *document, ht_document_node *node, const char *what, bool *out,
                            ht_error *err);

#endif
