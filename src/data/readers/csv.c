/* CSV: RFC 4180, with a header line or with names from the description. */
#include "data/readers/readers.h"
#include "data/readers/tabular.h"

/* Names for the columns: the description's, the header's, or x1, x2, ... */
static ht_status name_columns(const ht__reading *reading, const ht__tabular_options *options, const char *path,
                              const ht__cells *cells, const char *const **names, ht_error *err) {
    if (options->columns != NULL) {
        if (options->column_count != cells->columns) {
            return ht__fail_line(err, HT_ERROR_FORMAT, path, cells->lines[0],
                                 "The file has %zu columns; the description names %zu.", cells->columns,
                                 options->column_count);
        }
        *names = options->columns;
        return HT_OK;
    }
    if (options->header) {
        *names = (const char *const *)cells->cell;
        return HT_OK;
    }
    const char **made = ht__arena_alloc(reading->arena, cells->columns * sizeof *made);
    for (size_t i = 0; made != NULL && i < cells->columns; ++i) {
        made[i] = ht__arena_printf(reading->arena, "x%zu", i + 1);
        if (made[i] == NULL) {
            made = NULL;
        }
    }
    *names = made;
    return made != NULL ? HT_OK : ht__fail_memory(err, cells->columns * sizeof *made);
}

static ht_status cut(const ht__reading *reading, const ht__tabular_options *options, const char *path,
                     const ht__bytes *bytes, ht__cells *cells, const char *const **names, ht_error *err) {
    char *text = (char *)bytes->data;
    size_t size = bytes->size;
    if (size >= 3 && text[0] == '\xef' && text[1] == '\xbb' && text[2] == '\xbf') { /* UTF-8 byte order mark */
        text += 3;
        size -= 3;
    }
    HT_TRY(ht__cells_cut(reading->arena, path, text, size, options->separator, 1, cells, err));
    if (cells->rows == 0) {
        return ht__fail_line(err, HT_ERROR_FORMAT, path, 1, "The file has no rows.");
    }
    return name_columns(reading, options, path, cells, names, err);
}

static ht_status read_csv(const ht__reading *reading, ht__source *out, ht_error *err) {
    const char *path;
    ht__tabular_options options;
    ht__bytes bytes;
    ht__cells cells;
    const char *const *names;
    HT_TRY(ht__reading_file(reading, "table", &path, err));
    HT_TRY(ht__tabular_options_read(reading, &options, err));
    HT_TRY(ht__bytes_read(&reading->ctx->allocator, path, HT__FILE_LIMIT, &bytes, err));
    ht_status status = cut(reading, &options, path, &bytes, &cells, &names, err);
    if (status != HT_OK) {
        ht__bytes_free(&bytes);
        return status;
    }
    return ht__tabular_finish(reading, &options, path, &cells, options.header ? 1 : 0, names, &bytes, out, err);
}

const ht__reader_type ht__reader_csv = {"csv", "comma-separated values, with or without a header (.gz too)", "table",
                                        read_csv};
