/* Tables: columns line up, also with letters of several bytes, and lines have no spaces at their ends. */
#include <stdlib.h>

#include "support.h"
#include "table.h"

static void columns_line_up(void **state) {
    (void)state;
    const char *const headings[] = {"name", ">size", "note"};
    cli_table table;
    cli_table_begin(&table, headings, 3);
    const char *const names[] = {"dépôt", "a long name", ""};
    for (int i = 0; i < 3; ++i) {
        cli_table_cell(&table, "%s", names[i]);
        cli_table_cell(&table, "%d", i == 1 ? 12345 : i);
        cli_table_cell(&table, "%s", i == 0 ? "x" : "");
    }
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_int_equal(cli_table_print(&table, out, NULL), HT_OK);
    fclose(out);
    assert_string_equal(text, "  name          size  note\n"
                              "  dépôt            0  x\n"
                              "  a long name  12345\n"
                              "                   2\n");
    free(text);
}

static void many_rows_fit(void **state) {
    (void)state;
    const char *const headings[] = {"n"};
    cli_table table;
    cli_table_begin(&table, headings, 1);
    for (int i = 0; i < 1000; ++i) {
        cli_table_cell(&table, "%d", i);
    }
    assert_int_equal(table.count, 1001);
    assert_string_equal(table.cells[1000], "999");
    cli_table_release(&table);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(columns_line_up), cmocka_unit_test(many_rows_fit)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
