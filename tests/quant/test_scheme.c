#include <string.h>

#include "halftone/quantize.h"
#include "support.h"

/* Every preset parses, and its text form reads back to the same scheme. */
static void presets_survive_printing(void **state) {
    (void)state;
    const char *name, *summary;
    size_t count = 0;
    for (; ht_choice_at(HT_CHOICE_PRESET, count, &name, &summary); ++count) {
        ht_scheme scheme, again;
        ht_error err;
        if (ht_scheme_parse(name, &scheme, &err) != HT_OK) {
            fail_msg("%s: %s", name, err.message);
        }
        assert_string_equal(scheme.name, name);
        assert_true(strlen(summary) >= 10);
        char text[HT_SCHEME_TEXT], second[HT_SCHEME_TEXT];
        ht_scheme_print(&scheme, text);
        assert_int_equal(ht_scheme_parse(text, &again, &err), HT_OK);
        ht_scheme_print(&again, second);
        assert_string_equal(text, second);
        memset(again.name, 0, sizeof again.name);
        strcpy(again.name, scheme.name);
        assert_memory_equal(again.levels, scheme.levels, sizeof scheme.levels);
        assert_int_equal(again.bits, scheme.bits);
        assert_int_equal(again.quirks, scheme.quirks);
    }
    assert_true(count >= 10);
}

static void text_form_is_stable(void **state) {
    (void)state;
    static const char *const pairs[][2] = {
        {"mid-rise,bits=4", "levels=mid-rise,round=nearest,granularity=tensor,range=min-max,bits=4"},
        {"int8", "levels=symmetric,round=nearest,granularity=channel,range=min-max,bits=8"},
        {"symmetric,granularity=block:64,range=percentile:99.5,bits=3/8",
         "levels=symmetric,round=nearest,granularity=block:64,range=percentile:99.5,bits=3/8"},
        {"stochastic/uniform,bits=2,seed=7",
         "levels=uniform-range,round=stochastic,granularity=tensor,range=min-max,bits=2,seed=7,quirks=joint-bias"},
        {"nearest/normal,quirks=capstone", "levels=prior-normal,round=nearest,granularity=tensor,range=min-max,bits=8,"
                                           "quirks=joint-bias+unsorted+open-fence+unclipped+single-row+ties-up"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; ++i) {
        ht_scheme scheme;
        char text[HT_SCHEME_TEXT];
        assert_int_equal(ht_scheme_parse(pairs[i][0], &scheme, NULL), HT_OK);
        ht_scheme_print(&scheme, text);
        assert_string_equal(text, pairs[i][1]);
    }
}

static void mistakes_get_a_sentence(void **state) {
    (void)state;
    static const struct {
        const char *text;
        ht_status status;
        const char *says;
    } cases[] = {
        {"mid-rize", HT_ERROR_NOT_FOUND, "\"mid-rise\""},
        {"levels=afine", HT_ERROR_NOT_FOUND, "\"affine\""},
        {"affine,bits=17", HT_ERROR_ARGUMENT, "1 to 16"},
        {"affine,bits=0", HT_ERROR_ARGUMENT, "1 to 16"},
        {"affine,bits=8/1", HT_ERROR_ARGUMENT, "2 to 16"},
        {"affine,bits=eight", HT_ERROR_ARGUMENT, "eight"},
        {"affine,granularity=block:0", HT_ERROR_ARGUMENT, "block"},
        {"affine,granularity=tensor:3", HT_ERROR_ARGUMENT, "block"},
        {"affine,range=percentile:0", HT_ERROR_ARGUMENT, "percentile"},
        {"affine,range=min-max:3", HT_ERROR_ARGUMENT, "no parameter"},
        {"affine,colour=red", HT_ERROR_ARGUMENT, "colour"},
        {"affine,symmetric", HT_ERROR_ARGUMENT, "symmetric"},
        {"affine,quirks=odd", HT_ERROR_NOT_FOUND, "odd"},
        {"affine:e4m3", HT_ERROR_ARGUMENT, "e4m3"},
        {"power-of-two,bits=1", HT_ERROR_ARGUMENT, "2 to 16"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
        ht_scheme scheme;
        ht_error err;
        ht_status status = ht_scheme_parse(cases[i].text, &scheme, &err);
        if (status != cases[i].status || strstr(err.message, cases[i].says) == NULL) {
            fail_msg("%s gave %s: %s", cases[i].text, ht_status_name(status), err.message);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(presets_survive_printing),
        cmocka_unit_test(text_form_is_stable),
        cmocka_unit_test(mistakes_get_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
