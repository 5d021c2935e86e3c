/* The option parser: each kind, each way of writing it, each mistake. */
#include <math.h>
#include <string.h>

#include "options.h"
#include "suggest.h"
#include "support.h"

typedef struct settings {
    bool loud;
    int64_t bits, limit;
    double rate, drop;
    const char *output, *method, *model;
    cli_list layers, rest;
} settings;

static const char *const methods[] = {"affine", "symmetric", "mid-rise", NULL};
#define AT(member) .offset = offsetof(settings, member)
static const cli_option table[] = {
    {.name = "MODEL", .kind = CLI_TEXT, .positional = true, .required = true, AT(model), .help = "the model"},
    {.name = "loud", .letter = 'l', .kind = CLI_FLAG, AT(loud), .help = ""},
    {.name = "bits", .letter = 'b', .kind = CLI_INTEGER, AT(bits), .low = 1, .high = 16, .fallback = "8", .help = ""},
    {.name = "limit", .kind = CLI_INTEGER, AT(limit), .help = ""},
    {.name = "rate", .kind = CLI_NUMBER, AT(rate), .low = 0, .high = 1, .fallback = "0.5", .help = ""},
    {.name = "drop", .kind = CLI_NUMBER, AT(drop), .help = ""},
    {.name = "output", .letter = 'o', .kind = CLI_TEXT, AT(output), .help = ""},
    {.name = "method", .kind = CLI_CHOICE, AT(method), .choices = methods, .fallback = "affine", .help = ""},
    {.name = "layer", .kind = CLI_REPEATED, AT(layers), .help = ""},
    {.name = "FILE", .kind = CLI_REPEATED, .positional = true, AT(rest), .help = "more files"},
    {.name = NULL},
};

/* Parses up to eight words; the caller releases. */
static ht_status parse(settings *out, ht_error *err, char *words[8]) {
    int count = 0;
    while (count < 8 && words[count] != NULL) {
        ++count;
    }
    *out = (settings){0};
    return cli_parse(&(cli_target){table, out}, 1, count, words, err);
}
#define PARSE(...) parse(&set, &err, (char *[8]){__VA_ARGS__})
static void release(settings *set) { cli_release_settings(&(cli_target){table, set}); }

static void fallbacks_hold(void **state) {
    (void)state;
    settings set;
    ht_error err;
    assert_int_equal(PARSE("m.onnx"), HT_OK);
    assert_string_equal(set.model, "m.onnx");
    assert_false(set.loud);
    assert_int_equal(set.bits, 8);
    assert_int_equal(set.limit, CLI_UNSET);
    assert_true(set.rate == 0.5 && isnan(set.drop));
    assert_null(set.output);
    assert_string_equal(set.method, "affine");
    assert_int_equal(set.layers.count, 0);
    release(&set);
}

static void every_spelling_is_understood(void **state) {
    (void)state;
    settings set;
    ht_error err;
    assert_int_equal(PARSE("--bits=4", "-lo", "-x"), HT_ERROR_ARGUMENT); /* letters are not joined */
    release(&set);
    assert_int_equal(PARSE("-b4", "-o", "q.onnx", "m", "--method", "mid-rise", "--rate=1e-3"), HT_OK);
    assert_int_equal(set.bits, 4);
    assert_string_equal(set.output, "q.onnx");
    assert_string_equal(set.method, "mid-rise");
    assert_true(set.rate == 1e-3);
    release(&set);
    assert_int_equal(PARSE("--layer", "a", "--layer=b", "m", "--drop", "-1.5", "--", "-n"), HT_OK);
    assert_int_equal(set.layers.count, 2);
    assert_string_equal(set.layers.items[1], "b");
    assert_true(set.drop == -1.5);
    assert_int_equal(set.rest.count, 1);
    assert_string_equal(set.rest.items[0], "-n");
    release(&set);
}

static void mistakes_are_named(void **state) {
    (void)state;
    struct {
        char *words[8];
        const char *part; /* of the message */
    } cases[] = {
        {{"m", "--bits", "17"}, "--bits is 17, but must lie between 1 and 16"},
        {{"m", "--bits", "4x"}, "--bits needs a whole number"},
        {{"m", "--bits", "99999999999999999999"}, "--bits needs a whole number"},
        {{"m", "--bits"}, "--bits needs a value (N)"},
        {{"m", "--bits=4", "-b5"}, "--bits is given twice"},
        {{"m", "--rate", "nan"}, "--rate needs a number"},
        {{"m", "--rate", "0,5"}, "--rate needs a number"},
        {{"m", "--rate", ""}, "--rate needs a number"},
        {{"m", "--loud=1"}, "--loud takes no value"},
        {{"m", "--method", "midrise"}, "Did you mean mid-rise"},
        {{"m", "--metod", "affine"}, "Did you mean --method"},
        {{"m", "--zzzzzzzz"}, "no option --zzzzzzzz."},
        {{"m", "-z"}, "no option -z"},
        {{"--loud"}, "MODEL is missing: the model"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
        settings set;
        ht_error err;
        assert_int_equal(parse(&set, &err, cases[i].words), HT_ERROR_ARGUMENT);
        if (strstr(err.message, cases[i].part) == NULL) {
            fail_msg("\"%s\" does not say \"%s\"", err.message, cases[i].part);
        }
        release(&set);
    }
}

static void suggestions_are_near(void **state) {
    (void)state;
    struct {
        const char *word, *candidate;
        bool near;
    } cases[] = {{"qauntize", "quantize", true}, {"trian", "train", true}, {"x", "eval", false},
                 {"stuyd", "study", true},       {"evla", "eval", true},   {"help", "data", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
        cli_suggestion suggestion = cli_suggest_start(cases[i].word);
        cli_suggest_consider(&suggestion, cases[i].candidate);
        assert_int_equal(suggestion.nearest != NULL, cases[i].near);
    }
    char long_word[200];
    memset(long_word, 'a', sizeof long_word);
    long_word[199] = '\0';
    cli_suggestion suggestion = cli_suggest_start(long_word);
    cli_suggest_consider(&suggestion, "quantize");
    assert_null(suggestion.nearest);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fallbacks_hold),
        cmocka_unit_test(every_spelling_is_understood),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(suggestions_are_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
