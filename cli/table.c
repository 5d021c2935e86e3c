#include "table.h"

#include <stdarg.h>
#include <stdlib.h>

#include "output.h"

/* Takes over `text`; NULL means that memory ran out. */
static void add(cli_table *table, char *text) {
    if (table->count == table->capacity) {
        size_t capacity = table->capacity * 2 + 64;
        char **cells = realloc(table->cells, capacity * sizeof *cells);
        if (cells == NULL) {
            table->failed = true;
            free(text);
            return;
        }
        table->cells = cells;
        table->capacity = capacity;
    }
    table->failed |= text == NULL;
    table->cells[table->count++] = text;
}

void cli_table_begin(cli_table *table, const char *const *headings, size_t columns) {
    *table = (cli_table){.columns = columns};
    for (size_t i = 0; i < columns; ++i) {
        table->right[i] = headings[i][0] == '>';
        cli_table_cell(table, "%s", headings[i] + table->right[i]);
    }
}

void cli_table_cell(cli_table *table, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = length >= 0 ? malloc((size_t)length + 1) : NULL;
    if (text != NULL) {
        va_start(arguments, format);
        vsnprintf(text, (size_t)length + 1, format, arguments);
        va_end(arguments);
    }
    add(table, text);
}

/* Characters of UTF-8 text: bytes that do not continue one. */
static size_t width_of(const char *text) {
    size_t width = 0;
    for (; *text != '\0'; ++text) {
        width += ((unsigned char)*text & 0xC0) != 0x80;
    }
    return width;
}

static void print_spaces(FILE *out, size_t count) { fprintf(out, "%*s", (int)count, ""); }

static void print_row(FILE *out, const cli_table *table, size_t first, const size_t *widths) {
    size_t pending = 2; /* spaces owed; those at the end of a line are never paid */
    for (size_t column = 0; column < table->columns && first + column < table->count; ++column) {
        const char *text = table->cells[first + column];
        size_t room = widths[column] - width_of(text);
        if (text[0] != '\0') {
            print_spaces(out, pending + (table->right[column] ? room : 0));
            fputs(text, out);
            pending = table->right[column] ? 2 : room + 2;
        } else {
            pending += room + 2;
        }
    }
    fputc('\n', out);
}

ht_status cli_table_print(cli_table *table, FILE *out, ht_error *err) {
    if (table->failed) {
        cli_table_release(table);
        return cli_fail(err, HT_ERROR_MEMORY, "Memory for a table could not be allocated.");
    }
    size_t widths[CLI_TABLE_COLUMNS] = {0};
    for (size_t i = 0; i < table->count; ++i) {
        size_t width = width_of(table->cells[i]);
        size_t *widest = &widths[i % table->columns];
        *widest = width > *widest ? width : *widest;
    }
    for (size_t first = 0; first < table->count; first += table->columns) {
        fputs(first == 0 ? cli_style_code(out, CLI_BOLD) : "", out);
        print_row(out, table, first, widths);
        fputs(first == 0 ? cli_style_code(out, CLI_PLAIN) : "", out);
    }
    cli_table_release(table);
    return HT_OK;
}

void cli_table_release(cli_table *table) {
    for (size_t i = 0; i < table->count; ++i) {
        free(table->cells[i]);
    }
    free(table->cells);
    *table = (cli_table){0};
}
