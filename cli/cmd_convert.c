/* halftone convert: a model from one file format to another. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "halftone/model.h"
#include "verbs.h"

typedef struct convert_settings {
    const char *model, *output;
    bool external_data;
} convert_settings;

static const char *format_name(ht_model_format format) { return format == HT_FORMAT_TFLITE ? "TFLite" : "ONNX"; }

/* How integer runtimes of the format scale sums back to codes. */
static const char *rule_name(ht_model_format format) { return format == HT_FORMAT_TFLITE ? "fixed" : "float"; }

static ht_status report(cli_session *session, const convert_settings *settings, const ht_model_info *before,
                        const ht_model_info *after, ht_error *err) {
    bool changes = before->quantized_activations != 0 && before->format != after->format;
    int64_t bytes = after->file_bytes;
    if (session->common.json) {
        return cli_print_json("halftone-convert", 1,
                              json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:b, s:s}", "model", settings->model, "output",
                                        settings->output, "from", format_name(before->format), "to",
                                        format_name(after->format), "bytes_before", (json_int_t)before->file_bytes,
                                        "bytes_after", (json_int_t)bytes, "requantization_changes", changes,
                                        "requantization", rule_name(after->format)),
                              err);
    }
    printf("%s: %s to %s, %" PRId64 " bytes to %" PRId64 "\n", settings->output, format_name(before->format),
           format_name(after->format), before->file_bytes, bytes);
    if (changes) {
        printf("The integers are the same, but %s runtimes scale sums back by another rule (%s, not %s):\n"
               "outputs may differ by a step of their scale.\n",
               format_name(after->format), rule_name(after->format), rule_name(before->format));
    }
    return HT_OK;
}

/* Reads the file that was written: a reader of ours must take it. */
static ht_status describe_output(cli_session *session, const char *path, ht_model_info *info, ht_error *err) {
    ht_model *model;
    ht_status status = ht_model_load(session->context, path, &model, err);
    if (status == HT_OK) {
        status = ht_model_describe(model, info, err);
        ht_model_destroy(model);
    }
    return status;
}

static ht_status run(cli_session *session, const void *given, ht_error *err) {
    const convert_settings *settings = given;
    ht_model *model;
    ht_status status = ht_model_load(session->context, settings->model, &model, err);
    if (status != HT_OK) {
        return status;
    }
    ht_model_info before, after;
    status = ht_model_describe(model, &before, err);
    if (status == HT_OK) {
        const ht_model_save_options options = {.overwrite = session->common.force,
                                               .external_data = settings->external_data};
        status = ht_model_save(model, settings->output, &options, err);
    }
    if (status == HT_OK) {
        status = describe_output(session, settings->output, &after, err);
    }
    if (status == HT_OK) {
        status = report(session, settings, &before, &after, err);
    }
    ht_model_destroy(model);
    return status;
}

#define AT(member) offsetof(convert_settings, member)
static const cli_option options[] = {
    {.name = "MODEL",
     .positional = true,
     .required = true,
     .kind = CLI_TEXT,
     .offset = AT(model),
     .help = "an ONNX or TFLite model"},
    {.name = "OUTPUT",
     .positional = true,
     .required = true,
     .kind = CLI_TEXT,
     .offset = AT(output),
     .help = "the file to write: TFLite when its name ends in .tflite, otherwise ONNX"},
    {.name = "external-data",
     .kind = CLI_FLAG,
     .offset = AT(external_data),
     .help = "ONNX: write large tensors into OUTPUT.data beside it (2 GB and more always are)"},
    {0},
};

const cli_verb cmd_convert = {
    .name = "convert",
    .stage = "Quantize",
    .summary = "write a model in another file format: ONNX, TFLite",
    .description = "Reads a model and writes it as ONNX or TFLite, float or quantized. Every integer is kept: weights, "
                   "biases, scales and zero points. What the other format cannot express is named, and no file is "
                   "left. The formats' runtimes scale the sums of quantized products back to codes by different rules; "
                   "where that changes, it is said.",
    .examples = {{"halftone convert model.tflite model.onnx", "for runtimes that take ONNX"},
                 {"halftone convert model.onnx model.tflite --force", "replaces a file that exists"}},
    .options = options,
    .common = CLI_USES_JSON | CLI_USES_FORCE,
    .settings_size = sizeof(convert_settings),
    .run = run,
};
