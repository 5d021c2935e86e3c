#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/context.h"
#include "base/file.h"
#include "base/rng.h"
#include "support.h"

static void philox_matches_published_vectors(void **state) {
    (void)state;
    /* Known answers of Random123's philox4x32-10: all counters and keys zero, and all ones. */
    uint32_t out[4];
    ht__philox(0, 0, 0, out);
    assert_int_equal(out[0], 0x6627e8d5);
    assert_int_equal(out[1], 0xe169c58d);
    assert_int_equal(out[2], 0xbc57ac4c);
    assert_int_equal(out[3], 0x9b00dbd8);
    ht__philox(UINT64_MAX, UINT64_MAX, UINT64_MAX, out);
    assert_int_equal(out[0], 0x408f276d);
    assert_int_equal(out[1], 0x41c83b0e);
    assert_int_equal(out[2], 0xa20bc7c6);
    assert_int_equal(out[3], 0x6d5451fd);
}

static void random_fill_equals_random_at(void **state) {
    (void)state;
    enum { COUNT = 231 };
    float values[COUNT];
    ht__random_fill(5, 7, 3, values, COUNT);
    for (size_t i = 0; i < COUNT; ++i) {
        assert_true(values[i] == ht__random_at(5, 7, 3 + i));
    }
}

static void mark(void *argument, size_t begin, size_t end, unsigned part) {
    (void)part;
    for (size_t i = begin; i < end; ++i) {
        ((int *)argument)[i] += 1;
    }
}

static void pool_visits_each_item_once(void **state) {
    (void)state;
    for (unsigned threads = 1; threads <= 5; ++threads) {
        ht_context *ctx;
        assert_int_equal(ht_context_create(&(ht_context_options){.threads = threads}, &ctx, NULL), HT_OK);
        for (int round = 0; round < 100; ++round) {
            int seen[37] = {0};
            ht__pool_run(ctx->pool, 37, 2, mark, seen);
            for (int i = 0; i < 37; ++i) {
                assert_int_equal(seen[i], 1);
            }
        }
        ht_context_destroy(ctx);
    }
}

static void numbers_parse_whole_or_not(void **state) {
    (void)state;
    double value;
    assert_true(ht__parse_double("1.5e3", &value) && value == 1500.0);
    assert_false(ht__parse_double("1.5x", &value));
    assert_false(ht__parse_double("", &value));
    assert_false(ht__parse_double("1,5", &value));
}

static void arena_hands_out_zeroed_aligned_memory(void **state) {
    (void)state;
    ht_arena *arena;
    assert_int_equal(ht__arena_create(&ht__system_allocator, &arena, NULL), HT_OK);
    for (size_t size = 1; size < 300000; size = size * 2 + 1) {
        unsigned char *memory = ht__arena_alloc(arena, size);
        assert_non_null(memory);
        assert_int_equal((uintptr_t)memory % (size >= 64 ? 64 : 16), 0);
        for (size_t i = 0; i < size; ++i) {
            assert_int_equal(memory[i], 0);
        }
        memset(memory, 0xAB, size);
    }
    ht__arena_destroy(arena);
}

/* A file that another one names lies inside the folder, whatever the name and the links say. */
static void named_files_stay_inside(void **state) {
    (void)state;
    char folder[] = "/tmp/halftone-inside-XXXXXX", path[128], alias[128];
    assert_non_null(mkdtemp(folder));
    ht_file_view view;
    snprintf(path, sizeof path, "%s/a", folder);
    assert_int_equal(ht__file_write(&ht__system_allocator, path, false, "abc", 3, NULL), HT_OK);
    snprintf(alias, sizeof alias, "%s/inner", folder);
    assert_int_equal(symlink("a", alias), 0);
    assert_int_equal(ht__file_map_inside(folder, "inner", &view, NULL), HT_OK);
    assert_int_equal(view.size, 3);
    ht__file_unmap(&view);
    unlink(alias);
    snprintf(alias, sizeof alias, "%s/outer", folder);
    assert_int_equal(symlink("/etc", alias), 0);
    static const char *const bad[] = {"/etc/passwd", "../a", "b/../../a", "..", "", ".", "outer/passwd"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; ++i) {
        assert_int_equal(ht__file_map_inside(folder, bad[i], &view, NULL), HT_ERROR_FORMAT);
    }
    assert_int_equal(ht__file_map_inside(folder, "..a", &view, NULL), HT_ERROR_NOT_FOUND);
    unlink(alias);
    unlink(path);
    rmdir(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_matches_published_vectors),
        cmocka_unit_test(random_fill_equals_random_at),
        cmocka_unit_test(pool_visits_each_item_once),
        cmocka_unit_test(numbers_parse_whole_or_not),
        cmocka_unit_test(arena_hands_out_zeroed_aligned_memory),
        cmocka_unit_test(named_files_stay_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
