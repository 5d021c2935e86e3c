/* Optimizers and schedules against PyTorch 2's results in double precision (the numbers were printed by it once), and
 * the same bits for any number of threads. */
#include "support.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/rng.h"
#include "train/optimizer.h"
#include "train/schedule.h"

#define RECIPE .learning_rate = 0.1, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8

typedef struct case_row {
    const char *name;
    ht_train_options recipe;
    double expected[4];
} case_row;

static const case_row cases[] = {
    {"sgd", {RECIPE, .optimizer = HT_OPTIMIZER_SGD}, {0.32, -1.04, 1.986, -0.015}},
    {"momentum and decay",
     {RECIPE, .optimizer = HT_OPTIMIZER_SGD, .momentum = 0.9, .weight_decay = 0.01},
     {0.21207136949999997, -0.8506294287499999, 1.9694873970000002, -0.045088014999999995}},
    {"nesterov",
     {RECIPE, .optimizer = HT_OPTIMIZER_SGD, .momentum = 0.9, .nesterov = true},
     {0.06323, -0.68657, 1.968621, -0.055635}},
    {"adam",
     {RECIPE, .optimizer = HT_OPTIMIZER_ADAM},
     {0.207681681853612, -0.950000004285715, 1.725019928264299, -0.23202319060748644}},
    {"adam and decay",
     {RECIPE, .optimizer = HT_OPTIMIZER_ADAM, .weight_decay = 0.01},
     {0.2074736037732126, -0.9500135156248571, 1.7097921364379016, -0.2305845009978015}},
    {"adamw",
     {RECIPE, .optimizer = HT_OPTIMIZER_ADAMW, .weight_decay = 0.01},
     {0.20647959954749642, -0.9465536530314306, 1.7193142636831296, -0.23173618423353326}},
    {"clipped by norm",
     {RECIPE, .optimizer = HT_OPTIMIZER_SGD, .clip_norm = 0.5},
     {0.4089079435908491, -1.1364686594230946, 1.9932610436695373, -0.010182888545844468}},
    {"clipped by value", {RECIPE, .optimizer = HT_OPTIMIZER_SGD, .clip_value = 0.2}, {0.44, -1.19, 1.986, -0.015}},
};

static void follows_the_formulas(void **state) {
    (void)state;
    for (size_t row = 0; row < sizeof cases / sizeof *cases; ++row) {
        float parameters[4] = {0.5f, -1.25f, 2.0f, 0.0f};
        ht_optimizer_state optimizer;
        assert_int_equal(ht__optimizer_create(&ht__system_allocator, &cases[row].recipe, 4, &optimizer, NULL), HT_OK);
        for (int t = 1; t <= 3; ++t) {
            float g[4] = {0.3f * (float)t, -0.7f, 0.01f * (float)(t * t), 0.25f - 0.1f * (float)t};
            assert_int_equal(ht__optimizer_step(&optimizer, &cases[row].recipe, 0.1, NULL, parameters, g, NULL), HT_OK);
        }
        for (int i = 0; i < 4; ++i) {
            if (fabs((double)parameters[i] - cases[row].expected[i]) > 2e-6) {
                fail_msg("%s: parameter %d is %.9g, not %.9g", cases[row].name, i, (double)parameters[i],
                         cases[row].expected[i]);
            }
        }
        ht__optimizer_destroy(&ht__system_allocator, &optimizer);
    }
}

static void threads_change_nothing(void **state) {
    (void)state;
    enum { COUNT = 100003 };
    static float parameters[2][COUNT], gradients[COUNT];
    for (unsigned threads = 1; threads <= 3; threads += 2) {
        float *p = parameters[threads / 2];
        ht__random_fill(7, 1, 0, p, COUNT);
        ht__random_fill(7, 2, 0, gradients, COUNT);
        ht_train_options recipe = {RECIPE, .optimizer = HT_OPTIMIZER_ADAM, .clip_norm = 1};
        ht_pool *pool;
        assert_int_equal(ht__pool_create(&ht__system_allocator, threads, &pool, NULL), HT_OK);
        ht_optimizer_state optimizer;
        assert_int_equal(ht__optimizer_create(&ht__system_allocator, &recipe, COUNT, &optimizer, NULL), HT_OK);
        for (int t = 0; t < 3; ++t) {
            assert_int_equal(ht__optimizer_step(&optimizer, &recipe, 0.01, pool, p, gradients, NULL), HT_OK);
        }
        ht__optimizer_destroy(&ht__system_allocator, &optimizer);
        ht__pool_destroy(pool);
    }
    assert_memory_equal(parameters[0], parameters[1], sizeof parameters[0]);
}

static void gradient_that_is_not_finite(void **state) {
    (void)state;
    float parameters[2] = {1, 1}, gradients[2] = {1, NAN};
    ht_train_options recipe = {RECIPE, .optimizer = HT_OPTIMIZER_SGD, .clip_norm = 1};
    ht_optimizer_state optimizer;
    assert_int_equal(ht__optimizer_create(&ht__system_allocator, &recipe, 2, &optimizer, NULL), HT_OK);
    assert_int_equal(ht__optimizer_step(&optimizer, &recipe, 0.1, NULL, parameters, gradients, NULL), HT_ERROR_NUMERIC);
    assert_true(parameters[0] == 1.0f);
    ht__optimizer_destroy(&ht__system_allocator, &optimizer);
}

static void schedules(void **state) {
    (void)state;
    static const double onecycle[20] = {0.0003999999999999993,
                                        0.0013167184270002508,
                                        0.003716718427000252,
                                        0.006683281572999748,
                                        0.009083281572999747,
                                        0.01,
                                        0.009874640062350875,
                                        0.009504846320134737,
                                        0.0089091617757105,
                                        0.008117456539497631,
                                        0.007169430017913008,
                                        0.0061126202193628925,
                                        0.00500002,
                                        0.003887419780637108,
                                        0.0028306099820869924,
                                        0.00188258346050237,
                                        0.0010908782242895004,
                                        0.0004951936798652628,
                                        0.00012539993764912555,
                                        4e-08};
    ht_train_options recipe = {.learning_rate = 0.01, .epochs = 4, .schedule = HT_SCHEDULE_ONECYCLE};
    for (uint64_t step = 0; step < 20; ++step) {
        assert_true(fabs(ht__schedule_rate(&recipe, step, 5) - onecycle[step]) < 1e-12);
    }
    recipe.schedule = HT_SCHEDULE_COSINE;
    assert_true(fabs(ht__schedule_rate(&recipe, 10, 5) - 0.005) < 1e-12);
    recipe.schedule = HT_SCHEDULE_STEP;
    recipe.step_epochs = 2;
    recipe.step_factor = 0.1;
    assert_true(fabs(ht__schedule_rate(&recipe, 9, 5) - 0.01) < 1e-12);
    assert_true(fabs(ht__schedule_rate(&recipe, 10, 5) - 0.001) < 1e-12);
    recipe.schedule = HT_SCHEDULE_CONSTANT;
    assert_true(fabs(ht__schedule_rate(&recipe, 19, 5) - 0.01) < 1e-12);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows_the_formulas),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(gradient_that_is_not_finite),
        cmocka_unit_test(schedules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
