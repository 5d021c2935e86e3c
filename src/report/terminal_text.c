#include <string.h>

#include "report/format.h"
#include "report/terminal.h"

/* Bytes of the UTF-8 character that starts at `text` (1 for a stray byte). */
static size_t character_size(const char *text) {
    unsigned char lead = (unsigned char)text[0];
    size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    for (size_t i = 1; i < size; ++i) {
        if (((unsigned char)text[i] & 0xc0) != 0x80) {
            return 1;
        }
    }
    return size;
}

/* ASCII for the signs that verdicts and titles use; "?" for the rest. */
static const char *plain(const char *character, size_t size) {
    static const struct {
        const char *sign, *ascii;
    } signs[] = {{"×", "x"}, {"→", "->"}, {"−", "-"}, {"–", "-"}, {"…", "."}, {"≈", "~"}, {"▼", "v"}, {"▲", "^"}};
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; ++i) {
        if (strlen(signs[i].sign) == size && memcmp(signs[i].sign, character, size) == 0) {
            return signs[i].ascii;
        }
    }
    return "?";
}

/* C0 and C1 control characters: what terminals take for commands. */
static bool is_control(const char *character, size_t size) {
    unsigned char first = (unsigned char)character[0];
    return (size == 1 && (first < 0x20 || first >= 0x7f)) ||
           (size == 2 && first == 0xc2 && (unsigned char)character[1] < 0xa0);
}

static void put_character(ht_buffer *out, const ht_terminal *terminal, const char *character, size_t size) {
    if (is_control(character, size)) {
        ht__buffer_text(out, " ");
    } else if (terminal->ascii && size > 1) {
        ht__buffer_text(out, plain(character, size));
    } else {
        ht__buffer_append(out, character, size);
    }
}

void ht__terminal_text(ht_buffer *out, const ht_terminal *terminal, const char *text) {
    while (*text != '\0') {
        size_t size = character_size(text);
        put_character(out, terminal, text, size);
        text += size;
    }
}

static size_t count_characters(const char *text) {
    size_t count = 0;
    for (; *text != '\0'; text += character_size(text)) {
        ++count;
    }
    return count;
}

void ht__terminal_cell(ht_buffer *out, const ht_terminal *terminal, const char *text, size_t columns, bool right) {
    size_t count = count_characters(text), shown = count > columns ? columns - 1 : count;
    for (size_t i = shown; right && count <= columns && i < columns; ++i) {
        ht__buffer_text(out, " ");
    }
    for (size_t i = 0; i < shown; ++i) {
        size_t size = character_size(text);
        put_character(out, terminal, text, size);
        text += size;
    }
    if (count > columns) {
        ht__buffer_text(out, terminal->ascii ? "." : "…");
    }
    for (size_t i = shown; !right && count <= columns && i < columns; ++i) {
        ht__buffer_text(out, " ");
    }
}

void ht__terminal_style(ht_buffer *out, const ht_terminal *terminal, ht_terminal_style style) {
    static const char *const codes[] = {"\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m"};
    ht__buffer_text(out, terminal->color ? codes[style] : "");
}

void ht__terminal_ink(ht_buffer *out, const ht_terminal *terminal, size_t index) {
    /* blue, yellow, green, magenta, cyan, red, white: the seven that every terminal has */
    static const int codes[] = {34, 33, 32, 35, 36, 31, 37};
    if (terminal->color) {
        ht__buffer_printf(out, "\x1b[%dm", codes[index % (sizeof codes / sizeof codes[0])]);
    }
}

void ht__terminal_wrapped(ht_buffer *out, const ht_terminal *terminal, const char *text) {
    ht_buffer shown; /* as it will stand there: signs may become longer in ASCII */
    ht__buffer_init(&shown, out->allocator);
    ht__terminal_text(&shown, terminal, text);
    size_t column = 0;
    for (const char *word = shown.data != NULL ? shown.data : ""; *word != '\0';) {
        size_t bytes = strcspn(word, " "), columns = 0;
        for (size_t i = 0; i < bytes; i += character_size(word + i)) {
            ++columns;
        }
        bool fresh = column > 0 && column + 1 + columns > terminal->width;
        ht__buffer_text(out, fresh ? "\n" : column > 0 ? " " : "");
        ht__buffer_append(out, word, bytes);
        column = fresh || column == 0 ? columns : column + 1 + columns;
        word += bytes + strspn(word + bytes, " ");
    }
    ht__buffer_text(out, "\n");
    out->failed |= shown.failed;
    ht__buffer_free(&shown);
}

/* ---- tables ---- */

static size_t column_width(const ht_table *table, size_t column) {
    size_t widest = 0;
    for (size_t row = 0; row < table->rows; ++row) {
        const ht_table_cell *cell = &table->cells[row * table->columns + column];
        size_t count = count_characters(cell->text) + (column >= table->text_columns ? 1 : 0);
        widest = count > widest ? count : widest;
    }
    return widest;
}

static void put_cell(ht_buffer *out, const ht_terminal *terminal, const ht_table_cell *cell, size_t columns,
                     bool number) {
    static const char *const marks[] = {" ", "≈", "▼", "▲"};
    static const ht_terminal_style styles[] = {HT_TERMINAL_PLAIN, HT_TERMINAL_DIM, HT_TERMINAL_BAD, HT_TERMINAL_GOOD};
    if (!number) {
        ht__terminal_cell(out, terminal, cell->text, columns, false);
        return;
    }
    ht__terminal_cell(out, terminal, cell->text, columns - 1, true);
    ht__terminal_style(out, terminal, styles[cell->change]);
    ht__terminal_text(out, terminal, marks[cell->change]);
    ht__terminal_style(out, terminal, HT_TERMINAL_PLAIN);
}

static void put_rows(ht_buffer *out, const ht_terminal *terminal, const ht_table *table, size_t first, size_t begin,
                     size_t end) {
    for (size_t row = 0; row < table->rows; ++row) {
        ht__terminal_style(out, terminal, row == 0 ? HT_TERMINAL_BOLD : HT_TERMINAL_PLAIN);
        const ht_table_cell *cells = &table->cells[row * table->columns];
        ht__buffer_text(out, "  ");
        put_cell(out, terminal, &cells[0], first, table->text_columns == 0);
        for (size_t column = begin; column < end; ++column) {
            ht__buffer_text(out, " ");
            put_cell(out, terminal, &cells[column], column_width(table, column), column >= table->text_columns);
        }
        ht__buffer_text(out, "\n");
    }
}

void ht__terminal_table(ht_buffer *out, const ht_terminal *terminal, const ht_table *table) {
    if (table->rows < 2 || table->columns < 2) {
        return;
    }
    ht__terminal_style(out, terminal, HT_TERMINAL_BOLD);
    ht__terminal_wrapped(out, terminal, table->title);
    ht__terminal_style(out, terminal, HT_TERMINAL_PLAIN);
    size_t first = column_width(table, 0), most = terminal->width / 2 - 4;
    first = first > most ? most : first;
    for (size_t begin = 1; begin < table->columns;) {
        size_t used = first + 2, end = begin;
        do {
            used += column_width(table, end++) + 1;
        } while (end < table->columns && used + column_width(table, end) + 1 <= terminal->width);
        put_rows(out, terminal, table, first, begin, end);
        ht__buffer_text(out, end < table->columns ? "\n" : "");
        begin = end;
    }
}
