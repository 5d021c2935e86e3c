/* Descriptions, specs, splits and packed bytes, each by itself. */
#include <math.h>
#include <time.h>
#include <zlib.h>

#include "base/rng.h"
#include "data/builtin.h"
#include "data/bytes.h"
#include "data/description.h"
#include "data/preprocess/pipeline.h"
#include "data/spec.h"
#include "data/split.h"
#include "data_support.h"

static void every_built_in_description_is_sound(void **state) {
    (void)state;
    size_t count = 0;
    for (const ht_builtin_file *file = ht__builtin_datasets; file->name != NULL; ++file, ++count) {
        ht_arena *arena;
        ht_error err = {0};
        ht__description description;
        ht__pipeline pipeline;
        assert_int_equal(ht__arena_create(&ht__system_allocator, &arena, NULL), HT_OK);
        if (ht__description_read(arena, file->name, file->text, strlen(file->text), &description, &err) != HT_OK ||
            ht__pipeline_parse(arena, file->name, description.preprocess, &pipeline, &err) != HT_OK) {
            fail_msg("%s: %s (line %lld)", file->name, err.message, (long long)err.line);
        }
        assert_string_equal(description.name, file->name);
        assert_true(description.title[0] != '\0' && description.licence[0] != '\0');
        assert_true(description.fetch != NULL || description.manual[0] != '\0');
        assert_true(description.task == HT_TASK_REGRESSION || description.class_count > 1);
        ht__description_free(&description);
        ht__arena_destroy(arena);
    }
    assert_true(count >= 16);
}

/* Reads a description that must be refused with these words at this line. */
static void refuse(const char *text, const char *words, int64_t line) {
    ht_arena *arena;
    ht_error err = {0};
    ht__description description;
    assert_int_equal(ht__arena_create(&ht__system_allocator, &arena, NULL), HT_OK);
    ht_status status = ht__description_read(arena, "t.yaml", text, strlen(text), &description, &err);
    if (status == HT_OK || strstr(err.message, words) == NULL || err.line != line) {
        fail_msg("'%s': '%s', line %lld", text, err.message, (long long)err.line);
    }
    ht__description_free(&description);
    ht__arena_destroy(arena);
}

static void wrong_descriptions_are_named_with_their_line(void **state) {
    (void)state;
    refuse("", "empty", 1);
    refuse("name: [a\nreader: csv\n", "not YAML", 2);
    refuse("name: a\nname: b\n", "second time", 2);
    refuse("reader: csv\n\nparts: {all: {table: a}}\nsplit:\n  train: 0.9\n", "sum to 1", 5);
    refuse("reader: cvs\nparts: {all: {table: a}}\n", "one of idx, cifar", 1);
    refuse("reader: csv\ncolour: red\n", "'colour' is unknown", 1);
    refuse("reader: csv\nparts: {every: {table: a}}\n", "not 'every'", 2);
    refuse("reader: csv\nparts: {all: {table: a}, test: {table: b}}\n", "one part 'all'", 1);
    refuse("reader: csv\ntask: guessing\nparts: {all: {table: a}}\n", "'task' must be", 1);
    refuse("- a\n", "a mapping", -1);
    refuse("a: .inf\n", "unknown", 1);
    refuse("a: 1e999\n", "neither UTF-8 text nor a finite number", 1);
}

static void bombs_of_aliases_are_bounded(void **state) {
    (void)state;
    char text[2048] = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 12; ++i) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i, i, i - 1,
                 i - 1, i - 1, i - 1, i - 1, i - 1);
    }
    json_t *root;
    ht_error err = {0};
    assert_int_equal(ht__yaml_read("t", text, strlen(text), &root, &err), HT_ERROR_LIMIT);
    static const char ring[] = "&a [*a]\n";
    assert_int_not_equal(ht__yaml_read("t", ring, sizeof ring - 1, &root, &err), HT_OK);
}

static void specs_come_apart(void **state) {
    (void)state;
    ht_arena *arena;
    ht__spec spec;
    assert_int_equal(ht__arena_create(&ht__system_allocator, &arena, NULL), HT_OK);
    assert_int_equal(ht__spec_parse(arena, "csv:a:b.csv,target=y:train+test[2:]", &spec, NULL), HT_OK);
    assert_string_equal(spec.base, "csv:a:b.csv,target=y");
    assert_string_equal(spec.split_text, "train+test[2:]");
    assert_int_equal(spec.split_count, 2);
    assert_true(spec.sliced && spec.slice_begin == 2 && spec.slice_end == SIZE_MAX);
    assert_int_equal(ht__spec_parse(arena, "pictures/[:7]", &spec, NULL), HT_OK);
    assert_string_equal(spec.base, "pictures/");
    assert_true(spec.sliced && spec.slice_begin == 0 && spec.slice_end == 7);
    static const char *const wrong[] = {"", "a[1]", "a[2:2]", "a[3:1]", "a[x:2]", "a[-1:2]"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; ++i) {
        assert_int_equal(ht__spec_parse(arena, wrong[i], &spec, NULL), HT_ERROR_ARGUMENT);
    }
    ht__arena_destroy(arena);
}

static void splits_partition_and_stratify(void **state) {
    (void)state;
    uint64_t seed = (uint64_t)time(NULL);
    print_message("seed %llu\n", (unsigned long long)seed);
    ht_rng rng = {.seed = seed};
    for (int round = 0; round < 50; ++round) {
        enum { MOST = 400, CLASSES = 5 };
        size_t samples = 1 + (size_t)ht__rng_below(&rng, MOST), bounds[4];
        float classes[MOST];
        uint32_t order[MOST], again[MOST];
        bool stratified = round % 2 == 0, seen[MOST] = {false};
        for (size_t i = 0; i < samples; ++i) {
            classes[i] = (float)ht__rng_below(&rng, CLASSES);
        }
        double train = 0.1 + 0.7 * ht__rng_uniform(&rng);
        const double fractions[] = {train, (1 - train) / 2, (1 - train) / 2};
        const float *labels = stratified ? classes : NULL;
        assert_int_equal(ht__split(&ht__system_allocator, samples, seed, fractions, 3, labels, order, bounds, NULL),
                         HT_OK);
        assert_int_equal(ht__split(&ht__system_allocator, samples, seed, fractions, 3, labels, again, bounds, NULL),
                         HT_OK);
        assert_memory_equal(order, again, samples * sizeof *order);
        assert_true(bounds[0] == 0 && bounds[3] == samples);
        for (size_t i = 0; i < samples; ++i) {
            assert_true(order[i] < samples && !seen[order[i]]);
            seen[order[i]] = true;
        }
        for (size_t k = 0; stratified && k < CLASSES; ++k) {
            size_t total = 0, inside = 0;
            for (size_t i = 0; i < samples; ++i) {
                bool of_class = classes[order[i]] == (float)k;
                total += of_class;
                inside += of_class && i < bounds[1];
            }
            assert_true(fabs((double)inside - train * (double)total) <= 1);
        }
    }
}

static void packed_bytes_are_bounded(void **state) {
    (void)state;
    enum { PLAIN = 1 << 20 };
    uint8_t *plain = calloc(1, PLAIN), packed[4096];
    z_stream stream = {.next_in = plain, .avail_in = PLAIN, .next_out = packed, .avail_out = sizeof packed};
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    size_t size = sizeof packed - stream.avail_out;
    deflateEnd(&stream);
    ht__bytes bytes;
    ht_error err = {0};
    assert_int_equal(ht__bytes_unpack(&ht__system_allocator, "z", packed, size, PLAIN, &bytes, &err), HT_OK);
    assert_int_equal(bytes.size, PLAIN);
    ht__bytes_free(&bytes);
    assert_int_equal(ht__bytes_unpack(&ht__system_allocator, "z", packed, size, PLAIN - 1, &bytes, &err),
                     HT_ERROR_LIMIT);
    for (size_t cut = 0; cut < size; ++cut) {
        assert_int_equal(ht__bytes_unpack(&ht__system_allocator, "z", packed, cut, PLAIN, &bytes, &err),
                         cut == 1 ? HT_OK : HT_ERROR_FORMAT); /* one byte is not gzip yet: plain text */
        ht__bytes_free(&bytes);
    }
    packed[size - 6] ^= 0x55; /* of the checksum */
    assert_int_not_equal(ht__bytes_unpack(&ht__system_allocator, "z", packed, size, PLAIN, &bytes, &err), HT_OK);
    free(plain);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_built_in_description_is_sound),
        cmocka_unit_test(wrong_descriptions_are_named_with_their_line),
        cmocka_unit_test(bombs_of_aliases_are_bounded),
        cmocka_unit_test(specs_come_apart),
        cmocka_unit_test(splits_partition_and_stratify),
        cmocka_unit_test(packed_bytes_are_bounded),
    };
    return cmocka_run_group_tests(tests, make_context, drop_context);
}
