#include "quantize.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "table.h"

#define SHOWN_TENSORS 3

static int by_error(const void *a, const void *b) {
    const ht_quantize_tensor *x = *(const ht_quantize_tensor *const *)a, *y = *(const ht_quantize_tensor *const *)b;
    return (x->sqnr_db > y->sqnr_db) - (x->sqnr_db < y->sqnr_db);
}

/* The quantized tensors, largest relative error first; *count of them. The caller frees the list. */
static const ht_quantize_tensor **sorted_tensors(const ht_quantize_report *report, size_t *count) {
    const ht_quantize_tensor **list = calloc(report->tensor_count + 1, sizeof *list);
    *count = 0;
    for (size_t i = 0; i < report->tensor_count && list != NULL; ++i) {
        if (report->tensors[i].scheme != NULL) {
            list[(*count)++] = &report->tensors[i];
        }
    }
    if (list != NULL) {
        qsort(list, *count, sizeof *list, by_error);
    }
    return list;
}

static void print_bytes(double bytes, char text[32]) {
    if (bytes >= 1e6) {
        snprintf(text, 32, "%.2f MB", bytes / 1e6);
    } else {
        snprintf(text, 32, bytes >= 1e4 ? "%.1f kB" : "%.3f kB", bytes / 1e3);
    }
}

static void print_sizes(const quantizing *q) {
    const ht_quantize_report *r = &q->report;
    char before[32], ideal[32], file_before[32], file_after[32], rest[32];
    print_bytes((double)r->bytes_f32, before);
    print_bytes((double)r->bytes_ideal, ideal);
    print_bytes((double)r->file_before, file_before);
    print_bytes((double)r->file_after, file_after);
    printf("size             before        after\n");
    printf("  ideal     %11s  %11s   %.1fx smaller: each code at its width, with what decodes it\n", before, ideal,
           (double)r->bytes_f32 / (double)r->bytes_ideal);
    printf("  in file   %11s  %11s   %.1fx smaller\n", file_before, file_after,
           (double)r->file_before / (double)(r->file_after > 0 ? r->file_after : 1));
    size_t plain = 0, encoded = 0, wider = 0;
    for (size_t i = 0; i < r->tensor_count; ++i) {
        const ht_quantize_tensor *t = &r->tensors[i];
        plain += t->encoded ? 0 : t->elements * sizeof(float);
        encoded += t->encoded ? (t->elements * t->file_bits + 7) / 8 : 0;
        wider += t->encoded && t->bits != t->file_bits;
    }
    print_bytes((double)r->file_after - (double)plain - (double)encoded, rest);
    if (wider > 0) {
        printf("  ONNX has no such codes that runtimes compute with, so that those of %zu tensors take more bits than "
               "theirs;\n",
               wider);
    }
    char codes[32], floats[32];
    print_bytes((double)encoded, codes);
    print_bytes((double)plain, floats);
    printf("  the file holds %s of codes, %s of numbers left as f32, %s of scales, tables, nodes and texts\n", codes,
           floats, rest);
}

static void print_result(const quantizing *q) {
    const ht_evaluation *before = &q->before, *after = &q->after;
    const ht_dataset_info *info = ht_dataset_describe(q->data);
    double drop = cli_quantize_drop(q);
    if (before->task == HT_TASK_REGRESSION) {
        printf("mse on %s:%s   %.6g before (%.6g to %.6g), %.6g after (%.6g to %.6g): %+.2f %%\n", info->name,
               info->split, before->mse, before->low, before->high, after->mse, after->low, after->high, drop);
        return;
    }
    size_t flipped = 0;
    for (size_t i = 0; i < after->samples; ++i) {
        flipped += before->predictions[i] != after->predictions[i];
    }
    printf("accuracy on %s:%s (%zu samples, 95 %% intervals)\n", info->name, info->split, after->samples);
    printf("  before    %.4f   %.4f to %.4f\n", before->accuracy, before->low, before->high);
    printf("  after     %.4f   %.4f to %.4f   %+.2f points, %zu predictions flipped\n", after->accuracy, after->low,
           after->high, 0.0 - drop, flipped);
}

static ht_status print_tensors(const quantizing *q, ht_error *err) {
    size_t count;
    const ht_quantize_tensor **list = sorted_tensors(&q->report, &count);
    cli_table table;
    cli_table_begin(&table, (const char *const[]){"LARGEST ERRORS", ">WEIGHTS", ">BITS", ">SQNR dB", ">LARGEST"}, 5);
    for (size_t i = 0; i < count && i < SHOWN_TENSORS; ++i) {
        const ht_quantize_tensor *t = list[i];
        cli_table_cell(&table, "%s", t->name);
        cli_table_cell(&table, "%zu", t->elements);
        cli_table_cell(&table, "%u", t->bits);
        cli_table_cell(&table, "%.1f", t->sqnr_db);
        cli_table_cell(&table, "%.3g", t->max_error);
    }
    free(list);
    return cli_table_print(&table, stdout, err);
}

/* After how many samples the ranges were and stayed within `share` of the final ones. */
static size_t settled_after(const ht_quantize_report *r, double share) {
    size_t point = r->convergence_count - 1;
    while (point > 0 && r->convergence[point - 1].change <= share) {
        --point;
    }
    return r->convergence[point].samples;
}

#define SETTLED 0.02

static void print_convergence(const ht_quantize_report *r) {
    size_t enough = settled_after(r, SETTLED);
    if (r->convergence_count < 2) {
        printf("too few samples to say whether more would matter: %zu\n", r->calibrated_samples);
    } else if (enough < r->calibrated_samples) {
        printf("ranges settled: after %zu samples they were within %.0f %% of the final ones\n", enough, 100 * SETTLED);
    } else {
        const ht_convergence_point *last = &r->convergence[r->convergence_count - 2];
        printf("ranges not settled: they moved by %.1f %% after %zu samples; more would help\n", 100 * last->change,
               last->samples);
    }
}

/* Layers by reason: each reason once, with the first layers that it holds for. */
static void print_real(const quantizing *q) {
    enum { NAMES = 3 };
    const ht_quantize_report *r = &q->report;
    if (r->real_count == 0) {
        printf(q->plan.options.kind == HT_KIND_STATIC
                   ? "every layer computes on codes\n"
                   : "every product computes on codes; what lies between does not\n");
        return;
    }
    printf("on real numbers:\n");
    for (size_t i = 0; i < r->real_count; ++i) {
        const ht_quantize_real *first = &r->real[i];
        size_t same = 0;
        bool known = false;
        for (size_t k = 0; k < r->real_count; ++k) {
            bool equal = strcmp(r->real[k].op, first->op) == 0 && strcmp(r->real[k].reason, first->reason) == 0;
            known = known || (equal && k < i);
            same += equal;
        }
        if (known) {
            continue;
        }
        printf("  %s", first->name);
        size_t named = 1;
        for (size_t k = i + 1; k < r->real_count && named < NAMES; ++k) {
            if (strcmp(r->real[k].op, first->op) == 0 && strcmp(r->real[k].reason, first->reason) == 0) {
                printf(", %s", r->real[k].name);
                ++named;
            }
        }
        if (same > named) {
            printf(" and %zu more", same - named);
        }
        printf(" (%s): %s\n", first->op, first->reason);
    }
}

/* Layers where another runtime may saturate. */
static void print_saturating(const ht_quantize_report *r) {
    enum { NAMES = 3 };
    size_t count = 0;
    double largest = 0.0;
    for (size_t i = 0; i < r->tensor_count; ++i) {
        count += r->tensors[i].saturating > 0.0;
        largest = r->tensors[i].saturating > largest ? r->tensors[i].saturating : largest;
    }
    if (count == 0) {
        return;
    }
    printf("\nOn x86 without VNNI some runtimes sum pairs of u8 x i8 products in 16 bits (Halftone does not). Weights "
           "of ");
    size_t named = 0;
    for (size_t i = 0; i < r->tensor_count && named < NAMES; ++i) {
        if (r->tensors[i].saturating > 0.0) {
            printf("%s%s", named++ == 0 ? "" : ", ", r->tensors[i].layer);
        }
    }
    if (count > named) {
        printf(" and %zu more", count - named);
    }
    printf("\ncan exceed them: up to %.2g %% of the pairs. --bits 7 cannot.\n", 100.0 * largest);
}

/* What is worth trying next. */
void cli_quantize_advise(const quantizing *q) {
    const quantize_settings *s = q->settings;
    const network_kind *n = &q->network;
    ht_quantize_kind kind = q->plan.options.kind;
    bool dynamic_suits = n->recurrent > 0 || n->attention > 0;
    if (kind == HT_KIND_DYNAMIC && q->chose_kind && !dynamic_suits && n->convolutions > 0) {
        printf(
            "\nThis network is convolutional: static suits it better. Its %zu convolutions and what lies between them "
            "would stay on codes,\nwith no range to find at run time. Give samples: --calib DATA, or a folder of "
            "pictures or npy:FILE.\n",
            n->convolutions);
    } else if (kind == HT_KIND_STATIC && q->chose_kind && dynamic_suits) {
        printf("\nThis network has %s layers, whose activations vary much from input to input: compare with --kind "
               "dynamic.\n",
               n->recurrent > 0 ? "recurrent" : "attention");
    }
    if (q->evaluated && cli_quantize_drop(q) > (q->before.task == HT_TASK_CLASSIFICATION ? 1.0 : 5.0)) {
        printf("\nThat is a large drop. See which layers lose most (halftone compare %s %s --data %s), keep those in "
               "float "
               "(--keep-float),\ntry another range (--range mse), or train for it (halftone train --from %s --qat).\n",
               s->model, q->output, s->data, s->model);
    }
    printf("\nnext: halftone eval %s --baseline %s%s%s\n", q->output, s->model, s->data != NULL ? " --data " : "",
           s->data != NULL ? s->data : "");
}

/* The rule, where it is not the one that the source's format has. */
static void print_rule(const quantizing *q) {
    bool tflite = cli_quantize_format(q) == HT_FORMAT_TFLITE, fixed = strcmp(cli_quantize_rule(q), "fixed") == 0;
    if (q->written != NULL || q->plan.options.requantize != HT_REQUANTIZE_AS_SOURCE) {
        printf("sums become codes by the rule %s%s\n", cli_quantize_rule(q),
               tflite != fixed ? ", here; other runtimes follow their format's" : ", that of the file's format");
    }
}

ht_status cli_quantize_print(const quantizing *q, ht_error *err) {
    const ht_quantize_report *r = &q->report;
    char scheme[HT_SCHEME_TEXT];
    ht_scheme_print(&q->plan.options.scheme, scheme);
    size_t count;
    free(sorted_tensors(r, &count));
    printf("%s: %s, %zu tensors, %s (%.2f s)\n", q->output, cli_quantize_kind(q), count, scheme, r->seconds);
    if (r->folded > 0) {
        printf("%zu batch normalisations folded into the layers before them\n", r->folded);
    }
    if (r->dropped > 0) {
        printf("%zu activation functions left to saturation\n", r->dropped);
    }
    if (r->activation_count > 0) {
        printf("%zu activations at %u bits, calibrated on %zu samples of %s\n", r->activation_count,
               q->plan.options.scheme.activation_bits, r->calibrated_samples, q->plan.calibration);
        print_convergence(r);
    }
    if (q->plan.options.kind == HT_KIND_STATIC) {
        print_rule(q);
    }
    if (q->plan.options.kind != HT_KIND_SIMULATED) {
        print_real(q);
    }
    printf("\n");
    print_sizes(q);
    if (q->evaluated) {
        printf("\n");
        print_result(q);
    }
    printf("\n");
    ht_status status = print_tensors(q, err);
    if (status == HT_OK) {
        print_saturating(r);
        cli_quantize_advise(q);
    }
    return status;
}

static json_t *convergence_json(const ht_quantize_report *r) {
    json_t *curve = json_array();
    for (size_t i = 0; i < r->convergence_count; ++i) {
        json_array_append_new(curve, json_pack("{s:I, s:f}", "samples", (json_int_t)r->convergence[i].samples, "change",
                                               r->convergence[i].change));
    }
    return curve;
}

static json_t *evaluation_json(const ht_evaluation *e) {
    bool classes = e->task == HT_TASK_CLASSIFICATION;
    return json_pack("{s:f, s:[f,f], s:f, s:I}", classes ? "accuracy" : "mse", classes ? e->accuracy : e->mse,
                     "interval", e->low, e->high, "loss", e->loss, "n", (json_int_t)e->samples);
}

static json_t *tensors_json(const ht_quantize_report *report) {
    json_t *array = json_array();
    for (size_t i = 0; i < report->tensor_count; ++i) {
        const ht_quantize_tensor *t = &report->tensors[i];
        json_t *row = json_pack("{s:s, s:s, s:I, s:i, s:f, s:I, s:b}", "name", t->name, "layer", t->layer, "elements",
                                (json_int_t)t->elements, "bits", (int)t->bits, "max_error", t->max_error, "bytes_ideal",
                                (json_int_t)t->bytes_ideal, "encoded", (int)t->encoded);
        json_object_set_new(row, "saturating", json_real(t->saturating));
        json_object_set_new(row, "scheme", t->scheme != NULL ? json_string(t->scheme) : json_null());
        json_object_set_new(row, "sqnr_db", isfinite(t->sqnr_db) ? json_real(t->sqnr_db) : json_null());
        json_array_append_new(array, row);
    }
    return array;
}

static json_t *real_json(const ht_quantize_report *r) {
    json_t *array = json_array();
    for (size_t i = 0; i < r->real_count; ++i) {
        json_array_append_new(array, json_pack("{s:s, s:s, s:s}", "name", r->real[i].name, "op", r->real[i].op,
                                               "reason", r->real[i].reason));
    }
    return array;
}

ht_status cli_quantize_json(const quantizing *q, ht_error *err) {
    const ht_quantize_report *r = &q->report;
    char scheme[HT_SCHEME_TEXT];
    ht_scheme_print(&q->plan.options.scheme, scheme);
    json_t *size = json_pack("{s:I, s:I, s:I, s:I}", "bytes_f32", (json_int_t)r->bytes_f32, "bytes_ideal",
                             (json_int_t)r->bytes_ideal, "file_before", (json_int_t)r->file_before, "file_after",
                             (json_int_t)r->file_after);
    json_t *body = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:i, s:i, s:f, s:o}", "model", q->settings->model,
                             "output", q->output, "recipe", q->recipe, "kind", cli_quantize_kind(q), "scheme", scheme,
                             "size", size, "folded", (int)r->folded, "activations", (int)r->activation_count, "seconds",
                             r->seconds, "tensors", tensors_json(r));
    if (q->plan.options.kind == HT_KIND_STATIC) {
        json_object_set_new(body, "requantization", json_string(cli_quantize_rule(q)));
    }
    if (r->convergence_count > 0) {
        json_object_set_new(body, "convergence", convergence_json(r));
    }
    if (q->plan.options.kind != HT_KIND_SIMULATED) {
        json_object_set_new(body, "real", real_json(r));
    }
    if (q->evaluated) {
        json_object_set_new(body, "before", evaluation_json(&q->before));
        json_object_set_new(body, "after", evaluation_json(&q->after));
        json_object_set_new(body, "drop", json_real(cli_quantize_drop(q)));
    }
    return cli_print_json("halftone-quantize", 1, body, err);
}
