/* KEEL .dat: a header of @relation, @attribute, @inputs and @outputs lines, then @data and comma-separated rows
 * (https://sci2s.ugr.es/keel, section "KEEL data file format"). A file without a header is plain rows. */
#include <string.h>
#include <strings.h>

#include "data/readers/readers.h"
#include "data/readers/tabular.h"

typedef struct keel_header {
    const char **names;
    size_t name_count, name_capacity;
    const char *outputs; /* what follows @outputs; NULL */
    size_t body;         /* offset of the first row */
    uint32_t body_line;
} keel_header;

static bool is_keyword(const char *line, const char *keyword) {
    size_t length = strlen(keyword);
    return strncasecmp(line, keyword, length) == 0 &&
           (line[length] == ' ' || line[length] == '\t' || line[length] == '\0');
}

/* The name in "@attribute Name real[0,1]" or "@attribute 'My name' {a,b}"; cut out in place. */
static char *attribute_name(char *line) {
    char *at = line + strlen("@attribute");
    at += strspn(at, " \t");
    const char *stops = " \t{[";
    if (*at == '\'' || *at == '"') {
        stops = *at == '"' ? "\"" : "'";
        ++at;
    }
    at[strcspn(at, stops)] = '\0';
    return at;
}

static ht_status read_header_line(const ht__reading *reading, const char *path, uint32_t number, char *line,
                                  keel_header *header, ht_error *err) {
    if (is_keyword(line, "@attribute")) {
        char *name = attribute_name(line);
        if (*name == '\0') {
            return ht__fail_line(err, HT_ERROR_FORMAT, path, number, "This @attribute has no name.");
        }
        if (header->name_count >= HT__TABLE_MAX_COLUMNS) {
            return ht__fail_line(err, HT_ERROR_LIMIT, path, number, "There are more than %u attributes.",
                                 HT__TABLE_MAX_COLUMNS);
        }
        HT_TRY(ht__grow(&reading->ctx->allocator, &header->names, sizeof *header->names, &header->name_capacity,
                        header->name_count + 1, err));
        header->names[header->name_count++] = name;
    } else if (is_keyword(line, "@outputs") || is_keyword(line, "@output")) {
        header->outputs = line + strcspn(line, " \t");
    } else if (!is_keyword(line, "@relation") && !is_keyword(line, "@inputs") && !is_keyword(line, "@input") &&
               line[0] != '\0' && line[0] != '%') {
        return ht__fail_line(err, HT_ERROR_FORMAT, path, number, "This is no line of a KEEL header: '%.40s'.", line);
    }
    return HT_OK;
}

static ht_status read_header(const ht__reading *reading, const char *path, char *text, size_t size, keel_header *header,
                             ht_error *err) {
    if (text[strspn(text, " \t\r\n")] != '@') {
        header->body_line = 1;
        return HT_OK;
    }
    char *line = text;
    for (uint32_t number = 1; line < text + size; ++number) {
        char *end = memchr(line, '\n', (size_t)(text + size - line));
        char *next = end != NULL ? end + 1 : text + size;
        if (end != NULL) {
            *end = '\0';
        }
        line[strcspn(line, "\r")] = '\0';
        line += strspn(line, " \t");
        if (is_keyword(line, "@data")) {
            header->body = (size_t)(next - text);
            header->body_line = number + 1;
            return HT_OK;
        }
        HT_TRY(read_header_line(reading, path, number, line, header, err));
        line = next;
    }
    return ht__fail_offset(err, HT_ERROR_FORMAT, path, (int64_t)size, "The header ends without a line @data.");
}

/* Splits "a, b" into names; the description's `target` goes before it. */
static ht_status take_outputs(const ht__reading *reading, const keel_header *header, ht__table_plan *plan,
                              ht_error *err) {
    if (plan->target_count != 0 || header->outputs == NULL) {
        return HT_OK;
    }
    char *list = ht__arena_strdup(reading->arena, header->outputs);
    const char **names = ht__arena_alloc(reading->arena, (header->name_count + 1) * sizeof *names);
    if (list == NULL || names == NULL) {
        return ht__fail_memory(err, header->name_count * sizeof *names);
    }
    char *rest = NULL;
    for (char *name = strtok_r(list, ", \t", &rest); name != NULL && plan->target_count < header->name_count;
         name = strtok_r(NULL, ", \t", &rest)) {
        names[plan->target_count++] = name;
    }
    plan->target = names;
    return HT_OK;
}

static ht_status cut(const ht__reading *reading, ht__tabular_options *options, const char *path, const ht__bytes *bytes,
                     keel_header *header, ht__cells *cells, ht_error *err) {
    char *text = (char *)bytes->data;
    HT_TRY(read_header(reading, path, text, bytes->size, header, err));
    HT_TRY(ht__cells_cut(reading->arena, path, text + header->body, bytes->size - header->body, options->separator,
                         header->body_line, cells, err));
    HT_TRY(take_outputs(reading, header, &options->plan, err));
    if (cells->rows == 0) {
        return ht__fail_line(err, HT_ERROR_FORMAT, path, header->body_line, "The file has no rows of data.");
    }
    size_t named = options->columns != NULL ? options->column_count : header->name_count;
    if (named != cells->columns) {
        return ht__fail_line(err, HT_ERROR_FORMAT, path, cells->lines[0],
                             "The row has %zu cells for %zu named columns.", cells->columns, named);
    }
    return HT_OK;
}

static ht_status read_keel(const ht__reading *reading, ht__source *out, ht_error *err) {
    const char *path;
    ht__tabular_options options;
    ht__bytes bytes;
    ht__cells cells;
    HT_TRY(ht__reading_file(reading, "table", &path, err));
    HT_TRY(ht__tabular_options_read(reading, &options, err));
    HT_TRY(ht__bytes_read(&reading->ctx->allocator, path, HT__FILE_LIMIT, &bytes, err));
    keel_header header = {0};
    ht_status status = cut(reading, &options, path, &bytes, &header, &cells, err);
    if (status != HT_OK) {
        ht__bytes_free(&bytes);
    } else {
        const char *const *names = options.columns != NULL ? options.columns : header.names;
        status = ht__tabular_finish(reading, &options, path, &cells, 0, names, &bytes, out, err);
    }
    ht__free(&reading->ctx->allocator, header.names);
    return status;
}

const ht__reader_type ht__reader_keel = {"keel", "KEEL .dat tables (.gz too)", "table", read_keel};
