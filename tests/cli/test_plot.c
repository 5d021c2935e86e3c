/* The plot in characters: every point stands where its value says, and nothing finite means nothing printed. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plot.h"
#include "support.h"

static char *plotted(const cli_plot_options *options, const cli_series *series, size_t count) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    cli_plot(out, options, series, count);
    fclose(out);
    return text;
}

static void points_stand_at_their_values(void **state) {
    (void)state;
    const double x[] = {0, 1, 2}, y[] = {0, 2, 1}, flat[] = {NAN, INFINITY, 0};
    cli_series series[] = {{"rising", x, y, 3}, {"flat", x, flat, 3}};
    char *text = plotted(&(cli_plot_options){.title = "T", .x_label = "bits", .columns = 5, .rows = 3}, series, 2);
    assert_string_equal(text, "T\n"
                              "      2 |  a. \n"
                              "        | .  a\n"
                              "      0 |a   b\n"
                              "        +-----\n"
                              "         0 1 2  bits\n"
                              "         a rising\n"
                              "         b flat\n");
    free(text);
}

static void nothing_finite_prints_nothing(void **state) {
    (void)state;
    const double x[] = {1}, y[] = {NAN};
    char *text = plotted(&(cli_plot_options){.title = "T"}, &(cli_series){"none", x, y, 1}, 1);
    assert_string_equal(text, "");
    free(text);
}

static void one_point_and_many_curves(void **state) {
    (void)state;
    const double x[] = {4}, y[] = {0.9};
    cli_series series[40];
    for (size_t i = 0; i < 40; ++i) {
        series[i] = (cli_series){"curve", x, y, 1};
    }
    char *text = plotted(&(cli_plot_options){0}, series, 40);
    assert_non_null(strstr(text, "z curve"));
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_stand_at_their_values),
        cmocka_unit_test(nothing_finite_prints_nothing),
        cmocka_unit_test(one_point_and_many_curves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
