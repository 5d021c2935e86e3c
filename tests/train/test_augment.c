/* Augmentation: what it may do to a picture, and that it depends on the sample's place only. */
#include "support.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "train/augment.h"
#include "train/initialize.h"

enum { HEIGHT = 5, WIDTH = 6, ELEMENTS = 2 * HEIGHT * WIDTH, COUNT = 200 };
static const size_t dims[3] = {2, HEIGHT, WIDTH};

static void fill(float *pictures, size_t count) {
    for (size_t i = 0; i < count * ELEMENTS; ++i) {
        pictures[i] = (float)(1 + i % ELEMENTS);
    }
}

static void flips_half(void **state) {
    (void)state;
    static float pictures[COUNT * ELEMENTS], scratch[ELEMENTS];
    fill(pictures, COUNT);
    ht_train_options recipe = {.flip = true, .seed = 3};
    ht__augment(&recipe, 1, 0, COUNT, dims, pictures, scratch, NULL);
    int flipped = 0;
    for (size_t i = 0; i < COUNT; ++i) {
        const float *row = pictures + i * ELEMENTS + WIDTH; /* second row of the first channel: 7 .. 12 */
        assert_true((row[0] == 7 && row[5] == 12) || (row[0] == 12 && row[5] == 7));
        flipped += row[0] == 12;
    }
    assert_in_range(flipped, 60, 140);
}

static void crops_stay_inside(void **state) {
    (void)state;
    static float pictures[COUNT * ELEMENTS], scratch[ELEMENTS];
    fill(pictures, COUNT);
    ht_train_options recipe = {.crop = 2, .seed = 3};
    ht__augment(&recipe, 1, 0, COUNT, dims, pictures, scratch, NULL);
    bool seen[5][5] = {{false}};
    for (size_t i = 0; i < COUNT; ++i) {
        /* The middle pixel tells the shift; every other must agree with it or be 0. */
        const float *picture = pictures + i * ELEMENTS;
        int middle = (int)picture[2 * WIDTH + 2] - 1;
        int down = 2 - middle / WIDTH, right = 2 - middle % WIDTH;
        assert_in_range(down + 2, 0, 4);
        assert_in_range(right + 2, 0, 4);
        seen[down + 2][right + 2] = true;
        for (int y = 0; y < HEIGHT; ++y) {
            for (int x = 0; x < WIDTH; ++x) {
                int from_y = y - down, from_x = x - right;
                bool inside = from_y >= 0 && from_y < HEIGHT && from_x >= 0 && from_x < WIDTH;
                float expected = inside ? (float)(1 + from_y * WIDTH + from_x) : 0.0f;
                assert_true(picture[y * WIDTH + x] == expected);
            }
        }
    }
    for (int i = 0; i < 25; ++i) {
        assert_true(seen[i / 5][i % 5]);
    }
}

static void place_decides(void **state) {
    (void)state;
    static float whole[8 * ELEMENTS], parts[8 * ELEMENTS], scratch[3 * ELEMENTS];
    ht_train_options recipe = {.crop = 2, .flip = true, .cutout = 3, .seed = 11};
    fill(whole, 8);
    fill(parts, 8);
    ht_pool *pool;
    assert_int_equal(ht__pool_create(&ht__system_allocator, 3, &pool, NULL), HT_OK);
    ht__augment(&recipe, 4, 16, 8, dims, whole, scratch, pool);
    ht__augment(&recipe, 4, 16, 3, dims, parts, scratch, NULL);
    ht__augment(&recipe, 4, 19, 5, dims, parts + 3 * ELEMENTS, scratch, NULL);
    assert_memory_equal(whole, parts, sizeof whole);
    ht__pool_destroy(pool);
}

static void weights_have_their_spread(void **state) {
    (void)state;
    static float weights[64 * 32 * 9];
    const ht_tensor_desc desc = {.type = HT_F32, .rank = 4, .dims = {64, 32, 3, 3}};
    const double fan_in = 32 * 9, fan_out = 64 * 9;
    const double expected[4] = {2 / fan_in, 2 / fan_in, 2 / (fan_in + fan_out), 2 / (fan_in + fan_out)};
    for (int method = 0; method < 4; ++method) {
        ht__initialize((ht_initialization)method, 5, 0, &desc, weights);
        double sum = 0, squares = 0;
        const size_t count = sizeof weights / sizeof *weights;
        for (size_t i = 0; i < count; ++i) {
            sum += (double)weights[i];
            squares += (double)weights[i] * (double)weights[i];
        }
        double variance = squares / (double)count;
        assert_true(fabs(variance / expected[method] - 1) < 0.05);
        assert_true(fabs(sum / (double)count) < 4 * sqrt(variance / (double)count));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flips_half),
        cmocka_unit_test(crops_stay_inside),
        cmocka_unit_test(place_decides),
        cmocka_unit_test(weights_have_their_spread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
