#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "study/study.h"
#include "support.h"

static ht_context *ctx;

static const char good[] = "name: small\n"
                           "seed: 3\n"
                           "models:\n"
                           "  - arch: mlp-simple\n"
                           "    data: [telescope, churn]\n"
                           "    seeds: [0, 7]\n"
                           "    inits: [he-normal, xavier-uniform]\n"
                           "    train: {epochs: 3, optimizer: adamw, learning_rate: 1e-2, flip: true}\n"
                           "  - file: nets/big.onnx\n"
                           "    data: mv\n"
                           "    evaluate: test[0:100]\n"
                           "grids:\n"
                           "  - schemes: [mid-rise, stochastic/uniform]\n"
                           "    bits: [4, 8]\n"
                           "    quantization_seeds: 3\n"
                           "  - models: [big]\n"
                           "    schemes: mid-rise\n"
                           "    bits: 8\n"
                           "  - models: [big]\n"
                           "    schemes: mid-rise\n"
                           "    bits: 8\n"
                           "    fold_batch_norm: true\n"
                           "    quantize_norms: false\n"
                           "report: {model: big, schemes: [mid-rise]}\n";

/* Parses and expands without a folder. */
static ht_status load_text(ht_study *study, const char *text, size_t size, ht_error *err) {
    memset(study, 0, sizeof *study);
    study->ctx = ctx;
    study->folder = "f";
    assert_int_equal(ht__arena_create(&ctx->allocator, &study->arena, NULL), HT_OK);
    HT_TRY(ht__study_parse(study->arena, "study.yaml", text, size, &study->spec, err));
    return ht__study_expand(study, err);
}

static ht_status load(ht_study *study, const char *text, ht_error *err) {
    return load_text(study, text, strlen(text), err);
}
static void unload(ht_study *study) { ht__arena_destroy(study->arena); }

static void grid_expands_to_models_and_cells(void **state) {
    (void)state;
    ht_study study;
    ht_error err;
    assert_int_equal(load(&study, good, &err), HT_OK);
    assert_string_equal(study.spec.name, "small");
    assert_int_equal(study.model_count, 2 * 2 * 2 + 1);
    assert_string_equal(study.models[0].id, "telescope_mlp-simple_he-normal_s0");
    assert_string_equal(study.models[7].id, "churn_mlp-simple_xavier-uniform_s7");
    assert_string_equal(study.models[8].id, "mv_big");
    assert_string_equal(study.models[8].evaluate, "mv:test[0:100]");
    assert_string_equal(study.models[8].calibrate, "mv:calibration");
    assert_string_equal(study.models[8].file, "f/nets/big.onnx");
    assert_string_equal(study.models[0].file, "f/models/telescope_mlp-simple_he-normal_s0.onnx");
    /* 9 models x (mid-rise x 2 + stochastic x 2 x 3 seeds), and one cell that only the third grid has. */
    assert_int_equal(study.cell_count, 9 * 8 + 1);
    for (size_t i = 1; i < study.cell_count; ++i) {
        assert_true(study.cells[i - 1].model <= study.cells[i].model);
        assert_string_not_equal(study.cells[i - 1].id, study.cells[i].id);
    }
    assert_string_equal(study.cells[0].id, "telescope_mlp-simple_he-normal_s0/mid-rise/4");
    assert_string_equal(study.cells[3].id, "telescope_mlp-simple_he-normal_s0/stochastic/uniform/4/q1");
    assert_int_equal(study.cells[3].scheme.seed, 1);
    assert_string_equal(study.cells[66].id, "mv_big/mid-rise/folded-norms/8");
    unload(&study);
}

static void recipe_is_read_and_applied(void **state) {
    (void)state;
    ht_study study;
    assert_int_equal(load(&study, good, NULL), HT_OK);
    const ht_study_entry *entry = study.models[0].entry;
    ht_train_options options = {.epochs = 1, .batch = 5};
    ht__recipe_apply(entry->recipe, entry->recipe_count, &options);
    assert_int_equal(options.epochs, 3);
    assert_int_equal(options.batch, 5);
    assert_int_equal(options.optimizer, HT_OPTIMIZER_ADAMW);
    assert_true(options.learning_rate == 0.01 && options.flip);
    assert_string_equal(ht__recipe_text(study.arena, entry->recipe, entry->recipe_count),
                        "epochs=3,optimizer=adamw,learning_rate=0.01,flip=1");
    unload(&study);
}

/* `good` with a part replaced; the error must name that line. */
static void assert_fails_at(const char *find, const char *replace, int64_t line, const char *phrase) {
    char text[2048];
    const char *at = strstr(good, find);
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, replace, at + strlen(find));
    ht_study study;
    ht_error err = {.line = -1};
    ht_status status = load(&study, text, &err);
    if (status != HT_ERROR_FORMAT || err.line != line || strstr(err.message, phrase) == NULL) {
        fail_msg("\"%s\": %s at line %lld: %s", replace, ht_status_name(status), (long long)err.line, err.message);
    }
    unload(&study);
}

static void errors_name_their_line(void **state) {
    (void)state;
    assert_fails_at("seed: 3", "seed: x", 2, "whole number");
    assert_fails_at("seed: 3", "sead: 3", 2, "no key \"sead\"");
    assert_fails_at("seed: 3", "name: two", 2, "twice");
    assert_fails_at("epochs: 3", "epochs: 0", 8, "epochs");
    assert_fails_at("optimizer: adamw", "optimizer: adamx", 8, "adamx");
    assert_fails_at("flip: true", "flip: maybe", 8, "true or false");
    assert_fails_at("    data: mv\n", "", 9, "needs \"data\"");
    assert_fails_at("file: nets/big.onnx", "name: big", 9, "either \"arch\"");
    assert_fails_at("he-normal", "she-normal", 7, "she-normal");
    assert_fails_at("    bits: [4, 8]\n", "    bits: [4, 17]\n", 14, "from 1 to 16");
    assert_fails_at("    bits: [4, 8]\n", "", 13, "needs \"bits\"");
    assert_fails_at("[mid-rise, stochastic/uniform]", "[mid-rise,\n     mud-rise]", 14, "mud-rise");
    assert_fails_at("  - models: [big]", "  - models: [bag]", 16, "\"bag\"");
    assert_fails_at("grids:\n", "grids: 3\nreports:\n", 13, "reports");
    assert_fails_at("evaluate: test[0:100]", "seeds: [1, 2]", 9, "not trained");
    assert_fails_at("inits: [he-normal, xavier-uniform]", "inits: [he-normal, he-normal]", 4, "Two models");
    assert_fails_at("report: {", "report: [{", 25, "YAML");
}

/* Every prefix, and every prefix with a byte changed: an error or a study, never a crash. */
static void hostile_text_is_refused_or_read(void **state) {
    (void)state;
    ht_study study;
    size_t length = strlen(good);
    for (size_t cut = 0; cut <= length; ++cut) {
        char *copy = malloc(cut + 1);
        memcpy(copy, good, cut);
        (void)load_text(&study, copy, cut, NULL);
        unload(&study);
        if (cut > 0) {
            copy[cut / 2] = (char)0xff;
            (void)load_text(&study, copy, cut, NULL);
            unload(&study);
        }
        free(copy);
    }
    assert_int_equal(load(&study, "name: &a [*a]\nmodels: *a\ngrids: *a\n", NULL), HT_ERROR_FORMAT);
    unload(&study);
    assert_int_equal(load(&study, "name: x\nmodels: &m\n  - {arch: a, data: *m}\ngrids: []\n", NULL), HT_ERROR_FORMAT);
    unload(&study);
}

static void built_in_studies_can_be_read(void **state) {
    (void)state;
    const char *name;
    for (size_t i = 0; (name = ht_study_template_at(i, NULL)) != NULL; ++i) {
        char folder[] = "/tmp/halftone-study-XXXXXX", path[64], text[16384];
        assert_non_null(mkdtemp(folder));
        assert_int_equal(ht_study_init(ctx, name, NULL, folder, false, NULL), HT_OK);
        assert_int_equal(ht_study_init(ctx, name, NULL, folder, false, NULL), HT_ERROR_EXISTS);
        assert_int_equal(ht_study_init(ctx, name, NULL, folder, true, NULL), HT_OK);
        snprintf(path, sizeof path, "%s/study.yaml", folder);
        FILE *file = fopen(path, "rb");
        size_t size = fread(text, 1, sizeof text, file);
        fclose(file);
        ht_study study;
        ht_error err;
        if (load_text(&study, text, size, &err) != HT_OK) {
            fail_msg("%s: line %lld: %s", name, (long long)err.line, err.message);
        }
        assert_true(study.cell_count > 100);
        if (strcmp(name, "capstone") == 0) {
            assert_int_equal(study.model_count, 8 * 3 + 4); /* the dense networks from three seeds */
            assert_true(study.cell_count >= 28 * (6 * 8 + 4 * 8 * 5));
        }
        unload(&study);
        remove(path);
        remove(folder);
    }
    assert_int_equal(ht_study_init(ctx, "no-such-study", NULL, "/tmp", false, NULL), HT_ERROR_NOT_FOUND);
}

/* NIST's test vector. */
static void sha256_is_right(void **state) {
    (void)state;
    char hash[65];
    ht__sha256_hex("abc", 3, hash);
    assert_string_equal(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

int main(void) {
    if (ht_context_create(NULL, &ctx, NULL) != HT_OK) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grid_expands_to_models_and_cells), cmocka_unit_test(recipe_is_read_and_applied),
        cmocka_unit_test(errors_name_their_line),           cmocka_unit_test(hostile_text_is_refused_or_read),
        cmocka_unit_test(built_in_studies_can_be_read),     cmocka_unit_test(sha256_is_right),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ht_context_destroy(ctx);
    return failed;
}
