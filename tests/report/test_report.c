/* Reports from a synthetic document: the same numbers in every output, nothing a hostile text can do, no half report.
 */
#include "support.h"

#include <locale.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "halftone/report.h"
#include "report/synthetic.h"

static ht_context *ctx;
static char folder[64];
static char *document;

static int set_up(void **state) {
    (void)state;
    json_t *root = synthetic_results(true);
    document = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    /* in memory where there is such a place: each file of a report is synced to its disk */
    bool memory = access("/dev/shm", W_OK) == 0;
    snprintf(folder, sizeof folder, "%s/halftone-report-XXXXXX", memory ? "/dev/shm" : "/tmp");
    return ht_context_create(&(ht_context_options){.threads = 1}, &ctx, NULL) != HT_OK || mkdtemp(folder) == NULL;
}

static int tear_down(void **state) {
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    free(document);
    ht_context_destroy(ctx);
    return system(command);
}

static ht_status write_report(const char *json, unsigned formats, ht_error *err) {
    return ht_report_write(ctx, json, strlen(json),
                           &(ht_report_options){.folder = folder, .formats = formats, .overwrite = true}, err);
}

/* A whole written file, NUL-terminated; free it with free(). */
static char *read_output(const char *name) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    ht_file_view view;
    ht_error err;
    if (ht__file_map(path, &view, &err) != HT_OK) {
        fail_msg("%s: %s", path, err.message);
    }
    char *text = malloc(view.size + 1);
    assert_non_null(text);
    memcpy(text, view.data, view.size);
    text[view.size] = '\0';
    ht__file_unmap(&view);
    return text;
}

static void assert_holds(const char *name, const char *wanted) {
    char *text = read_output(name);
    if (strstr(text, wanted) == NULL) {
        fail_msg("%s does not hold \"%s\"", name, wanted);
    }
    free(text);
}

static void every_output_carries_the_same_numbers(void **state) {
    (void)state;
    assert_int_equal(write_report(document, HT_REPORT_ALL, NULL), HT_OK);
    json_t *root = json_loads(document, 0, NULL);
    size_t index;
    json_t *cell;
    json_array_foreach(json_object_get(root, "cells"), index, cell) {
        if (strcmp(json_string_value(json_object_get(cell, "model")), model_ids[0]) != 0 || index % 7 != 0) {
            continue;
        }
        double value = json_number_value(json_object_get(cell, "value"));
        char exact[64], shown[64], percent[64];
        snprintf(exact, sizeof exact, ",%.6g,", value);
        snprintf(shown, sizeof shown, "%.2f", 100.0 * value);
        snprintf(percent, sizeof percent, ",%.6g,", 100.0 * value);
        assert_holds("results.csv", exact);
        assert_holds("report.md", shown);
        assert_holds("tables/model-fashion-mnist_cnn-vanilla_s0.tex", shown);
        assert_holds("figures/curve-fashion-mnist_cnn-vanilla_s0.csv", percent);
        snprintf(exact, sizeof exact, "\"value\":%.17g,", value);
        assert_holds("results.json", exact);
        assert_holds("report.html", exact);
    }
    json_decref(root);
}

static void csv_has_one_row_per_cell(void **state) {
    (void)state;
    assert_int_equal(write_report(document, HT_REPORT_CSV, NULL), HT_OK);
    char *rows = read_output("results.csv");
    size_t lines = 0, commas = 0, expected = 0;
    bool quoted = false;
    for (const char *at = rows; *at != '\0'; ++at) {
        quoted ^= *at == '"';
        commas += *at == ',' && !quoted;
        if (*at == '\n') {
            expected = lines == 0 ? commas : expected;
            assert_int_equal(commas, expected);
            commas = 0;
            ++lines;
        }
    }
    assert_int_equal(lines, 1 + MODELS * SCHEMES * WIDTHS);
    free(rows);
}

static void hostile_names_stay_text(void **state) {
    (void)state;
    assert_int_equal(write_report(document, HT_REPORT_ALL, NULL), HT_OK);
    char *page = read_output("report.html");
    assert_null(strstr(page, "<script>window.hacked"));
    assert_null(strstr(page, "<again>"));
    assert_null(strstr(page, "src=\""));
    assert_null(strstr(page, "href=\"http"));
    free(page);
    char *markdown = read_output("report.md");
    assert_null(strstr(markdown, "<script>"));
    free(markdown);
    assert_holds("report.md", "&lt;/script&gt;");
}

static void figures_are_well_formed(void **state) {
    (void)state;
    assert_int_equal(write_report(document, HT_REPORT_SVG, NULL), HT_OK);
    if (system("command -v xmllint >/dev/null 2>&1") != 0) {
        print_message("skipped: xmllint is not installed\n");
        skip();
    }
    char command[160];
    snprintf(command, sizeof command, "xmllint --noout %s/figures/*.svg", folder);
    assert_int_equal(system(command), 0);
    snprintf(command, sizeof command, "test $(ls %s/figures/*.svg | wc -l) = 12", folder);
    assert_int_equal(system(command), 0);
    snprintf(command, sizeof command, "! grep -l -i 'nan\\|inf[^o]' %s/figures/*.svg", folder);
    assert_int_equal(system(command), 0);
}

static void existing_files_are_kept(void **state) {
    (void)state;
    assert_int_equal(write_report(document, HT_REPORT_MARKDOWN, NULL), HT_OK);
    ht_error err;
    ht_report_options options = {.folder = folder, .formats = HT_REPORT_MARKDOWN};
    assert_int_equal(ht_report_write(ctx, document, strlen(document), &options, &err), HT_ERROR_EXISTS);
    assert_non_null(strstr(err.where, "report.md"));
}

static void optional_parts_may_be_absent(void **state) {
    (void)state;
    json_t *root = synthetic_results(false);
    char *bare = json_dumps(root, JSON_COMPACT);
    assert_int_equal(write_report(bare, HT_REPORT_ALL, NULL), HT_OK);
    char *markdown = read_output("report.md");
    assert_null(strstr(markdown, "Claims"));
    assert_null(strstr(markdown, "literature"));
    assert_non_null(strstr(markdown, "smallest lossless width"));
    assert_non_null(strstr(markdown, "halftone quantize 'models/it'\\''s here.onnx'"));
    free(markdown);
    free(bare);
    json_object_clear(json_object_get(root, "study"));
    json_array_clear(json_object_get(root, "cells"));
    bare = json_dumps(root, JSON_COMPACT);
    assert_int_equal(write_report(bare, HT_REPORT_ALL, NULL), HT_OK);
    free(bare);
    json_decref(root);
}

static void expect_error(const char *json, ht_status wanted, const char *words) {
    ht_error err = {0};
    assert_int_equal(write_report(json, HT_REPORT_MARKDOWN, &err), wanted);
    if (strstr(err.message, words) == NULL) {
        fail_msg("\"%s\" lacks \"%s\"", err.message, words);
    }
}

static void bad_documents_get_a_sentence(void **state) {
    (void)state;
    expect_error("{", HT_ERROR_FORMAT, "not valid JSON");
    expect_error("[]", HT_ERROR_FORMAT, "not a halftone-results");
    expect_error("{\"format\":\"halftone-results\",\"version\":2}", HT_ERROR_FORMAT, "version 1");
    expect_error("{\"format\":\"halftone-results\",\"version\":1}", HT_ERROR_FORMAT, "no model");
    expect_error("{\"format\":\"halftone-results\",\"version\":1,\"models\":[1]}", HT_ERROR_FORMAT, "not an object");
    expect_error(
        "{\"format\":\"halftone-results\",\"version\":1,\"models\":[{\"id\":\"m\"}],\"cells\":[{\"model\":\"q\"}]}",
        HT_ERROR_FORMAT, "unknown model");
    expect_error("{\"format\":\"halftone-results\",\"version\":1,\"models\":[{\"id\":\"m\"}],\"cells\":"
                 "[{\"model\":\"m\",\"bits\":1e9}]}",
                 HT_ERROR_FORMAT, "no width");
    ht_report_options options = {.folder = folder, .formats = 1024};
    assert_int_equal(ht_report_write(ctx, document, strlen(document), &options, NULL), HT_ERROR_ARGUMENT);
}

/* Any member may have any type: replaced one after another, the report is written or refused, never worse. */
static void wrong_types_are_survived(void **state) {
    (void)state;
    static const char *const values[] = {"null", "true", "-1", "1e308", "\"text\"", "[]", "{}", "[[1]]"};
    json_t *root = synthetic_results(true);
    json_object_del(root, "interactive");
    json_t *cells = json_object_get(root, "cells");
    while (json_array_size(cells) > 2) {
        json_array_remove(cells, json_array_size(cells) - 1);
    }
    json_t *parts[] = {root,
                       json_array_get(cells, 0),
                       json_array_get(json_object_get(root, "models"), 0),
                       json_object_get(json_array_get(cells, 0), "vs_float"),
                       json_array_get(json_object_get(root, "literature"), 0),
                       json_array_get(json_object_get(root, "stochastic"), 0)};
    for (size_t p = 0; p < sizeof parts / sizeof parts[0]; ++p) {
        json_t *shape = json_copy(parts[p]);
        const char *key;
        json_t *value;
        json_object_foreach(shape, key, value) {
            for (size_t v = 0; v < sizeof values / sizeof values[0]; ++v) {
                json_object_set_new(parts[p], key, json_loads(values[v], JSON_DECODE_ANY, NULL));
                char *text = json_dumps(root, JSON_COMPACT), *shown = NULL;
                if (ht_report_terminal(ctx, text, strlen(text), NULL, &shown, NULL) == HT_OK) {
                    ht_report_text_free(ctx, shown);
                    assert_int_equal(write_report(text, HT_REPORT_MARKDOWN | HT_REPORT_CSV, NULL), HT_OK);
                }
                free(text);
            }
            json_object_set(parts[p], key, value);
        }
        json_decref(shape);
    }
    json_decref(root);
}

static void truncated_documents_are_refused(void **state) {
    (void)state;
    size_t size = strlen(document);
    char *shown;
    for (size_t cut = 0; cut < size; cut += 1 + cut / 16) {
        assert_int_equal(ht_report_terminal(ctx, document, cut, NULL, &shown, NULL), HT_ERROR_FORMAT);
    }
}

/* Columns of the widest line: characters, since escape sequences are off. */
static size_t widest_line(const char *text) {
    size_t widest = 0, columns = 0;
    for (; *text != '\0'; ++text) {
        columns = *text == '\n' ? 0 : columns + (((unsigned char)*text & 0xc0) != 0x80);
        widest = columns > widest ? columns : widest;
    }
    return widest;
}

static void terminal_fits_its_width(void **state) {
    (void)state;
    const unsigned columns[] = {40, 60, 80, 132};
    for (size_t i = 0; i < 4; ++i) {
        for (int ascii = 0; ascii < 2; ++ascii) {
            ht_report_terminal_options options = {.width = columns[i], .ascii = ascii != 0, .model = model_ids[1]};
            char *text;
            assert_int_equal(ht_report_terminal(ctx, document, strlen(document), &options, &text, NULL), HT_OK);
            char *command = strstr(text, "\nThe command");
            if (command != NULL) {
                *command = '\0'; /* stays on one line, to be copied */
            }
            assert_true(widest_line(text) <= columns[i]);
            for (const char *at = text; ascii && *at != '\0'; ++at) {
                assert_true((unsigned char)*at < 0x80);
            }
            ht_report_text_free(ctx, text);
        }
    }
}

static void terminal_shows_table_and_curve(void **state) {
    (void)state;
    char *text;
    assert_int_equal(ht_report_terminal(ctx, document, strlen(document), NULL, &text, NULL), HT_OK);
    assert_non_null(strstr(text, "5.3× smaller"));
    assert_non_null(strstr(text, "k-means"));
    assert_non_null(strstr(text, "accuracy (%) against bits\n"));
    assert_null(strchr(text, '\x1b'));
    ht_report_text_free(ctx, text);
    ht_report_terminal_options options = {.model = "nobody"};
    assert_int_equal(ht_report_terminal(ctx, document, strlen(document), &options, &text, NULL), HT_ERROR_NOT_FOUND);
    options = (ht_report_terminal_options){.width = 20};
    assert_int_equal(ht_report_terminal(ctx, document, strlen(document), &options, &text, NULL), HT_ERROR_ARGUMENT);
}

/* Numbers are written with a point in every locale. */
static void locale_does_not_matter(void **state) {
    (void)state;
    if (setlocale(LC_ALL, "de_DE.UTF-8") == NULL && setlocale(LC_ALL, "fr_FR.UTF-8") == NULL) {
        print_message("skipped: neither a German nor a French locale is installed\n");
        skip();
    }
    assert_int_equal(write_report(document, HT_REPORT_CSV, NULL), HT_OK);
    setlocale(LC_ALL, "C");
    assert_holds("results.csv", ",0.9264,");
}

/* ---- short memory ---- */

typedef struct budget {
    int left;
} budget;

static void *allocate(void *user, size_t bytes) {
    budget *own = user;
    return own->left-- > 0 ? ht__system_allocator.allocate(NULL, bytes) : NULL;
}

static void release(void *user, void *memory) {
    (void)user;
    ht__system_allocator.release(NULL, memory);
}

static void short_memory_is_an_error(void **state) {
    (void)state;
    budget own = {1000000};
    ht_allocator allocator = {allocate, release, &own};
    ht_context *poor;
    assert_int_equal(ht_context_create(&(ht_context_options){.allocator = &allocator, .threads = 1}, &poor, NULL),
                     HT_OK);
    ht_report_options options = {.folder = folder, .overwrite = true};
    ht_status status = HT_ERROR_MEMORY;
    int failures = 0;
    for (int limit = 0; status != HT_OK; limit += 1 + limit / 8) {
        own.left = limit;
        status = ht_report_write(poor, document, strlen(document), &options, NULL);
        assert_true(status == HT_OK || status == HT_ERROR_MEMORY);
        failures += status != HT_OK;
    }
    assert_true(failures > 5);
    own.left = 1000000;
    ht_context_destroy(poor);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_output_carries_the_same_numbers),
        cmocka_unit_test(csv_has_one_row_per_cell),
        cmocka_unit_test(hostile_names_stay_text),
        cmocka_unit_test(figures_are_well_formed),
        cmocka_unit_test(existing_files_are_kept),
        cmocka_unit_test(optional_parts_may_be_absent),
        cmocka_unit_test(bad_documents_get_a_sentence),
        cmocka_unit_test(wrong_types_are_survived),
        cmocka_unit_test(truncated_documents_are_refused),
        cmocka_unit_test(terminal_fits_its_width),
        cmocka_unit_test(terminal_shows_table_and_curve),
        cmocka_unit_test(locale_does_not_matter),
        cmocka_unit_test(short_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
