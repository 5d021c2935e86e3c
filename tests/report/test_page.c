/* The page in a real browser: headless Chromium opens it with #selftest, which makes the page move its own slider,
 * visit each model, sort each table and switch the theme, and write what it saw into the document. */
#include "support.h"

#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "halftone/report.h"
#include "report/synthetic.h"

static char folder[64];

static bool has_browser(void) { return system("command -v chromium >/dev/null 2>&1") == 0; }

static int set_up(void **state) {
    (void)state;
    /* in memory where there is such a place: each file of a report is synced to its disk */
    bool memory = access("/dev/shm", W_OK) == 0;
    snprintf(folder, sizeof folder, "%s/halftone-page-XXXXXX", memory ? "/dev/shm" : "/tmp");
    return mkdtemp(folder) == NULL;
}

static int tear_down(void **state) {
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static void need_browser(void) {
    if (has_browser()) {
        return;
    }
    const char *required = getenv("HALFTONE_REQUIRE_BROWSER");
    if (required != NULL && strcmp(required, "1") == 0) {
        fail_msg("HALFTONE_REQUIRE_BROWSER=1, but chromium is not installed");
    }
    print_message("skipped: chromium is not installed\n");
    skip();
}

/* The document after the page's own test; free it with free(). */
static char *open_page(json_t *root) {
    char *json = json_dumps(root, JSON_COMPACT);
    ht_context *ctx;
    ht_error err;
    assert_int_equal(ht_context_create(&(ht_context_options){.threads = 1}, &ctx, NULL), HT_OK);
    ht_report_options options = {.folder = folder, .formats = HT_REPORT_HTML, .overwrite = true};
    if (ht_report_write(ctx, json, strlen(json), &options, &err) != HT_OK) {
        fail_msg("%s", err.message);
    }
    ht_context_destroy(ctx);
    free(json);
    char command[512], path[128];
    snprintf(command, sizeof command,
             "timeout 60 chromium --headless --no-sandbox --disable-gpu --user-data-dir=%s/profile --dump-dom "
             "--virtual-time-budget=5000 'file://%s/report.html#selftest' >%s/dom.html 2>/dev/null",
             folder, folder, folder);
    assert_int_equal(system(command), 0);
    snprintf(path, sizeof path, "%s/dom.html", folder);
    ht_file_view view;
    assert_int_equal(ht__file_map(path, &view, NULL), HT_OK);
    char *text = malloc(view.size + 1);
    assert_non_null(text);
    memcpy(text, view.data, view.size);
    text[view.size] = '\0';
    ht__file_unmap(&view);
    return text;
}

static void assert_no_error(const char *page) {
    const char *error = strstr(page, "data-script-error=");
    if (error != NULL) {
        fail_msg("the page reports %.120s", error);
    }
    assert_non_null(strstr(page, "<pre id=\"selftest\">"));
    assert_non_null(strstr(page, "\ndone</pre>"));
}

/* What the page must show at one stop of the slider: "4|4 bits|92.42 %|18|". */
static void expect_stop(const char *seen, const json_t *root, const char *scheme, int bits) {
    size_t index, lost = 0;
    const json_t *cell = NULL;
    json_t *each;
    json_array_foreach(json_object_get(root, "cells"), index, each) {
        if (strcmp(json_string_value(json_object_get(each, "model")), model_ids[0]) == 0 &&
            strcmp(json_string_value(json_object_get(each, "scheme")), scheme) == 0 &&
            json_integer_value(json_object_get(each, "bits")) == bits) {
            cell = each;
        }
    }
    assert_non_null(cell);
    const json_t *pictures = json_object_get(json_object_get(root, "interactive"), "pictures");
    char key[16], wanted[128];
    snprintf(key, sizeof key, "%d", bits);
    const json_t *now = json_object_get(json_object_get(json_object_get(pictures, "predictions"), scheme), key);
    const json_t *labels = json_object_get(pictures, "labels"), *before = json_object_get(pictures, "float_prediction");
    for (size_t i = 0; i < PICTURES; ++i) {
        json_int_t label = json_integer_value(json_array_get(labels, i));
        lost += json_integer_value(json_array_get(now, i)) != label &&
                json_integer_value(json_array_get(before, i)) == label;
    }
    snprintf(wanted, sizeof wanted, "%d|%d bits|%.2f %%|%zu|", bits, bits,
             100.0 * json_number_value(json_object_get(cell, "value")), lost);
    if (strstr(seen, wanted) == NULL) {
        fail_msg("the page did not show \"%s\"", wanted);
    }
}

static void slider_moves_everything(void **state) {
    (void)state;
    need_browser();
    json_t *root = synthetic_results(true);
    char *page = open_page(root);
    assert_no_error(page);
    const char *seen = strstr(page, "<pre id=\"selftest\">");
    for (int w = 0; w < WIDTHS; ++w) {
        expect_stop(seen, root, "k-means", widths[w]);
    }
    assert_non_null(strstr(seen, "16 levels"));
    assert_null(strstr(page, "<script>window.hacked"));
    assert_null(strstr(page, "<again>"));
    free(page);
    json_decref(root);
}

static void bare_results_make_a_page(void **state) {
    (void)state;
    need_browser();
    json_t *root = synthetic_results(false);
    char *page = open_page(root);
    assert_no_error(page);
    const char *const gone[] = {"stochastic", "literature", "claims"};
    for (size_t i = 0; i < 3; ++i) {
        char wanted[64];
        snprintf(wanted, sizeof wanted, "<section id=\"%s-section\" hidden=\"\">", gone[i]);
        assert_non_null(strstr(page, wanted));
    }
    free(page);
    json_decref(root);
}

static void no_finished_cell_is_no_error(void **state) {
    (void)state;
    need_browser();
    json_t *root = synthetic_results(true);
    json_array_clear(json_object_get(root, "cells"));
    char *page = open_page(root);
    assert_no_error(page);
    free(page);
    json_decref(root);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slider_moves_everything),
        cmocka_unit_test(bare_results_make_a_page),
        cmocka_unit_test(no_finished_cell_is_no_error),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
