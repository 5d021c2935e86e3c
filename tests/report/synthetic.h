/* A halftone-results document made up for the tests: 3 models (one of them a regression, one with a hostile name),
 * 5 schemes, 8 widths, every optional part. The numbers are invented but consistent with one another. */
#ifndef HT_TESTS_REPORT_SYNTHETIC_H
#define HT_TESTS_REPORT_SYNTHETIC_H

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

#define MODELS 3
#define SCHEMES 5
#define WIDTHS 8
#define PICTURES 100
#define SIDE 28
#define FILTERS 32
#define HOSTILE "x</script><script>window.hacked=1</script>&\"'|*{{results}}_$%#"

static const char *const model_ids[MODELS] = {"fashion-mnist_cnn-vanilla_s0", "california_mlp-complex_s0", HOSTILE};
static const char *const scheme_names[SCHEMES] = {"nearest/uniform", "mid-rise", "k-means", "normal-prior",
                                                  "stochastic/uniform"};
static const int widths[WIDTHS] = {2, 3, 4, 6, 8, 10, 12, 16};
static const double weights = 225034.0;

static double wilson(double share, double n, double sign) {
    double z = 1.959964, middle = share + z * z / (2 * n);
    return (middle + sign * z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))) / (1 + z * z / n);
}

static json_t *synthetic_layers(int bits, int scheme) {
    static const char *const names[] = {"conv1.weight", "conv1.bias",    "conv2.weight",
                                        "conv2.bias",   "dense1.weight", "dense2.weight"};
    json_t *layers = json_array();
    for (int i = 0; i < 6; ++i) {
        double own = 6.02 * bits - 3.0 - 1.3 * i + (scheme == 2 ? 3.0 : 0.0);
        json_array_append_new(layers, json_pack("{s:s, s:f, s:f, s:f}", "name", names[i], "sqnr_db", own,
                                                "sqnr_accumulated_db", own - 1.1 * i, "max_error", 1.0 / (1 << bits)));
    }
    return layers;
}

/* Accuracy falls as the step grows; how fast depends on the scheme. */
static json_t *classified(int scheme, int bits, json_t *comparison, double *value) {
    static const double weakness[SCHEMES] = {1.0, 0.8, 0.35, 2.6, 1.4};
    double n = 5000.0, float_right = 4632.0, step = weakness[scheme] * pow(2.0, -bits);
    double worse = round(n * fmin(0.78, 3.1 * step * step + 0.05 * step) + 3.0), better = round(3.0 + worse * 0.12);
    *value = (float_right - worse + better) / n;
    double p = erfc((worse - better) / sqrt(worse + better) / sqrt(2.0)), holm = fmin(1.0, 20.0 * p);
    json_object_set_new(comparison, "delta", json_real((better - worse) / n));
    json_object_set_new(comparison, "test", json_string("mcnemar-exact"));
    json_object_set_new(comparison, "p", json_real(p));
    json_object_set_new(comparison, "p_holm", json_real(holm));
    json_object_set_new(comparison, "flipped", json_real(worse + better));
    json_object_set_new(comparison, "worse", json_real(worse));
    json_object_set_new(comparison, "better", json_real(better));
    json_object_set_new(comparison, "smallest_detectable", json_real(0.006));
    json_object_set_new(comparison, "verdict", json_string(holm < 0.05 ? "worse" : "noise"));
    return json_pack("{s:s, s:f, s:f, s:f, s:i, s:f}", "metric", "accuracy", "value", *value, "low",
                     wilson(*value, n, -1), "high", wilson(*value, n, 1), "n", (int)n, "loss", 0.3 + step);
}

static json_t *regressed(int scheme, int bits, json_t *comparison) {
    double step = (1.0 + 0.4 * scheme) * pow(2.0, -bits), value = 0.0421 * (1.0 + 60.0 * step * step * 4.0);
    bool worse = step > 0.02;
    json_object_set_new(comparison, "delta", json_real(value - 0.0421));
    json_object_set_new(comparison, "test", json_string("paired-bootstrap"));
    json_object_set_new(comparison, "p", json_real(worse ? 1e-6 : 0.4));
    json_object_set_new(comparison, "p_holm", json_real(worse ? 2e-5 : 1.0));
    json_object_set_new(comparison, "verdict", json_string(worse ? "worse" : "noise"));
    return json_pack("{s:s, s:f, s:f, s:f, s:i, s:f}", "metric", "mse", "value", value, "low", value * 0.93, "high",
                     value * 1.08, "n", 4000, "loss", value);
}

static json_t *synthetic_cell(int model, int scheme, int bits) {
    char id[64];
    snprintf(id, sizeof id, "cell-%d-%d-%d", model, scheme, bits);
    json_t *comparison = json_object();
    double value;
    json_t *cell = model == 1 ? regressed(scheme, bits, comparison) : classified(scheme, bits, comparison, &value);
    bool failed = model == 2 && scheme == 3 && bits == 2;
    json_t *head =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:n, s:i, s:s, s:f}", "id", id, "model",
                  model_ids[model], "scheme", scheme_names[scheme], "scheme_text", "levels=affine,round=nearest",
                  "levels", "affine", "round", "nearest", "granularity", "tensor", "range", "min-max", "bits", bits,
                  "activation_bits", "quant_seed", 0, "status", failed ? "failed" : "done", "seconds", 1.2);
    if (failed) {
        json_object_set_new(head, "error", json_string("Tensor \"<b>conv1</b>\" holds NaN."));
        json_decref(comparison);
        json_decref(cell);
        return head;
    }
    json_object_update(cell, head);
    json_decref(head);
    double ideal = weights * bits / 8.0 + 48.0;
    json_object_set_new(cell, "vs_float", comparison);
    json_object_set_new(cell, "size",
                        json_pack("{s:f, s:f, s:f}", "bytes_ideal", ideal, "bytes_file",
                                  weights * (bits <= 8 ? 1.0 : 2.0) + 9100.0, "ratio_ideal", weights * 4.0 / ideal));
    json_object_set_new(cell, "layers", synthetic_layers(bits, scheme));
    return cell;
}

static json_t *synthetic_models(void) {
    json_t *models = json_array();
    for (int i = 0; i < MODELS; ++i) {
        json_t *reference = i == 1
                                ? json_pack("{s:s, s:f, s:f, s:f, s:i}", "metric", "mse", "value", 0.0421, "low",
                                            0.0391, "high", 0.0455, "n", 4000)
                                : json_pack("{s:s, s:f, s:f, s:f, s:i}", "metric", "accuracy", "value", 0.9264, "low",
                                            wilson(0.9264, 5000, -1), "high", wilson(0.9264, 5000, 1), "n", 5000);
        json_array_append_new(models,
                              json_pack("{s:s, s:s, s:s, s:s, s:f, s:f, s:s, s:o}", "id", model_ids[i], "name",
                                        model_ids[i], "dataset", i == 1 ? "california" : "fashion-mnist", "file",
                                        "models/it's here.onnx", "parameters", weights, "bytes_f32", weights * 4.0,
                                        "task", i == 1 ? "regression" : "classification", "float", reference));
    }
    return models;
}

/* Weights like a normal distribution; uniform levels for widths up to 8 bits. */
static json_t *synthetic_histogram(const char *name, double sigma) {
    json_t *bins = json_array(), *levels = json_object();
    for (int i = 0; i < 256; ++i) {
        double x = -1.0 + (i + 0.5) / 128.0;
        json_array_append_new(bins, json_integer((json_int_t)(9000.0 * exp(-x * x / (2.0 * sigma * sigma)))));
    }
    for (int s = 0; s < SCHEMES; ++s) {
        json_t *by_bits = json_object();
        for (int w = 0; w < WIDTHS && widths[w] <= 8; ++w) {
            char key[16];
            snprintf(key, sizeof key, "%d", widths[w]);
            json_t *values = json_array();
            int count = 1 << widths[w];
            for (int i = 0; i < count; ++i) {
                double uniform = -1.0 + 2.0 * (i + 0.5) / count;
                json_array_append_new(values, json_real(s == 2 ? uniform * (0.35 + 0.65 * fabs(uniform)) : uniform));
            }
            json_object_set_new(by_bits, key, values);
        }
        json_object_set_new(levels, scheme_names[s], by_bits);
    }
    return json_pack("{s:s, s:o, s:f, s:f, s:o}", "name", name, "bins", bins, "low", -1.0, "high", 1.0, "levels",
                     levels);
}

static json_t *synthetic_filters(void) {
    double values[FILTERS * 9];
    json_t *original = json_array(), *by_scheme = json_object();
    for (int i = 0; i < FILTERS * 9; ++i) {
        double angle = 0.4 * (i / 9), x = i % 3 - 1.0, y = i / 3 % 3 - 1.0;
        values[i] = 0.7 * cos(1.5 * (x * cos(angle) + y * sin(angle)) + 0.2 * (i / 9)) +
                    0.3 * ht__random_at(1, 2, (uint64_t)i) - 0.15;
        json_array_append_new(original, json_real(values[i]));
    }
    for (int s = 0; s < SCHEMES; ++s) {
        json_t *by_bits = json_object();
        for (int w = 0; w < WIDTHS; ++w) {
            char key[16];
            snprintf(key, sizeof key, "%d", widths[w]);
            double step = 2.0 / (1 << widths[w]);
            json_t *snapped = json_array();
            for (int i = 0; i < FILTERS * 9; ++i) {
                json_array_append_new(snapped, json_real(step * (floor(values[i] / step) + 0.5)));
            }
            json_object_set_new(by_bits, key, snapped);
        }
        json_object_set_new(by_scheme, scheme_names[s], by_bits);
    }
    return json_pack("{s:[i,i,i,i], s:o, s:o}", "shape", FILTERS, 1, 3, 3, "float", original, "quantized", by_scheme);
}

static char *base64(const unsigned char *bytes, size_t size) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *text = malloc((size + 2) / 3 * 4 + 1), *at = text;
    for (size_t i = 0; text != NULL && i < size; i += 3) {
        unsigned word = (unsigned)bytes[i] << 16 | (i + 1 < size ? (unsigned)bytes[i + 1] << 8 : 0) |
                        (i + 2 < size ? bytes[i + 2] : 0);
        for (int k = 0; k < 4; ++k) {
            *at++ = i + (size_t)k > size ? '=' : digits[word >> (18 - 6 * k) & 63];
        }
    }
    if (text != NULL) {
        *at = '\0';
    }
    return text;
}

static json_t *synthetic_pictures(void) {
    static unsigned char pixels[PICTURES * SIDE * SIDE];
    json_t *labels = json_array(), *names = json_array(), *original = json_array(), *by_scheme = json_object();
    for (int i = 0; i < PICTURES; ++i) {
        for (int p = 0; p < SIDE * SIDE; ++p) { /* a rose with as many petals as its class says */
            double x = (p % SIDE - 13.5) / 13.5, y = (p / SIDE - 13.5) / 13.5;
            double edge = 0.55 + 0.35 * cos((i % 10 + 1) * atan2(y, x) + 0.3 * i);
            double inside = edge - sqrt(x * x + y * y);
            pixels[i * SIDE * SIDE + p] = (unsigned char)(255.0 / (1.0 + exp(-14.0 * inside)));
        }
        json_array_append_new(labels, json_integer(i % 10));
        json_array_append_new(original, json_integer(i % 14 == 5 ? (i + 3) % 10 : i % 10));
    }
    for (int i = 0; i < 10; ++i) {
        char name[32];
        snprintf(name, sizeof name, "rose <%d>", i + 1);
        json_array_append_new(names, json_string(name));
    }
    for (int s = 0; s < SCHEMES; ++s) {
        json_t *by_bits = json_object();
        for (int w = 0; w < WIDTHS; ++w) {
            char key[16];
            snprintf(key, sizeof key, "%d", widths[w]);
            json_t *predictions = json_array();
            double risk = pow(2.0, 1.4 - widths[w]);
            for (int i = 0; i < PICTURES; ++i) {
                bool lost = ht__random_at(9, (uint64_t)s, (uint64_t)i) < risk;
                json_int_t before = json_integer_value(json_array_get(original, (size_t)i));
                json_array_append_new(predictions, json_integer(lost ? (before + 7) % 10 : before));
            }
            json_object_set_new(by_bits, key, predictions);
        }
        json_object_set_new(by_scheme, scheme_names[s], by_bits);
    }
    char *text = base64(pixels, sizeof pixels);
    json_t *pictures = json_pack("{s:i, s:i, s:i, s:i, s:s, s:o, s:o, s:o, s:o}", "count", PICTURES, "width", SIDE,
                                 "height", SIDE, "channels", 1, "pixels_base64", text, "labels", labels, "class_names",
                                 names, "float_prediction", original, "predictions", by_scheme);
    free(text);
    return pictures;
}

/* The optional parts: what makes a report complete. */
static void synthetic_extras(json_t *root) {
    json_t *spread = json_array(), *literature = json_array();
    for (int w = 0; w < WIDTHS; ++w) {
        double mean = 0.9264 - 0.8 * pow(2.0, -widths[w]);
        json_array_append_new(spread, json_pack("{s:s, s:s, s:i, s:i, s:f, s:f, s:f}", "model", model_ids[0], "scheme",
                                                scheme_names[4], "bits", widths[w], "seeds", 5, "mean", mean,
                                                "spread_low", mean - 0.004, "spread_high", mean + 0.003));
        json_array_append_new(literature, json_pack("{s:s, s:s, s:i, s:f, s:s}", "model", "fashion-mnist_cnn-vanilla",
                                                    "method", scheme_names[0], "bits", widths[w], "value", mean - 0.01,
                                                    "source", "Edge capstone 2020"));
    }
    json_object_set_new(root, "stochastic", spread);
    json_object_set_new(root, "literature", literature);
    json_object_set_new(
        root, "claims",
        json_pack("[{s:s, s:s, s:f, s:s}, {s:s, s:s, s:f, s:s}, {s:s, s:s, s:s}]", "id", "C1", "verdict", "fails",
                  "p_holm", 0.0004, "text", "Stochastic rounding over a uniform range is the best method overall.",
                  "id", "C2", "verdict", "holds", "p_holm", 0.012, "text",
                  "A normal prior for the levels is the worst, on every data set.", "id", "C3", "verdict", "undecided",
                  "text", "Levels from a histogram & from a uniform range behave alike."));
    json_object_set_new(
        root, "verdict",
        json_pack(
            "{s:s, s:s, s:i, s:s, s:s}", "model", model_ids[0], "text",
            "5.3× smaller; 92.64 → 92.56 %: no difference detectable with 5,000 images, "
            "smallest detectable 0.6; 9 predictions flipped; smallest lossless width 6",
            "smallest_lossless_bits", 6, "scheme", "k-means", "command",
            "halftone quantize models/fashion-mnist_cnn-vanilla_s0.onnx --scheme k-means --bits 6 -o small.onnx"));
    json_object_set_new(root, "interactive",
                        json_pack("{s:s, s:[o, o], s:o, s:o}", "model", model_ids[0], "layers",
                                  synthetic_histogram("conv1.weight", 0.28), synthetic_histogram("dense1.weight", 0.12),
                                  "filters", synthetic_filters(), "pictures", synthetic_pictures()));
}

/* The whole document; `complete` adds the optional parts. The caller frees it with json_decref. */
static json_t *synthetic_results(bool complete) {
    json_t *cells = json_array();
    for (int model = 0; model < MODELS; ++model) {
        for (int scheme = 0; scheme < SCHEMES; ++scheme) {
            for (int w = 0; w < WIDTHS; ++w) {
                json_array_append_new(cells, synthetic_cell(model, scheme, widths[w]));
            }
        }
    }
    json_t *root =
        json_pack("{s:s, s:i, s:{s:s, s:s, s:s, s:s, s:s, s:i, s:s}, s:o, s:o}", "format", "halftone-results",
                  "version", 1, "study", "name", "capstone <again>", "created", "2026-01-01T12:00:00Z", "halftone",
                  "0.1.0", "command", "halftone study run capstone", "cpu", "two cores", "seed", 1234, "hash",
                  "0123abcd", "models", synthetic_models(), "cells", cells);
    if (complete) {
        synthetic_extras(root);
    }
    return root;
}

#endif
