/* Pictures end to end, from files that the test writes itself. */
#include <math.h>
#include <stdio.h>

#if defined(HT_WITH_JPEG) && defined(HT_WITH_PNG)
#include <jpeglib.h>
#include <png.h>
#endif

#include "data_support.h"

/* ---- small files ------------------------------------------------------------------------------------------------- */

enum { SIDE_Y = 3, SIDE_X = 2, COUNT = 4 };
static const uint8_t idx_images[] = {0,  0,      8,  3,  0,  0,  0,  COUNT, 0,  0,  0,  SIDE_Y, 0,  0,
                                     0,  SIDE_X, 10, 11, 12, 13, 14, 15,    20, 21, 22, 23,     24, 25,
                                     30, 31,     32, 33, 34, 35, 40, 41,    42, 43, 44, 45};
static const uint8_t idx_labels[] = {0, 0, 8, 1, 0, 0, 0, COUNT, 1, 2, 3, 1};

static const char *idx_spec(const char *options) {
    static char spec[512];
    char images[192];
    snprintf(images, sizeof images, "%s", put("images", idx_images, sizeof idx_images));
    snprintf(spec, sizeof spec, "idx:%s,labels=%s%s", images, put("labels", idx_labels, sizeof idx_labels), options);
    return spec;
}

/* The picture that the network sees, as bytes. */
static void check_picture(const ht_dataset *dataset, size_t index, const uint8_t *wanted, size_t bytes) {
    uint8_t *pixels = malloc(bytes);
    assert_int_equal(ht_dataset_describe(dataset)->input_elements, bytes);
    assert_int_equal(ht_dataset_picture(dataset, index, pixels, NULL), HT_OK);
    assert_memory_equal(pixels, wanted, bytes);
    free(pixels);
}

/* Writes a description into the test's folder and opens it. */
static const char *described(const char *text) {
    static char spec[256];
    snprintf(spec, sizeof spec, "%s:all", put("set.yaml", text, strlen(text)));
    return spec;
}

/* ---- tests ------------------------------------------------------------------------------------------------------- */

static void idx_pictures_keep_their_order_and_labels(void **state) {
    (void)state;
    ht_dataset *dataset = open_or_fail(idx_spec(",preprocess=none"), NULL);
    const ht_dataset_info *info = ht_dataset_describe(dataset);
    assert_int_equal(info->samples, COUNT);
    assert_int_equal(info->classes, 4);
    float seen[COUNT] = {0}, x[6], y;
    for (uint32_t i = 0; i < COUNT; ++i) { /* the splits of "all" follow one another, each in seeded order */
        assert_int_equal(ht_dataset_read(dataset, &i, 1, x, &y, NULL), HT_OK);
        size_t original = (size_t)x[0] / 10 - 1;
        seen[original] = 1;
        assert_true(y == (float)idx_labels[8 + original]);
        assert_true(x[5] == x[0] + 5);
    }
    assert_true(seen[0] + seen[1] + seen[2] + seen[3] == COUNT);
    ht_dataset_close(dataset);
}

static void transposed_pictures_are_turned_back(void **state) {
    (void)state;
    idx_spec("");
    ht_dataset *dataset =
        open_or_fail(described("name: turned\nreader: idx\noptions: {transposed: true, first-label: 1}\n"
                               "classes: [a, b, c]\nparts: {train: {images: images, labels: labels}}\n"
                               "split: {validation: 0}\n"),
                     NULL);
    const ht_dataset_info *info = ht_dataset_describe(dataset);
    assert_int_equal(info->dims[1], SIDE_X);
    assert_int_equal(info->dims[2], SIDE_Y);
    static const uint8_t first[] = {10, 12, 14, 11, 13, 15};
    check_picture(dataset, 0, first, sizeof first);
    assert_true(ht_dataset_targets(dataset)[0] == 0);
    ht_dataset_close(dataset);
}

static void wrong_idx_files_are_named_with_their_offset(void **state) {
    (void)state;
    static const uint8_t few[] = {0, 0, 8, 1, 0, 0, 0, 2, 1, 2};
    char spec[512], images[192];
    idx_spec("");
    snprintf(images, sizeof images, "%s/images", folder);
    snprintf(spec, sizeof spec, "idx:%s,labels=%s", images, put("few", few, sizeof few));
    must_fail_at(spec, HT_ERROR_MISMATCH, "2 labels for 4", -1, 4);
    snprintf(spec, sizeof spec, "idx:%s,labels=%s/labels,classes=a+b+c", images, folder);
    must_fail_at(spec, HT_ERROR_FORMAT, "Sample 2 has the label 3", -1, 10);
    snprintf(spec, sizeof spec, "idx:%s/labels,labels=%s/labels", folder, folder);
    must_fail_at(spec, HT_ERROR_FORMAT, "3 or 4 dimensions", -1, 3);
}

/* Cut at every byte and with every byte changed: an error with a sentence, or a data set; never a crash. */
static void hostile_bytes(const char *name, const uint8_t *bytes, size_t size, const char *spec, bool cut_must_fail) {
    uint8_t *copy = malloc(size);
    const size_t stride = size > 256 ? 5 : 1; /* every byte of what is small, a fifth of the rest */
    for (size_t cut = 0; cut < size; cut += stride) {
        ht_dataset *dataset = NULL;
        ht_error err = {0};
        put(name, bytes, cut);
        ht_status status = ht_dataset_open(context, spec, NULL, &dataset, &err);
        if (cut_must_fail || status != HT_OK) {
            assert_int_not_equal(status, HT_OK);
            assert_true(err.message[0] != '\0');
        }
        ht_dataset_close(dataset);
    }
    for (size_t i = 0; i < size; i += stride) {
        for (int flip = 1; flip < 256; flip *= 4) {
            ht_dataset *dataset = NULL;
            ht_error err = {0};
            memcpy(copy, bytes, size);
            copy[i] ^= (uint8_t)flip;
            put(name, copy, size);
            if (ht_dataset_open(context, spec, NULL, &dataset, &err) != HT_OK) {
                assert_true(err.message[0] != '\0');
            }
            ht_dataset_close(dataset);
        }
    }
    put(name, bytes, size);
    free(copy);
}

static void idx_survives_cuts_and_flips(void **state) {
    (void)state;
    char spec[512];
    snprintf(spec, sizeof spec, "%s", idx_spec(""));
    hostile_bytes("images", idx_images, sizeof idx_images, spec, true);
    hostile_bytes("labels", idx_labels, sizeof idx_labels, spec, true);
}

static void cifar_records_of_both_kinds_are_read(void **state) {
    (void)state;
    static uint8_t ten[2 * 3073], hundred[2 * 3074];
    for (size_t i = 0; i < sizeof ten; ++i) {
        ten[i] = (uint8_t)(i * 7);
    }
    ten[0] = 3;
    ten[3073] = 9;
    for (size_t i = 0; i < 2; ++i) {
        hundred[i * 3074] = 19;
        hundred[i * 3074 + 1] = (uint8_t)(50 + i);
        memcpy(hundred + i * 3074 + 2, ten + i * 3073 + 1, 3072);
    }
    put("ten.bin", ten, sizeof ten);
    put("hundred.bin", hundred, sizeof hundred);
    ht_dataset *dataset =
        open_or_fail(described("name: c\nreader: cifar\nparts: {test: {one: ten.bin, two: ten.bin}}\n"), NULL);
    assert_int_equal(ht_dataset_describe(dataset)->samples, 4);
    assert_true(ht_dataset_targets(dataset)[1] == 9 && ht_dataset_targets(dataset)[2] == 3);
    check_picture(dataset, 1, ten + 3074, 3072);
    ht_dataset_close(dataset);
    dataset = open_or_fail(
        described("name: c\nreader: cifar\noptions: {labels: 2, label: 1}\nparts: {test: {batch: hundred.bin}}\n"),
        NULL);
    assert_true(ht_dataset_targets(dataset)[1] == 51);
    check_picture(dataset, 1, ten + 3074, 3072);
    ht_dataset_close(dataset);
    put("ten.bin", ten, sizeof ten - 5);
    must_fail_at(described("name: c\nreader: cifar\nparts: {test: {batch: ten.bin}}\n"), HT_ERROR_FORMAT, "cut short",
                 -1, 3073);
}

/* A npy file of version 1 around `data`. */
static void put_npy(const char *name, const char *dtype, const char *shape, const void *data, size_t bytes) {
    char header[256];
    uint8_t file[1024];
    int length =
        snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }\n", dtype, shape);
    memcpy(file, "\x93NUMPY\x01\x00", 8);
    file[8] = (uint8_t)length;
    file[9] = 0;
    memcpy(file + 10, header, (size_t)length);
    memcpy(file + 10 + length, data, bytes);
    put(name, file, 10 + (size_t)length + bytes);
}

static void npy_holds_pictures_or_numbers(void **state) {
    (void)state;
    static const uint8_t last[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}; /* [1][2][2][3] */
    static const uint8_t planes[] = {1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12};
    static const int64_t label = 4;
    static const float numbers[] = {0.5f, 1.5f, -2.5f};
    static const double wanted[] = {7.25};
    put_npy("x.npy", "|u1", "1, 2, 2, 3", last, sizeof last);
    put_npy("y.npy", "<i8", "1,", &label, sizeof label);
    const char *text =
        "name: n\nreader: npy\noptions: {channels-last: true}\nparts: {test: {images: x.npy, labels: y.npy}}\n";
    ht_dataset *dataset = open_or_fail(described(text), NULL);
    assert_true(ht_dataset_targets(dataset)[0] == 4);
    check_picture(dataset, 0, planes, sizeof planes);
    ht_dataset_close(dataset);
    put_npy("x.npy", "<f4", "1, 3", numbers, sizeof numbers);
    put_npy("y.npy", "<f8", "1, 1", wanted, sizeof wanted);
    text = "name: n\nreader: npy\ntask: regression\nparts: {test: {images: x.npy, labels: y.npy}}\n";
    dataset = open_or_fail(described(text), NULL);
    float x[3], y;
    uint32_t zero = 0;
    assert_int_equal(ht_dataset_read(dataset, &zero, 1, x, &y, NULL), HT_OK);
    assert_memory_equal(x, numbers, sizeof x);
    assert_true(y == 7.25f);
    ht_dataset_close(dataset);
    uint8_t file[256];
    FILE *stream = fopen(put("copy", "", 0), "rb");
    fclose(stream);
    char path[192];
    snprintf(path, sizeof path, "%s/x.npy", folder);
    stream = fopen(path, "rb");
    size_t size = fread(file, 1, sizeof file, stream);
    fclose(stream);
    char spec[256];
    snprintf(spec, sizeof spec, "%s", described(text));
    hostile_bytes("x.npy", file, size, spec, true);
}

#if defined(HT_WITH_JPEG) && defined(HT_WITH_PNG)
/* ---- JPEG and PNG ------------------------------------------------------------------------------------------------ */

static size_t make_jpeg(uint8_t **out, unsigned width, unsigned height, bool progressive) {
    struct jpeg_compress_struct encoder;
    struct jpeg_error_mgr errors;
    unsigned long size = 0;
    *out = NULL;
    encoder.err = jpeg_std_error(&errors);
    jpeg_create_compress(&encoder);
    jpeg_mem_dest(&encoder, out, &size);
    encoder.image_width = width;
    encoder.image_height = height;
    encoder.input_components = 3;
    encoder.in_color_space = JCS_RGB;
    jpeg_set_defaults(&encoder);
    jpeg_set_quality(&encoder, 95, TRUE);
    if (progressive) {
        jpeg_simple_progression(&encoder);
    }
    jpeg_start_compress(&encoder, TRUE);
    uint8_t row[3 * 64];
    for (unsigned y = 0; y < height; ++y) {
        for (unsigned x = 0; x < width; ++x) {
            row[3 * x] = (uint8_t)(x * 8);
            row[3 * x + 1] = (uint8_t)(y * 8);
            row[3 * x + 2] = 100;
        }
        JSAMPROW rows[] = {row};
        jpeg_write_scanlines(&encoder, rows, 1);
    }
    jpeg_finish_compress(&encoder);
    jpeg_destroy_compress(&encoder);
    return size;
}

static size_t make_png(uint8_t *out, size_t room, unsigned width, unsigned height) {
    uint8_t pixels[64 * 64 * 3];
    for (unsigned i = 0; i < width * height; ++i) {
        pixels[3 * i] = (uint8_t)(i % width * 8);
        pixels[3 * i + 1] = (uint8_t)(i / width * 8);
        pixels[3 * i + 2] = 100;
    }
    png_image image = {.version = PNG_IMAGE_VERSION, .width = width, .height = height, .format = PNG_FORMAT_RGB};
    png_alloc_size_t size = room;
    assert_true(png_image_write_to_memory(&image, out, &size, 0, pixels, 0, NULL));
    return size;
}

static void make_folder(const char *name) {
    char path[192];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(ht__make_folders(path, NULL), HT_OK);
}

static void folders_interleave_their_classes(void **state) {
    (void)state;
    uint8_t png[4096], *jpeg;
    size_t png_size = make_png(png, sizeof png, 16, 12), jpeg_size = make_jpeg(&jpeg, 16, 12, false);
    make_folder("pets/cat");
    make_folder("pets/dog");
    put("pets/cat/1.png", png, png_size);
    put("pets/cat/2.jpg", jpeg, jpeg_size);
    put("pets/cat/notes.txt", "no picture", 10);
    put("pets/dog/1.JPEG", jpeg, jpeg_size);
    char path[128];
    snprintf(path, sizeof path, "%s/pets", folder);
    ht_dataset *dataset = open_or_fail(path, NULL);
    const ht_dataset_info *info = ht_dataset_describe(dataset);
    assert_int_equal(info->samples, 3);
    assert_string_equal(info->class_names[1], "dog");
    assert_int_equal(info->dims[0], 3);
    assert_int_equal(info->dims[1], 12);
    assert_int_equal(info->dims[2], 16);
    uint8_t pixels[3 * 12 * 16];
    for (size_t i = 0; i < 3; ++i) { /* JPEG at quality 95 stays near the smooth original */
        assert_int_equal(ht_dataset_picture(dataset, i, pixels, NULL), HT_OK);
        assert_true(abs(pixels[5] - 40) < 8 && abs(pixels[12 * 16 + 3 * 16] - 24) < 8);
    }
    ht_dataset_close(dataset);
    png_size = make_png(png, sizeof png, 10, 12);
    put("pets/dog/2.png", png, png_size);
    must_fail_at(path, HT_ERROR_MISMATCH, "resize or letterbox", -1, -1);
    make_folder("pets/bird");
    put("pets/bird/1.png", "GIF89a", 6);
    must_fail_at(path, HT_ERROR_FORMAT, "neither JPEG nor PNG", -1, 0);
    free(jpeg);
}

static void damaged_pictures_are_refused(void **state) {
    (void)state;
    uint8_t png[4096], *jpeg;
    size_t png_size = make_png(png, sizeof png, 8, 8);
    make_folder("one/a");
    char path[128];
    snprintf(path, sizeof path, "%s/one", folder);
    hostile_bytes("one/a/1.png", png, png_size - 12, path, false); /* a missing IEND loses no pixel */
    put("one/a/1.png", png, png_size / 2);
    must_fail_at(path, HT_ERROR_FORMAT, "PNG is damaged", -1, -1);
    char remove_png[192];
    snprintf(remove_png, sizeof remove_png, "%s/one/a/1.png", folder);
    unlink(remove_png);
    for (int progressive = 0; progressive < 2; ++progressive) {
        size_t size = make_jpeg(&jpeg, 16, 16, progressive);
        hostile_bytes("one/a/1.jpg", jpeg, size, path, false);
        put("one/a/1.jpg", jpeg, size - 40);
        must_fail_at(path, HT_ERROR_FORMAT, "JPEG is damaged", -1, -1);
        free(jpeg);
    }
}

#endif

/* ---- steps ------------------------------------------------------------------------------------------------------- */

static void picture_steps_do_what_they_say(void **state) {
    (void)state;
    idx_spec("");
#define SET(steps) \
    described("name: s\nreader: idx\nparts: {test: {images: images, labels: labels}}\npreprocess: " steps "\n")
    static const uint8_t crop[] = {13, 15}, repeated[] = {13, 15, 13, 15, 13, 15};
    ht_dataset *dataset = open_or_fail(SET("[{crop: {height: 2, width: 1, top: 1, left: 1}}]"), NULL);
    check_picture(dataset, 0, crop, sizeof crop);
    ht_dataset_close(dataset);
    dataset = open_or_fail(SET("[{crop: {height: 2, width: 1, top: 1, left: 1}}, repeat-channels]"), NULL);
    check_picture(dataset, 0, repeated, sizeof repeated);
    float x[6];
    uint32_t first = 0;
    assert_int_equal(ht_dataset_read(dataset, &first, 1, x, NULL, NULL), HT_OK);
    for (size_t i = 0; i < 6; ++i) {
        assert_true(x[i] == (float)repeated[i]);
    }
    ht_dataset_close(dataset);
    static const uint8_t boxed[] = {7, 10, 11, 7, 7, 12, 13, 7, 7, 14, 15, 7};
    dataset = open_or_fail(SET("[{letterbox: {height: 3, width: 4, fill: 7}}]"), NULL);
    check_picture(dataset, 0, boxed, sizeof boxed);
    ht_dataset_close(dataset);
    static const uint8_t wide[] = {10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 15}; /* 10, 10.25, 10.75, 11, ... */
    dataset = open_or_fail(SET("[{resize: {height: 3, width: 4}}]"), NULL);
    check_picture(dataset, 0, wide, sizeof wide);
    ht_dataset_close(dataset);
    dataset = open_or_fail(SET("[{resize: {height: 1, width: 1}}]"), NULL);
    static const uint8_t mean[] = {13}; /* 12.5 rounds up; the triangle filter is symmetric here */
    check_picture(dataset, 0, mean, 1);
    ht_dataset_close(dataset);
    must_fail_at(SET("[{crop: {height: 9, width: 1}}]"), HT_ERROR_MISMATCH, "does not fit", -1, -1);
    must_fail_at(SET("[{scale: {divide: 255}}, repeat-channels]"), HT_ERROR_FORMAT, "must stand before", -1, -1);
    must_fail_at(SET("[{resize: {hight: 3}}]"), HT_ERROR_FORMAT, "'hight' is unknown", 4, -1);
    must_fail_at(SET("[sharpen]"), HT_ERROR_FORMAT, "no step 'sharpen'", -1, -1);
    must_fail_at(SET("[one-hot]"), HT_ERROR_UNSUPPORTED, "works on tables", -1, -1);
}

static void standardized_pictures_learn_from_training_pixels(void **state) {
    (void)state;
    idx_spec("");
    const char *text =
        "name: s\nreader: idx\nparts: {train: {images: images, labels: labels}}\nsplit: {validation: 0}\n"
        "preprocess: [{scale: {divide: 255}}, standardize]\n";
    ht_dataset *dataset = open_or_fail(described(text), NULL);
    double sum = 0, squares = 0;
    for (uint32_t i = 0; i < COUNT; ++i) {
        float x[6];
        assert_int_equal(ht_dataset_read(dataset, &i, 1, x, NULL, NULL), HT_OK);
        for (size_t k = 0; k < 6; ++k) {
            sum += (double)x[k];
            squares += (double)x[k] * (double)x[k];
        }
    }
    assert_true(fabs(sum / 24) < 1e-6 && fabs(squares / 24 - 1) < 1e-6);
    ht_dataset_options repeat = {.preprocess_json = ht_dataset_preprocess_json(dataset)};
    ht_dataset *again = open_or_fail(described(text), &repeat);
    assert_string_equal(ht_dataset_preprocess_json(again), repeat.preprocess_json);
    ht_dataset_close(again);
    ht_dataset_close(dataset);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idx_pictures_keep_their_order_and_labels),
        cmocka_unit_test(transposed_pictures_are_turned_back),
        cmocka_unit_test(wrong_idx_files_are_named_with_their_offset),
        cmocka_unit_test(idx_survives_cuts_and_flips),
        cmocka_unit_test(cifar_records_of_both_kinds_are_read),
        cmocka_unit_test(npy_holds_pictures_or_numbers),
#if defined(HT_WITH_JPEG) && defined(HT_WITH_PNG)
        cmocka_unit_test(folders_interleave_their_classes),
        cmocka_unit_test(damaged_pictures_are_refused),
#endif
        cmocka_unit_test(picture_steps_do_what_they_say),
        cmocka_unit_test(standardized_pictures_learn_from_training_pixels),
    };
    return cmocka_run_group_tests(tests, make_context, drop_context);
}
